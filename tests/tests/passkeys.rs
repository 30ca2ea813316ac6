//! Passkeys, from registration to sign-in and reset, against an authenticator that is not ours: `soft-webauthn`.

use std::time::Duration;

use rekey_client::{Connection, Problem};
use rekey_tests::passkeys::{COPIED, Device, PRESENT_AND_VERIFIED, SETTINGS, Says};
use rekey_tests::person::{Person, request_id};
use rekey_tests::waiting::eventually;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::access_pass_service_client::AccessPassServiceClient;
use rekey_wire::identity::v1::account_security_info_service_client::AccountSecurityInfoServiceClient;
use rekey_wire::identity::v1::audit_service_client::AuditServiceClient;
use rekey_wire::identity::v1::complete_passkey_sign_in_response::Result as SignedIn;
use rekey_wire::identity::v1::continue_sign_in_response::Result as Continued;
use rekey_wire::identity::v1::passkey_service_client::PasskeyServiceClient;
use rekey_wire::identity::v1::second_factor::Factor;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::sign_in_with_access_pass_response::Result as PassResult;
use rekey_wire::identity::v1::{
    AuditFilter, ChallengeKind, CompletePasskeyRegistrationRequest, CompletePasskeySignInRequest,
    ContinueSignInRequest, IssueTemporaryAccessPassRequest, ListAccountSecurityInfoRequest,
    ListEventsRequest, ListPasskeysRequest, MethodKind, Passkey, ProofOutcome,
    RemoveAccountSecurityInfoRequest, RenamePasskeyRequest, SecondFactor, SecurityInfoState, SignInChallenge,
    SignInWithAccessPassRequest, StartPasskeyRegistrationRequest, StartPasskeySignInRequest,
    StartPasskeySignInResponse, SubmitResetProofRequest, SubmitResetProofResponse,
};
use tonic::Status;

const DAY: Duration = Duration::from_secs(86_400);
const NEW: &str = "a meadow full of rain";

on_both_store_sets!(
    a_passkey_signs_in_with_a_password_without_one_and_resets,
    what_a_passkey_signed_is_taken_once,
    bent_assertions_are_rejected_and_a_copy_is_noted,
    bent_registrations_are_refused_with_the_reason,
    a_registration_registers_one_passkey,
    somebody_elses_passkey_is_no_second_factor,
    an_account_without_a_password_signs_in_by_passkey,
    administrators_see_passkeys_and_remove_them,
    a_reset_tells_nobody_who_has_a_passkey,
    without_settings_there_are_none,
);

fn counting(counter: u32) -> Says {
    Says { counter, ..Says::default() }
}

async fn world(stores: Stores) -> World {
    World::start_with(stores, &SETTINGS).await
}

fn passkeys(world: &World) -> PasskeyServiceClient<Connection> {
    PasskeyServiceClient::new(world.identity.clone())
}

async fn signed_in(world: &World, person: &Person) -> PasskeyServiceClient<Connection> {
    let tokens = world.signed_in(&person.login, &person.password).await;
    PasskeyServiceClient::new(world.acting_for(&tokens.access_token))
}

/// Registers a passkey that says this of itself.
async fn register(
    calls: &mut PasskeyServiceClient<Connection>,
    device: &mut Device,
    says: &Says,
) -> Result<Passkey, Status> {
    let start = StartPasskeyRegistrationRequest { context: None };
    let started = calls.start_passkey_registration(start).await?.into_inner();
    let complete = CompletePasskeyRegistrationRequest {
        registration_token: started.registration_token,
        credential_json: device.create(&started.creation_options_json, says).await,
        display_name: "Work laptop".to_owned(),
        request_id: request_id(),
        context: None,
    };
    Ok(calls.complete_passkey_registration(complete).await?.into_inner().passkey.unwrap())
}

/// A person with a passkey.
async fn holder(world: &World, name: &str) -> (Person, Device) {
    let (person, mut device) = (world.person(name).await, Device::default());
    let mut calls = signed_in(world, &person).await;
    register(&mut calls, &mut device, &Says::default()).await.unwrap();
    (person, device)
}

async fn start(world: &World) -> StartPasskeySignInResponse {
    let request = StartPasskeySignInRequest { tenant_id: world.tenant_id.clone(), context: None };
    passkeys(world).start_passkey_sign_in(request).await.unwrap().into_inner()
}

async fn complete(world: &World, sign_in_token: &str, credential_json: &str) -> SignedIn {
    let request = CompletePasskeySignInRequest {
        sign_in_token: sign_in_token.to_owned(),
        credential_json: credential_json.to_owned(),
        request_id: request_id(),
        context: None,
    };
    passkeys(world).complete_passkey_sign_in(request).await.unwrap().into_inner().result.unwrap()
}

/// Signs in with a passkey alone.
async fn alone(world: &World, device: &mut Device, says: &Says) -> SignedIn {
    let started = start(world).await;
    let credential = device.get(&started.request_options_json, says).await;
    complete(world, &started.sign_in_token, &credential).await
}

async fn challenged(world: &World, person: &Person, password: &str) -> SignInChallenge {
    match world.sign_in(&person.login, password).await {
        SignInResult::Challenge(challenge) => challenge,
        other => panic!("not challenged but {other:?}"),
    }
}

async fn answer(world: &World, challenge: &SignInChallenge, credential: &str) -> Continued {
    let factor = Some(Factor::PasskeyCredentialJson(credential.to_owned()));
    let request = ContinueSignInRequest {
        challenge_token: challenge.challenge_token.clone(),
        second_factor: Some(SecondFactor { factor }),
        request_id: request_id(),
        ..ContinueSignInRequest::default()
    };
    world.sessions().continue_sign_in(request).await.unwrap().into_inner().result.unwrap()
}

async fn prove(
    world: &World,
    reset_token: &str,
    method_id: &str,
    credential: &str,
) -> SubmitResetProofResponse {
    let request = SubmitResetProofRequest {
        reset_token: reset_token.to_owned(),
        method_id: method_id.to_owned(),
        passkey_credential_json: credential.to_owned(),
        request_id: request_id(),
        ..SubmitResetProofRequest::default()
    };
    world.resets().submit_reset_proof(request).await.unwrap().into_inner()
}

async fn listed(calls: &mut PasskeyServiceClient<Connection>) -> Vec<Passkey> {
    calls.list_passkeys(ListPasskeysRequest::default()).await.unwrap().into_inner().passkeys
}

fn why<T: std::fmt::Debug>(refused: Result<T, Status>) -> (String, String) {
    let problem = Problem::of(&refused.unwrap_err());
    let why = problem.metadata.get("why").cloned().unwrap_or_default();
    (problem.reason, why)
}

async fn a_passkey_signs_in_with_a_password_without_one_and_resets(stores: Stores) {
    let world = world(stores).await;
    let (zoe, mut device) = (world.person("zoe").await, Device::default());
    let mut calls = signed_in(&world, &zoe).await;
    let flags = PRESENT_AND_VERIFIED | COPIED;
    let says = |counter| Says { flags, ..counting(counter) };

    let registered = register(&mut calls, &mut device, &says(1)).await.unwrap();
    let at_once = alone(&world, &mut device, &says(2)).await;
    let challenge = challenged(&world, &zoe, &zoe.password).await;
    let credential = device.get(&challenge.passkey_request_options_json, &says(3)).await;
    let beside = answer(&world, &challenge, &credential).await;
    let rename = RenamePasskeyRequest {
        security_info_id: registered.security_info_id.clone(),
        display_name: "Old laptop".to_owned(),
        request_id: request_id(),
        context: None,
    };
    calls.rename_passkey(rename).await.unwrap();
    let held = listed(&mut calls).await;
    world.clock.advance(4 * DAY);
    let started = world.start_reset(&zoe.login).await;
    let method = |kind| started.methods.iter().find(|method| method.kind() == kind).unwrap();
    world.send_code(&started.reset_token, &method(MethodKind::Email).method_id).await.unwrap();
    let mailed = world.code_for(&zoe.login).await;
    let one = world.prove(&started.reset_token, &method(MethodKind::Email).method_id, &mailed).await;
    let early = world.complete_reset(&one.reset_token, NEW).await;
    let of_passkey = method(MethodKind::Passkey);
    let credential = device.get(&of_passkey.passkey_request_options_json, &says(4)).await;
    let both = prove(&world, &one.reset_token, &of_passkey.method_id, &credential).await;
    let set = world.complete_reset(&both.reset_token, NEW).await;

    assert_eq!((registered.display_name.as_str(), registered.backup_eligible), ("Work laptop", true));
    assert_eq!(registered.state(), SecurityInfoState::Quarantined);
    assert!(matches!(at_once, SignedIn::Tokens(_)), "{at_once:?}");
    assert_eq!(challenge.kind(), ChallengeKind::SecondFactor);
    assert_eq!(challenge.second_factors, [i32::from(MethodKind::Passkey)]);
    assert!(matches!(beside, Continued::Tokens(_)), "{beside:?}");
    assert_eq!((held.len(), held[0].display_name.as_str()), (1, "Old laptop"));
    assert!(held[0].use_time.is_some() && held[0].backed_up);
    assert_eq!((started.proofs_required, one.proofs_remaining), (1, 1));
    assert_eq!(Problem::of(&early.unwrap_err()).reason, "PROOFS_MISSING");
    assert_eq!((both.outcome(), both.proofs_remaining), (ProofOutcome::Accepted, 0));
    assert!(set.is_ok(), "{set:?}");
    world.stop().await;
}

async fn what_a_passkey_signed_is_taken_once(stores: Stores) {
    let world = world(stores).await;
    // Copied ones count nothing, so nothing but the challenge tells a replay.
    let (zoe, mut device) = holder(&world, "zoe").await;
    let started = start(&world).await;
    let credential = device.get(&started.request_options_json, &Says::default()).await;
    let challenge = challenged(&world, &zoe, &zoe.password).await;
    let factor = device.get(&challenge.passkey_request_options_json, &Says::default()).await;

    let first = complete(&world, &started.sign_in_token, &credential).await;
    let replayed = complete(&world, &started.sign_in_token, &credential).await;
    let elsewhere = complete(&world, &start(&world).await.sign_in_token, &credential).await;
    let beside = answer(&world, &challenge, &factor).await;
    let again = answer(&world, &challenge, &factor).await;

    assert!(matches!(first, SignedIn::Tokens(_)), "{first:?}");
    assert!(matches!((replayed, elsewhere), (SignedIn::Rejection(_), SignedIn::Rejection(_))));
    assert!(matches!(beside, Continued::Tokens(_)), "{beside:?}");
    assert!(matches!(again, Continued::Rejection(_)), "{again:?}");
    world.stop().await;
}

async fn bent_assertions_are_rejected_and_a_copy_is_noted(stores: Stores) {
    let world = world(stores).await;
    let (zoe, mut device) = (world.person("zoe").await, Device::default());
    let mut calls = signed_in(&world, &zoe).await;
    register(&mut calls, &mut device, &counting(5)).await.unwrap();
    let good = counting(6);

    let all_bent = [
        Says { origin: "https://login.example.com.evil.example", ..good.clone() },
        Says { domain: Some("evil.example"), ..good.clone() },
        Says { flags: 1, ..good.clone() },
        Says { flags: PRESENT_AND_VERIFIED | COPIED, ..good.clone() },
        counting(5),
        counting(4),
    ];
    // More often than wrong codes are taken: nobody stops the passkeys of somebody else.
    for bent in all_bent.iter().chain(&all_bent) {
        let alone = alone(&world, &mut device, bent).await;
        assert!(matches!(alone, SignedIn::Rejection(_)), "{bent:?}: {alone:?}");
    }
    let right = alone(&world, &mut device, &good).await;

    assert!(matches!(right, SignedIn::Tokens(_)), "{right:?}");
    let filter =
        AuditFilter { kind: "security_info.passkey_copy_suspected".to_owned(), ..AuditFilter::default() };
    let list = ListEventsRequest {
        tenant_id: world.tenant_id.clone(),
        filter: Some(filter),
        page_size: 10,
        page_token: String::new(),
        context: None,
    };
    let noted = eventually("the copy is noted", async || {
        let mut audit = AuditServiceClient::new(world.identity.clone());
        let events = audit.list_events(list.clone()).await.unwrap().into_inner().events;
        Some(events).filter(|events| !events.is_empty())
    });
    assert_eq!(noted.await[0].account_id, zoe.account_id);
    world.stop().await;
}

async fn bent_registrations_are_refused_with_the_reason(stores: Stores) {
    let world = world(stores).await;
    let zoe = world.person("zoe").await;
    let mut calls = signed_in(&world, &zoe).await;
    let bent = [
        ("origin", Says { origin: "http://login.example.com", ..Says::default() }),
        ("user_not_verified", Says { flags: 1, ..Says::default() }),
        ("backup_state", Says { flags: PRESENT_AND_VERIFIED | 0b1_0000, ..Says::default() }),
    ];

    for (reason, says) in bent {
        let refused = register(&mut calls, &mut Device::default(), &says).await;
        assert_eq!(why(refused), ("PASSKEY_REFUSED".to_owned(), reason.to_owned()));
    }
    world.clock.advance(Duration::from_secs(601));
    let tokens = world.signed_in(&zoe.login, &zoe.password).await;
    world.clock.advance(Duration::from_secs(601));
    let mut calls = PasskeyServiceClient::new(world.acting_for(&tokens.access_token));
    let stale = calls.start_passkey_registration(StartPasskeyRegistrationRequest::default()).await;

    assert!(["SIGN_IN_NOT_RECENT", "ACCESS_TOKEN_INVALID"].contains(&why(stale).0.as_str()));
    world.stop().await;
}

async fn a_registration_registers_one_passkey(stores: Stores) {
    let world = world(stores).await;
    let zoe = world.person("zoe").await;
    let mut calls = signed_in(&world, &zoe).await;
    let begin = StartPasskeyRegistrationRequest { context: None };
    let started = calls.start_passkey_registration(begin).await.unwrap().into_inner();
    let mut request = CompletePasskeyRegistrationRequest {
        registration_token: started.registration_token,
        credential_json: Device::default().create(&started.creation_options_json, &Says::default()).await,
        display_name: String::new(),
        request_id: request_id(),
        context: None,
    };

    let first = calls.complete_passkey_registration(request.clone()).await.unwrap().into_inner();
    let repeated = calls.complete_passkey_registration(request.clone()).await.unwrap().into_inner();
    request.request_id = request_id();
    request.credential_json =
        Device::default().create(&started.creation_options_json, &Says::default()).await;
    let second = calls.complete_passkey_registration(request).await;

    assert_eq!(first, repeated);
    assert_eq!(first.passkey.unwrap().display_name, "Passkey 1");
    assert_eq!(why(second).0, "CHALLENGE_INVALID");
    assert_eq!(listed(&mut calls).await.len(), 1);
    world.stop().await;
}

async fn somebody_elses_passkey_is_no_second_factor(stores: Stores) {
    let world = world(stores).await;
    let (zoe, mut device) = holder(&world, "zoe").await;
    let (_, mut other) = holder(&world, "yan").await;
    let challenge = challenged(&world, &zoe, &zoe.password).await;
    let asked: serde_json::Value = serde_json::from_str(&challenge.passkey_request_options_json).unwrap();
    let for_anybody = serde_json::json!({ "allowCredentials": [], "challenge": asked["challenge"],
        "rpId": asked["rpId"] });

    let credential = other.get(&for_anybody.to_string(), &Says::default()).await;
    let theirs = answer(&world, &challenge, &credential).await;
    let credential = device.get(&challenge.passkey_request_options_json, &Says::default()).await;
    let own = answer(&world, &challenge, &credential).await;

    assert_eq!(asked["allowCredentials"].as_array().unwrap().len(), 1);
    assert!(matches!(theirs, Continued::Rejection(_)), "{theirs:?}");
    assert!(matches!(own, Continued::Tokens(_)), "{own:?}");
    world.stop().await;
}

async fn an_account_without_a_password_signs_in_by_passkey(stores: Stores) {
    let world = world(stores).await;
    let zoe = world.person_with("zoe", |request| request.password.clear()).await;
    let issue = IssueTemporaryAccessPassRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: zoe.account_id.clone(),
        request_id: request_id(),
        ..IssueTemporaryAccessPassRequest::default()
    };
    let mut passes = AccessPassServiceClient::new(world.identity.clone());
    let pass = passes.issue_temporary_access_pass(issue).await.unwrap().into_inner().access_pass;
    let sign_in = SignInWithAccessPassRequest {
        tenant_id: world.tenant_id.clone(),
        login: zoe.login.clone(),
        access_pass: pass,
        request_id: request_id(),
        context: None,
    };
    let result = passes.sign_in_with_access_pass(sign_in).await.unwrap().into_inner().result.unwrap();
    let PassResult::Tokens(tokens) = result else { panic!("not signed in but {result:?}") };
    let mut calls = PasskeyServiceClient::new(world.acting_for(&tokens.access_token));
    let mut device = Device::default();
    register(&mut calls, &mut device, &Says::default()).await.unwrap();

    let today = alone(&world, &mut device, &Says::default()).await;
    world.clock.advance(200 * DAY);
    let asked = alone(&world, &mut device, &Says::default()).await;
    let SignedIn::Challenge(challenge) = asked else { panic!("not asked but {asked:?}") };
    let still_right = ContinueSignInRequest {
        challenge_token: challenge.challenge_token.clone(),
        security_info_verdict: rekey_wire::identity::v1::SecurityInfoVerdict::StillRight.into(),
        request_id: request_id(),
        ..ContinueSignInRequest::default()
    };
    let answered = world.sessions().continue_sign_in(still_right).await.unwrap().into_inner().result;

    assert!(matches!(today, SignedIn::Tokens(_)), "{today:?}");
    assert_eq!(challenge.kind(), ChallengeKind::ConfirmSecurityInfo);
    assert!(matches!(answered, Some(Continued::Tokens(_))), "{answered:?}");
    world.stop().await;
}

async fn administrators_see_passkeys_and_remove_them(stores: Stores) {
    let world = world(stores).await;
    let (zoe, mut device) = holder(&world, "zoe").await;
    let mut administration = AccountSecurityInfoServiceClient::new(world.identity.clone());
    let list = ListAccountSecurityInfoRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: zoe.account_id.clone(),
        page_size: 0,
        page_token: String::new(),
        context: None,
    };
    let entries = administration.list_account_security_info(list).await.unwrap().into_inner().security_info;
    let passkey = entries.iter().find(|entry| entry.kind() == MethodKind::Passkey).unwrap();
    let remove = RemoveAccountSecurityInfoRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: zoe.account_id.clone(),
        security_info_id: passkey.security_info_id.clone(),
        request_id: request_id(),
        context: None,
    };
    administration.remove_account_security_info(remove).await.unwrap();

    let by_password = world.sign_in(&zoe.login, &zoe.password).await;
    let by_passkey = alone(&world, &mut device, &Says::default()).await;

    assert_eq!(passkey.display_name, "Work laptop");
    assert!(matches!(by_password, SignInResult::Tokens(_)), "{by_password:?}");
    assert!(matches!(by_passkey, SignedIn::Rejection(_)), "{by_passkey:?}");
    world.stop().await;
}

async fn a_reset_tells_nobody_who_has_a_passkey(stores: Stores) {
    let world = world(stores).await;
    let (zoe, mut device) = holder(&world, "zoe").await;
    let yan = world.person("yan").await;
    let mut seen = Vec::new();

    for login in [zoe.login.as_str(), yan.login.as_str(), "nobody@mail.example"] {
        let started = world.start_reset(login).await;
        let method = started.methods.iter().find(|method| method.kind() == MethodKind::Passkey).unwrap();
        let mut options: serde_json::Value =
            serde_json::from_str(&method.passkey_request_options_json).unwrap();
        let challenge = options["challenge"].take();
        // In its quarantine hers proves as little as none at all.
        let credential = device.get(&method.passkey_request_options_json, &Says::default()).await;
        let proved = prove(&world, &started.reset_token, &method.method_id, &credential).await;
        let kinds: Vec<i32> = started.methods.iter().map(|method| method.kind).collect();
        let shown = (kinds, options, challenge.as_str().unwrap().len());
        seen.push((shown, proved.outcome(), proved.proofs_remaining, proved.reset_token.len()));
    }

    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:#?}");
    assert_eq!(seen[0].1, ProofOutcome::Rejected);
    assert_eq!(seen[0].0.1["allowCredentials"], serde_json::json!([]));
    world.stop().await;
}

async fn without_settings_there_are_none(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let mut calls = signed_in(&world, &zoe).await;
    let begin = StartPasskeySignInRequest { tenant_id: world.tenant_id.clone(), context: None };

    let registration = calls.start_passkey_registration(StartPasskeyRegistrationRequest::default()).await;
    let sign_in = passkeys(&world).start_passkey_sign_in(begin).await;
    let offered = world.start_reset(&zoe.login).await.methods;

    assert_eq!(why(registration).0, "PASSKEYS_NOT_CONFIGURED");
    assert_eq!(why(sign_in).0, "PASSKEYS_NOT_CONFIGURED");
    assert!(!offered.iter().any(|method| method.kind() == MethodKind::Passkey));
    world.stop().await;
}
