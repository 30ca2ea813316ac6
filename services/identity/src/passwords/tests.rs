//! Changing a known password, and the meter.

mod rights;

use futures_util::FutureExt as _;
use rekey_primitives::secret::ExposeSecret;

use super::evaluate::Evaluated;
use super::{ChangePassword, EvaluatePassword, PasswordRight};
use crate::domain::refusal::Refusal;
use crate::operation::Error;
use crate::sessions::RefreshSession;
use crate::sign_in::SignedIn;
use crate::testing::{NEW, OLD, World, context, done, is_rejected, refusal};

fn change(world: &World, current: &str, new: &str) -> ChangePassword {
    ChangePassword {
        current_password: current.into(),
        new_password: new.into(),
        request_id: world.request_id(),
        context: context("192.0.2.1"),
    }
}

async fn evaluated(world: &World, candidate: &str, by: PasswordRight) -> Result<Evaluated, Error> {
    let request = EvaluatePassword { candidate: candidate.into(), by };
    world.passwords.evaluate(&world.caller, &request).await
}

#[tokio::test]
async fn a_changed_password_keeps_this_session_and_ends_the_others() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    let (here, there) = (world.signed_in("ada", OLD).await, world.signed_in("ada", OLD).await);
    let person = world.live(&here).await.unwrap();
    let request = change(&world, OLD, NEW);

    let first = done(world.passwords.change(&world.caller, &person, &request).await);
    let late = world.sessions.verify_leaving_person(&here.access_token).await.unwrap().unwrap();
    let repeat = done(world.passwords.change(&world.caller, &late, &request).await);
    let other = world.passwords.change(&world.caller, &late, &change(&world, NEW, OLD)).await;

    let tokens = first.tokens.unwrap();
    assert_eq!((first.sessions_revoked, repeat.sessions_revoked), (1, 1));
    assert_eq!(repeat.tokens.unwrap().access_token.expose_secret(), tokens.access_token.expose_secret());
    assert_eq!(refusal(other), Refusal::AccessTokenInvalid);
    assert!(world.live(&tokens).await.is_some() && tokens.refresh_token.expose_secret().is_empty());
    assert_eq!((world.live(&here).await, world.live(&there).await), (None, None));
    let refresh = RefreshSession {
        refresh_token: here.refresh_token,
        request_id: world.request_id(),
        context: context("192.0.2.1"),
    };
    let fresh = world.sessions.refresh(&world.caller, &refresh).await.unwrap();
    assert!(world.live(&fresh).await.is_some());
    assert_eq!(world.notices().await[0].template, "password_changed_notice");
    assert!(matches!(world.sign_in("ada", NEW).await, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn a_wrong_current_password_counts_as_a_wrong_sign_in() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let person = world.live(&world.signed_in("ada", OLD).await).await.unwrap();

    for number in 0..10 {
        let request = change(&world, &format!("wrong password {number}"), NEW);
        let outcome = world.passwords.change(&world.caller, &person, &request).await;
        assert!(is_rejected(outcome), "{number}");
    }

    let right = world.passwords.change(&world.caller, &person, &change(&world, OLD, NEW)).await;
    assert!(is_rejected(right));
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Rejected));
}

#[tokio::test]
async fn a_change_that_finds_no_room_to_hash_counts_no_guess() {
    let mut world = World::new().await;
    world.person("ada", &[]).await;
    let person = world.live(&world.signed_in("ada", OLD).await).await.unwrap();
    world.occupy_hashing();

    for number in 0..12 {
        let request = change(&world, &format!("wrong password {number}"), NEW);
        let at_once = world.passwords.change(&world.caller, &person, &request).now_or_never();
        assert!(matches!(refusal(at_once.unwrap()), Refusal::HashingBusy { .. }), "{number}");
    }
    world.free_hashing();

    done(world.passwords.change(&world.caller, &person, &change(&world, OLD, NEW)).await);
}

#[tokio::test]
async fn the_meter_names_rules_and_never_history() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let person = world.live(&world.signed_in("ada", OLD).await).await.unwrap();
    let judge = async |candidate: &str| {
        let by = PasswordRight::Session(person.clone());
        let request = EvaluatePassword { candidate: candidate.into(), by };
        world.passwords.evaluate(&world.caller, &request).await.unwrap()
    };

    let (short, old) = (judge("acme").await, judge(OLD).await);

    let broken: Vec<_> = short.rules.iter().filter(|rule| !rule.passed).map(|rule| rule.rule).collect();
    assert!(!short.acceptable && broken.contains(&"MINIMUM_LENGTH") && broken.contains(&"ORGANISATION"));
    assert!(old.acceptable && old.rules.iter().all(|rule| rule.passed && rule.rule != "HISTORY"));
    let bounds: Vec<_> =
        old.rules.iter().filter(|rule| rule.bound > 0).map(|rule| (rule.rule, rule.bound)).collect();
    assert_eq!(bounds, [("MINIMUM_LENGTH", 8), ("MAXIMUM_LENGTH", 256)]);
}

#[tokio::test]
async fn the_meter_is_for_proved_resets() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    let unproved = world.start("ada").await.unwrap().reset_token;
    let proved = world.proved("ada", "ada@mail.example").await;

    let early = evaluated(&world, NEW, PasswordRight::Reset(unproved)).await;
    let ready = evaluated(&world, NEW, PasswordRight::Reset(proved)).await;

    assert_eq!(refusal(early), Refusal::ProofsMissing { remaining: 1 });
    assert!(ready.unwrap().acceptable);
}

#[tokio::test]
async fn a_refused_new_password_is_noted_and_locks_nobody_out() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let person = world.live(&world.signed_in("ada", OLD).await).await.unwrap();
    for number in 0..9 {
        assert!(matches!(
            world.sign_in("ada", &format!("wrong password {number}")).await,
            SignedIn::Rejected
        ));
    }
    let change = |new: &str| ChangePassword {
        current_password: OLD.into(),
        new_password: new.into(),
        request_id: world.request_id(),
        context: context("192.0.2.1"),
    };

    let weak = world.passwords.change(&world.caller, &person, &change("password")).await;
    let good = world.passwords.change(&world.caller, &person, &change(NEW)).await;

    assert!(matches!(refusal(weak), Refusal::PasswordRefused(_)));
    assert!(good.is_ok(), "{good:?}");
    let reasons: Vec<_> =
        world.log_of("password.changed").await.into_iter().map(|event| event.reason).collect();
    assert!(reasons.contains(&Some("password_refused".to_owned())), "{reasons:?}");
}
