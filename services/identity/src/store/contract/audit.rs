//! The audit log and its chain.

use rekey_primitives::id::AccountId;
use uuid::Uuid;

use super::world::{World, idempotent};
use crate::domain::account::CredentialEpoch;
use crate::domain::audit::{Actor, AuditEvent, EventKind, Subject};
use crate::store::resets::CompleteReset;

pub(super) async fn events_are_chained_in_order(world: World) {
    let scope = world.tenant().await;
    let other = world.create_tenant(&world.unborn_tenant("other")).await;
    let plain = AuditEvent {
        reason: None,
        actor: Actor::Stranger,
        caller: None,
        subject: Subject::Tenant,
        accounts: [1, 2].map(|id| AccountId::from_uuid(Uuid::from_u128(id))).to_vec(),
        ip_address: None,
        masked_place: None,
        trace_id: None,
        count: 12,
        ..world.event(&scope, EventKind::ResetStarted)
    };
    let full = AuditEvent {
        ip_address: Some("2001:db8::1".parse().unwrap()),
        ..world.event(&scope, EventKind::SignIn)
    };
    let elsewhere = world.event(&other, EventKind::SignIn);

    world.store.append_events(&[plain.clone(), elsewhere.clone(), full.clone()]).await.unwrap();

    assert_eq!(world.log(&scope).await[1..], [plain, full]);
    assert_eq!(world.log(&other).await[1..], [elsewhere]);
}

pub(super) async fn an_event_is_appended_once(world: World) {
    let scope = world.tenant().await;
    let (one, two) = (world.event(&scope, EventKind::SignIn), world.event(&scope, EventKind::SignIn));

    world.store.append_events(std::slice::from_ref(&one)).await.unwrap();
    world.store.append_events(&[one.clone(), two.clone(), two.clone()]).await.unwrap();

    assert_eq!(world.log(&scope).await[1..], [one, two]);
}

pub(super) async fn a_refused_step_leaves_no_event(world: World) {
    let scope = world.tenant().await;
    let anna = world.account(&scope).await;
    let reset = CompleteReset { epoch: CredentialEpoch(9), ..world.reset(&scope, &anna, b"new hash") };

    world.store.complete_reset(&scope, &reset, Some(idempotent(1, 1))).await.unwrap();
    world.store.append_events(&[world.event(&scope, EventKind::SignIn)]).await.unwrap();

    let kinds = world.kinds(&scope).await;
    assert_eq!(kinds, [EventKind::TenantCreated, EventKind::AccountCreated, EventKind::SignIn]);
}
