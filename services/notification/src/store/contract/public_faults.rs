//! Leases that other products let slip, mended since: `docs/public-faults.md`.

use std::time::Duration;

use super::{LEASE, World};
use crate::domain::delivery::Outcome;
use crate::domain::state::{FailureClass, State};
use crate::fixtures::NOW;
use crate::store::Recorded;

/// lion-reader #917: a worker that had stalled took its job back from the one that had taken over.
pub(super) async fn a_heartbeat_that_comes_late_takes_nothing_back(world: &World) {
    let message = world.accepted(NOW).await;
    let stalled = world.claim_one(NOW).await;
    let later = NOW.plus(LEASE);
    world.put_back(later).await;
    let second = world.claim_one(later).await;

    let taken_back = world.store.renew(stalled.lease, LEASE, later).await.unwrap();
    let ended = Outcome::Dead { class: FailureClass::Provider };
    let overwritten = world.store.record(stalled.lease, ended, "stalled", later).await.unwrap();
    let renewed = world.store.renew(second.lease, LEASE, later.plus(LEASE / 2)).await.unwrap();
    let delivered = world.store.record(second.lease, Outcome::Delivered, "second", later).await.unwrap();

    assert_eq!((taken_back, overwritten), (Recorded::TooLate, Recorded::TooLate));
    assert_eq!((renewed, delivered), (Recorded::Yes, Recorded::Yes));
    let found = world.get(message.id).await.unwrap();
    assert_eq!(
        (found.state, found.provider.as_str(), found.last_failure),
        (State::Delivered, "second", None)
    );
}

/// quill-router #355: a worker that came too late was believed where nobody held the message any more.
pub(super) async fn a_hold_that_ended_is_no_hold_whoever_has_the_message_now(world: &World) {
    let message = world.accepted(NOW).await;
    let stalled = world.claim_one(NOW).await;
    let (later, due) = (NOW.plus(LEASE), NOW.plus(2 * LEASE));
    world.put_back(later).await;
    let second = world.claim_one(later).await;
    let again = Outcome::Retry { class: FailureClass::Transient, at: due };
    world.store.record(second.lease, again, "second", later).await.unwrap();
    let ended = Outcome::Dead { class: FailureClass::Address };

    let held_by_nobody = world.store.record(stalled.lease, ended, "stalled", later).await.unwrap();
    let third = world.claim_one(due).await;
    let by_the_third = world.store.record(stalled.lease, ended, "stalled", due).await.unwrap();
    let by_the_second = world.store.record(second.lease, ended, "second", due).await.unwrap();
    let begun = world.store.begin_handing_over(second.lease, due).await.unwrap();

    assert_eq!([held_by_nobody, by_the_third, by_the_second, begun], [Recorded::TooLate; 4]);
    let fences = [stalled.lease.fence, second.lease.fence, third.lease.fence];
    assert!(fences.is_sorted_by(|one, other| one < other), "{fences:?}");
    let found = world.get(message.id).await.unwrap();
    assert_eq!((found.state, found.last_failure), (State::Sending, Some(FailureClass::Transient)));
    let soon = due.plus(Duration::from_secs(1));
    world.store.record(third.lease, Outcome::Delivered, "third", soon).await.unwrap();
    assert_eq!(world.get(message.id).await.unwrap().state, State::Delivered);
}
