//! Signing in: right, wrong, locked, asked for a new password.

mod races;
mod reconfirmation;
mod second_factor;
mod spraying;

use futures_util::FutureExt as _;

use crate::domain::account::PasswordRecord;
use crate::domain::refusal::Refusal;
use crate::hashing::Hasher;
use crate::sign_in::{AnswerChallenge, ChallengeAnswer, Continued, SignInChallenge, SignedIn};
use crate::testing::{NEW, OLD, World, context, refusal};
use crate::tokens::{AskedPage, ChallengeKind};

#[tokio::test]
async fn a_right_password_gives_live_tokens_and_a_repeat_the_same() {
    let world = World::new().await;
    let account = world.person("ada", &["ada@mail.example"]).await;
    let request = world.sign_in_request("192.0.2.1", "ADA", OLD);

    let first = world.sign_ins.sign_in(&world.caller, &request).await.unwrap();
    let repeat = world.sign_ins.sign_in(&world.caller, &request).await.unwrap();

    let (SignedIn::Tokens(first), SignedIn::Tokens(repeat)) = (first, repeat) else {
        panic!("not signed in")
    };
    assert_eq!(first.session_id, repeat.session_id);
    let person = world.live(&first).await.unwrap();
    assert_eq!((person.account_id, person.session_id), (account.id, first.session_id));
    assert_eq!(
        world.sessions.list(&world.caller, &person, &AskedPage::default()).await.unwrap().items.len(),
        1
    );
}

#[tokio::test]
async fn wrong_unknown_blocked_and_passwordless_are_rejected_alike() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    world.person_with("bob", &[], |account| account.blocked = true).await;
    world.person_with("eve", &[], |account| account.password = None).await;

    for (login, password) in [("ada", NEW), ("nobody", OLD), ("bob", OLD), ("eve", OLD), ("", OLD)] {
        assert!(matches!(world.sign_in(login, password).await, SignedIn::Rejected), "{login}");
    }
}

#[tokio::test]
async fn a_sign_in_that_finds_no_room_to_hash_costs_no_try_and_no_budget() {
    let mut world = World::new().await;
    world.person("ada", &[]).await;
    world.adapt(|parts| parts.settings.limits.passwords_per_login_per_minute = 1);
    world.occupy_hashing();

    for number in 0..12 {
        let request = world.sign_in_request("192.0.2.1", "ada", &format!("wrong {number}"));
        let refused = world.sign_ins.sign_in(&world.caller, &request).await;
        assert!(matches!(refusal(refused), Refusal::HashingBusy { .. }));
    }
    world.free_hashing();

    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn whoever_finds_no_room_to_hash_waits_for_no_slot_and_no_store() {
    let mut world = World::new().await;
    world.person("ada", &[]).await;
    world.adapt(|parts| parts.settings.answer_floor_ms = 60_000);
    world.occupy_hashing();

    for login in ["ada", "nobody"] {
        let request = world.sign_in_request("192.0.2.1", login, OLD);
        let at_once = world.sign_ins.sign_in(&world.caller, &request).now_or_never();
        assert!(matches!(refusal(at_once.unwrap()), Refusal::HashingBusy { .. }), "{login}");
    }
}

#[tokio::test]
async fn ten_wrong_passwords_lock_a_login_for_a_minute() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    for number in 0..10 {
        world.sign_in("ada", &format!("wrong password {number}")).await;
    }

    let locked = world.sign_in("ada", OLD).await;
    world.pass(60);
    let after = world.sign_in("ada", OLD).await;

    assert!(matches!(locked, SignedIn::Rejected));
    assert!(matches!(after, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn a_familiar_place_is_not_locked_by_strangers() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    world.signed_in("ada", OLD).await;
    for number in 0..10 {
        world.sign_in_from("198.51.100.7", "ada", &format!("wrong password {number}")).await;
    }

    assert!(matches!(world.sign_in_from("198.51.100.7", "ada", OLD).await, SignedIn::Rejected));
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn a_reset_clears_the_lockout() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    for number in 0..10 {
        world.sign_in("ada", &format!("wrong password {number}")).await;
    }

    let token = world.proved("ada", "ada@mail.example").await;
    world.resets.complete(&world.caller, &world.completion(&token, NEW)).await.unwrap();

    assert!(matches!(world.sign_in("ada", NEW).await, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn an_expired_password_signs_in_to_changing_it_once() {
    let world = World::with(|policy| policy.password.expiry_days = Some(30)).await;
    let account = world.person("ada", &["ada@mail.example"]).await;
    world.pass(31 * 86_400);
    let SignedIn::Challenge(SignInChallenge { token, kind, .. }) = world.sign_in("ada", OLD).await else {
        panic!("no challenge")
    };
    let answer = |password: &str| AnswerChallenge {
        challenge_token: token.clone(),
        answer: ChallengeAnswer::NewPassword(password.into()),
        request_id: world.request_id(),
        context: context("192.0.2.1"),
    };

    let same = world.sign_ins.continue_sign_in(&world.caller, &answer(OLD)).await;
    let good = answer(NEW);
    let tokens = world.sign_ins.continue_sign_in(&world.caller, &good).await.unwrap();
    let repeat = world.sign_ins.continue_sign_in(&world.caller, &good).await.unwrap();
    let again = world.sign_ins.continue_sign_in(&world.caller, &answer("eleven brass kettles")).await;

    assert_eq!(kind, ChallengeKind::PasswordExpired);
    assert!(matches!(refusal(same), Refusal::PasswordRefused(_)));
    let (Continued::Tokens(tokens), Continued::Tokens(repeat)) = (tokens, repeat) else { panic!() };
    assert_eq!(tokens.session_id, repeat.session_id);
    assert_eq!(refusal(again), Refusal::ChallengeInvalid);
    assert_eq!(world.live(&tokens).await.unwrap().epoch, account.epoch.next());
    assert!(matches!(world.sign_in("ada", NEW).await, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn a_challenge_stays_open_where_there_is_no_room_to_hash_its_answer() {
    let mut world = World::with(|policy| policy.password.expiry_days = Some(30)).await;
    world.person("ada", &["ada@mail.example"]).await;
    world.pass(31 * 86_400);
    let SignedIn::Challenge(challenge) = world.sign_in("ada", OLD).await else { panic!("no challenge") };
    let request = AnswerChallenge {
        challenge_token: challenge.token,
        answer: ChallengeAnswer::NewPassword(NEW.into()),
        request_id: world.request_id(),
        context: context("192.0.2.1"),
    };
    world.occupy_hashing();

    let at_once = world.sign_ins.continue_sign_in(&world.caller, &request).now_or_never();
    world.free_hashing();
    let later = world.sign_ins.continue_sign_in(&world.caller, &request).await.unwrap();

    assert!(matches!(refusal(at_once.unwrap()), Refusal::HashingBusy { .. }));
    assert!(matches!(later, Continued::Tokens(_)));
}

#[tokio::test]
async fn a_temporary_password_serves_for_its_time_and_for_changing_it() {
    let world = World::new().await;
    let until = crate::testing::START.plus(std::time::Duration::from_secs(86_400));
    world
        .person_with("ada", &[], |account| {
            let record = account.password.take();
            account.password = record.map(|record| PasswordRecord {
                must_change: true,
                temporary_until: Some(until),
                ..record
            });
        })
        .await;

    let early = world.sign_in("ada", OLD).await;
    world.pass(86_400);
    let late = world.sign_in("ada", OLD).await;

    let SignedIn::Challenge(asked) = early else { panic!("no challenge") };
    assert_eq!(asked.kind, ChallengeKind::PasswordChangeRequired);
    assert!(matches!(late, SignedIn::Rejected));
}

#[tokio::test]
async fn an_outdated_hash_is_renewed_at_sign_in() {
    let mut world = World::new().await;
    let account = world.person("ada", &[]).await;
    let mut costlier = world.parts.settings.hashing.clone();
    costlier.cost.memory_kib = 128;
    let costlier = Hasher::start(&costlier, world.parts.entropy.clone()).unwrap();
    world.adapt(|parts| parts.hasher = costlier);

    world.signed_in("ada", OLD).await;
    let renewed = world.read(&account).await;
    world.signed_in("ada", OLD).await;
    let unchanged = world.read(&account).await;

    assert_ne!(renewed.password.as_ref().unwrap().hash, account.password.unwrap().hash);
    assert_eq!(renewed.epoch, account.epoch);
    assert_eq!(unchanged.password, renewed.password);
}

#[tokio::test]
async fn many_logins_from_one_network_are_noted() {
    let world = World::new().await;
    for number in 0..30 {
        world.sign_in(&format!("nobody{number}"), OLD).await;
    }

    // One rejection per reason, address and minute, and one suspicion.
    assert_eq!(world.audit.flush().await.unwrap(), 2);
}

#[tokio::test]
async fn without_time_to_hash_a_sign_in_is_told_to_come_back() {
    let mut world = World::new().await;
    world.person("ada", &[]).await;
    world.adapt(|parts| parts.remaining = || Some(std::time::Duration::ZERO));
    let [known, unknown] = ["ada", "nobody"].map(|login| world.sign_in_request("192.0.2.1", login, OLD));

    let known = refusal(world.sign_ins.sign_in(&world.caller, &known).await);
    let unknown = refusal(world.sign_ins.sign_in(&world.caller, &unknown).await);

    assert!(matches!(known, Refusal::HashingBusy { .. }));
    assert!(matches!(unknown, Refusal::HashingBusy { .. }));
}

#[tokio::test]
async fn parallel_guesses_are_counted_one_by_one() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let guesses: Vec<_> =
        (0..20).map(|number| world.sign_in_request("192.0.2.1", "ada", &format!("guess {number}"))).collect();

    let attempts = guesses.iter().map(|guess| world.sign_ins.sign_in(&world.caller, guess));
    futures_util::future::join_all(attempts).await;

    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Rejected));
    world.pass(60);
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn a_right_password_that_meets_a_question_is_held_against_nobody() {
    let world = World::with(|policy| policy.password.expiry_days = Some(30)).await;
    world.person("ada", &["ada@mail.example"]).await;
    world.pass(31 * 86_400);
    for number in 0..9 {
        assert!(matches!(
            world.sign_in("ada", &format!("wrong password {number}")).await,
            SignedIn::Rejected
        ));
    }

    let first = world.sign_in("ada", OLD).await;
    let again = world.sign_in("ada", OLD).await;

    assert!(matches!(first, SignedIn::Challenge(_)));
    assert!(matches!(again, SignedIn::Challenge(_)), "the login is not locked");
}
