//! Passwords that administrators reset.

use rekey_primitives::id::AccountId;
use rekey_primitives::secret::ExposeSecret as _;
use uuid::Uuid;

use super::*;
use crate::domain::authority::Role;
use crate::domain::password::Verdict;
use crate::sign_in::SignedIn;
use crate::store::accounts::AccountChange;
use crate::testing::{NEW, OLD, World, on, refusal, service, signed_in, with_role};
use crate::tokens::ChallengeKind;

/// What a sign-in asks for, if it asks.
async fn asked(world: &World, login: &str, password: &str) -> Option<ChallengeKind> {
    match world.sign_in(login, password).await {
        SignedIn::Challenge(challenge) => Some(challenge.kind),
        SignedIn::Tokens(_) | SignedIn::Rejected => None,
    }
}

#[tokio::test]
async fn a_generated_password_serves_once_and_for_a_day() {
    let world = World::new().await;
    let ada = world.person("ada", &["ada@mail.example"]).await;
    let tokens = world.signed_in("ada", OLD).await;

    let (service, mode) = (service(&world), ResetMode::Generate);
    let reset = world.administration.reset_password(&service, on(&world, &ada), &mode).await.unwrap();
    let generated = reset.generated_password.expose_secret();

    assert_eq!(reset.sessions_revoked, 1);
    assert_eq!(world.live(&tokens).await, None);
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Rejected));
    assert_eq!(asked(&world, "ada", generated).await, Some(ChallengeKind::PasswordChangeRequired));
    assert_eq!(reset.expires_at, Some(world.now().plus(Duration::from_secs(86_400))));
    let notices = world.notices().await;
    let told: Vec<_> = notices.iter().map(|told| (told.template.as_str(), told.address.as_str())).collect();
    assert_eq!(told, [("password_reset_by_administrator_notice", "ada@mail.example")]);
    assert!(notices.iter().all(|told| !format!("{:?}", told.variables).contains(generated)));
    world.pass(86_400);
    assert!(matches!(world.sign_in("ada", generated).await, SignedIn::Rejected));
    assert_eq!(world.log_of("password.reset_by_administrator").await.len(), 1);
}

#[tokio::test]
async fn a_repeat_shows_the_same_password_and_resets_nothing_again() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    let target = on(&world, &ada);
    let generate = async |target| {
        world.administration.reset_password(&service(&world), target, &ResetMode::Generate).await
    };

    let first = generate(target).await.unwrap();
    let repeat = generate(target).await.unwrap();
    let epoch = world.read(&ada).await.epoch;
    let set = ResetMode::Set(NEW.into());
    let other = world.administration.reset_password(&service(&world), target, &set).await;

    assert_eq!(first.generated_password.expose_secret(), repeat.generated_password.expose_secret());
    assert_eq!(epoch, ada.epoch.next());
    assert_eq!(refusal(other), Refusal::RequestIdReused);
}

#[tokio::test]
async fn a_given_password_keeps_the_rules_and_must_be_changed() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    let reset = async |password: &str| {
        let mode = ResetMode::Set(password.into());
        world.administration.reset_password(&service(&world), on(&world, &ada), &mode).await
    };

    let weak = reset("password1").await;
    let last = reset(OLD).await;
    let good = reset(NEW).await.unwrap();

    assert!(matches!(refusal(weak), Refusal::PasswordRefused(_)));
    assert_eq!(refusal(last), Refusal::PasswordRefused(Verdict::reused()));
    assert!(good.generated_password.expose_secret().is_empty() && good.expires_at.is_some());
    assert_eq!(asked(&world, "ada", NEW).await, Some(ChallengeKind::PasswordChangeRequired));
}

#[tokio::test]
async fn a_required_change_leaves_the_password_and_ends_what_it_opened() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    let nobody = world.person_with("nobody", &[], |account| account.password = None).await;
    let elsewhere = world.person_with("elsewhere", &[], |account| account.managed_elsewhere = true).await;
    let tokens = world.signed_in("ada", OLD).await;
    let require = async |account: &Account| {
        let mode = ResetMode::RequireChange;
        world.administration.reset_password(&service(&world), on(&world, account), &mode).await
    };

    let done = require(&ada).await.unwrap();

    assert_eq!((done.sessions_revoked, done.expires_at), (1, None));
    assert_eq!(world.live(&tokens).await, None);
    assert_eq!(asked(&world, "ada", OLD).await, Some(ChallengeKind::PasswordChangeRequired));
    assert_eq!(refusal(require(&nobody).await), Refusal::NoPassword);
    assert_eq!(refusal(require(&elsewhere).await), Refusal::PasswordManagedElsewhere);
}

#[tokio::test]
async fn a_reset_clears_the_lock_and_reaches_a_blocked_account() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    for guess in 0..10 {
        world.sign_in("ada", &format!("wrong guess number {guess}")).await;
    }
    world.change(&ada, AccountChange::Blocked(true)).await;

    let (service, mode) = (service(&world), ResetMode::Generate);
    let reset = world.administration.reset_password(&service, on(&world, &ada), &mode).await.unwrap();

    assert!(reset.account.blocked);
    world.change(&world.read(&ada).await, AccountChange::Blocked(false)).await;
    let generated = reset.generated_password.expose_secret();
    assert_eq!(asked(&world, "ada", generated).await, Some(ChallengeKind::PasswordChangeRequired));
}

#[tokio::test]
async fn whom_an_administrator_does_not_reach_keeps_the_password() {
    let world = World::new().await;
    let chief = world.administrator("chief", &[]).await;
    let helper = with_role(&world, "helper", Role::HelpdeskAdministrator).await;
    with_role(&world, "reader", Role::ReportsReader).await;
    let (acting, reading) = (signed_in(&world, "helper").await, signed_in(&world, "reader").await);
    let nobody = Target { account_id: AccountId::from_uuid(Uuid::from_u128(9)), ..on(&world, &chief) };
    let mode = ResetMode::Generate;
    let administration = &world.administration;

    let beyond = administration.reset_password(&acting, on(&world, &chief), &mode).await;
    let own = administration.reset_password(&acting, on(&world, &helper), &mode).await;
    let known = administration.reset_password(&reading, on(&world, &chief), &mode).await;
    let unknown = administration.reset_password(&reading, nobody, &mode).await;

    assert!(matches!(refusal(beyond), Refusal::AuthorityMissing(_)));
    assert_eq!(refusal(own), Refusal::NotOnYourself);
    assert_eq!(refusal(known), refusal(unknown));
    assert!(matches!(world.sign_in("chief", OLD).await, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn an_administrators_reset_is_told_to_the_others() {
    let world = World::new().await;
    let chief = world.administrator("chief", &["chief@mail.example"]).await;
    world.administrator("second", &["second@mail.example"]).await;

    let mode = ResetMode::RequireChange;
    world.administration.reset_password(&service(&world), on(&world, &chief), &mode).await.unwrap();

    let notices = world.notices().await;
    let told: Vec<_> = notices.iter().map(|told| (told.template.as_str(), told.address.as_str())).collect();
    assert_eq!(
        told,
        [
            ("password_reset_by_administrator_notice", "chief@mail.example"),
            ("administrator_reset_alarm", "second@mail.example"),
        ]
    );
}

#[tokio::test]
async fn each_of_a_batch_is_judged_by_itself() {
    let world = World::new().await;
    let (ada, bob) = (world.person("ada", &[]).await, world.person("bob", &[]).await);
    let chief = world.administrator("chief", &[]).await;
    with_role(&world, "helper", Role::HelpdeskAdministrator).await;
    let acting = signed_in(&world, "helper").await;
    let account_ids = vec![ada.id, chief.id, bob.id];
    let request_id = world.request_id();
    let batch = Batch { tenant_id: world.tenant.id, account_ids, mode: ResetMode::Generate, request_id };

    let first = world.administration.reset_passwords(&acting, &batch).await.unwrap();
    let repeat = world.administration.reset_passwords(&acting, &batch).await.unwrap();
    let fewer = Batch { account_ids: vec![bob.id], mode: ResetMode::Generate, ..batch };
    let other = world.administration.reset_passwords(&acting, &fewer).await;

    let passwords = |outcomes: &[Result<PasswordResetView, Error>]| -> Vec<Option<String>> {
        let shown = |view: &PasswordResetView| view.generated_password.expose_secret().to_owned();
        outcomes.iter().map(|outcome| outcome.as_ref().ok().map(shown)).collect()
    };
    assert_eq!(passwords(&first), passwords(&repeat));
    assert_eq!(first.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(refusal(other), Refusal::RequestIdReused);
    assert_eq!(world.read(&ada).await.epoch, ada.epoch.next());
    assert_eq!(world.read(&chief).await.epoch, chief.epoch);
}
