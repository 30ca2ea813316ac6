//! Who may have a candidate judged without a session: whoever might set the password at this very moment, at no cost to it.

use rekey_primitives::method::MethodKind;
use rekey_primitives::secret::SecretString;

use super::evaluated;
use crate::administration::ResetMode;
use crate::domain::account::Account;
use crate::domain::refusal::Refusal;
use crate::operation::{Caller, Error};
use crate::passwords::{EvaluatePassword, PasswordRight};
use crate::resets::RedeemLink;
use crate::sign_in::{AnswerChallenge, ChallengeAnswer, Continued, SignInChallenge, SignedIn};
use crate::store::accounts::AccountChange;
use crate::testing::{NEW, OLD, World, context, on, refusal, service};

fn must_change(account: &mut Account) {
    account.password.as_mut().unwrap().must_change = true;
}

async fn challenged(world: &World) -> SignInChallenge {
    match world.sign_in("ada", OLD).await {
        SignedIn::Challenge(challenge) => challenge,
        other => panic!("{other:?}"),
    }
}

async fn answered(
    world: &World,
    challenge: &SignInChallenge,
    answer: ChallengeAnswer,
) -> Result<Continued, Error> {
    let request = AnswerChallenge {
        challenge_token: challenge.token.clone(),
        answer,
        request_id: world.request_id(),
        context: context("192.0.2.1"),
    };
    world.sign_ins.continue_sign_in(&world.caller, &request).await
}

fn by_challenge(challenge: &SignInChallenge) -> PasswordRight {
    PasswordRight::Challenge(challenge.token.clone())
}

/// The token of a link that was mailed to somebody new.
async fn linked(world: &World) -> (Account, SecretString) {
    let ada = world.person("ada", &["ada@mail.example"]).await;
    let by_link =
        world.administration.reset_password(&service(world), on(world, &ada), &ResetMode::Link).await;
    by_link.unwrap();
    let mails = world.notices().await;
    let link = mails.iter().find_map(|mail| mail.variables.get("link")).unwrap();
    let token = SecretString::from(link.split_once("token=").unwrap().1);
    (world.read(&ada).await, token)
}

async fn redeemed(world: &World, token: &SecretString) -> Result<(), Error> {
    let request = RedeemLink {
        link_token: token.clone(),
        new_password: NEW.into(),
        request_id: world.request_id(),
        context: context("192.0.2.1"),
    };
    world.resets.redeem_link(&world.caller, &request).await.map(drop)
}

#[tokio::test]
async fn whoever_is_asked_for_a_new_password_learns_what_the_rules_say_and_never_history() {
    let world = World::with(|policy| policy.password.expiry_days = Some(30)).await;
    world.person("ada", &["ada@mail.example"]).await;
    world.pass(31 * 86_400);
    let expired = challenged(&world).await;

    let own = evaluated(&world, "a letter from byron", by_challenge(&expired)).await.unwrap();
    let old = evaluated(&world, OLD, by_challenge(&expired)).await.unwrap();
    let set = answered(&world, &expired, ChallengeAnswer::NewPassword(NEW.into())).await;
    let spent = evaluated(&world, NEW, by_challenge(&expired)).await;

    let broken: Vec<_> = own.rules.iter().filter(|rule| !rule.passed).map(|rule| rule.rule).collect();
    assert!(broken.contains(&"PERSONAL"), "{broken:?}");
    assert!(old.acceptable && old.rules.iter().all(|rule| rule.rule != "HISTORY"));
    assert!(matches!(set, Ok(Continued::Tokens(_))), "{set:?}");
    assert_eq!(refusal(spent), Refusal::ChallengeInvalid);
}

#[tokio::test]
async fn a_challenge_for_a_proof_tells_nothing_of_the_password_that_comes_after_it() {
    let world = World::new().await;
    let (_, app) = world.person_with_authenticator("ada", &[], must_change).await;
    let for_a_factor = challenged(&world).await;

    let early = evaluated(&world, NEW, by_challenge(&for_a_factor)).await;
    let code = app.code(world.now());
    let kind = MethodKind::Authenticator;
    let proved = answered(&world, &for_a_factor, ChallengeAnswer::SecondFactor { kind, code }).await;
    let Ok(Continued::Challenge(for_a_password)) = proved else { panic!("{proved:?}") };
    let ready = evaluated(&world, NEW, by_challenge(&for_a_password)).await;

    assert_eq!(refusal(early), Refusal::ChallengeInvalid);
    assert!(ready.unwrap().acceptable);
}

#[tokio::test]
async fn a_challenge_is_evaluated_for_its_caller_its_time_and_its_account_alone() {
    let world = World::new().await;
    let ada = world.person_with("ada", &[], must_change).await;
    let thief = Caller::new("shop", |_| true);
    let asked = challenged(&world).await;

    let forged = evaluated(&world, NEW, PasswordRight::Challenge("forged".into())).await;
    let stolen = EvaluatePassword { candidate: NEW.into(), by: by_challenge(&asked) };
    let stolen = world.passwords.evaluate(&thief, &stolen).await;
    world.pass(10 * 60);
    let late = evaluated(&world, NEW, by_challenge(&asked)).await;
    let fresh = challenged(&world).await;
    world.change(&world.read(&ada).await, AccountChange::Blocked(true)).await;
    let of_blocked = evaluated(&world, NEW, by_challenge(&fresh)).await;

    for refused in [forged, stolen, late, of_blocked] {
        assert_eq!(refusal(refused), Refusal::ChallengeInvalid);
    }
}

#[tokio::test]
async fn a_link_is_evaluated_while_it_works() {
    let world = World::new().await;
    let (_, token) = linked(&world).await;
    let by_link = || PasswordRight::Link(token.clone());

    let weak = evaluated(&world, "acme", by_link()).await.unwrap();
    let old = evaluated(&world, OLD, by_link()).await.unwrap();
    redeemed(&world, &token).await.unwrap();
    let spent = evaluated(&world, NEW, by_link()).await;
    let forged = evaluated(&world, NEW, PasswordRight::Link("forged".into())).await;

    assert!(!weak.acceptable && old.acceptable);
    assert_eq!([refusal(spent), refusal(forged)], [Refusal::ResetLinkInvalid, Refusal::ResetLinkInvalid]);
}

#[tokio::test]
async fn a_link_that_is_over_or_of_a_blocked_account_is_not_evaluated() {
    let world = World::new().await;
    let (ada, token) = linked(&world).await;
    let by_link = || PasswordRight::Link(token.clone());
    let elsewhere = Caller::new("shop", |_| false);

    let request = EvaluatePassword { candidate: NEW.into(), by: by_link() };
    let out_of_reach = world.passwords.evaluate(&elsewhere, &request).await;
    world.change(&ada, AccountChange::Blocked(true)).await;
    let blocked = evaluated(&world, NEW, by_link()).await;
    world.pass(86_400);
    let late = evaluated(&world, NEW, by_link()).await;

    for refused in [out_of_reach, blocked, late] {
        assert_eq!(refusal(refused), Refusal::ResetLinkInvalid);
    }
}

#[tokio::test]
async fn evaluating_has_a_budget_of_its_own_and_spends_no_attempt() {
    let mut world = World::with(|policy| policy.reset.attempts_per_reset = 1).await;
    world.adapt(|parts| parts.settings.limits.evaluations_per_minute = 2);
    let (_, token) = linked(&world).await;
    world.person_with("bob", &[], must_change).await;
    let SignedIn::Challenge(challenge) = world.sign_in("bob", OLD).await else { panic!("no challenge") };

    for _ in 0..2 {
        evaluated(&world, "acme", PasswordRight::Link(token.clone())).await.unwrap();
        evaluated(&world, "acme", by_challenge(&challenge)).await.unwrap();
    }
    let of_link = evaluated(&world, NEW, PasswordRight::Link(token.clone())).await;
    let of_challenge = evaluated(&world, NEW, by_challenge(&challenge)).await;

    assert!(matches!(refusal(of_link), Refusal::Throttled { .. }));
    assert!(matches!(refusal(of_challenge), Refusal::Throttled { .. }));
    redeemed(&world, &token).await.unwrap();
    let set = answered(&world, &challenge, ChallengeAnswer::NewPassword(NEW.into())).await;
    assert!(matches!(set, Ok(Continued::Tokens(_))), "{set:?}");
}
