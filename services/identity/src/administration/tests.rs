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
use crate::tokens::AskedPage;

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
async fn an_administrator_sees_and_ends_the_sessions_of_others() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    with_role(&world, "helper", Role::HelpdeskAdministrator).await;
    let acting = signed_in(&world, "helper").await;
    let tokens = [
        world.signed_in("ada", OLD).await,
        world.signed_in("ada", OLD).await,
        world.signed_in("ada", OLD).await,
    ];
    let listed = async |size, token| {
        let asked = AskedPage { size, token };
        world.administration.list_sessions(&acting, world.tenant.id, ada.id, &asked).await.unwrap()
    };

    let first = listed(2, None).await;
    let rest = listed(2, first.next.clone()).await;
    let target = on(&world, &ada);
    let one = world.administration.revoke_sessions(&acting, target, &[tokens[0].session_id]).await.unwrap();
    let again = world.administration.revoke_sessions(&acting, target, &[tokens[0].session_id]).await.unwrap();
    let others = world.administration.revoke_sessions(&acting, on(&world, &ada), &[]).await.unwrap();

    let ids: Vec<_> = first.items.iter().chain(&rest.items).map(|session| session.id).collect();
    let mut expected = tokens.each_ref().map(|tokens| tokens.session_id);
    expected.sort_by_key(|id| std::cmp::Reverse(id.as_uuid()));
    assert_eq!((ids, rest.next.is_none()), (expected.to_vec(), true));
    assert_eq!([one, again, others].map(|revoked| revoked.sessions_revoked), [1, 1, 2]);
    for tokens in &tokens {
        assert_eq!(world.live(tokens).await, None);
    }
    assert!(listed(0, None).await.items.is_empty());
    let log = world.log_of("session.revoked").await;
    assert_eq!(log.len(), 2);
    assert!(log.iter().all(|event| event.subject_id == Some(ada.id.as_uuid())));
}

#[tokio::test]
async fn sessions_of_whom_one_does_not_reach_stay_unseen_and_open() {
    let world = World::new().await;
    let chief = world.administrator("chief", &[]).await;
    let ada = world.person("ada", &[]).await;
    let helper = with_role(&world, "helper", Role::HelpdeskAdministrator).await;
    with_role(&world, "reader", Role::ReportsReader).await;
    let (acting, reading) = (signed_in(&world, "helper").await, signed_in(&world, "reader").await);
    let tokens = world.signed_in("chief", OLD).await;
    let asked = AskedPage { size: 0, token: None };
    let administration = &world.administration;
    let here = world.tenant.id;

    let beyond = administration.list_sessions(&acting, here, chief.id, &asked).await.map(drop);
    let revoked = administration.revoke_sessions(&acting, on(&world, &chief), &[]).await;
    let own = administration.revoke_sessions(&acting, on(&world, &helper), &[]).await;
    let unpermitted = administration.list_sessions(&reading, here, ada.id, &asked).await.map(drop);
    let nobody = AccountId::from_uuid(Uuid::from_u128(9));
    let unknown = administration.list_sessions(&reading, here, nobody, &asked).await.map(drop);

    assert!(is_authority_missing(beyond) && is_authority_missing(revoked));
    assert_eq!(refusal(own), Refusal::NotOnYourself);
    assert_eq!(refusal(unpermitted), refusal(unknown));
    assert!(world.live(&tokens).await.is_some());
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
