//! Taking messages in.

use std::time::Duration;

use rekey_primitives::id::TenantId;
use uuid::Uuid;

use super::World;
use crate::domain::delivery::Outcome;
use crate::domain::lane::Lane;
use crate::domain::state::State;
use crate::fixtures::{NOW, rights, scope, scope_of, tenant};
use crate::store::AcceptOutcome;

pub(super) async fn an_accepted_message_is_queued_and_due_at_once(world: &World) {
    let message = world.accepted(NOW).await;

    let found = world.get(message.id).await.unwrap();

    assert_eq!((found.id, found.tenant_id), (message.id, tenant()));
    assert_eq!((found.state, found.tries, found.last_failure), (State::Queued, 0, None));
    assert_eq!((found.created_at, found.changed_at, found.next_try_at), (NOW, NOW, Some(NOW)));
    assert_eq!(found.not_after, message.not_after);
    assert_eq!((found.template.as_str(), found.lane), ("password_reset_code", Lane::Critical));
    assert_eq!(found.masked_destination, "a•••••@e•••••");
    assert_eq!((found.locale.as_str(), found.reference.as_str(), found.provider.as_str()), ("", "", ""));
}

pub(super) async fn a_repeated_request_id_makes_no_second_message(world: &World) {
    let first = world.accepted(NOW).await;
    let mut second = world.message(Lane::Critical, NOW);
    second.request_id = first.request_id;

    let later = NOW.plus(Duration::from_secs(5));
    let answers = world.store.accept(&scope(), std::slice::from_ref(&second), later).await.unwrap();

    let known =
        AcceptOutcome::Known { id: first.id, created_at: NOW, fingerprint: first.fingerprint.clone() };
    assert_eq!(answers, [known]);
    assert_eq!(world.get(second.id).await, None);
    assert_eq!(world.claim(10, later).await.len(), 1);
}

pub(super) async fn a_batch_accepts_what_is_new_and_shows_what_is_known(world: &World) {
    let known = world.accepted(NOW).await;
    let mut repeated = world.message(Lane::Critical, NOW);
    repeated.request_id = known.request_id;
    let batch = [world.message(Lane::Bulk, NOW), repeated, world.message(Lane::Transactional, NOW)];

    let answers = world.store.accept(&scope(), &batch, NOW).await.unwrap();

    assert_eq!((&answers[0], &answers[2]), (&AcceptOutcome::Accepted, &AcceptOutcome::Accepted));
    assert!(matches!(&answers[1], AcceptOutcome::Known { id, .. } if *id == known.id));
    assert!(world.get(batch[0].id).await.is_some() && world.get(batch[2].id).await.is_some());
}

pub(super) async fn a_request_id_is_free_again_after_its_life(world: &World) {
    let first = world.accepted(NOW).await;
    let after = first.request_expires_at;
    let mut second = world.message(Lane::Critical, after);
    second.request_id = first.request_id;

    let just_before = after.minus(Duration::from_micros(1));
    let known = world.store.accept(&scope(), std::slice::from_ref(&second), just_before).await.unwrap();
    let free = world.store.accept(&scope(), std::slice::from_ref(&second), after).await.unwrap();

    assert!(matches!(known[0], AcceptOutcome::Known { .. }));
    assert_eq!(free, [AcceptOutcome::Accepted]);
}

pub(super) async fn a_request_id_belongs_to_its_tenant(world: &World) {
    let first = world.accepted(NOW).await;
    let other = scope_of(TenantId::from_uuid(Uuid::from_u128(2)), rights("identity"));
    let mut second = world.message(Lane::Critical, NOW);
    second.request_id = first.request_id;

    let answers = world.store.accept(&other, std::slice::from_ref(&second), NOW).await.unwrap();

    assert_eq!(answers, [AcceptOutcome::Accepted]);
    assert_eq!(world.get(second.id).await, None);
    assert!(world.store.get(&other, second.id).await.unwrap().is_some());
}

pub(super) async fn a_request_id_is_looked_up_without_being_used(world: &World) {
    let known = world.accepted(NOW).await;
    let other = world.accepted(NOW).await;
    let of_cancel = world.change(other.id);
    world.store.cancel(&scope(), of_cancel, NOW).await.unwrap();
    let new = world.message(Lane::Critical, NOW);
    let asked = [new.request_id, known.request_id, of_cancel.request_id];
    let stranger = scope_of(TenantId::from_uuid(Uuid::from_u128(2)), rights("identity"));

    let later = NOW.plus(Duration::from_secs(5));
    let found = world.store.find_requests(&scope(), &asked, later).await.unwrap();
    let of_stranger = world.store.find_requests(&stranger, &[known.request_id], later).await.unwrap();
    let at_its_end =
        world.store.find_requests(&scope(), &[known.request_id], known.request_expires_at).await.unwrap();

    let fingerprint = known.fingerprint.clone();
    let first = AcceptOutcome::Known { id: known.id, created_at: NOW, fingerprint };
    assert_eq!(found, [None, Some(first), Some(AcceptOutcome::Taken)]);
    assert_eq!((of_stranger, at_its_end), (vec![None], vec![None]));
    world.accept(&[new], later).await;
}

pub(super) async fn what_waits_is_counted_by_lane_and_no_further_than_asked(world: &World) {
    let bulk: Vec<_> = (0..5).map(|_| world.message(Lane::Bulk, NOW)).collect();
    world.accept(&bulk, NOW).await;
    for outcome in [None, Some(Outcome::Delivered), Some(Outcome::Unknown)] {
        world.accepted(NOW).await;
        let held = world.claim_one(NOW).await;
        if let Some(outcome) = outcome {
            world.store.record(held.lease, outcome, "smtp", NOW).await.unwrap();
        }
    }

    let counts = [
        world.store.queued(Lane::Bulk, 100).await.unwrap(),
        world.store.queued(Lane::Bulk, 3).await.unwrap(),
        world.store.queued(Lane::Critical, 100).await.unwrap(),
    ];

    assert_eq!(counts, [5, 3, 0]);
}
