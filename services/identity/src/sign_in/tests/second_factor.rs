//! Accounts with an authenticator: a password is half of it.

use std::time::Duration;

use rekey_primitives::method::MethodKind;
use rekey_primitives::secret::SecretString;

use crate::domain::account::Account;
use crate::domain::refusal::Refusal;
use crate::operation::Error;
use crate::sign_in::{AnswerChallenge, ChallengeAnswer, Continued, SignInChallenge, SignedIn};
use crate::testing::{NEW, OLD, World, context, refusal};
use crate::tokens::{ChallengeKind, SessionTokens};

async fn challenged_at(world: &World, ip: &str) -> SignInChallenge {
    match world.sign_in_from(ip, "ada", OLD).await {
        SignedIn::Challenge(challenge) => challenge,
        other => panic!("{other:?}"),
    }
}

async fn challenged(world: &World) -> SignInChallenge {
    challenged_at(world, "192.0.2.1").await
}

fn factor(kind: MethodKind, code: &SecretString) -> ChallengeAnswer {
    ChallengeAnswer::SecondFactor { kind, code: code.clone() }
}

async fn answer_at(
    world: &World,
    ip: &str,
    challenge: &SignInChallenge,
    answer: ChallengeAnswer,
) -> Result<Continued, Error> {
    let challenge_token = challenge.token.clone();
    let request =
        AnswerChallenge { challenge_token, answer, request_id: world.request_id(), context: context(ip) };
    world.sign_ins.continue_sign_in(&world.caller, &request).await
}

async fn answer(
    world: &World,
    challenge: &SignInChallenge,
    answer: ChallengeAnswer,
) -> Result<Continued, Error> {
    answer_at(world, "192.0.2.1", challenge, answer).await
}

fn tokens(answered: Result<Continued, Error>) -> SessionTokens {
    match answered {
        Ok(Continued::Tokens(tokens)) => tokens,
        other => panic!("{other:?}"),
    }
}

fn is_wrong(answered: &Result<Continued, Error>) -> bool {
    matches!(answered, Ok(Continued::Rejected { .. }))
}

#[tokio::test]
async fn a_code_makes_a_strong_session() {
    let world = World::new().await;
    let (_, app) = world.person_with_authenticator("ada", &["ada@mail.example"], |_| {}).await;
    let challenge = challenged(&world).await;

    let code = app.code(world.now());
    let tokens = tokens(answer(&world, &challenge, factor(MethodKind::Authenticator, &code)).await);

    assert_eq!(
        (challenge.kind, challenge.second_factors),
        (ChallengeKind::SecondFactor, vec!["authenticator".to_owned()])
    );
    assert_eq!(tokens.session_expires_at.since(world.now()), Duration::from_secs(24 * 3_600));
    assert!(world.live(&tokens).await.is_some());
    world.pass(3_600);
    assert!(world.live(&tokens).await.is_none(), "it is over after an hour without a refresh");
}

#[tokio::test]
async fn each_code_passes_once() {
    let world = World::new().await;
    let (_, app) = world.person_with_authenticator("ada", &[], |_| {}).await;
    let code = app.code(world.now());
    let [first, second] = [challenged(&world).await, challenged(&world).await];

    let [one, other] = [&first, &second]
        .map(|challenge| answer(&world, challenge, factor(MethodKind::Authenticator, &code)));
    let (one, other) = tokio::join!(one, other);
    let third = answer(&world, &second, factor(MethodKind::Authenticator, &code)).await;
    world.pass(30);
    let next = app.code(world.now());
    let later = answer(&world, &second, factor(MethodKind::Authenticator, &next)).await;

    let passed = [&one, &other].into_iter().filter(|answered| matches!(answered, Ok(Continued::Tokens(_))));
    assert_eq!(passed.count(), 1, "{one:?} {other:?}");
    assert!(is_wrong(&third) && matches!(later, Ok(Continued::Tokens(_))), "{third:?} {later:?}");
}

#[tokio::test]
async fn a_challenge_takes_five_codes() {
    let world = World::new().await;
    let (_, app) = world.person_with_authenticator("ada", &[], |_| {}).await;
    let challenge = challenged(&world).await;
    let wrong = SecretString::from("0000000");
    for _ in 0..5 {
        assert!(is_wrong(&answer(&world, &challenge, factor(MethodKind::Authenticator, &wrong)).await));
    }

    let code = app.code(world.now());
    let sixth = answer(&world, &challenge, factor(MethodKind::Authenticator, &code)).await;
    let fresh = challenged(&world).await;
    let of_another = answer(&world, &fresh, factor(MethodKind::Authenticator, &code)).await;

    assert_eq!(refusal(sixth), Refusal::ChallengeInvalid);
    assert!(matches!(of_another, Ok(Continued::Tokens(_))));
}

#[tokio::test]
async fn guessing_from_elsewhere_leaves_the_owner_their_factor() {
    let world = World::new().await;
    let (_, app) = world.person_with_authenticator("ada", &[], |_| {}).await;
    let challenge = challenged(&world).await;
    let code = app.code(world.now());
    tokens(answer(&world, &challenge, factor(MethodKind::Authenticator, &code)).await);
    let wrong = SecretString::from("0000000");
    for _ in 0..3 {
        let challenge = challenged_at(&world, "203.0.113.9").await;
        for _ in 0..5 {
            let wrong = factor(MethodKind::Authenticator, &wrong);
            assert!(is_wrong(&answer_at(&world, "203.0.113.9", &challenge, wrong).await));
        }
    }
    world.pass(60);

    let code = app.code(world.now());
    let elsewhere = challenged_at(&world, "203.0.113.9").await;
    let stopped =
        answer_at(&world, "203.0.113.9", &elsewhere, factor(MethodKind::Authenticator, &code)).await;
    let challenge = challenged(&world).await;
    let owner = answer(&world, &challenge, factor(MethodKind::Authenticator, &code)).await;

    assert!(is_wrong(&stopped), "{stopped:?}");
    assert!(matches!(owner, Ok(Continued::Tokens(_))), "{owner:?}");
}

#[tokio::test]
async fn a_recovery_code_serves_once_in_its_place() {
    let world = World::new().await;
    let (account, _) = world.person_with_authenticator("ada", &[], |_| {}).await;
    let [code, _] = world.recovery_codes(&account).await;
    let challenge = challenged(&world).await;

    let first = answer(&world, &challenge, factor(MethodKind::RecoveryCode, &code)).await;
    let second = challenged(&world).await;
    let again = answer(&world, &second, factor(MethodKind::RecoveryCode, &code)).await;

    assert_eq!(challenge.second_factors, ["authenticator", "recovery_code"]);
    assert!(matches!(first, Ok(Continued::Tokens(_))), "{first:?}");
    assert!(is_wrong(&again), "{again:?}");
}

#[tokio::test]
async fn a_password_alone_leads_to_no_other_password() {
    let world = World::new().await;
    let must_change = |account: &mut Account| account.password.as_mut().unwrap().must_change = true;
    let (_, app) = world.person_with_authenticator("ada", &[], must_change).await;
    let challenge = challenged(&world).await;

    let new = || ChallengeAnswer::NewPassword(NEW.into());
    let early = answer(&world, &challenge, new()).await;
    let code = app.code(world.now());
    let asked = answer(&world, &challenge, factor(MethodKind::Authenticator, &code)).await;
    let Ok(Continued::Challenge(asked)) = asked else { panic!("{asked:?}") };
    let tokens = tokens(answer(&world, &asked, new()).await);

    assert!(matches!(refusal(early), Refusal::FieldsInvalid(_)));
    assert_eq!(asked.kind, ChallengeKind::PasswordChangeRequired);
    assert_eq!(tokens.session_expires_at.since(world.now()), Duration::from_secs(24 * 3_600));
}

#[tokio::test]
async fn a_challenge_of_before_the_authenticator_leads_nowhere() {
    let world = World::new().await;
    let account =
        world.person_with("ada", &[], |account| account.password.as_mut().unwrap().must_change = true).await;
    let challenge = challenged(&world).await;
    let (other, _) = world.person_with_authenticator("bob", &[], |_| {}).await;
    let entry = other.security_info[0].clone();
    let change = crate::store::accounts::AccountChange::AddSecurityInfo(entry);
    world.change(&account, change).await;

    let answered = answer(&world, &challenge, ChallengeAnswer::NewPassword(NEW.into())).await;

    assert_eq!(refusal(answered), Refusal::ChallengeInvalid);
}

#[tokio::test]
async fn a_repeat_of_a_wrong_code_is_no_second_try() {
    let world = World::new().await;
    let (_, app) = world.person_with_authenticator("ada", &[], |_| {}).await;
    let challenge = challenged(&world).await;
    let request = AnswerChallenge {
        challenge_token: challenge.token.clone(),
        answer: factor(MethodKind::Authenticator, &SecretString::from("0000000")),
        request_id: world.request_id(),
        context: context("192.0.2.1"),
    };
    for _ in 0..20 {
        let answered = world.sign_ins.continue_sign_in(&world.caller, &request).await;
        assert!(is_wrong(&answered));
        world.pass(5);
    }

    let code = app.code(world.now());
    let right = answer(&world, &challenge, factor(MethodKind::Authenticator, &code)).await;

    assert!(matches!(right, Ok(Continued::Tokens(_))), "{right:?}");
}
