//! Letting go what waits for a provider.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::NotificationId;

use super::{LEASE, World};
use crate::domain::delivery::Outcome;
use crate::domain::destination::Channel;
use crate::domain::lane::{Lane, PerLane};
use crate::domain::state::FailureClass;
use crate::fixtures::NOW;

fn later(seconds: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(seconds))
}

impl World {
    /// A message of a lane, accepted then and left like this.
    async fn waiting_since(&self, lane: Lane, accepted_at: Timestamp, outcome: Outcome) -> NotificationId {
        let message = self.message(lane, accepted_at);
        self.accept(std::slice::from_ref(&message), accepted_at).await;
        let claim = self.store.claim(lane, 1, LEASE, accepted_at).await.unwrap().remove(0);
        self.store.record(claim.lease, outcome, "relay", accepted_at).await.unwrap();
        message.id
    }

    async fn due(&self, lane: Lane, now: Timestamp) -> Vec<NotificationId> {
        let claims = self.store.claim(lane, 10, LEASE, now).await.unwrap();
        claims.into_iter().map(|claim| claim.lease.id).collect()
    }

    async fn release(&self, most: usize, now: Timestamp) -> PerLane<usize> {
        self.store.release_waiting(Channel::Email, now, most).await.unwrap()
    }
}

pub(super) async fn what_waits_for_a_provider_is_let_go_by_lane_and_age(world: &World) {
    let failed = Outcome::Retry { class: FailureClass::Provider, at: later(300) };
    let left_alone = Outcome::LeftAlone { at: later(60) };
    let bulk = world.waiting_since(Lane::Bulk, NOW, failed).await;
    let younger = world.waiting_since(Lane::Critical, later(2), failed).await;
    let older = world.waiting_since(Lane::Critical, later(1), left_alone).await;

    let first = world.release(1, later(5)).await;
    let first_due = world.due(Lane::Critical, later(5)).await;
    let rest = world.release(10, later(5)).await;

    assert_eq!((first, first_due), (PerLane { critical: 1, ..PerLane::default() }, vec![older]));
    assert_eq!(rest, PerLane { critical: 1, bulk: 1, transactional: 0 });
    assert_eq!(world.due(Lane::Critical, later(5)).await, [younger]);
    assert_eq!(world.due(Lane::Bulk, later(5)).await, [bulk]);
    assert_eq!(world.release(10, later(5)).await, PerLane::default());
}

pub(super) async fn what_waits_for_something_else_waits_on(world: &World) {
    let transient = Outcome::Retry { class: FailureClass::Transient, at: later(300) };
    world.waiting_since(Lane::Critical, NOW, transient).await;
    world.waiting_since(Lane::Critical, NOW, Outcome::Postponed { at: later(300) }).await;
    let failed = Outcome::Retry { class: FailureClass::Provider, at: later(300) };
    let of_mail = world.waiting_since(Lane::Critical, NOW, failed).await;

    let of_texts = world.store.release_waiting(Channel::Sms, later(5), 10).await.unwrap();
    let released = world.release(10, later(5)).await;

    assert_eq!(of_texts, PerLane::default());
    assert_eq!(released, PerLane { critical: 1, ..PerLane::default() });
    assert_eq!(world.due(Lane::Critical, later(5)).await, [of_mail]);
}

pub(super) async fn a_message_that_failed_otherwise_since_waits_for_no_provider(world: &World) {
    let failed = Outcome::Retry { class: FailureClass::Provider, at: later(1) };
    world.waiting_since(Lane::Critical, NOW, failed).await;
    let claim = world.claim_one(later(1)).await;
    let greylisted = Outcome::Retry { class: FailureClass::Transient, at: later(300) };
    world.store.record(claim.lease, greylisted, "relay", later(1)).await.unwrap();

    let released = world.release(10, later(5)).await;

    assert_eq!(released, PerLane::default());
}
