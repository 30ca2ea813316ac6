//! Deleting accounts, bringing them back, and purging them.

use rekey_primitives::login::Login;

use super::LOOKED_UP_AT_ONCE;
use crate::directory::AccountName;
use crate::domain::account::Account;
use crate::domain::authority::Role;
use crate::domain::refusal::Refusal;
use crate::sign_in::SignedIn;
use crate::testing::{NEW, OLD, World, new_account, on, refusal, service, signed_in, with_role};
use crate::tokens::AskedPage;

const DAY: u64 = 86_400;

async fn listed(world: &World) -> usize {
    let all = AskedPage { size: 50, token: None };
    world.directory.list_accounts(&service(world), world.tenant.id, &all).await.unwrap().items.len()
}

async fn delete(world: &World, account: &Account) {
    world.directory.delete_account(&service(world), on(world, account), None).await.unwrap();
}

#[tokio::test]
async fn a_deleted_account_is_out_at_once_and_nobody_to_whoever_asks() {
    let world = World::new().await;
    let ada = world.person("ada", &["ada@mail.example"]).await;
    let tokens = world.signed_in("ada", OLD).await;
    let proved = world.proved("ada", "ada@mail.example").await;

    let deleted = world.directory.delete_account(&service(&world), on(&world, &ada), None).await.unwrap();

    assert_eq!(deleted.view.deleted_at, Some(world.now().unix_micros()));
    assert_eq!(deleted.purged_at.unix_micros() - world.now().unix_micros(), 30 * 86_400 * 1_000_000);
    assert_eq!(world.live(&tokens).await, None);
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Rejected));
    let void = world.resets.complete(&world.caller, &world.completion(&proved, NEW)).await;
    assert_eq!(refusal(void), Refusal::ResetInvalid);
    let by_id = AccountName::Id(ada.id);
    let found = world.directory.get_account(&service(&world), world.tenant.id, by_id).await;
    assert_eq!(refusal(found), Refusal::AccountNotFound);
    assert_eq!(listed(&world).await, 0);
    let login = world.directory.create_account(&service(&world), new_account(&world, "ada")).await;
    assert_eq!(refusal(login), Refusal::LoginTaken);
}

#[tokio::test]
async fn an_account_comes_back_within_thirty_days_with_what_it_had() {
    let world = World::new().await;
    let ada = world.person("ada", &["ada@mail.example"]).await;
    let tokens = world.signed_in("ada", OLD).await;
    delete(&world, &ada).await;
    world.pass(30 * DAY - 1);

    let back = world.directory.undelete_account(&service(&world), on(&world, &ada)).await.unwrap();

    assert_eq!((back.deleted_at, back.logins), (None, vec!["ada".to_owned()]));
    let now = world.read(&ada).await;
    assert_eq!((now.security_info, now.password), (ada.security_info.clone(), ada.password.clone()));
    assert_eq!(world.live(&tokens).await, None);
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Tokens(_)));
    let again = world.directory.undelete_account(&service(&world), on(&world, &ada)).await;
    assert_eq!(refusal(again), Refusal::AccountNotFound);
}

#[tokio::test]
async fn a_repeated_deletion_is_answered_as_the_first() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    let target = on(&world, &ada);

    let first = world.directory.delete_account(&service(&world), target, Some(1)).await.unwrap();
    world.pass(60);
    let repeat = world.directory.delete_account(&service(&world), target, Some(1)).await.unwrap();
    let other = world.directory.delete_account(&service(&world), target, None).await;

    assert_eq!(repeat, first);
    assert_eq!(refusal(other), Refusal::RequestIdReused);
}

#[tokio::test]
async fn administrators_delete_whom_they_reach_and_never_themselves_or_the_last_of_them() {
    let world = World::new().await;
    let (ada, chief) = (world.person("ada", &[]).await, world.administrator("chief", &[]).await);
    let helper = with_role(&world, "helper", Role::UserAdministrator).await;
    let (acting, service) = (signed_in(&world, "helper").await, service(&world));
    let by = async |acting, account| world.directory.delete_account(acting, on(&world, account), None).await;

    let stale = world.directory.delete_account(&acting, on(&world, &ada), Some(9)).await;
    let reached = by(&acting, &ada).await;
    let beyond = by(&acting, &chief).await;
    let own = by(&acting, &helper).await;
    let last = by(&service, &chief).await;

    assert_eq!(refusal(stale), Refusal::EtagMismatch);
    assert!(reached.is_ok());
    assert!(matches!(refusal(beyond), Refusal::AuthorityMissing(_)));
    assert_eq!(refusal(own), Refusal::NotOnYourself);
    assert_eq!(refusal(last), Refusal::LastGlobalAdministrator);
    let second = world.administrator("second", &[]).await;
    assert!(by(&service, &chief).await.is_ok());
    assert_eq!(refusal(by(&service, &second).await), Refusal::LastGlobalAdministrator);
}

#[tokio::test]
async fn who_may_not_bring_back_is_not_told_who_there_was() {
    let world = World::new().await;
    let (ada, bob) = (world.person("ada", &[]).await, world.person("bob", &[]).await);
    with_role(&world, "reader", Role::HelpdeskAdministrator).await;
    let reader = signed_in(&world, "reader").await;
    delete(&world, &ada).await;

    let deleted = world.directory.undelete_account(&reader, on(&world, &ada)).await;
    let living = world.directory.undelete_account(&reader, on(&world, &bob)).await;

    assert!(matches!(refusal(deleted), Refusal::AuthorityMissing(_)));
    assert!(matches!(refusal(living), Refusal::AuthorityMissing(_)));
}

#[tokio::test]
async fn after_thirty_days_accounts_are_purged_and_their_names_are_free() {
    let world = World::new().await;
    let (ada, bob) = (world.person("ada", &["ada@mail.example"]).await, world.person("bob", &[]).await);
    delete(&world, &ada).await;
    world.pass(DAY);
    delete(&world, &bob).await;

    world.pass(29 * DAY - 1);
    let early = world.directory.purge(|| true).await.unwrap();
    world.pass(1);
    let back = world.directory.undelete_account(&service(&world), on(&world, &ada)).await;
    let stopped = world.directory.purge(|| false).await.unwrap();
    let purged = world.directory.purge(|| true).await.unwrap();
    let again = world.directory.purge(|| true).await.unwrap();

    assert_eq!((early, stopped, purged, again), (0, 0, 1, 0));
    assert_eq!(refusal(back), Refusal::AccountNotFound);
    assert!(world.directory.undelete_account(&service(&world), on(&world, &bob)).await.is_ok());
    assert!(world.directory.create_account(&service(&world), new_account(&world, "ada")).await.is_ok());
    let name = AccountName::Login(Login::parse("ada").unwrap());
    let ada_now = world.directory.get_account(&service(&world), world.tenant.id, name).await.unwrap();
    assert_ne!(ada_now.account_id, ada.id.as_uuid());
}

#[tokio::test]
async fn more_accounts_than_are_looked_up_at_once_are_purged_in_one_round() {
    let world = World::new().await;
    let most = u64::from(LOOKED_UP_AT_ONCE) + 3;
    for number in 0..most {
        let deleted_at = Some(world.now());
        world.person_with(&format!("p{number}"), &[], |account| account.deleted_at = deleted_at).await;
    }
    world.pass(31 * DAY);

    let purged = world.directory.purge(|| true).await.unwrap();

    assert_eq!(purged, most);
}
