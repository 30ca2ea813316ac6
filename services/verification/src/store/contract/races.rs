//! Races: every limit holds under parallel calls.

use std::future::Future;

use super::test_store::{TestStore, counted, idempotency};
use crate::domain::budgets::{BudgetKind, TenantBudget, Window};
use crate::domain::refusal::Refusal;
use crate::domain::verification::VerificationState;
use crate::store::{CheckOutcome, RedeemStep, SendOutcome};

pub(super) async fn of_two_hundred_wrong_codes_five_count_and_then_the_right_one_is_dead(
    mut store: TestStore,
) {
    store.counts_failures = true;
    let id = store.started("111111").await;

    let verdicts = at_once(200, |_| {
        let (store, id) = (store.clone(), id.clone());
        async move { store.check(&id, "000000").await }
    })
    .await;
    let right = store.check(&id, "111111").await;
    let other = store.started("111111").await;
    for _ in 0..5 {
        store.check(&other, "000000").await;
    }
    let paused = store.start(&store.start_step(&store.new_id(), "111111").await).await;

    assert!(verdicts.iter().all(|verdict| *verdict == CheckOutcome::Rejected));
    assert_eq!(right, CheckOutcome::Rejected);
    assert_eq!(store.seen(&id).await.state(store.now), VerificationState::Exhausted);
    // Five of the two hundred and five more make the ten that pause: not one more was counted, not one less.
    assert!(matches!(paused, SendOutcome::Refused(Refusal::SubjectPaused(_))), "{paused:?}");
}

pub(super) async fn of_sixty_four_right_codes_one_passes(store: TestStore) {
    let id = store.started("111111").await;

    let verdicts = at_once(64, |_| {
        let (store, id) = (store.clone(), id.clone());
        async move { store.check(&id, "111111").await }
    })
    .await;

    let passed = verdicts.iter().filter(|verdict| matches!(verdict, CheckOutcome::Passed(_))).count();
    assert_eq!(passed, 1);
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == CheckOutcome::Rejected).count(), 63);
}

pub(super) async fn of_many_starts_one_is_counted(store: TestStore) {
    let id = store.new_id();
    let mut steps = Vec::new();
    for number in 0..64 {
        steps.push(store.start_step(&id, &format!("{number:06}")).await);
    }

    let outcomes = at_once(64, |number| {
        let (store, step) = (store.clone(), steps[number].clone());
        async move { store.start(&step).await }
    })
    .await;

    let winner = outcomes.iter().find(|outcome| matches!(outcome, SendOutcome::Counted(_))).unwrap();
    let message = counted(winner.clone());
    let others =
        outcomes.iter().filter(|outcome| **outcome == SendOutcome::Unacknowledged(message.clone())).count();
    assert_eq!(others, 63);
    assert_eq!(store.seen(&id).await.sends, 1);
}

pub(super) async fn of_many_resends_one_is_counted(store: TestStore) {
    let id = store.started("111111").await;
    let later = store.later(30);
    let mut steps = Vec::new();
    for _ in 0..32 {
        steps.push(later.resend_step(&id, "222222").await);
    }

    let outcomes = at_once(32, |number| {
        let (store, step) = (later.clone(), steps[number].clone());
        async move { store.resend(&step).await }
    })
    .await;

    let counted = outcomes.iter().filter(|outcome| matches!(outcome, SendOutcome::Counted(_))).count();
    let owed = outcomes.iter().filter(|outcome| matches!(outcome, SendOutcome::Unacknowledged(_))).count();
    assert_eq!((counted, owed), (1, 31));
    assert_eq!(store.seen(&id).await.sends, 2);
}

pub(super) async fn of_many_redemptions_one_succeeds(store: TestStore) {
    let redeem = store.redeem_step().await;

    let outcomes = at_once(64, |_| {
        let (store, redeem) =
            (store.clone(), RedeemStep { idempotency: idempotency("grant"), ..redeem.clone() });
        async move { store.redeem(&redeem).await }
    })
    .await;

    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Ok(())).count(), 1);
}

pub(super) async fn a_tenants_budget_is_consumed_exactly(mut store: TestStore) {
    store.budgets = vec![TenantBudget { kind: BudgetKind::Tenant, cost: 1, window: Window::per_hour(20) }];

    let outcomes = at_once(100, |_| {
        let store = store.clone();
        async move { store.start(&store.start_step(&store.new_id(), "111111").await).await }
    })
    .await;

    let counted = outcomes.iter().filter(|outcome| matches!(outcome, SendOutcome::Counted(_))).count();
    let refused = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, SendOutcome::Refused(Refusal::TenantLimited(_))))
        .count();
    assert_eq!((counted, refused), (20, 80));
}

/// Runs so many of them on all threads and waits for every one.
async fn at_once<T, F>(times: usize, make: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let gate = std::sync::Arc::new(tokio::sync::Barrier::new(times));
    let running: Vec<_> = (0..times)
        .map(|number| {
            let (gate, work) = (gate.clone(), make(number));
            tokio::spawn(async move {
                gate.wait().await;
                work.await
            })
        })
        .collect();
    let mut done = Vec::with_capacity(times);
    for task in running {
        done.push(task.await.unwrap());
    }
    done
}
