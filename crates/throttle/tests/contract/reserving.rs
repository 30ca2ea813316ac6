//! What every throttle promises to those who reserve.

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_throttle::{Budget, Outcome, Reserving};
use tokio::task::JoinSet;

const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_123_456);
const HOUR: Duration = Duration::from_secs(3_600);
const DRY: Outcome = Outcome::Exhausted { index: 0, retry_after: HOUR };

type Subject = Arc<dyn Reserving>;

fn budgets(limit: u64) -> [Budget; 2] {
    // Two hash tags, so that a cluster takes two steps.
    [("{a}network", limit), ("{b}mailbox", limit)].map(|(key, limit)| Budget {
        key: key.to_owned(),
        limit,
        window: HOUR,
    })
}

async fn reserve(throttle: &Subject, limit: u64, operation: &str, now: Timestamp) -> Outcome {
    throttle.reserve(&budgets(limit), operation, now).await.unwrap()
}

async fn settle(throttle: &Subject, operation: &str, happened: bool, now: Timestamp) {
    throttle.settle(&budgets(1), operation, happened, now).await.unwrap();
}

pub(crate) async fn who_reserves_for_the_same_operation_shares_one_cost(throttle: Subject) {
    let mut callers = JoinSet::new();
    for _ in 0..64 {
        let throttle = throttle.clone();
        callers.spawn(async move { reserve(&throttle, 1, "message 1", NOW).await });
    }

    let outcomes = callers.join_all().await;

    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Consumed), "{outcomes:?}");
    assert_eq!(reserve(&throttle, 1, "message 2", NOW).await, DRY);
}

pub(crate) async fn what_somebody_did_stays_consumed_whoever_releases_last(throttle: Subject) {
    for _ in 0..3 {
        assert_eq!(reserve(&throttle, 1, "message 1", NOW).await, Outcome::Consumed);
    }

    for happened in [false, true, false] {
        settle(&throttle, "message 1", happened, NOW).await;
    }

    assert_eq!(reserve(&throttle, 1, "message 2", NOW).await, DRY);
    // Nobody holds it any more: doing it again would be another.
    assert_eq!(reserve(&throttle, 1, "message 1", NOW).await, DRY);
}

pub(crate) async fn who_joins_after_it_happened_does_not_undo_it(throttle: Subject) {
    for _ in 0..2 {
        assert_eq!(reserve(&throttle, 1, "message 1", NOW).await, Outcome::Consumed);
    }
    settle(&throttle, "message 1", true, NOW).await;

    let joined = reserve(&throttle, 1, "message 1", NOW).await;
    for _ in 0..2 {
        settle(&throttle, "message 1", false, NOW).await;
    }

    assert_eq!(joined, Outcome::Consumed);
    assert_eq!(reserve(&throttle, 1, "message 2", NOW).await, DRY);
}

pub(crate) async fn what_nobody_did_is_refunded_by_the_last_who_releases(throttle: Subject) {
    for _ in 0..2 {
        assert_eq!(reserve(&throttle, 1, "message 1", NOW).await, Outcome::Consumed);
    }

    settle(&throttle, "message 1", false, NOW).await;
    let while_held = reserve(&throttle, 1, "message 2", NOW).await;
    settle(&throttle, "message 1", false, NOW).await;

    assert_eq!(while_held, DRY);
    assert_eq!(reserve(&throttle, 1, "message 2", NOW).await, Outcome::Consumed);
}

pub(crate) async fn a_dry_budget_leaves_no_reservation_in_another(throttle: Subject) {
    let [network, mailbox] = budgets(1);
    assert_eq!(throttle.consume(std::slice::from_ref(&mailbox), 1, NOW).await.unwrap(), Outcome::Consumed);

    let refused = reserve(&throttle, 1, "message 1", NOW).await;

    assert_eq!(refused, Outcome::Exhausted { index: 1, retry_after: HOUR });
    assert_eq!(throttle.consume(&[network], 1, NOW).await.unwrap(), Outcome::Consumed);
}

pub(crate) async fn a_holder_that_vanished_leaves_it_consumed(throttle: Subject) {
    assert_eq!(reserve(&throttle, 1, "message 1", NOW).await, Outcome::Consumed);
    let later = NOW.plus(Duration::from_secs(60));

    settle(&throttle, "message 1", false, later).await;

    let rest = HOUR - Duration::from_secs(60);
    let refused = reserve(&throttle, 1, "message 1", later).await;
    assert_eq!(refused, Outcome::Exhausted { index: 0, retry_after: rest });
}

pub(crate) async fn settling_what_was_never_reserved_gives_nothing(throttle: Subject) {
    assert_eq!(reserve(&throttle, 1, "message 1", NOW).await, Outcome::Consumed);

    settle(&throttle, "message 2", false, NOW).await;

    assert_eq!(reserve(&throttle, 1, "message 2", NOW).await, DRY);
}
