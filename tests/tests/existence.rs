//! A stranger learns nothing: known, unknown, blocked, frozen and ineligible logins get answers of one shape, step by
//! step through every RPC that takes a login or what came of one, and only the known person ever hears of it.

mod grid;
mod logins;
mod policies;
mod stopped;

use std::collections::BTreeMap;
use std::time::Duration;

use rekey::Part;
use rekey_client::Problem;
use rekey_tests::person::{first_password, request_id};
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::password_service_client::PasswordServiceClient;
use rekey_wire::identity::v1::{
    EvaluatePasswordRequest, MethodKind, RequestAdministratorHelpRequest, SendResetCodeRequest,
    SendResetCodeResponse, SignInRequest, StartPasswordResetRequest, SubmitResetProofRequest,
};
use tonic::Status;

use logins::{NOBODY, logins};

const PHONE: &str = "+15005550100";

on_both_store_sets!(
    every_step_of_a_reset_looks_the_same_for_everybody,
    every_step_looks_the_same_where_masks_are_shown,
    everybody_is_offered_the_same_kinds,
    asking_for_help_looks_the_same_for_everybody,
    signing_in_looks_the_same_before_and_after_a_lockout,
    a_repeated_sign_in_looks_the_same_for_everybody,
    limits_of_a_login_look_the_same_for_everybody,
    a_decoy_is_the_same_when_asked_again,
    a_full_mailbox_is_not_told,
);

/// Asserts that everybody's answer is the known person's.
fn all_alike<T: PartialEq + std::fmt::Debug>(answers: &BTreeMap<&'static str, T>) {
    for (who, answer) in answers {
        assert_eq!(answer, &answers["known"], "{who} differs from known");
    }
}

/// Everything of a refusal but the support code.
fn refusal<T: std::fmt::Debug>(refused: Result<T, Status>) -> Problem {
    Problem { support_code: None, ..Problem::of(&refused.unwrap_err()) }
}

async fn every_step_of_a_reset_looks_the_same_for_everybody(stores: Stores) {
    every_step_looks_the_same(World::start(stores).await).await;
}

async fn every_step_looks_the_same_where_masks_are_shown(stores: Stores) {
    let world = World::start(stores).await;
    world.show_masks().await;
    every_step_looks_the_same(world).await;
}

/// Every method of everybody, walked to its end: by the kind that most have, and by the one that most lack.
async fn everybody_is_offered_the_same_kinds(stores: Stores) {
    let world = World::start(stores).await;
    let logins = logins(&world).await;
    let heard_before = world.mail().len();
    let mut offers = BTreeMap::new();
    let (mut by_phone, mut by_held_codes) = (BTreeMap::new(), BTreeMap::new());

    for (who, login) in &logins {
        let started = world.start_reset(login).await;
        by_phone.insert(*who, walk(&world, &started.reset_token, "2").await);
        let [app, list] = ["3", "4"].map(|method_id| walk_held(&world, &started.reset_token, method_id));
        by_held_codes.insert(*who, [app.await, list.await]);
        offers.insert(*who, started.methods);
    }

    all_alike(&offers);
    all_alike(&by_phone);
    all_alike(&by_held_codes);
    let offer: Vec<_> =
        offers["known"].iter().map(|method| (method.kind(), &*method.masked_destination)).collect();
    let kinds = [MethodKind::Email, MethodKind::Phone, MethodKind::Authenticator, MethodKind::RecoveryCode];
    assert_eq!(offer, kinds.map(|kind| (kind, "")));
    world.settled().await;
    assert_eq!(world.mail().len(), heard_before, "nobody here has a phone");
    world.stop().await;
}

async fn every_step_looks_the_same(world: World) {
    let reference = world.person_with("reference", |new| new.phone_numbers = vec![PHONE.to_owned()]).await;
    let masks = world.start_reset(&reference.login).await.methods;
    let logins = logins(&world).await;
    let heard_before = world.mail().len();
    let mut shapes: BTreeMap<&str, _> = BTreeMap::new();

    for (who, login) in &logins {
        let started = world.start_reset(login).await;
        for method in &started.methods {
            let real = masks.iter().find(|mask| mask.kind == method.kind).expect("a kind nobody has here");
            let length = |text: &str| (text.chars().count(), text.len());
            assert_eq!(length(&method.masked_destination), length(&real.masked_destination), "{who}");
        }
        let ids: Vec<_> = started.methods.iter().map(|method| method.method_id.as_str()).collect();
        assert!(!ids.is_empty() && ["1", "2", "3", "4"].starts_with(&ids), "{who} is offered {ids:?}");
        let shape = (started.reset_token.len(), started.proofs_required, started.expire_time);
        shapes.insert(who, (shape, walk(&world, &started.reset_token, "1").await));
    }

    all_alike(&shapes);
    world.settled().await;
    let heard: Vec<_> = world.mail().into_iter().map(|message| message.to).collect();
    assert_eq!(&heard[..heard.len() - heard_before], [logins["known"].clone()]);
    world.stop().await;
}

/// What a stranger sees who goes on with a reset as far as they can.
#[derive(Debug, PartialEq)]
struct Walk {
    /// The first send, and a repeat of the same call.
    sent: [SendResetCodeResponse; 2],
    /// Codes, before and after there was one to guess at.
    proved: Vec<(i32, usize, i32)>,
    refused: [Problem; 4],
}

async fn walk(world: &World, reset_token: &str, method_id: &str) -> Walk {
    let send = SendResetCodeRequest {
        reset_token: reset_token.to_owned(),
        method_id: method_id.to_owned(),
        request_id: request_id(),
        context: None,
    };
    let mut proved = vec![prove(world, reset_token, method_id).await];
    let sent = world.resets().send_reset_code(send.clone()).await.unwrap().into_inner();
    let too_soon = refusal(world.send_code(reset_token, method_id).await);
    let no_such_method = refusal(world.send_code(reset_token, "7").await);
    for _ in 0..11 {
        proved.push(prove(world, reset_token, method_id).await);
    }
    let resent = world.resets().send_reset_code(send).await.unwrap().into_inner();
    let completed = refusal(world.complete_reset(reset_token, "another meadow of rain").await);
    let candidate = EvaluatePasswordRequest {
        candidate_password: "another meadow of rain".to_owned(),
        reset_token: reset_token.to_owned(),
        ..EvaluatePasswordRequest::default()
    };
    let judged =
        refusal(PasswordServiceClient::new(world.identity.clone()).evaluate_password(candidate).await);
    Walk { sent: [sent, resent], proved, refused: [too_soon, no_such_method, completed, judged] }
}

/// What a stranger sees who guesses at codes that nobody sends, until as many as a reset takes are spent and beyond.
async fn walk_held(world: &World, reset_token: &str, method_id: &str) -> (Vec<(i32, usize, i32)>, Problem) {
    let mut proved = Vec::new();
    for _ in 0..12 {
        proved.push(prove(world, reset_token, method_id).await);
    }
    (proved, refusal(world.send_code(reset_token, method_id).await))
}

/// Outcome, length of the new token and what remains, after a code that is wrong for everybody.
async fn prove(world: &World, reset_token: &str, method_id: &str) -> (i32, usize, i32) {
    let request = SubmitResetProofRequest {
        reset_token: reset_token.to_owned(),
        method_id: method_id.to_owned(),
        code: "not the code".to_owned(),
        request_id: request_id(),
        context: None,
        ..SubmitResetProofRequest::default()
    };
    let answer = world.resets().submit_reset_proof(request).await.unwrap().into_inner();
    (answer.outcome, answer.reset_token.len(), answer.proofs_remaining)
}

async fn asking_for_help_looks_the_same_for_everybody(stores: Stores) {
    let world = World::start(stores).await;
    let logins = logins(&world).await;
    let heard_before = world.mail().len();
    let mut answers: BTreeMap<&str, _> = BTreeMap::new();

    for (who, login) in &logins {
        let reset_token = world.start_reset(login).await.reset_token;
        let id = request_id();
        let ask = |reset_token: &str, message: &str, request_id: String| {
            let request = RequestAdministratorHelpRequest {
                tenant_id: world.tenant_id.clone(),
                login: login.clone(),
                reset_token: reset_token.to_owned(),
                message: message.to_owned(),
                request_id,
                context: None,
            };
            let mut resets = world.resets();
            async move { resets.request_administrator_help(request).await.map(tonic::Response::into_inner) }
        };
        let plain = ask("", "let me in", id.clone()).await.unwrap();
        let again = ask("", "let me in", id.clone()).await.unwrap();
        let with_other_content = refusal(ask("", "let me out", id).await);
        let with_a_reset = ask(&reset_token, "let me in", request_id()).await.unwrap();
        let with_a_link = refusal(ask("", "see https://example.com", request_id()).await);
        assert_eq!(with_other_content.reason, "REQUEST_ID_REUSED");
        answers.insert(who, (plain, again, with_other_content, with_a_reset, with_a_link));
    }

    all_alike(&answers);
    world.settled().await;
    assert_eq!(world.mail().len(), heard_before);
    world.stop().await;
}

async fn signing_in_looks_the_same_before_and_after_a_lockout(stores: Stores) {
    let world = World::start(stores).await;
    let logins = logins(&world).await;
    let mut answers: BTreeMap<&str, _> = BTreeMap::new();

    for (who, login) in &logins {
        let mut seen = Vec::new();
        for number in 0..11 {
            seen.push(world.sign_in(login, &format!("not this one, nor {number}")).await);
        }
        // The right one, for those who have one.
        let right = first_password(login.split('@').next().unwrap());
        seen.push(world.sign_in(login, &right).await);
        answers.insert(who, seen);
    }

    all_alike(&answers);
    world.stop().await;
}

async fn a_repeated_sign_in_looks_the_same_for_everybody(stores: Stores) {
    let world = World::start(stores).await;
    let logins = logins(&world).await;
    let mut answers: BTreeMap<&str, _> = BTreeMap::new();

    for (who, login) in &logins {
        let request = SignInRequest {
            tenant_id: world.tenant_id.clone(),
            login: login.clone(),
            password: "not this one".to_owned(),
            request_id: request_id(),
            context: None,
        };
        let other = SignInRequest { password: "nor this one".to_owned(), ..request.clone() };
        let first = world.sessions().sign_in(request.clone()).await.unwrap().into_inner();
        let kept = world.count(Part::Identity, "answers").await;
        let repeat = world.sessions().sign_in(request).await.unwrap().into_inner();
        let other = refusal(world.sessions().sign_in(other).await);
        let written = world.count(Part::Identity, "answers").await - kept;
        answers.insert(who, (first, repeat, other, written));
    }

    all_alike(&answers);
    assert_eq!((answers["known"].2.reason.as_str(), answers["known"].3), ("REQUEST_ID_REUSED", 0));
    world.stop().await;
}

async fn limits_of_a_login_look_the_same_for_everybody(stores: Stores) {
    let limit = ("IDENTITY__LIMITS__STARTS_PER_LOGIN_PER_HOUR", "3");
    let world = World::start_with(stores, &[limit]).await;
    let logins = logins(&world).await;
    world.clock.advance(Duration::from_secs(3600));
    let mut answers: BTreeMap<&str, _> = BTreeMap::new();

    for (who, login) in &logins {
        for _ in 0..3 {
            world.start_reset(login).await;
        }
        let request = StartPasswordResetRequest {
            tenant_id: world.tenant_id.clone(),
            login: login.clone(),
            context: None,
        };
        answers.insert(who, refusal(world.resets().start_password_reset(request).await));
    }

    all_alike(&answers);
    assert_eq!(answers["known"].reason, "THROTTLED");
    assert!(answers["known"].retry_after.is_some());
    world.stop().await;
}

async fn a_decoy_is_the_same_when_asked_again(stores: Stores) {
    let world = World::start(stores).await;
    world.show_masks().await;
    let logins = logins(&world).await;

    for (who, login) in &logins {
        let first = world.start_reset(login).await.methods;
        let spelled_otherwise = login.replace("acme.example", "ACME.example");
        let again = world.start_reset(&spelled_otherwise).await.methods;

        assert_eq!(first, again, "{who}");
    }
    world.stop().await;
}

async fn a_full_mailbox_is_not_told(stores: Stores) {
    let world = World::start(stores).await;
    let known = world.person("known").await.login;
    let mut answers: BTreeMap<&str, Vec<SendResetCodeResponse>> = BTreeMap::new();

    for (who, login) in [("known", known.as_str()), ("unknown", NOBODY)] {
        for _ in 0..7 {
            let send = SendResetCodeRequest {
                reset_token: world.start_reset(login).await.reset_token,
                method_id: "1".to_owned(),
                request_id: request_id(),
                context: None,
            };
            let sent = world.resets().send_reset_code(send).await.unwrap().into_inner();
            answers.entry(who).or_default().push(sent);
        }
    }

    all_alike(&answers);
    world.settled().await;
    assert_eq!(world.mail_to(&known).len(), 5);
    world.stop().await;
}
