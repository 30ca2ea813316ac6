//! Reading the log of a world whose rows somebody touches.

use super::*;
use crate::domain::audit::chain::ChainBreak;
use crate::domain::refusal::Refusal;
use crate::testing::{START, World, new_account, service, tenant};

async fn world_with_accounts(count: usize) -> World {
    let world = World::new().await;
    let service = service(&world);
    for number in 0..count {
        let new = new_account(&world, &format!("person{number}"));
        world.directory.create_account(&service, new).await.unwrap();
    }
    world.seal().await;
    world
}

async fn verified(world: &World) -> Verified {
    world.parts.audit_log().verify(&service(world), world.tenant.id, None).await.unwrap()
}

#[tokio::test]
async fn a_row_that_was_touched_is_named() {
    let world = world_with_accounts(3).await;
    let whole = verified(&world).await;

    world
        .damage(world.tenant.id, "update audit_events set reason = 'x' where tenant_id = $1 and position = 3")
        .await;
    let touched = verified(&world).await;
    world.damage(world.tenant.id, "delete from audit_events where tenant_id = $1 and position = 2").await;
    let missing = verified(&world).await;

    assert_eq!((whole.broken, whole.first_position, whole.at.position), (None, 1, 4));
    assert!(matches!(touched.broken, Some(ChainBreak::Changed { position: 3, .. })), "{touched:?}");
    assert_eq!(touched.at.position, 2);
    assert_eq!(missing.broken, Some(ChainBreak::Missing { from: 2, to: 2 }));
}

#[tokio::test]
async fn a_long_chain_is_followed_in_several_calls() {
    let world = world_with_accounts(0).await;
    let (log, service) = (world.parts.audit_log(), service(&world));
    let event = || world.audit.draft(world.tenant.id, EventKind::SignIn, world.now()).done();
    let events: Vec<_> = (0..10_500).map(|_| event()).collect();
    world.parts.store.append_events(&events).await.unwrap();
    world.seal().await;

    let first = log.verify(&service, world.tenant.id, None).await.unwrap();
    let rest = log.verify(&service, world.tenant.id, first.next.as_ref()).await.unwrap();
    let elsewhere = tenant(TenantId::generate(&*world.parts.entropy, START), "elsewhere", START);
    world.create_tenant(&elsewhere).await;
    let other = log.verify(&service, elsewhere.id, first.next.as_ref()).await;

    assert_eq!((first.broken, first.at.position, first.next.is_some()), (None, 10_000, true));
    assert_eq!((rest.broken, rest.at.position, rest.next.is_some()), (None, 10_501, false));
    assert!(matches!(other, Err(Error::Refused(Refusal::PageTokenInvalid))));
}

#[tokio::test]
async fn a_stream_does_not_go_on_behind_what_was_forgotten() {
    let world = world_with_accounts(3).await;
    let (log, service) = (world.parts.audit_log(), service(&world));
    let watch =
        async |from: &WatchFrom| log.watch(&service, world.tenant.id, EventFilter::default(), from).await;
    let beginning = watch(&WatchFrom::Beginning).await.unwrap();
    let token = WatchFrom::Token(log.resume_token(&beginning));
    let goes_on = watch(&token).await.is_ok();

    world.damage(world.tenant.id, "update audit_heads set forgotten_position = 2 where tenant_id = $1").await;
    let refused = watch(&token).await.map(drop);

    assert!(goes_on);
    assert!(matches!(refused, Err(Error::Refused(Refusal::EventsForgotten))), "{refused:?}");
}

#[tokio::test]
async fn a_stream_sees_what_its_filter_asks_for_and_passes_over_the_rest() {
    let world = world_with_accounts(2).await;
    let (log, service) = (world.parts.audit_log(), service(&world));
    let filter = EventFilter { kind: Some("account.created".to_owned()), ..EventFilter::default() };
    let mut watch = log.watch(&service, world.tenant.id, filter, &WatchFrom::Beginning).await.unwrap();

    let first = log.look(&mut watch).await.unwrap();
    let nothing = log.look(&mut watch).await.unwrap();
    world.directory.create_account(&service, new_account(&world, "late")).await.unwrap();
    world.seal().await;
    let late = log.look(&mut watch).await.unwrap();

    assert_eq!((first.events.len(), first.caught_up), (2, true));
    assert_eq!(nothing.events, []);
    assert_eq!(late.events.iter().map(|sealed| sealed.position).collect::<Vec<_>>(), [4]);
}
