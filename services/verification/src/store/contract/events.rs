//! Events: recorded by the step they tell of, handed over by one replica at a time.

use std::time::Duration;

use rekey_primitives::contact::Channel;
use rekey_primitives::entropy::{SystemEntropy, uuid_v4};

use super::test_store::{TestStore, counted};
use crate::domain::event::{Event, EventKind, EventText};
use crate::domain::scope::ScopedId;
use crate::domain::verification::Verification;
use crate::domain::verification::tests::fresh;
use crate::store::{CheckStep, StartStep, StepEvents, Turn};

/// More than any case records.
const MOST: u32 = 100;

fn event(store: &TestStore, id: &ScopedId, kind: EventKind) -> EventText {
    let Verification { purpose, .. } = fresh(store.now);
    let channel = Some(Channel::Email);
    let id_of_event = uuid_v4(&SystemEntropy);
    let at = Some(store.now);
    Event { id: id_of_event, kind, at, verification: id, purpose: &purpose, channel, reason: None }.encode()
}

fn events(store: &TestStore, id: &ScopedId, kinds: &[EventKind]) -> StepEvents {
    let texts = kinds.iter().map(|&kind| event(store, id, kind)).collect();
    StepEvents { most_waiting: MOST, texts, expiry: None }
}

/// A start that is listened to.
async fn start_step(store: &TestStore, id: &ScopedId, code: &str) -> StartStep {
    let created = events(store, id, &[EventKind::Created]);
    let expiry = Some(event(store, id, EventKind::Expired));
    StartStep { events: StepEvents { expiry, ..created }, ..store.start_step(id, code).await }
}

async fn check_step(store: &TestStore, id: &ScopedId, code: &str) -> CheckStep {
    let events = events(store, id, &[EventKind::Approved, EventKind::Checked]);
    CheckStep { events, ..store.check_step(id, code).await }
}

fn turn(store: &TestStore, holder: &str) -> Turn {
    let lease = Duration::from_secs(30);
    Turn { tenant: store.scope.tenant, holder: holder.to_owned(), lease, most: MOST }
}

async fn waiting(store: &TestStore) -> Vec<EventText> {
    store.inner.take(&turn(store, "replica"), store.now).await.unwrap().texts
}

/// Records ends as the relay does.
async fn expire(store: &TestStore) -> u32 {
    let events = StepEvents { most_waiting: MOST, ..StepEvents::default() };
    store.inner.record_expired(store.scope.tenant, MOST, &events, store.now).await.unwrap()
}

pub(super) async fn a_step_records_what_happened_and_a_repeat_records_nothing(store: TestStore) {
    let id = store.new_id();
    let start = start_step(&store, &id, "111111").await;
    let message = counted(store.start(&start).await);
    let sent = events(&store, &id, &[EventKind::Sent]);
    let run_id = store.run_id().await;
    let check = check_step(&store, &id, "111111").await;

    for _ in 0..2 {
        store.start(&start).await;
        store.inner.acknowledge(&id, message.number, &run_id, &sent).await.unwrap();
        store.inner.check(&check, store.now).await.unwrap();
    }

    let recorded = [&start.events.texts[0], &sent.texts[0], &check.events.texts[0]];
    assert_eq!(waiting(&store).await.iter().collect::<Vec<_>>(), recorded);
}

pub(super) async fn a_wrong_code_is_recorded_and_one_for_nothing_is_not(store: TestStore) {
    let id = store.started("111111").await;
    let wrong = check_step(&store, &id, "222222").await;
    let unknown = store.new_id();

    store.inner.check(&wrong, store.now).await.unwrap();
    store.inner.check(&check_step(&store, &unknown, "111111").await, store.now).await.unwrap();

    assert_eq!(waiting(&store).await, [wrong.events.texts[1].clone()]);
}

pub(super) async fn the_end_of_a_life_is_recorded_once(store: TestStore) {
    let id = store.new_id();
    let start = start_step(&store, &id, "111111").await;
    counted(store.start(&start).await);
    let seen = store.seen(&id).await;
    let early = expire(&store).await;
    let later = store.later(seen.expires_at.since(store.now).as_secs());

    let ended = [expire(&later).await, expire(&later).await];

    assert_eq!((early, ended), (0, [1, 0]));
    let recorded = [start.events.texts[0].clone(), start.events.expiry.unwrap()];
    assert_eq!(waiting(&later).await, recorded);
}

pub(super) async fn what_ended_otherwise_does_not_expire(store: TestStore) {
    let passed = store.new_id();
    let cancelled = store.new_id();
    for id in [&passed, &cancelled] {
        counted(store.start(&start_step(&store, id, "111111").await).await);
    }
    store.check(&passed, "111111").await;
    store.cancel(&store.cancel_step(&cancelled)).await.unwrap();
    let before = waiting(&store).await;
    let later = store.later(86_400);

    let ended = expire(&later).await;

    assert_eq!((ended, before.len()), (2, 2));
    assert_eq!(waiting(&later).await, before);
}

pub(super) async fn one_replica_at_a_time_has_its_turn(store: TestStore) {
    let recorded = events(&store, &store.new_id(), &[EventKind::Blocked]);
    store.inner.record(store.scope.tenant, &recorded).await.unwrap();
    let first = store.inner.take(&turn(&store, "replica"), store.now).await.unwrap();
    let later = store.later(31);

    let taken_over = later.inner.take(&turn(&later, "replica"), later.now).await.unwrap();
    store.inner.confirm(store.scope.tenant, &taken_over.texts).await.unwrap();
    store.inner.confirm(store.scope.tenant, &taken_over.texts).await.unwrap();

    assert_eq!((first.texts, first.waiting), (recorded.texts, 1));
    assert_eq!(taken_over.waiting, 1);
    assert_eq!(waiting(&later).await, []);
}

pub(super) async fn of_too_many_the_oldest_is_dropped(store: TestStore) {
    let mut recorded = Vec::new();
    for _ in 0..3 {
        let one = StepEvents { most_waiting: 2, ..events(&store, &store.new_id(), &[EventKind::Sent]) };
        store.inner.record(store.scope.tenant, &one).await.unwrap();
        recorded.extend(one.texts);
    }

    assert_eq!(waiting(&store).await, recorded[1..]);
}
