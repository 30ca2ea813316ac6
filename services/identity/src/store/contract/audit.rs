//! The audit log and its chain.

use std::sync::Arc;

use rekey_database::Sql;
use rekey_primitives::id::AccountId;
use uuid::Uuid;

use super::chain::sealer;
use super::races::at_once;
use super::world::{World, after, idempotent};
use crate::domain::account::CredentialEpoch;
use crate::domain::audit::chain::ChainBreak;
use crate::domain::audit::filter::EventFilter;
use crate::domain::audit::funnel::{FunnelCount, FunnelSpan};
use crate::domain::audit::{Actor, AuditEvent, EventKind, Outcome, Subject};
use crate::domain::scope::TenantScope;
use crate::store::audit::reading::EventPage;
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

const CHANGE: Sql =
    Sql::unlisted("update audit_events set reason = 'other' where tenant_id = $1 and position = $2");

const DELETE: Sql = Sql::unlisted("delete from audit_events where tenant_id = $1 and position = $2");

/// The event and the one behind it change places, or their links stay where they are.
const SWAP: [Sql; 3] = [
    Sql::unlisted("update audit_events set position = -1 where tenant_id = $1 and position = $2"),
    Sql::unlisted("update audit_events set position = $2 where tenant_id = $1 and position = $2 + 1"),
    Sql::unlisted("update audit_events set position = $2 + 1 where tenant_id = $1 and position = -1"),
];

/// A tenant with so many events behind its first.
async fn logged(world: &World, events: usize) -> TenantScope {
    let scope = world.tenant().await;
    for _ in 0..events {
        world.store.append_events(&[world.event(&scope, EventKind::SignIn)]).await.unwrap();
    }
    world.seal().await;
    scope
}

pub(super) async fn a_changed_row_is_named(world: World) {
    let scope = logged(&world, 4).await;
    let event_id = world.rows(&scope).await[2].event_id;

    world.damage(CHANGE, &scope, 3).await;

    assert_eq!(world.followed(&scope).await, Err(ChainBreak::Changed { position: 3, event_id }));
}

pub(super) async fn a_deleted_row_is_named_wherever_it_was(world: World) {
    let scope = logged(&world, 4).await;

    let mut breaks = Vec::new();
    for position in [5, 3, 1] {
        world.damage(DELETE, &scope, position).await;
        breaks.push(world.followed(&scope).await.unwrap_err());
    }

    let missing = |from, to| ChainBreak::Missing { from, to };
    assert_eq!(breaks, [missing(5, 5), missing(3, 3), missing(1, 1)]);
}

pub(super) async fn reordered_rows_are_named(world: World) {
    let scope = logged(&world, 4).await;
    let event_id = world.rows(&scope).await[1].event_id;

    for statement in SWAP {
        world.damage(statement, &scope, 2).await;
    }

    let moved = ChainBreak::Moved { position: 2, event_id, found_at: 3 };
    assert_eq!(world.followed(&scope).await, Err(moved));
}

pub(super) async fn an_event_that_is_sealed_already_is_sealed_once(world: World) {
    let scope = logged(&world, 1).await;
    let (again, new) = (world.event(&scope, EventKind::SignIn), world.event(&scope, EventKind::SignIn));
    world.store.append_events(std::slice::from_ref(&again)).await.unwrap();
    world.seal().await;

    world.store.append_events(&[again.clone(), new.clone()]).await.unwrap();
    world.seal().await;

    assert_eq!(world.log(&scope).await[2..], [again, new]);
    assert_eq!(world.store.next_to_seal(None).await.unwrap(), None);
}

pub(super) async fn an_event_that_commits_late_is_sealed_behind_the_others(world: World) {
    let scope = logged(&world, 0).await;
    let (early, late) = (world.event(&scope, EventKind::SignIn), world.event(&scope, EventKind::SignIn));
    world.store.append_events(std::slice::from_ref(&early)).await.unwrap();
    world.seal().await;

    world.store.append_events(std::slice::from_ref(&late)).await.unwrap();

    assert_eq!(world.log(&scope).await[1..], [early, late]);
}

pub(super) async fn many_sealers_at_once_seal_each_event_once(world: World) {
    let scope = world.tenant().await;
    let world = Arc::new(world);

    at_once(&world, 16, |world, _| {
        let event = world.event(&scope, EventKind::SignIn);
        async move {
            world.store.append_events(&[event]).await.unwrap();
            world.store.seal_events(scope.tenant_id(), &sealer()).await.unwrap();
        }
    })
    .await;

    assert_eq!(world.log(&scope).await.len(), 17);
}

pub(super) async fn events_are_listed_by_what_is_asked(world: World) {
    let scope = world.tenant().await;
    let account = AccountId::from_uuid(Uuid::from_u128(1));
    let actor = AccountId::from_uuid(Uuid::from_u128(2));
    let plain = world.event(&scope, EventKind::SignIn);
    let events = [
        AuditEvent {
            subject: Subject::Account(account),
            at: after(1),
            ..world.event(&scope, EventKind::SignIn)
        },
        AuditEvent { actor: Actor::Account(actor), at: after(2), ..world.event(&scope, EventKind::SignIn) },
        AuditEvent { outcome: Outcome::Failed, at: after(3), ..world.event(&scope, EventKind::SignIn) },
        AuditEvent { trace_id: Some([7; 16]), at: after(4), ..world.event(&scope, EventKind::LockedOut) },
    ];
    world.store.append_events(&[&events[..], &[plain]].concat()).await.unwrap();
    world.seal().await;
    let filters = [
        EventFilter { account_id: Some(account), ..EventFilter::default() },
        EventFilter { actor_id: Some(actor), ..EventFilter::default() },
        EventFilter { outcome: Some(Outcome::Failed), ..EventFilter::default() },
        EventFilter { trace_id: Some([7; 16]), ..EventFilter::default() },
        EventFilter { kind: Some("sign_in.locked_out".to_owned()), ..EventFilter::default() },
        EventFilter { since: Some(after(2)), until: Some(after(4)), ..EventFilter::default() },
        EventFilter {
            kind: Some("sign_in.attempted".to_owned()),
            since: Some(after(3)),
            ..EventFilter::default()
        },
        EventFilter { account_id: Some(account), outcome: Some(Outcome::Failed), ..EventFilter::default() },
    ];

    let mut found = Vec::new();
    for filter in &filters {
        let page = EventPage { filter, after: None, limit: 10 };
        let page = world.store.list_events(&scope, &page).await.unwrap();
        assert_eq!(page.next, None);
        found.push(page.events.iter().map(|sealed| sealed.event.id).collect::<Vec<_>>());
    }

    let [on, by, failed, traced] = events.map(|event| event.id);
    let expected = [
        vec![on],
        vec![by],
        vec![failed],
        vec![traced],
        vec![traced],
        vec![failed, by],
        vec![failed],
        vec![],
    ];
    assert_eq!(found, expected);
}

pub(super) async fn events_are_listed_newest_first_and_by_the_page(world: World) {
    let scope = logged(&world, 0).await;
    for second in 1..=4 {
        let event = AuditEvent { at: after(second), ..world.event(&scope, EventKind::SignIn) };
        world.store.append_events(&[event]).await.unwrap();
    }
    let newest_first: Vec<_> = world.rows(&scope).await.iter().rev().map(|row| row.event_id).collect();
    let filter = EventFilter::default();

    let (mut after, mut pages) = (None, Vec::new());
    loop {
        let page = EventPage { filter: &filter, after, limit: 2 };
        let page = world.store.list_events(&scope, &page).await.unwrap();
        pages.push(page.events.iter().map(|sealed| sealed.event.id).collect::<Vec<_>>());
        after = page.next;
        if after.is_none() {
            break;
        }
    }

    assert_eq!(pages.concat(), newest_first);
    assert_eq!(pages[..2].iter().map(Vec::len).collect::<Vec<_>>(), [2, 2]);
}

pub(super) async fn resets_are_counted_by_step_outcome_and_period(world: World) {
    let scope = world.tenant().await;
    let event = |kind, outcome, at, count| AuditEvent { outcome, at, count, ..world.event(&scope, kind) };
    let events = [
        event(EventKind::ResetStarted, Outcome::Success, after(0), 1),
        event(EventKind::ResetStarted, Outcome::Success, after(59), 1),
        event(EventKind::ResetStarted, Outcome::Refused, after(60), 7),
        event(EventKind::ResetCompleted, Outcome::Success, after(119), 1),
        event(EventKind::ResetCompleted, Outcome::Success, after(120), 1),
        event(EventKind::SignIn, Outcome::Success, after(1), 1),
    ];
    world.store.append_events(&events).await.unwrap();
    world.seal().await;
    let span = FunnelSpan::new(after(0), after(120), 60).unwrap();

    let counts = world.store.reset_funnel(&scope, &span).await.unwrap();

    let count = |period, step, outcome, count| FunnelCount { period, step, outcome, count };
    let expected = [
        count(0, EventKind::ResetStarted, Outcome::Success, 2),
        count(1, EventKind::ResetCompleted, Outcome::Success, 1),
        count(1, EventKind::ResetStarted, Outcome::Refused, 7),
    ];
    assert_eq!(counts, expected);
}
