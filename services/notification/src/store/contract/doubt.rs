//! Messages whose worker died: what is said of those that may have gone out, and of those that did not.

use std::time::Duration;

use super::{LEASE, World};
use crate::domain::delivery::Outcome;
use crate::domain::notification::Notification;
use crate::domain::state::{FailureClass, State};
use crate::fixtures::{NOW, scope};
use crate::store::{ChangeOutcome, Claim, NewNotification};

/// A message that a worker died handing over, claimed by the next one after a lease.
async fn in_doubt(world: &World) -> (NewNotification, Claim) {
    let message = world.accepted(NOW).await;
    let dead = world.claim_one(NOW).await;
    world.store.begin_handing_over(dead.lease, NOW).await.unwrap();
    world.put_back(NOW.plus(LEASE)).await;
    (message, world.claim_one(NOW.plus(LEASE)).await)
}

/// The message after that outcome was recorded.
async fn after(world: &World, claim: &Claim, outcome: Outcome) -> Notification {
    world.store.record(claim.lease, outcome, "smtp", NOW.plus(LEASE)).await.unwrap();
    world.get(claim.lease.id).await.unwrap()
}

pub(super) async fn what_a_worker_died_handing_over_ends_as_unknown(world: &World) {
    let (message, second) = in_doubt(world).await;
    let meanwhile = world.get(message.id).await.unwrap();

    let found = after(world, &second, Outcome::Delivered).await;

    assert_eq!((second.lease.in_doubt, second.payload), (true, message.payload));
    assert_eq!((meanwhile.state, meanwhile.last_failure), (State::Sending, Some(FailureClass::AnswerLost)));
    assert_eq!((found.state, found.last_failure), (State::Unknown, Some(FailureClass::AnswerLost)));
    assert_eq!((found.tries, found.provider.as_str(), world.payloads().await), (2, "smtp", 0));
}

pub(super) async fn what_a_worker_died_holding_ends_as_it_ends(world: &World) {
    world.accepted(NOW).await;
    world.claim_one(NOW).await;
    world.put_back(NOW.plus(LEASE)).await;
    let second = world.claim_one(NOW.plus(LEASE)).await;

    let found = after(world, &second, Outcome::Delivered).await;

    assert!(!second.lease.in_doubt);
    assert_eq!((found.state, found.last_failure, found.tries), (State::Delivered, None, 2));
}

pub(super) async fn a_try_that_failed_for_sure_leaves_no_doubt(world: &World) {
    world.accepted(NOW).await;
    let first = world.claim_one(NOW).await;
    world.store.begin_handing_over(first.lease, NOW).await.unwrap();
    let class = FailureClass::Transient;
    world.store.record(first.lease, Outcome::Retry { class, at: NOW }, "smtp", NOW).await.unwrap();

    let second = world.claim_one(NOW).await;
    let found = after(world, &second, Outcome::Delivered).await;

    assert_eq!((second.lease.in_doubt, found.state), (false, State::Delivered));
}

pub(super) async fn a_later_failure_takes_no_doubt_away(world: &World) {
    let (_, second) = in_doubt(world).await;
    let now = NOW.plus(LEASE);
    let class = FailureClass::Provider;

    let waiting = after(world, &second, Outcome::Retry { class, at: now }).await;
    let third = world.claim_one(now).await;
    let found = after(world, &third, Outcome::Dead { class: FailureClass::Address }).await;

    assert_eq!((waiting.state, waiting.last_failure), (State::Queued, Some(class)));
    assert_eq!((third.lease.in_doubt, third.tries), (true, 3));
    assert_eq!((found.state, found.last_failure), (State::Unknown, Some(FailureClass::Address)));
}

pub(super) async fn doubt_outlives_not_after(world: &World) {
    let message = world.accepted(NOW).await;
    let dead = world.claim_one(NOW).await;
    world.store.begin_handing_over(dead.lease, NOW).await.unwrap();
    let at = message.not_after;

    world.put_back(at).await;
    let swept = world.sweep(at).await;

    let found = world.get(message.id).await.unwrap();
    assert_eq!((found.state, found.last_failure), (State::Unknown, Some(FailureClass::AnswerLost)));
    assert_eq!((swept.expired, world.payloads().await), (1, 0));
}

pub(super) async fn what_may_have_gone_out_is_not_withdrawn(world: &World) {
    let message = world.accepted(NOW).await;
    let dead = world.claim_one(NOW).await;
    world.store.begin_handing_over(dead.lease, NOW).await.unwrap();
    let now = NOW.plus(LEASE);
    world.put_back(now).await;

    let change = world.store.cancel(&scope(), world.change(message.id), now).await.unwrap();

    assert_eq!(change, ChangeOutcome::Impossible);
    assert_eq!((world.get(message.id).await.unwrap().state, world.payloads().await), (State::Queued, 1));
}

pub(super) async fn a_replay_ends_the_doubt(world: &World) {
    let (message, second) = in_doubt(world).await;
    let dead = Outcome::Dead { class: FailureClass::Content };
    let unknown = after(world, &second, dead).await;
    let now = NOW.plus(LEASE + Duration::from_secs(1));

    world.store.replay(&scope(), world.change(message.id), now).await.unwrap();
    let third = world.claim_one(now).await;
    let found = after(world, &third, Outcome::Delivered).await;

    assert_eq!((unknown.state, third.lease.in_doubt, found.state), (State::Unknown, false, State::Delivered));
}
