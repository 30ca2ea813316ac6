//! What happens when several ask at once. Each case really races: many tasks on several threads.

use std::collections::HashSet;

use tokio::task::JoinSet;

use super::{LEASE, World};
use crate::domain::lane::Lane;
use crate::domain::state::State;
use crate::fixtures::{NOW, scope};
use crate::store::{AcceptOutcome, ChangeOutcome};

pub(super) async fn no_two_claims_get_the_same_message(world: &World) {
    let batch: Vec<_> = (0..100).map(|_| world.message(Lane::Critical, NOW)).collect();
    world.accept(&batch, NOW).await;

    let mut workers = JoinSet::new();
    for _ in 0..6 {
        let store = world.store.clone();
        workers.spawn(async move {
            let mut claimed = Vec::new();
            // A claim may come back empty while others hold the locks, so the rounds are counted, not the finds.
            for _ in 0..40 {
                claimed.extend(store.claim(Lane::Critical, 7, LEASE, NOW).await.unwrap());
            }
            claimed
        });
    }
    let claimed: Vec<_> = workers.join_all().await.into_iter().flatten().collect();

    let distinct: HashSet<_> = claimed.iter().map(|claim| claim.lease.id).collect();
    assert_eq!((claimed.len(), distinct.len()), (100, 100));
    assert!(claimed.iter().all(|claim| claim.lease.fence == 1));
}

pub(super) async fn one_request_id_makes_one_message_however_many_ask(world: &World) {
    let first = world.message(Lane::Critical, NOW);

    let mut callers = JoinSet::new();
    for _ in 0..8 {
        let mut message = world.message(Lane::Critical, NOW);
        message.request_id = first.request_id;
        let store = world.store.clone();
        callers.spawn(async move {
            let answer = store.accept(&scope(), std::slice::from_ref(&message), NOW).await.unwrap().remove(0);
            (message.id, answer)
        });
    }
    let answers = callers.join_all().await;

    let winners: Vec<_> = answers.iter().filter(|(_, answer)| *answer == AcceptOutcome::Accepted).collect();
    assert_eq!(winners.len(), 1);
    let losers = answers.iter().filter(|(_, answer)| *answer != AcceptOutcome::Accepted);
    assert!(
        losers
            .into_iter()
            .all(|(_, answer)| matches!(answer, AcceptOutcome::Known { id, .. } if *id == winners[0].0))
    );
    assert_eq!(world.claim(10, NOW).await.len(), 1);
}

pub(super) async fn either_the_worker_or_the_withdrawal_wins(world: &World) {
    for _ in 0..20 {
        let message = world.accepted(NOW).await;
        let change = world.change(message.id);
        let (claimer, canceller) = (world.store.clone(), world.store.clone());

        let claim = tokio::spawn(async move { claimer.claim(Lane::Critical, 1, LEASE, NOW).await.unwrap() });
        let cancel = tokio::spawn(async move { canceller.cancel(&scope(), change, NOW).await.unwrap() });
        let (claimed, cancelled) = (claim.await.unwrap(), cancel.await.unwrap());

        let state = world.get(message.id).await.unwrap().state;
        match cancelled {
            ChangeOutcome::Made(_) => assert_eq!((claimed.len(), state), (0, State::Cancelled)),
            // The claim may have skipped the row that the withdrawal had locked and then found taken.
            other => {
                assert_eq!((other, claimed.len(), state), (ChangeOutcome::Impossible, 1, State::Sending));
            }
        }
    }
}

pub(super) async fn batches_that_share_request_ids_do_not_block_each_other(world: &World) {
    let batch: Vec<_> = (0..20).map(|_| world.message(Lane::Bulk, NOW)).collect();
    let mut reversed: Vec<_> = batch.clone();
    reversed.reverse();
    for message in &mut reversed {
        message.id = world.message(Lane::Bulk, NOW).id;
    }

    let (one, other) = (world.store.clone(), world.store.clone());
    let one = tokio::spawn(async move { one.accept(&scope(), &batch, NOW).await });
    let other = tokio::spawn(async move { other.accept(&scope(), &reversed, NOW).await });
    let answers = [one.await.unwrap().unwrap(), other.await.unwrap().unwrap()].concat();

    assert_eq!(answers.iter().filter(|answer| **answer == AcceptOutcome::Accepted).count(), 20);
    assert_eq!(world.store.queued(Lane::Bulk, 1_000).await.unwrap(), 20);
}
