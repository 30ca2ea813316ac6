//! A person's bad week, which shows every secret there is to somebody: signs in, forgets, resets, is robbed of the
//! account, takes it back, adds an address, is asked for a new password, and is refused much on the way.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use rekey::folder::KEYS;
use rekey_tests::World;
use rekey_tests::needles::Needles;
use rekey_tests::person::{Person, request_id};
use rekey_wire::identity::v1::audit_webhook_service_client::AuditWebhookServiceClient;
use rekey_wire::identity::v1::change_password_response::Result as ChangeOutcome;
use rekey_wire::identity::v1::password_service_client::PasswordServiceClient;
use rekey_wire::identity::v1::security_info_service_client::SecurityInfoServiceClient;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{
    AddSecurityInfoRequest, ChangePasswordRequest, ConfirmSecurityInfoRequest, ContinueSignInRequest,
    CreateAuditWebhookRequest, EvaluatePasswordRequest, RefreshSessionRequest, RemoveSecurityInfoRequest,
    RequestAdministratorHelpRequest, SecurityInfoAddress, SessionTokens, security_info_address,
};
use tonic::Status;
use tonic::metadata::KeyAndValueRef;

use crate::secrets::capture::Place;

use crate::secrets::{pages, stores};

/// Longer than anything that is there by chance.
pub(crate) const CODE_LENGTH: usize = 10;

/// How many calls of the story are refused.
pub(crate) const REFUSALS: usize = 11;

const NEW: &str = "a meadow full of rain";
const CANDIDATE: &str = "a candidate in the meadow";
const PHONE: &str = "+15005550142";
const SECOND: &str = "zoe.second@home.example";

/// What came of it: secrets that must be nowhere, addresses that have their tables, and what the stores held on the way.
pub(crate) struct Told {
    pub(crate) secrets: Needles,
    pub(crate) addresses: Needles,
    pub(crate) places: Vec<Place>,
}

pub(crate) async fn tell(world: &World) -> Told {
    let mut told = Told { secrets: Needles::default(), addresses: Needles::default(), places: Vec::new() };
    add_keys(world, &mut told.secrets);
    let zoe = world.person_with("zoe", |new| new.phone_numbers = vec![PHONE.to_owned()]).await;
    for (name, address) in
        [("mail address", zoe.login.as_str()), ("phone number", PHONE), ("second address", SECOND)]
    {
        told.addresses.add(name, address);
    }
    told.secrets.add("old password", &zoe.password);
    told.secrets.add("new password", NEW);
    told.secrets.add("judged password", CANDIDATE);
    name_a_receiver(world, &mut told).await;
    stay_signed_in(world, &zoe, &mut told).await;
    forget_and_reset(world, &zoe, &mut told).await;
    add_an_address(world, &zoe, &mut told).await;
    be_robbed(world, &zoe, &mut told).await;
    be_asked_for_a_new_password(world, &mut told).await;
    pages::visit(world, &mut told).await;
    world.settled().await;
    told.places.extend(stores::all_of(world).await);
    told
}

impl Told {
    /// Keeps everything that a refusal says, to whoever reads messages, details or trailers.
    #[track_caller]
    fn refused<T: std::fmt::Debug>(&mut self, answer: Result<T, Status>) {
        let status = answer.unwrap_err();
        let mut said = status.message().as_bytes().to_vec();
        said.extend_from_slice(status.details());
        for entry in status.metadata().iter() {
            match entry {
                KeyAndValueRef::Ascii(name, value) => {
                    said.extend_from_slice(&[name.as_str().as_bytes(), value.as_bytes()].concat());
                }
                KeyAndValueRef::Binary(name, value) => {
                    said.extend_from_slice(&[name.as_str().as_bytes(), &value.to_bytes().unwrap()].concat());
                }
            }
        }
        self.places.push(("errors".to_owned(), said));
    }
}

/// Keys as bytes, and the service tokens.
fn add_keys(world: &World, secrets: &mut Needles) {
    for (_, name) in KEYS {
        let text = std::fs::read_to_string(world.folder.key(name)).unwrap();
        let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let material = lines.map(|line| line.split_whitespace().last().unwrap());
        for (number, material) in material.enumerate() {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(material).unwrap();
            secrets.add(&format!("key {name} {number}"), bytes);
        }
    }
    for caller in ["cli", "identity", "verification", "portal"] {
        let token = std::fs::read_to_string(world.folder.token(caller)).unwrap();
        secrets.add(&format!("service token of {caller}"), token.trim());
    }
}

fn add_tokens(name: &str, tokens: &SessionTokens, secrets: &mut Needles) {
    secrets.add(&format!("{name} access token"), &tokens.access_token);
    // The part that makes it one.
    secrets.add(&format!("{name} signature"), tokens.access_token.rsplit('.').next().unwrap());
    add_token(&format!("{name} refresh token"), &tokens.refresh_token, secrets);
}

/// A token of ours, as text and as the bytes it stands for.
pub(crate) fn add_token(name: &str, token: &str, secrets: &mut Needles) {
    secrets.add(name, token);
    if let Ok(bytes) = BASE64_URL_SAFE_NO_PAD.decode(token) {
        secrets.add(&format!("{name} as bytes"), bytes);
    }
}

/// Has events sent to a receiver, which is not there.
async fn name_a_receiver(world: &World, told: &mut Told) {
    let request = CreateAuditWebhookRequest {
        tenant_id: world.tenant_id.clone(),
        url: "https://hooks.example/audit".to_owned(),
        request_id: request_id(),
        ..CreateAuditWebhookRequest::default()
    };
    let mut webhooks = AuditWebhookServiceClient::new(world.identity.clone());
    let secret = webhooks.create_audit_webhook(request).await.unwrap().into_inner().secret;
    let encoded = secret.trim_start_matches("whsec_");
    told.secrets.add("webhook secret", encoded);
    told.secrets.add("bytes of the webhook secret", BASE64_STANDARD.decode(encoded).unwrap());
}

async fn stay_signed_in(world: &World, zoe: &Person, told: &mut Told) {
    let wrong = "not the right password at all";
    told.secrets.add("wrong password", wrong);
    world.sign_in(&zoe.login, wrong).await;
    let first = world.signed_in(&zoe.login, &zoe.password).await;
    add_tokens("first", &first, &mut told.secrets);
    let request =
        RefreshSessionRequest { refresh_token: first.refresh_token, request_id: request_id(), context: None };
    let refreshed = world.sessions().refresh_session(request.clone()).await.unwrap().into_inner();
    add_tokens("refreshed", &refreshed.tokens.unwrap(), &mut told.secrets);
    world.clock.advance(Duration::from_secs(11));
    let reused = RefreshSessionRequest { request_id: request_id(), ..request };
    told.refused(world.sessions().refresh_session(reused).await);
}

/// The code in the newest message to an address.
pub(crate) async fn code_for(world: &World, address: &str) -> String {
    let code_in = |text: &str| {
        let mut runs = text.split(|c: char| !c.is_ascii_digit());
        runs.find(|run| run.len() == CODE_LENGTH).map(str::to_owned)
    };
    let message = world.message(|message| message.to == address && code_in(&message.text).is_some()).await;
    code_in(&message.text).unwrap()
}

async fn forget_and_reset(world: &World, zoe: &Person, told: &mut Told) {
    let started = world.start_reset(&zoe.login).await;
    add_token("reset token", &started.reset_token, &mut told.secrets);
    for method_id in ["1", "2"] {
        world.send_code(&started.reset_token, method_id).await.unwrap();
    }
    let (code, texted) = (code_for(world, &zoe.login).await, code_for(world, PHONE).await);
    told.secrets.add("mailed code", &code);
    told.secrets.add("texted code", texted);
    told.refused(world.send_code(&started.reset_token, "1").await);
    told.refused(world.send_code(&started.reset_token, &zoe.login).await);
    told.refused(world.complete_reset(&started.reset_token, NEW).await);
    // While codes are live and messages have just gone.
    told.places.extend(stores::all_of(world).await);
    world.prove(&started.reset_token, "1", "0000000000").await;
    let proved = world.prove(&started.reset_token, "1", &code).await;
    add_token("proved reset token", &proved.reset_token, &mut told.secrets);
    ask_for_help(world, zoe, &proved.reset_token).await;
    let candidate = EvaluatePasswordRequest {
        candidate_password: CANDIDATE.to_owned(),
        reset_token: proved.reset_token.clone(),
        ..EvaluatePasswordRequest::default()
    };
    PasswordServiceClient::new(world.identity.clone()).evaluate_password(candidate).await.unwrap();
    told.refused(world.complete_reset(&proved.reset_token, &zoe.password).await);
    // Longer than any password may be.
    told.refused(world.complete_reset(&proved.reset_token, &NEW.repeat(14)).await);
    world.complete_reset(&proved.reset_token, NEW).await.unwrap();
    // Spent, and shown to the wrong door.
    told.refused(world.complete_reset(&proved.reset_token, NEW).await);
    told.refused(world.repudiate(&proved.reset_token).await);
    // With the notices on their way.
    told.places.extend(stores::all_of(world).await);
}

async fn ask_for_help(world: &World, zoe: &Person, reset_token: &str) {
    let request = RequestAdministratorHelpRequest {
        tenant_id: world.tenant_id.clone(),
        login: zoe.login.clone(),
        reset_token: reset_token.to_owned(),
        message: "my phone fell into the sea".to_owned(),
        request_id: request_id(),
        context: None,
    };
    world.resets().request_administrator_help(request).await.unwrap();
}

async fn add_an_address(world: &World, zoe: &Person, told: &mut Told) {
    let tokens = world.signed_in(&zoe.login, NEW).await;
    add_tokens("adding", &tokens, &mut told.secrets);
    let mut theirs = SecurityInfoServiceClient::new(world.acting_for(&tokens.access_token));
    let address = security_info_address::Address::EmailAddress(SECOND.to_owned());
    let address = Some(SecurityInfoAddress { address: Some(address) });
    let add = AddSecurityInfoRequest { address, request_id: request_id(), ..Default::default() };
    let added = theirs.add_security_info(add.clone()).await.unwrap().into_inner().security_info.unwrap();
    let code = code_for(world, SECOND).await;
    told.secrets.add("security info code", &code);
    let again = AddSecurityInfoRequest { request_id: request_id(), ..add.clone() };
    told.refused(theirs.add_security_info(again).await);
    let confirm = ConfirmSecurityInfoRequest {
        security_info_id: added.security_info_id.clone(),
        code,
        request_id: request_id(),
        context: None,
    };
    theirs.confirm_security_info(confirm).await.unwrap();
    let remove = RemoveSecurityInfoRequest {
        security_info_id: added.security_info_id,
        request_id: request_id(),
        context: None,
    };
    theirs.remove_security_info(remove).await.unwrap();
    let changed = "another meadow full of rain";
    told.secrets.add("rejected current password", changed);
    let change = ChangePasswordRequest {
        current_password: changed.to_owned(),
        new_password: changed.to_owned(),
        request_id: request_id(),
        context: None,
    };
    let mut passwords = PasswordServiceClient::new(world.acting_for(&tokens.access_token));
    let answer = passwords.change_password(change).await.unwrap().into_inner();
    assert!(matches!(answer.result, Some(ChangeOutcome::Rejection(_))));
}

async fn be_robbed(world: &World, zoe: &Person, told: &mut Told) {
    let token = world.repudiation_token(zoe).await;
    add_token("repudiation token", &token, &mut told.secrets);
    world.repudiate(&token).await.unwrap();
    told.refused(world.repudiate(&token).await);
}

async fn be_asked_for_a_new_password(world: &World, told: &mut Told) {
    let adam = world.person_with("newcomer", |new| new.must_change_password = true).await;
    told.secrets.add("first password", &adam.password);
    let SignInResult::Challenge(challenge) = world.sign_in(&adam.login, &adam.password).await else {
        panic!("no challenge")
    };
    add_token("challenge token", &challenge.challenge_token, &mut told.secrets);
    let request = ContinueSignInRequest {
        challenge_token: challenge.challenge_token,
        new_password: NEW.to_owned(),
        security_info_verdict: 0,
        request_id: request_id(),
        context: None,
        second_factor: None,
    };
    world.sessions().continue_sign_in(request.clone()).await.unwrap();
    let again = ContinueSignInRequest { request_id: request_id(), ..request };
    told.refused(world.sessions().continue_sign_in(again).await);
}
