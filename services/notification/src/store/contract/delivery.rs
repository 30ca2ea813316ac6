//! Claiming and recording.

use std::time::Duration;

use super::{LEASE, World};
use crate::domain::delivery::Outcome;
use crate::domain::lane::Lane;
use crate::domain::state::{FailureClass, State};
use crate::fixtures::NOW;
use crate::store::Recorded;

pub(super) async fn a_held_message_is_not_claimed_again(world: &World) {
    let message = world.accepted(NOW).await;

    let held = world.claim_one(NOW).await;
    let again = world.claim(10, NOW.plus(LEASE)).await;

    assert_eq!((held.lease.id, held.tries, held.lease.fence), (message.id, 1, 1));
    assert_eq!((held.payload, held.not_after), (message.payload, message.not_after));
    assert!(again.is_empty());
    let found = world.get(message.id).await.unwrap();
    assert_eq!((found.state, found.tries, found.next_try_at), (State::Sending, 1, None));
}

pub(super) async fn a_dead_workers_message_is_claimed_again_under_a_new_fence(world: &World) {
    world.accepted(NOW).await;
    let dead = world.claim_one(NOW).await;

    let too_early = world.put_back(NOW.plus(LEASE).minus(Duration::from_micros(1))).await;
    let put_back = world.put_back(NOW.plus(LEASE)).await;
    let second = world.claim_one(NOW.plus(LEASE)).await;

    assert_eq!((too_early, put_back), (0, 1));
    assert_eq!((second.lease.id, second.tries), (dead.lease.id, 2));
    assert!(second.lease.fence > dead.lease.fence);
}

pub(super) async fn an_old_hold_records_nothing(world: &World) {
    let message = world.accepted(NOW).await;
    let old = world.claim_one(NOW).await;
    let later = NOW.plus(LEASE);
    world.put_back(later).await;
    let put_back = world.store.record(old.lease, Outcome::Delivered, "smtp", later).await.unwrap();
    let new = world.claim_one(later).await;

    let late = world.store.record(old.lease, Outcome::Delivered, "smtp", later).await.unwrap();
    let in_time = world.store.record(new.lease, Outcome::Unknown, "sms", later).await.unwrap();

    assert_eq!((put_back, late, in_time), (Recorded::TooLate, Recorded::TooLate, Recorded::Yes));
    let found = world.get(message.id).await.unwrap();
    assert_eq!((found.state, found.provider.as_str()), (State::Unknown, "sms"));
    assert_eq!(found.last_failure, Some(FailureClass::AnswerLost));
}

pub(super) async fn an_old_hold_neither_renews_nor_hands_over(world: &World) {
    let message = world.accepted(NOW).await;
    let old = world.claim_one(NOW).await;
    let later = NOW.plus(LEASE);
    world.put_back(later).await;
    let new = world.claim_one(later).await;

    let renewed = world.store.renew(old.lease, 10 * LEASE, later).await.unwrap();
    let begun = world.store.begin_handing_over(old.lease, later).await.unwrap();

    assert_eq!((renewed, begun), (Recorded::TooLate, Recorded::TooLate));
    world.store.record(new.lease, Outcome::Delivered, "smtp", later).await.unwrap();
    assert_eq!(world.get(message.id).await.unwrap().state, State::Delivered);
}

pub(super) async fn what_is_past_its_not_after_is_not_handed_over(world: &World) {
    let message = world.accepted(NOW).await;
    let held = world.claim_one(NOW).await;
    let just_before = message.not_after.minus(Duration::from_micros(1));

    let late = world.store.begin_handing_over(held.lease, message.not_after).await.unwrap();
    let in_time = world.store.begin_handing_over(held.lease, just_before).await.unwrap();
    let expired = world.store.record(held.lease, Outcome::Expired, "smtp", message.not_after).await.unwrap();

    assert_eq!((late, in_time, expired), (Recorded::TooLate, Recorded::Yes, Recorded::Yes));
    let found = world.get(message.id).await.unwrap();
    assert_eq!((found.state, world.payloads().await), (State::Expired, 0));
}

pub(super) async fn a_renewed_hold_is_not_put_back(world: &World) {
    world.accepted(NOW).await;
    let held = world.claim_one(NOW).await;
    let later = NOW.plus(LEASE / 2);

    let renewed = world.store.renew(held.lease, LEASE, later).await.unwrap();
    let early = world.put_back(later.plus(LEASE).minus(Duration::from_micros(1))).await;
    let recorded =
        world.store.record(held.lease, Outcome::Delivered, "smtp", later.plus(LEASE)).await.unwrap();

    assert_eq!((renewed, early, recorded), (Recorded::Yes, 0, Recorded::Yes));
    let over = world.store.renew(held.lease, LEASE, later).await.unwrap();
    assert_eq!((over, world.put_back(later.plus(LEASE)).await), (Recorded::TooLate, 0));
}

pub(super) async fn only_one_process_alone_puts_back_what_is_held(world: &World) {
    let message = world.accepted(NOW).await;
    let held = world.claim_one(NOW).await;
    world.store.begin_handing_over(held.lease, NOW).await.unwrap();

    let put_back = world.store.put_back_orphans(NOW).await.unwrap();

    let expected = if world.is_for_one_process() { (1, State::Queued) } else { (0, State::Sending) };
    assert_eq!((put_back, world.get(message.id).await.unwrap().state), expected);
}

pub(super) async fn a_delivered_message_is_wiped_and_over(world: &World) {
    let message = world.accepted(NOW).await;
    let held = world.claim_one(NOW).await;
    let before = world.payloads().await;

    let recorded = world.store.record(held.lease, Outcome::Delivered, "smtp", NOW).await.unwrap();
    let again = world.store.record(held.lease, Outcome::Delivered, "smtp", NOW).await.unwrap();

    assert_eq!((recorded, again), (Recorded::Yes, Recorded::TooLate));
    assert_eq!((before, world.payloads().await), (1, 0));
    let later = NOW.plus(2 * LEASE);
    world.put_back(later).await;
    assert!(world.claim(10, later).await.is_empty());
    let found = world.get(message.id).await.unwrap();
    assert_eq!((found.state, found.next_try_at, found.last_failure), (State::Delivered, None, None));
    assert_eq!(found.provider, "smtp");
}

pub(super) async fn a_retry_waits_until_it_is_due(world: &World) {
    let message = world.accepted(NOW).await;
    let held = world.claim_one(NOW).await;
    let due = NOW.plus(Duration::from_secs(10));
    let outcome = Outcome::Retry { class: FailureClass::Transient, at: due };

    world.store.record(held.lease, outcome, "smtp", NOW).await.unwrap();
    let early = world.claim(10, due.minus(Duration::from_micros(1))).await;
    let waiting = world.get(message.id).await.unwrap();
    let second = world.claim_one(due).await;

    assert!(early.is_empty());
    assert_eq!((waiting.state, waiting.next_try_at), (State::Queued, Some(due)));
    assert_eq!(waiting.last_failure, Some(FailureClass::Transient));
    assert_eq!((second.lease.id, second.tries), (message.id, 2));
    assert_eq!(second.payload, message.payload);
}

pub(super) async fn the_longest_due_is_claimed_first(world: &World) {
    let second = world.accepted(NOW.plus(Duration::from_secs(2))).await;
    let first = world.accepted(NOW.plus(Duration::from_secs(1))).await;
    let now = NOW.plus(Duration::from_secs(3));

    let claimed = [world.claim(1, now).await.remove(0), world.claim(1, now).await.remove(0)];

    assert_eq!(claimed.map(|claim| claim.lease.id), [first.id, second.id]);
}

pub(super) async fn one_code_behind_thousands_of_bulk_mails_is_claimed_at_once(world: &World) {
    for _ in 0..30 {
        let bulk: Vec<_> = (0..100).map(|_| world.message(Lane::Bulk, NOW)).collect();
        world.accept(&bulk, NOW).await;
    }
    let now = NOW.plus(Duration::from_secs(1));
    let code = world.accepted(now).await;

    let claimed = world.claim_one(now).await;

    assert_eq!(claimed.lease.id, code.id);
    assert_eq!(world.store.queued(Lane::Bulk, 10_000).await.unwrap(), 3_000);
}

pub(super) async fn a_decoy_looks_like_a_message_wherever_it_stands(world: &World) {
    let (message, mut decoy) = (world.message(Lane::Critical, NOW), world.message(Lane::Critical, NOW));
    decoy.decoy = true;
    world.accept(&[message.clone(), decoy.clone()], NOW).await;
    let pair = async || {
        let look = async |id| {
            let found = world.get(id).await.unwrap();
            (
                found.state,
                found.tries,
                found.provider,
                found.changed_at,
                found.next_try_at,
                found.last_failure,
            )
        };
        (look(message.id).await, look(decoy.id).await)
    };

    let queued = pair().await;
    let claims = world.claim(10, NOW).await;
    let sending = pair().await;
    for claim in &claims {
        world.store.record(claim.lease, Outcome::Delivered, "smtp", NOW).await.unwrap();
    }
    let delivered = pair().await;

    let decoys: Vec<_> = claims.iter().filter(|claim| claim.is_decoy).map(|claim| claim.lease.id).collect();
    assert_eq!((claims.len(), decoys), (2, vec![decoy.id]));
    for (message, decoy) in [queued, sending, delivered] {
        assert_eq!(message, decoy);
    }
    assert_eq!(world.payloads().await, 0);
}
