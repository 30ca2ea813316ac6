//! Notices that are said once.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;

use super::{LEASE, World};
use crate::domain::delivery::Outcome;
use crate::domain::lane::Lane;
use crate::domain::state::State;
use crate::domain::suppression::Reason;
use crate::fixtures::{NOW, scope};
use crate::store::{AcceptOutcome, Deduplication, NewNotification};

const REMEMBERED: Duration = Duration::from_secs(300);

impl World {
    /// A notice of this name, not yet accepted.
    fn notice(&self, name: u8, now: Timestamp) -> NewNotification {
        let deduplication = Some(Deduplication { name: [name; 32], expires_at: now.plus(REMEMBERED) });
        NewNotification { deduplication, ..self.message(Lane::Bulk, now) }
    }

    async fn say(&self, notices: &[NewNotification], now: Timestamp) -> Vec<AcceptOutcome> {
        self.store.accept(&scope(), notices, now).await.unwrap()
    }

    async fn waiting(&self) -> u64 {
        self.store.queued(Lane::Bulk, 1_000).await.unwrap()
    }
}

fn same_as(first: &NewNotification, created_at: Timestamp) -> AcceptOutcome {
    AcceptOutcome::Deduplicated { id: first.id, created_at }
}

pub(super) async fn the_same_notice_is_said_once_for_as_long_as_it_is_remembered(world: &World) {
    let first = world.notice(1, NOW);
    let (just_before, over) = (NOW.plus(REMEMBERED).minus(Duration::from_micros(1)), NOW.plus(REMEMBERED));
    let (second, third) = (world.notice(1, just_before), world.notice(1, over));

    let said = world.say(std::slice::from_ref(&first), NOW).await;
    let batch = [second.clone(), world.notice(2, just_before)];
    let again = world.say(&batch, just_before).await;
    let later = world.say(std::slice::from_ref(&third), over).await;

    assert_eq!(said, [AcceptOutcome::Accepted]);
    assert_eq!(again, [same_as(&first, NOW), AcceptOutcome::Accepted]);
    assert_eq!((later, world.waiting().await), (vec![AcceptOutcome::Accepted], 3));
    let repeated = world.say(&[second], over).await;
    assert!(
        matches!(repeated[0], AcceptOutcome::Known { id, created_at, .. } if id == first.id && created_at == NOW),
        "{repeated:?}"
    );
}

pub(super) async fn of_two_in_one_call_the_first_is_said(world: &World) {
    let (first, second) = (world.notice(1, NOW), world.notice(1, NOW));

    let said = world.say(&[first.clone(), second], NOW).await;

    assert_eq!(said, [AcceptOutcome::Accepted, same_as(&first, NOW)]);
    assert_eq!(world.waiting().await, 1);
}

pub(super) async fn a_notice_that_was_withdrawn_is_said_again(world: &World) {
    let first = world.notice(1, NOW);
    world.say(std::slice::from_ref(&first), NOW).await;
    world.store.cancel(&scope(), world.change(first.id), NOW).await.unwrap();

    let again = world.say(&[world.notice(1, NOW)], NOW).await;
    let and_again = world.say(&[world.notice(1, NOW)], NOW).await;

    assert_eq!(again, [AcceptOutcome::Accepted]);
    assert!(matches!(and_again[0], AcceptOutcome::Deduplicated { id, .. } if id != first.id));
    assert_eq!(world.get(first.id).await.unwrap().state, State::Cancelled);
}

pub(super) async fn a_notice_that_was_suppressed_is_said_again(world: &World) {
    let first = world.notice(1, NOW);
    world.say(std::slice::from_ref(&first), NOW).await;
    let held = world.store.claim(Lane::Bulk, 1, LEASE, NOW).await.unwrap().remove(0);
    let suppressed = Outcome::Suppressed { reason: Reason::HardBounce };
    world.store.record(held.lease, suppressed, "", NOW).await.unwrap();

    let again = world.say(&[world.notice(1, NOW)], NOW).await;

    assert_eq!(again, [AcceptOutcome::Accepted]);
    assert_eq!(world.get(first.id).await.unwrap().state, State::Suppressed);
}

pub(super) async fn of_many_at_once_one_is_said(world: &World) {
    let notices: Vec<_> = (0..8).map(|_| [world.notice(1, NOW), world.notice(2, NOW)]).collect();
    let calls = notices.iter().enumerate().map(|(place, [one, other])| {
        // Some name them the other way round: nobody waits for another in a circle.
        let batch = if place % 2 == 0 { [one.clone(), other.clone()] } else { [other.clone(), one.clone()] };
        async move { world.say(&batch, NOW).await }
    });

    let outcomes = futures_util::future::join_all(calls).await.concat();

    let said = outcomes.iter().filter(|outcome| **outcome == AcceptOutcome::Accepted).count();
    assert_eq!((said, world.waiting().await), (2, 2));
}

pub(super) async fn what_was_said_is_forgotten_after_its_time(world: &World) {
    world.say(&[world.notice(1, NOW)], NOW).await;
    let over = NOW.plus(REMEMBERED);

    let early = world.sweep(over.minus(Duration::from_micros(1))).await.notices_forgotten;
    let late = world.sweep(over).await.notices_forgotten;

    assert_eq!((early, late), (0, 1));
}
