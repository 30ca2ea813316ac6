//! Administrators and what they may do to whom.

use rekey_primitives::contact::{Channel, Destination};
use rekey_primitives::id::AccountId;
use uuid::Uuid;

use super::Act;
use crate::directory::AccountName;
use crate::domain::authority::Role;
use crate::domain::refusal::Refusal;
use crate::operation::{Error, Target};
use crate::security_info::Prefill;
use crate::sign_in::SignedIn;
use crate::testing::{OLD, World, on, refusal, service, signed_in, with_role};

fn is_authority_missing(outcome: Result<impl std::fmt::Debug, Error>) -> bool {
    matches!(refusal(outcome), Refusal::AuthorityMissing(_))
}

#[tokio::test]
async fn a_blocked_person_is_out_at_once_and_in_again_when_unblocked() {
    let world = World::new().await;
    let ada = world.person("ada", &["ada@mail.example"]).await;
    let tokens = world.signed_in("ada", OLD).await;

    let blocked = world.administration.act(&service(&world), on(&world, &ada), Act::Block).await.unwrap();

    assert!(blocked.blocked);
    assert_eq!(world.live(&tokens).await, None);
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Rejected));
    let again = world.administration.act(&service(&world), on(&world, &ada), Act::Unblock).await.unwrap();
    assert!(!again.blocked);
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Tokens(_)));
    assert_eq!(world.live(&tokens).await, None);
}

#[tokio::test]
async fn a_repeated_act_gets_the_first_answer_and_other_content_none() {
    let world = World::new().await;
    let (ada, bob) = (world.person("ada", &[]).await, world.person("bob", &[]).await);
    let target = on(&world, &ada);

    let first = world.administration.act(&service(&world), target, Act::Block).await.unwrap();
    world.administration.act(&service(&world), on(&world, &ada), Act::Unblock).await.unwrap();
    let repeat = world.administration.act(&service(&world), target, Act::Block).await.unwrap();

    assert_eq!(repeat, first);
    assert!(!world.read(&ada).await.blocked);
    let other = Target { account_id: bob.id, ..target };
    let outcome = world.administration.act(&service(&world), other, Act::Block).await;
    assert_eq!(refusal(outcome), Refusal::RequestIdReused);
}

#[tokio::test]
async fn an_act_that_changes_nothing_writes_nothing() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;

    let shown = world.administration.act(&service(&world), on(&world, &ada), Act::Unblock).await.unwrap();

    assert_eq!((shown.version, world.read(&ada).await), (1, ada));
}

#[tokio::test]
async fn an_administrator_acts_within_reach_and_never_on_themselves() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    let helper = with_role(&world, "helper", Role::UserAdministrator).await;
    let chief = world.administrator("chief", &[]).await;
    let acting = signed_in(&world, "helper").await;

    let reached = world.administration.act(&acting, on(&world, &ada), Act::Block).await;
    let beyond = world.administration.act(&acting, on(&world, &chief), Act::Block).await;
    let own = world.administration.act(&acting, on(&world, &helper), Act::Block).await;
    let granting = Act::Grant(Role::HelpdeskAdministrator);
    let grant = world.administration.act(&acting, on(&world, &ada), granting).await;

    assert!(reached.unwrap().blocked);
    assert!(is_authority_missing(beyond));
    assert_eq!(refusal(own), Refusal::NotOnYourself);
    assert!(is_authority_missing(grant));
    assert!(!world.read(&chief).await.blocked);
}

#[tokio::test]
async fn a_role_that_was_taken_away_acts_no_more() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    let helper = with_role(&world, "helper", Role::UserAdministrator).await;
    let acting = signed_in(&world, "helper").await;

    let revoke = Act::Revoke(Role::UserAdministrator);
    world.administration.act(&service(&world), on(&world, &helper), revoke).await.unwrap();

    // The token still names the role; the store does not.
    assert!(is_authority_missing(world.administration.act(&acting, on(&world, &ada), Act::Block).await));
    let name = AccountName::Id(ada.id);
    assert!(is_authority_missing(world.directory.get_account(&acting, world.tenant.id, name).await));
}

#[tokio::test]
async fn who_may_not_act_is_not_told_who_there_is() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    with_role(&world, "reader", Role::ReportsReader).await;
    let acting = signed_in(&world, "reader").await;
    let nobody = || Target { account_id: AccountId::from_uuid(Uuid::from_u128(9)), ..on(&world, &ada) };
    let acts = [Act::Block, Act::Unblock, Act::Unfreeze, Act::Unlock, Act::Grant(Role::ReportsReader)];
    let address = Destination::parse(Channel::Email, "ada@mail.example").unwrap();
    let prefill = |target| Prefill { target, address: address.clone() };

    for act in acts {
        let known = refusal(world.administration.act(&acting, on(&world, &ada), act).await);
        let unknown = refusal(world.administration.act(&acting, nobody(), act).await);
        assert_eq!(known, unknown, "{act:?}");
        assert!(matches!(unknown, Refusal::AuthorityMissing(_)), "{act:?}");
    }
    let known = refusal(world.security_info.prefill(&acting, &prefill(on(&world, &ada))).await);
    let unknown = refusal(world.security_info.prefill(&acting, &prefill(nobody())).await);
    assert_eq!(known, unknown);
    assert!(matches!(unknown, Refusal::AuthorityMissing(_)));
}

#[tokio::test]
async fn the_last_global_administrator_stays() {
    let world = World::new().await;
    let chief = world.administrator("chief", &[]).await;
    let second = world.administrator("second", &[]).await;
    let service = service(&world);

    let revoke = Act::Revoke(Role::GlobalAdministrator);
    world.administration.act(&service, on(&world, &second), revoke).await.unwrap();
    let demoted = world.administration.act(&service, on(&world, &chief), revoke).await;
    let blocked = world.administration.act(&service, on(&world, &chief), Act::Block).await;

    assert_eq!(refusal(demoted), Refusal::LastGlobalAdministrator);
    assert_eq!(refusal(blocked), Refusal::LastGlobalAdministrator);
    assert!(world.read(&chief).await.is_open());
}

#[tokio::test]
async fn two_demotions_at_once_leave_one_global_administrator() {
    let world = World::new().await;
    let chief = world.administrator("chief", &[]).await;
    let second = world.administrator("second", &[]).await;
    let (service, revoke) = (service(&world), Act::Revoke(Role::GlobalAdministrator));

    let (left, right) = tokio::join!(
        world.administration.act(&service, on(&world, &chief), revoke),
        world.administration.act(&service, on(&world, &second), revoke),
    );

    assert_eq!([left.is_ok(), right.is_ok()].into_iter().filter(|done| *done).count(), 1);
}

#[tokio::test]
async fn unlocking_forgets_wrong_passwords() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    for guess in 0..10 {
        world.sign_in("ada", &format!("wrong guess number {guess}")).await;
    }
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Rejected));

    world.administration.act(&service(&world), on(&world, &ada), Act::Unlock).await.unwrap();

    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Tokens(_)));
}

#[tokio::test]
async fn a_repeated_unlock_unlocks_nothing_again_and_nobody_else() {
    let world = World::new().await;
    let (ada, bob) = (world.person("ada", &[]).await, world.person("bob", &[]).await);
    let target = on(&world, &ada);
    world.administration.act(&service(&world), target, Act::Unlock).await.unwrap();
    for guess in 0..10 {
        world.sign_in("ada", &format!("wrong guess number {guess}")).await;
        world.sign_in("bob", &format!("wrong guess number {guess}")).await;
    }

    let repeat = world.administration.act(&service(&world), target, Act::Unlock).await;
    let other = Target { account_id: bob.id, ..target };
    let other = world.administration.act(&service(&world), other, Act::Unlock).await;

    assert!(repeat.is_ok());
    assert_eq!(refusal(other), Refusal::RequestIdReused);
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Rejected));
    assert!(matches!(world.sign_in("bob", OLD).await, SignedIn::Rejected));
}
