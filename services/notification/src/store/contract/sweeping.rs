//! Tidying up.

use std::time::Duration;

use super::{LEASE, World};
use crate::domain::delivery::Outcome;
use crate::domain::lane::Lane;
use crate::domain::state::{FailureClass, State};
use crate::fixtures::{NOW, scope};
use crate::store::{AcceptOutcome, ChangeOutcome, Recorded, Swept};

pub(super) async fn what_is_past_its_not_after_is_expired_and_never_claimed(world: &World) {
    let message = world.accepted(NOW).await;
    let at = message.not_after;

    let claimed = world.claim(10, at).await;
    let swept = world.sweep(at).await;

    assert!(claimed.is_empty());
    assert_eq!(swept, Swept { expired: 1, ..Swept::default() });
    let found = world.get(message.id).await.unwrap();
    assert_eq!((found.state, found.next_try_at, found.tries), (State::Expired, None, 0));
    assert_eq!(world.payloads().await, 0);
}

pub(super) async fn a_dead_payload_is_wiped_at_not_after(world: &World) {
    let message = world.accepted(NOW).await;
    let held = world.claim_one(NOW).await;
    let outcome = Outcome::Dead { class: FailureClass::Address };
    world.store.record(held.lease, outcome, "smtp", NOW).await.unwrap();

    world.sweep(message.not_after.minus(Duration::from_micros(1))).await;
    let kept = world.payloads().await;
    let too_late = world.store.replay(&scope(), world.change(message.id), message.not_after).await.unwrap();
    let swept = world.sweep(message.not_after).await;

    assert_eq!(too_late, ChangeOutcome::Impossible);
    assert_eq!((kept, swept.wiped, world.payloads().await), (1, 1, 0));
    let found = world.get(message.id).await.unwrap();
    assert_eq!((found.state, found.last_failure), (State::Dead, Some(FailureClass::Address)));
    let replayed = world.store.replay(&scope(), world.change(message.id), message.not_after).await.unwrap();
    assert_eq!(replayed, ChangeOutcome::Impossible);
}

pub(super) async fn a_decoy_expires_like_a_message(world: &World) {
    let mut decoy = world.message(Lane::Bulk, NOW);
    decoy.decoy = true;
    world.accept(std::slice::from_ref(&decoy), NOW).await;

    let swept = world.sweep(decoy.not_after).await;

    let found = world.get(decoy.id).await.unwrap();
    assert_eq!((swept.expired, found.state, world.payloads().await), (1, State::Expired, 0));
}

pub(super) async fn request_ids_are_forgotten_after_their_life(world: &World) {
    let message = world.accepted(NOW).await;

    let before = world.sweep(message.request_expires_at.minus(Duration::from_micros(1))).await;
    let after = world.sweep(message.request_expires_at).await;

    assert_eq!((before.requests_forgotten, after.requests_forgotten), (0, 1));
    let mut second = world.message(Lane::Critical, message.request_expires_at);
    second.request_id = message.request_id;
    let answers = world.store.accept(&scope(), &[second], message.request_expires_at).await.unwrap();
    assert_eq!(answers, [AcceptOutcome::Accepted]);
}

pub(super) async fn old_journeys_are_purged(world: &World) {
    let message = world.accepted(NOW).await;
    let held = world.claim_one(NOW).await;
    world.store.record(held.lease, Outcome::Delivered, "smtp", NOW).await.unwrap();
    let days = |days: u64| Duration::from_secs(days * 86_400);
    let young = NOW.plus(days(29));
    let kept = world.accepted(young).await;

    world.sweep(young).await;
    let still_there = world.get(message.id).await;
    // A week past the thirty days of history: Postgres forgets whole weeks.
    let swept = world.sweep(NOW.plus(days(38))).await;

    assert!(still_there.is_some());
    assert!(swept.purged > 0);
    assert_eq!(world.get(message.id).await, None);
    assert!(world.get(kept.id).await.is_some());
}

pub(super) async fn a_sweep_of_nothing_does_nothing(world: &World) {
    world.accepted(NOW).await;
    let held = world.claim_one(NOW).await;
    world.accepted(NOW).await;

    let swept = world.sweep(NOW.plus(LEASE / 2)).await;

    assert_eq!(swept, Swept::default());
    assert_eq!(world.get(held.lease.id).await.map(|found| found.state), Some(State::Sending));
}

pub(super) async fn what_waits_in_a_restored_store_is_dropped_and_stays_so(world: &World) {
    let held = world.accepted(NOW).await;
    let claim = world.claim_one(NOW).await;
    let queued = world.accepted(NOW).await;
    let sent = world.message(Lane::Bulk, NOW);
    world.accept(std::slice::from_ref(&sent), NOW).await;

    let dropped = world.store.drop_restored(NOW).await.unwrap();
    let again = world.store.drop_restored(NOW).await.unwrap();
    let late = world.store.record(claim.lease, Outcome::Delivered, "smtp", NOW).await.unwrap();

    assert_eq!((dropped, again, world.payloads().await), (3, 0, 0));
    assert_eq!(late, Recorded::TooLate);
    for message in [held, queued, sent] {
        let found = world.get(message.id).await.unwrap();
        assert_eq!((found.state, found.last_failure), (State::Unknown, Some(FailureClass::AnswerLost)));
        let replayed = world.store.replay(&scope(), world.change(message.id), NOW).await.unwrap();
        assert_eq!(replayed, ChangeOutcome::Impossible);
    }
    assert!(world.claim(10, NOW).await.is_empty());
}
