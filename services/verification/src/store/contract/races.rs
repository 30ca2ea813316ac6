//! Everything at once: what must happen at most so often happens at most so often.

use std::future::Future;

use super::desk::{Desk, charged, request};
use crate::domain::limits::{Payer, Spend, Window};
use crate::domain::refusal::Refusal;
use crate::domain::verification::State;
use crate::store::{Checked, Dispatch, Redeem, Redeemed};

pub(super) async fn of_two_hundred_wrong_codes_five_count_and_then_the_right_one_is_dead(mut desk: Desk) {
    desk.counts_failures = true;
    let place = desk.started("111111").await;

    let verdicts = at_once(200, |_| {
        let (desk, place) = (desk.clone(), place.clone());
        async move { desk.check(&place, "000000").await }
    })
    .await;
    let right = desk.check(&place, "111111").await;
    let other = desk.started("111111").await;
    for _ in 0..5 {
        desk.check(&other, "000000").await;
    }
    let paused = desk.start(&desk.start_order(&desk.new_place(), "111111").await).await;

    assert!(verdicts.iter().all(|verdict| *verdict == Checked::Rejected));
    assert_eq!(right, Checked::Rejected);
    assert_eq!(desk.seen(&place).await.state(desk.now), State::Exhausted);
    // Five of the two hundred and five more make the ten that pause: not one more was counted, not one less.
    assert!(matches!(paused, Dispatch::Refused(Refusal::SubjectPaused(_))), "{paused:?}");
}

pub(super) async fn of_sixty_four_right_codes_one_passes(desk: Desk) {
    let place = desk.started("111111").await;

    let verdicts = at_once(64, |_| {
        let (desk, place) = (desk.clone(), place.clone());
        async move { desk.check(&place, "111111").await }
    })
    .await;

    let passed = verdicts.iter().filter(|verdict| matches!(verdict, Checked::Passed(_))).count();
    assert_eq!(passed, 1);
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == Checked::Rejected).count(), 63);
}

pub(super) async fn of_many_starts_one_is_charged(desk: Desk) {
    let place = desk.new_place();
    let mut orders = Vec::new();
    for number in 0..64 {
        orders.push(desk.start_order(&place, &format!("{number:06}")).await);
    }

    let outcomes = at_once(64, |number| {
        let (desk, order) = (desk.clone(), orders[number].clone());
        async move { desk.start(&order).await }
    })
    .await;

    let winner = outcomes.iter().find(|outcome| matches!(outcome, Dispatch::Charged(_))).unwrap();
    let sending = charged(winner.clone());
    let others = outcomes.iter().filter(|outcome| **outcome == Dispatch::Owed(sending.clone())).count();
    assert_eq!(others, 63);
    assert_eq!(desk.seen(&place).await.sends, 1);
}

pub(super) async fn of_many_resends_one_is_charged(desk: Desk) {
    let place = desk.started("111111").await;
    let later = desk.later(30);
    let mut orders = Vec::new();
    for _ in 0..32 {
        orders.push(later.resend_order(&place, "222222").await);
    }

    let outcomes = at_once(32, |number| {
        let (desk, order) = (later.clone(), orders[number].clone());
        async move { desk.resend(&order).await }
    })
    .await;

    let charged = outcomes.iter().filter(|outcome| matches!(outcome, Dispatch::Charged(_))).count();
    let owed = outcomes.iter().filter(|outcome| matches!(outcome, Dispatch::Owed(_))).count();
    assert_eq!((charged, owed), (1, 31));
    assert_eq!(desk.seen(&place).await.sends, 2);
}

pub(super) async fn of_many_redemptions_one_spends(desk: Desk) {
    let redeem = desk.redeem_order().await;

    let outcomes = at_once(64, |_| {
        let (desk, redeem) = (desk.clone(), Redeem { request: request("grant"), ..redeem.clone() });
        async move { desk.redeem(&redeem).await }
    })
    .await;

    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Redeemed::Spent).count(), 1);
}

pub(super) async fn a_tenants_budget_is_spent_exactly(mut desk: Desk) {
    desk.spends = vec![Spend { payer: Payer::Tenant, window: Window::per_hour(20) }];

    let outcomes = at_once(100, |_| {
        let desk = desk.clone();
        async move { desk.start(&desk.start_order(&desk.new_place(), "111111").await).await }
    })
    .await;

    let charged = outcomes.iter().filter(|outcome| matches!(outcome, Dispatch::Charged(_))).count();
    let refused = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Dispatch::Refused(Refusal::TenantLimited(_))))
        .count();
    assert_eq!((charged, refused), (20, 80));
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
