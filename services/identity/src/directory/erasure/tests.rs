//! Erasing accounts, from the call to the last hash.

use crate::directory::AccountName;
use crate::domain::account::Account;
use crate::domain::audit::filter::EventFilter;
use crate::domain::audit::{AccountHash, EventKind, SealedEvent, Subject};
use crate::domain::authority::Role;
use crate::domain::refusal::Refusal;
use crate::sign_in::SignedIn;
use crate::testing::{OLD, World, new_account, on, refusal, service, signed_in, with_role};
use crate::tokens::AskedPage;

const DAY: u64 = 86_400;

async fn erase(world: &World, account: &Account) -> AccountHash {
    let erased = world.directory.erase_account(&service(world), on(world, account), None).await.unwrap();
    AccountHash::from_uuid(erased.account_hash)
}

async fn listed(world: &World, filter: EventFilter) -> Vec<SealedEvent> {
    world.seal().await;
    let all = AskedPage { size: 200, token: None };
    world.parts.audit_log().list(&service(world), world.tenant.id, &filter, &all).await.unwrap().items
}

#[tokio::test]
async fn an_erased_account_is_out_at_once_and_does_not_come_back() {
    let world = World::new().await;
    let ada = world.person("ada", &["ada@mail.example"]).await;
    let tokens = world.signed_in("ada", OLD).await;

    erase(&world, &ada).await;

    assert_eq!(world.live(&tokens).await, None);
    assert!(matches!(world.sign_in("ada", OLD).await, SignedIn::Rejected));
    let back = world.directory.undelete_account(&service(&world), on(&world, &ada)).await;
    assert_eq!(refusal(back), Refusal::AccountNotFound);
    let again = world.directory.erase_account(&service(&world), on(&world, &ada), None).await;
    assert_eq!(refusal(again), Refusal::AccountNotFound);
    let found = world.directory.get_account(&service(&world), world.tenant.id, AccountName::Id(ada.id)).await;
    assert_eq!(refusal(found), Refusal::AccountNotFound);
}

#[tokio::test]
async fn after_the_next_round_hashes_are_all_that_is_left() {
    let world = World::new().await;
    let (ada, bob) = (world.person("ada", &["ada@mail.example"]).await, world.person("bob", &[]).await);
    for login in ["ada", "bob"] {
        world.signed_in(login, OLD).await;
    }
    let before =
        listed(&world, EventFilter { account_id: Some(ada.id), ..EventFilter::default() }).await.len();
    let of_bob = listed(&world, EventFilter { account_id: Some(bob.id), ..EventFilter::default() }).await;
    let hash = erase(&world, &ada).await;

    let stopped = world.directory.purge(|| false).await.unwrap();
    let finished = world.directory.purge(|| true).await.unwrap();
    let again = world.directory.purge(|| true).await.unwrap();

    let left = listed(&world, EventFilter { account_hash: Some(hash), ..EventFilter::default() }).await;
    let kinds: Vec<_> = left.iter().map(|sealed| sealed.event.kind.as_str()).collect();
    assert_eq!((stopped, finished, again), (0, 1, 0));
    // The erasure and the purge beside what there was.
    assert_eq!(left.len(), before + 2, "{kinds:?}");
    for kind in [EventKind::AccountErased, EventKind::AccountPurged, EventKind::SignIn] {
        assert!(kinds.contains(&kind.as_str()), "{kinds:?}");
    }
    assert!(
        left.iter().all(|sealed| sealed.event.ip_address.is_none() || sealed.event.kind == "account.erased")
    );
    assert!(
        listed(&world, EventFilter { account_id: Some(ada.id), ..EventFilter::default() }).await.is_empty()
    );
    assert_eq!(
        listed(&world, EventFilter { account_id: Some(bob.id), ..EventFilter::default() }).await,
        of_bob
    );
    let everything = listed(&world, EventFilter::default()).await;
    assert!(!format!("{everything:?}").contains(&ada.id.to_string()));
    let verified = world.parts.audit_log().verify(&service(&world), world.tenant.id, None).await.unwrap();
    assert_eq!((verified.broken, verified.erased_events > 0), (None, true));
    assert!(world.directory.create_account(&service(&world), new_account(&world, "ada")).await.is_ok());
}

#[tokio::test]
async fn a_deleted_account_is_erased_before_its_time() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    world.directory.delete_account(&service(&world), on(&world, &ada), None).await.unwrap();
    world.pass(40 * DAY);

    let hash = erase(&world, &ada).await;
    let finished = world.directory.purge(|| true).await.unwrap();

    // The thirty days are over too, so it went with what was deleted, and was erased then.
    let left = listed(&world, EventFilter { account_hash: Some(hash), ..EventFilter::default() }).await;
    assert_eq!(finished, 2);
    assert!(left.iter().all(|sealed| sealed.event.subject == Subject::Erased(hash)));
    assert!(left.iter().any(|sealed| sealed.event.kind == "account.deleted"));
}

#[tokio::test]
async fn a_repeated_erasure_is_answered_as_the_first() {
    let world = World::new().await;
    let ada = world.person("ada", &[]).await;
    let target = on(&world, &ada);

    let first = world.directory.erase_account(&service(&world), target, Some(1)).await.unwrap();
    world.directory.purge(|| true).await.unwrap();
    let repeat = world.directory.erase_account(&service(&world), target, Some(1)).await.unwrap();
    let other = world.directory.erase_account(&service(&world), target, None).await;

    assert_eq!(repeat, first);
    assert_eq!(refusal(other), Refusal::RequestIdReused);
}

#[tokio::test]
async fn administrators_erase_whom_they_reach_and_never_themselves_or_the_last_of_them() {
    let world = World::new().await;
    let (ada, chief) = (world.person("ada", &[]).await, world.administrator("chief", &[]).await);
    let helper = with_role(&world, "helper", Role::UserAdministrator).await;
    with_role(&world, "reader", Role::HelpdeskAdministrator).await;
    let (acting, service) = (signed_in(&world, "helper").await, service(&world));
    let reader = signed_in(&world, "reader").await;
    let by = async |acting, account| world.directory.erase_account(acting, on(&world, account), None).await;

    let stale = world.directory.erase_account(&acting, on(&world, &ada), Some(9)).await;
    let beyond = by(&acting, &chief).await;
    let own = by(&acting, &helper).await;
    let last = by(&service, &chief).await;
    let unable = by(&reader, &ada).await;
    let reached = by(&acting, &ada).await;

    assert_eq!(refusal(stale), Refusal::EtagMismatch);
    assert!(matches!(refusal(beyond), Refusal::AuthorityMissing(_)));
    assert_eq!(refusal(own), Refusal::NotOnYourself);
    assert_eq!(refusal(last), Refusal::LastGlobalAdministrator);
    assert!(matches!(refusal(unable), Refusal::AuthorityMissing(_)));
    assert!(reached.is_ok());
    let event =
        listed(&world, EventFilter { kind: Some("account.erased".to_owned()), ..EventFilter::default() })
            .await;
    assert_eq!(event.len(), 1, "{event:?}");
    assert!(matches!(event[0].event.subject, Subject::Erased(_)));
}
