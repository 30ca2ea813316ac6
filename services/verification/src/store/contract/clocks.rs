//! A clock that was a day ahead and has been set right: what it noted holds no longer than its own length.

use std::time::Duration;

use super::test_store::{TestStore, counted, rule};
use crate::domain::budgets::{BudgetKind, TenantBudget, Window};
use crate::domain::refusal::Refusal;
use crate::store::{CheckOutcome, SendOutcome};

const DAY: u64 = 86_400;

/// The store as a clock sees it that is a day ahead.
fn a_day_ahead(store: &TestStore) -> TestStore {
    store.later(DAY)
}

pub(super) async fn a_ladder_of_a_clock_that_was_ahead_waits_no_longer_than_its_rung(store: TestStore) {
    let id = a_day_ahead(&store).started("271828").await;
    let within_skew = store.later(DAY - 60);
    let early = within_skew.resend(&within_skew.resend_step(&id, "314159").await).await;

    let set_right = store.resend(&store.resend_step(&id, "314159").await).await;

    assert_eq!(early, SendOutcome::Refused(Refusal::ResendTooSoon(Duration::from_secs(90))));
    assert_eq!(counted(set_right).number, 2);
    let again = store.resend(&store.resend_step(&id, "314159").await).await;
    assert!(matches!(again, SendOutcome::Unacknowledged(_)), "{again:?}");
    store.acknowledge(&id, 2).await;
    let too_soon = store.resend(&store.resend_step(&id, "314159").await).await;
    assert_eq!(too_soon, SendOutcome::Refused(Refusal::ResendTooSoon(Duration::from_secs(60))));
}

pub(super) async fn a_budget_of_a_clock_that_was_ahead_is_full_no_longer_than_its_window(store: TestStore) {
    let budgets = vec![TenantBudget { kind: BudgetKind::Tenant, cost: 1, window: Window::per_hour(1) }];
    let store = TestStore { budgets, ..store };
    a_day_ahead(&store).started("271828").await;

    let first = store.start(&store.start_step(&store.new_id(), "314159").await).await;
    let second = store.start(&store.start_step(&store.new_id(), "314159").await).await;

    assert_eq!(counted(first).number, 1);
    assert_eq!(second, SendOutcome::Refused(Refusal::TenantLimited(Duration::from_secs(3_600))));
}

pub(super) async fn a_pause_of_a_clock_that_was_ahead_is_over(store: TestStore) {
    let store = TestStore { counts_failures: true, ..store };
    let ahead = a_day_ahead(&store);
    let ids = [ahead.started("271828").await, ahead.started("271828").await, store.started("271828").await];
    for id in &ids[..2] {
        for guess in 0..5 {
            ahead.check(id, &format!("wrong {guess}")).await;
        }
    }

    let paused = ahead.start(&ahead.start_step(&ahead.new_id(), "314159").await).await;
    let wrong = store.check(&ids[2], "wrong").await;
    let right = store.check(&ids[2], "271828").await;

    assert_eq!(paused, SendOutcome::Refused(Refusal::SubjectPaused(rule().pause_window)));
    assert_eq!(wrong, CheckOutcome::Rejected);
    assert!(matches!(right, CheckOutcome::Passed(_)), "{right:?}");
}
