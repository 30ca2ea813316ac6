//! "Is your security info still right?": who is asked, when, and what an answer does.

use crate::domain::account::{Account, PasswordRecord};
use crate::domain::refusal::Refusal;
use crate::sign_in::{AnswerChallenge, ChallengeAnswer, Continued, SignInChallenge, SignedIn};
use crate::store::sign_ins::LiveSessions;
use crate::testing::{NEW, OLD, World, context, refusal};
use crate::tokens::{ChallengeKind, SessionTokens};

const DAY: u64 = 86_400;
const STILL_RIGHT: ChallengeAnswer = ChallengeAnswer::SecurityInfo { is_still_right: true };
const NEEDS_CHANGE: ChallengeAnswer = ChallengeAnswer::SecurityInfo { is_still_right: false };

fn must_change(account: &mut Account) {
    let record = account.password.take();
    account.password = record.map(|record| PasswordRecord { must_change: true, ..record });
}

async fn asked(world: &World, password: &str) -> SignInChallenge {
    match world.sign_in("ada", password).await {
        SignedIn::Challenge(asked) => asked,
        other => panic!("not asked but {other:?}"),
    }
}

fn answer(world: &World, asked: &SignInChallenge, answer: ChallengeAnswer) -> AnswerChallenge {
    AnswerChallenge {
        challenge_token: asked.token.clone(),
        answer,
        request_id: world.request_id(),
        context: context("192.0.2.1"),
    }
}

async fn answered(world: &World, asked: &SignInChallenge, said: ChallengeAnswer) -> Continued {
    world.sign_ins.continue_sign_in(&world.caller, &answer(world, asked, said)).await.unwrap()
}

fn tokens(continued: Continued) -> SessionTokens {
    match continued {
        Continued::Tokens(tokens) => tokens,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn half_a_year_after_the_last_confirmation_a_sign_in_asks_and_the_answer_opens_one_session() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    world.pass(180 * DAY - 1);
    let early = world.sign_in("ada", OLD).await;
    world.pass(1);
    let asked = asked(&world, OLD).await;
    let request = answer(&world, &asked, STILL_RIGHT);

    world.pass(60);
    let first = world.sign_ins.continue_sign_in(&world.caller, &request).await.unwrap();
    let repeat = world.sign_ins.continue_sign_in(&world.caller, &request).await.unwrap();
    let again = world.sign_ins.continue_sign_in(&world.caller, &answer(&world, &asked, STILL_RIGHT)).await;

    assert!(matches!(early, SignedIn::Tokens(_)));
    assert_eq!((asked.kind, asked.security_info.len()), (ChallengeKind::ConfirmSecurityInfo, 1));
    assert!(!asked.security_info[0].masked_destination.contains("ada@"));
    let (first, repeat) = (tokens(first), tokens(repeat));
    assert_eq!(first.session_id, repeat.session_id);
    assert_eq!(refusal(again), Refusal::ChallengeInvalid);
    let person = world.live(&first).await.unwrap();
    // The answer proves nobody anew.
    assert_eq!(world.now().since(person.auth_time).as_secs(), 60);
    world.pass(179 * DAY);
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Tokens(_)));
    assert_eq!(world.notices().await.len(), 0);
}

#[tokio::test]
async fn whoever_finds_something_wrong_is_signed_in_and_asked_again() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    world.pass(200 * DAY);
    let first = asked(&world, OLD).await;

    let signed_in = tokens(answered(&world, &first, NEEDS_CHANGE).await);
    let again = world.sign_ins.continue_sign_in(&world.caller, &answer(&world, &first, STILL_RIGHT)).await;

    assert!(world.live(&signed_in).await.is_some());
    assert_eq!(refusal(again), Refusal::ChallengeInvalid);
    assert_eq!(asked(&world, OLD).await.kind, ChallengeKind::ConfirmSecurityInfo);
}

#[tokio::test]
async fn a_new_password_is_asked_for_first_and_the_question_comes_after() {
    let world = World::new().await;
    let account = world.person_with("ada", &["ada@mail.example"], must_change).await;
    world.pass(200 * DAY);
    let first = asked(&world, OLD).await;
    let request = answer(&world, &first, ChallengeAnswer::NewPassword(NEW.into()));

    let second = world.sign_ins.continue_sign_in(&world.caller, &request).await.unwrap();
    let repeat = world.sign_ins.continue_sign_in(&world.caller, &request).await.unwrap();

    assert_eq!(first.kind, ChallengeKind::PasswordChangeRequired);
    let (Continued::Challenge(second), Continued::Challenge(repeat)) = (second, repeat) else { panic!() };
    assert_eq!([second.kind, repeat.kind], [ChallengeKind::ConfirmSecurityInfo; 2]);
    let now = world.now();
    let asked = LiveSessions { account_id: account.id, before: None, limit: 9, now };
    assert_eq!(world.parts.store.list_sessions(&world.scope, &asked).await.unwrap(), []);
    let tokens = tokens(answered(&world, &repeat, STILL_RIGHT).await);
    assert_eq!(world.live(&tokens).await.unwrap().epoch, account.epoch.next());
    assert!(matches!(world.sign_in("ada", NEW).await, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn who_has_no_method_or_a_tenant_that_never_asks_is_not_asked() {
    let bare = World::new().await;
    bare.person("ada", &[]).await;
    let never = World::with(|policy| policy.security_info.reconfirm_days = 0).await;
    never.person("ada", &["ada@mail.example"]).await;

    for world in [bare, never] {
        world.pass(2_000 * DAY);
        assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Tokens(_)));
    }
}

#[tokio::test]
async fn saying_so_while_signed_in_spares_the_question() {
    let world = World::new().await;
    let account = world.person("ada", &["ada@mail.example"]).await;
    world.pass(170 * DAY);
    let person = world.live(&world.signed_in("ada", OLD).await).await.unwrap();
    let owner = world.owner(&person);
    // Longer ago than a change would allow.
    world.pass(3_600);
    let (said_at, request_id) = (world.now(), world.request_id());

    let said = world.security_info.reconfirm(&owner, request_id).await.unwrap();
    world.pass(60);
    let repeat = world.security_info.reconfirm(&owner, request_id).await.unwrap();

    assert_eq!([said.reconfirmed_at, repeat.reconfirmed_at], [said_at; 2]);
    let after = world.read(&account).await;
    assert_eq!((after.reconfirmed_at, after.recovery_version), (Some(said_at), account.recovery_version));
    assert_eq!(world.notices().await.len(), 0);
    world.pass(20 * DAY);
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn who_has_nothing_registered_has_nothing_to_confirm() {
    let world = World::new().await;
    world.person("ada", &[]).await;
    let person = world.live(&world.signed_in("ada", OLD).await).await.unwrap();
    let owner = world.owner(&person);

    let outcome = world.security_info.reconfirm(&owner, world.request_id()).await;

    assert_eq!(refusal(outcome), Refusal::SecurityInfoNotFound);
}

#[tokio::test]
async fn an_answer_to_another_question_names_the_one_that_was_asked() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    world.pass(200 * DAY);
    let about_entries = asked(&world, OLD).await;
    world.person_with("bob", &[], must_change).await;
    let SignedIn::Challenge(about_password) = world.sign_in("bob", OLD).await else { panic!() };

    let password = answer(&world, &about_entries, ChallengeAnswer::NewPassword(NEW.into()));
    let password = world.sign_ins.continue_sign_in(&world.caller, &password).await;
    let verdict = answer(&world, &about_password, STILL_RIGHT);
    let verdict = world.sign_ins.continue_sign_in(&world.caller, &verdict).await;

    let field = |refused: Refusal| match refused {
        Refusal::FieldsInvalid(fields) => fields[0].field.to_string(),
        other => panic!("{other:?}"),
    };
    assert_eq!(field(refusal(password)), "security_info_verdict");
    assert_eq!(field(refusal(verdict)), "new_password");
    assert!(matches!(answered(&world, &about_entries, STILL_RIGHT).await, Continued::Tokens(_)));
}

#[tokio::test]
async fn a_question_dies_with_its_time_and_with_a_change_of_the_account() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;
    world.pass(200 * DAY);
    let (late, overtaken) = (asked(&world, OLD).await, asked(&world, OLD).await);
    let token = world.proved("ada", "ada@mail.example").await;
    world.resets.complete(&world.caller, &world.completion(&token, NEW)).await.unwrap();

    let answer_overtaken = answer(&world, &overtaken, STILL_RIGHT);
    let overtaken = world.sign_ins.continue_sign_in(&world.caller, &answer_overtaken).await;
    world.pass(600);
    let late = world.sign_ins.continue_sign_in(&world.caller, &answer(&world, &late, STILL_RIGHT)).await;

    assert_eq!([refusal(overtaken), refusal(late)], [Refusal::ChallengeInvalid, Refusal::ChallengeInvalid]);
}
