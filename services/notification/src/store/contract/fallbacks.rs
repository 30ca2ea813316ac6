//! Moving a message to the next channel of its fallbacks.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::NotificationId;

use super::{LEASE, World};
use crate::domain::delivery::Outcome;
use crate::domain::destination::Channel;
use crate::domain::lane::Lane;
use crate::domain::receipt::{ReceiptDetail, ReceiptState, Report, SuppressionLives};
use crate::domain::state::{FailureClass, State};
use crate::fixtures::{NOW, scope, tenant};
use crate::store::{Advance, NewNotification, Recorded, Reported};

/// When its step is due.
fn due_at() -> Timestamp {
    NOW.plus(Duration::from_secs(30))
}

impl World {
    /// A message that has a step left.
    async fn with_a_step(&self) -> NewNotification {
        let message = NewNotification { fallback_at: Some(due_at()), ..self.message(Lane::Critical, NOW) };
        self.accept(std::slice::from_ref(&message), NOW).await;
        message
    }
}

impl World {
    /// Somebody reports that it did not arrive.
    async fn did_not_arrive(&self, id: NotificationId, channel: Channel, now: Timestamp) {
        let lives = SuppressionLives { bounce: Duration::from_secs(60), complaint: Duration::from_secs(60) };
        let report = Report { state: ReceiptState::Failed, detail: ReceiptDetail::default() };
        let reported = Reported { tenant_id: tenant(), id, channel };
        self.store.record_receipt(reported, &report, lives, now).await.unwrap();
    }
}

fn to_a_phone(next_at: Option<Timestamp>) -> Advance<'static> {
    Advance {
        channel: Channel::Sms,
        masked_destination: "+49•••••42".to_owned(),
        next_at,
        last_failure: Some(FailureClass::Refused),
        provider: "relay",
    }
}

pub(super) async fn a_message_moves_to_its_next_channel_and_is_due_at_once(world: &World) {
    let message = world.with_a_step().await;
    let held = world.claim_one(NOW).await;
    let later = NOW.plus(Duration::from_secs(1));

    let moved = world.store.advance(held.lease, &to_a_phone(None), later).await.unwrap();
    let again = world.store.advance(held.lease, &to_a_phone(None), later).await.unwrap();

    assert_eq!((held.fallbacks_used, held.fallback_at), (0, Some(due_at())));
    assert_eq!((moved, again), (Recorded::Yes, Recorded::TooLate));
    let found = world.get(message.id).await.unwrap();
    assert_eq!((found.state, found.channel, found.tries), (State::Queued, Channel::Sms, 0));
    assert_eq!((found.fallbacks_used, found.fallback_at), (1, None));
    assert_eq!((found.masked_destination.as_str(), found.provider.as_str()), ("+49•••••42", "relay"));
    assert_eq!(found.last_failure, Some(FailureClass::Refused));
    let next = world.claim_one(later).await;
    assert_eq!((next.channel, next.fallbacks_used, next.payload), (Channel::Sms, 1, message.payload));
}

pub(super) async fn what_was_delivered_and_did_not_arrive_takes_its_next_step(world: &World) {
    let message = world.with_a_step().await;
    let held = world.claim_one(NOW).await;
    world.store.record(held.lease, Outcome::Delivered, "relay", NOW).await.unwrap();
    let kept = world.payloads().await;
    let later = NOW.plus(Duration::from_secs(2));

    world.did_not_arrive(message.id, Channel::Email, later).await;
    let due = world.claim_one(later).await;
    world.store.advance(due.lease, &to_a_phone(None), later).await.unwrap();
    let last = world.claim_one(later).await;
    world.store.record(last.lease, Outcome::Delivered, "sms", later).await.unwrap();

    world.did_not_arrive(message.id, Channel::Sms, later).await;

    assert_eq!((kept, due.fallback_at), (1, Some(later)));
    let found = world.get(message.id).await.unwrap();
    assert_eq!((found.state, world.payloads().await), (State::Delivered, 0), "no step is left");
    assert_eq!(found.receipt.map(|receipt| receipt.state), Some(ReceiptState::Failed));
}

pub(super) async fn a_failure_heard_before_the_hand_over_is_recorded_takes_the_next_step(world: &World) {
    let message = world.with_a_step().await;
    let held = world.claim_one(NOW).await;
    world.store.begin_handing_over(held.lease, NOW).await.unwrap();
    let later = NOW.plus(Duration::from_secs(2));

    world.did_not_arrive(message.id, Channel::Email, later).await;
    let recorded = world.store.record(held.lease, Outcome::Delivered, "relay", later).await.unwrap();
    let due = world.claim_one(later).await;

    assert_eq!((recorded, due.fallback_at, due.lease.in_doubt), (Recorded::TooLate, Some(later), false));
    let found = world.get(message.id).await.unwrap();
    assert_eq!((found.state, found.receipt), (State::Sending, None));
}

pub(super) async fn what_a_worker_died_handing_over_and_did_not_arrive_takes_its_next_step(world: &World) {
    let message = world.with_a_step().await;
    let dead = world.claim_one(NOW).await;
    world.store.begin_handing_over(dead.lease, NOW).await.unwrap();
    let later = NOW.plus(LEASE);
    world.put_back(later).await;

    world.did_not_arrive(message.id, Channel::Email, later).await;
    let due = world.claim_one(later).await;

    assert_eq!((due.fallback_at, due.lease.in_doubt), (Some(later), false));
}

pub(super) async fn what_may_have_gone_out_twice_and_did_not_arrive_takes_its_next_step(world: &World) {
    let message = world.with_a_step().await;
    let dead = world.claim_one(NOW).await;
    world.store.begin_handing_over(dead.lease, NOW).await.unwrap();
    let later = NOW.plus(LEASE);
    world.put_back(later).await;
    let held = world.claim_one(later).await;
    world.store.record(held.lease, Outcome::Delivered, "relay", later).await.unwrap();
    let taken = (world.get(message.id).await.unwrap().state, world.payloads().await);

    world.did_not_arrive(message.id, Channel::Email, later).await;

    assert_eq!(taken, (State::Unknown, 1));
    assert_eq!(world.claim_one(later).await.fallback_at, Some(later));
}

pub(super) async fn what_was_heard_of_a_channel_stays_behind_with_it(world: &World) {
    let message = world.with_a_step().await;
    let held = world.claim_one(NOW).await;
    let later = NOW.plus(Duration::from_secs(2));

    // Of what nobody was given: the message goes on as it would have.
    world.did_not_arrive(message.id, Channel::Email, later).await;
    let heard = world.get(message.id).await.unwrap();
    world.store.advance(held.lease, &to_a_phone(Some(due_at())), later).await.unwrap();
    let moved = world.get(message.id).await.unwrap();
    let again = world.claim_one(later).await;
    world.store.record(again.lease, Outcome::Delivered, "sms", later).await.unwrap();
    world.did_not_arrive(message.id, Channel::Sms, later).await;

    let failed = heard.receipt.map(|receipt| receipt.state);
    assert_eq!((heard.state, failed), (State::Sending, Some(ReceiptState::Failed)));
    assert_eq!((moved.state, moved.receipt), (State::Queued, None));
    assert_eq!(world.claim_one(later).await.fallback_at, Some(later), "the last step");
}

pub(super) async fn a_replayed_message_has_its_own_channel_before_its_next_step(world: &World) {
    let message = world.with_a_step().await;
    let held = world.claim_one(NOW).await;
    world.store.record(held.lease, Outcome::Unknown, "relay", NOW).await.unwrap();
    let replay = async |now| {
        world.store.replay(&scope(), world.change(message.id), now).await.unwrap();
        let claim = world.claim_one(now).await;
        world.store.record(claim.lease, Outcome::Unknown, "relay", now).await.unwrap();
        claim.fallback_at
    };

    let early = replay(NOW.plus(Duration::from_secs(1))).await;
    let late = replay(due_at().plus(Duration::from_secs(60))).await;

    assert_eq!(early, Some(due_at()));
    assert_eq!(late, Some(due_at().plus(Duration::from_secs(60 + 10))));
}

pub(super) async fn a_replayed_message_without_a_step_gets_none(world: &World) {
    let message = world.accepted(NOW).await;
    let held = world.claim_one(NOW).await;
    world.store.record(held.lease, Outcome::Unknown, "relay", NOW).await.unwrap();

    world.store.replay(&scope(), world.change(message.id), NOW).await.unwrap();

    assert_eq!(world.claim_one(NOW).await.fallback_at, None);
}

pub(super) async fn what_has_no_step_left_or_has_died_falls_back_nowhere(world: &World) {
    let message = world.with_a_step().await;
    let held = world.claim_one(NOW).await;
    world.store.record(held.lease, Outcome::Delivered, "relay", NOW).await.unwrap();
    let without = world.accepted(NOW).await;
    let other = world.claim_one(NOW).await;
    world.store.record(other.lease, Outcome::Delivered, "relay", NOW).await.unwrap();

    world.did_not_arrive(message.id, Channel::Email, message.not_after).await;
    world.did_not_arrive(without.id, Channel::Email, NOW).await;

    assert_eq!(world.get(message.id).await.unwrap().state, State::Delivered);
    assert_eq!(world.get(without.id).await.unwrap().state, State::Delivered);
    assert_eq!(world.sweep(message.not_after).await.wiped, 1);
}
