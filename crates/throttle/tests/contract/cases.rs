//! What every throttle promises.

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::{SeededEntropy, below};
use rekey_throttle::{Budget, InProcessThrottle, MAX_DISTINCT, Outcome, Throttle};
use tokio::task::JoinSet;

const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_123_456);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

type Subject = Arc<dyn Throttle>;

fn budget(key: &str, limit: u64, window: Duration) -> Budget {
    Budget { key: key.to_owned(), limit, window }
}

async fn consume(throttle: &Subject, budgets: &[Budget], cost: u64, now: Timestamp) -> Outcome {
    throttle.consume(budgets, cost, now).await.unwrap()
}

fn exhausted(index: usize, retry_after: Duration) -> Outcome {
    Outcome::Exhausted { index, retry_after }
}

pub(crate) async fn a_budget_refuses_at_its_limit_and_says_when_it_has_enough(throttle: Subject) {
    let budgets = [budget("{a}ip", 3, MINUTE)];
    for second in [0, 10, 20] {
        let now = NOW.plus(Duration::from_secs(second));
        assert_eq!(consume(&throttle, &budgets, 1, now).await, Outcome::Consumed);
    }

    let refused = consume(&throttle, &budgets, 1, NOW.plus(Duration::from_secs(25))).await;
    let just_before = consume(&throttle, &budgets, 1, NOW.plus(Duration::from_micros(59_999_999))).await;
    let at_last = consume(&throttle, &budgets, 1, NOW.plus(MINUTE)).await;

    assert_eq!(refused, exhausted(0, Duration::from_secs(35)));
    assert_eq!(just_before, exhausted(0, Duration::from_micros(1)));
    assert_eq!(at_last, Outcome::Consumed);
    assert_eq!(
        consume(&throttle, &budgets, 1, NOW.plus(MINUTE)).await,
        exhausted(0, Duration::from_secs(10))
    );
}

pub(crate) async fn a_clock_that_was_ahead_empties_nothing_once_it_is_right(throttle: Subject) {
    let budgets = [budget("{a}ahead", 2, HOUR)];
    for _ in 0..2 {
        assert_eq!(consume(&throttle, &budgets, 1, NOW.plus(DAY)).await, Outcome::Consumed);
        throttle.count_distinct("ahead", b"member", HOUR, NOW.plus(DAY)).await.unwrap();
    }

    let set_right = consume(&throttle, &budgets, 2, NOW).await;
    let full = consume(&throttle, &budgets, 1, NOW).await;
    let distinct = throttle.count_distinct("ahead", b"another", HOUR, NOW).await.unwrap();

    assert_eq!((set_right, full, distinct), (Outcome::Consumed, exhausted(0, HOUR), 1));
}

pub(crate) async fn what_one_budget_refuses_no_other_counts(throttle: Subject) {
    let wide = budget("{a}tenant", 5, MINUTE);
    let narrow = budget("{a}login", 1, HOUR);
    assert_eq!(consume(&throttle, &[wide.clone(), narrow.clone()], 1, NOW).await, Outcome::Consumed);

    for _ in 0..10 {
        assert_eq!(consume(&throttle, &[wide.clone(), narrow.clone()], 1, NOW).await, exhausted(1, HOUR));
    }

    assert_eq!(consume(&throttle, std::slice::from_ref(&wide), 4, NOW).await, Outcome::Consumed);
    assert_eq!(consume(&throttle, &[wide], 1, NOW).await, exhausted(0, MINUTE));
}

pub(crate) async fn a_refusal_behind_another_hash_tag_refunds_what_was_consumed(throttle: Subject) {
    let first = budget("{a}ip", 2, MINUTE);
    let second = budget("{b}tenant", 5, MINUTE);
    let third = budget("{c}login", 1, HOUR);
    let all = [first.clone(), second.clone(), third];
    assert_eq!(consume(&throttle, &all, 1, NOW).await, Outcome::Consumed);

    for _ in 0..5 {
        assert_eq!(consume(&throttle, &all, 1, NOW).await, exhausted(2, HOUR));
    }

    assert_eq!(consume(&throttle, &[first], 1, NOW).await, Outcome::Consumed);
    assert_eq!(consume(&throttle, &[second], 4, NOW).await, Outcome::Consumed);
}

pub(crate) async fn one_key_may_have_a_budget_an_hour_and_one_a_day(throttle: Subject) {
    let budgets = [budget("{a}to", 5, HOUR), budget("{a}to", 10, DAY)];
    let next_hour = NOW.plus(HOUR);

    assert_eq!(consume(&throttle, &budgets, 5, NOW).await, Outcome::Consumed);
    assert_eq!(consume(&throttle, &budgets, 1, NOW).await, exhausted(0, HOUR));
    assert_eq!(consume(&throttle, &budgets, 5, next_hour).await, Outcome::Consumed);

    let third_hour = consume(&throttle, &budgets, 1, next_hour.plus(HOUR)).await;
    assert_eq!(third_hour, exhausted(1, DAY - HOUR - HOUR));
}

pub(crate) async fn what_costs_more_than_the_limit_never_fits(throttle: Subject) {
    assert_eq!(consume(&throttle, &[budget("{a}x", 2, MINUTE)], 3, NOW).await, exhausted(0, MINUTE));
    assert_eq!(consume(&throttle, &[budget("{a}x", 0, MINUTE)], 1, NOW).await, exhausted(0, MINUTE));
    assert_eq!(consume(&throttle, &[budget("{a}x", 2, MINUTE)], 2, NOW).await, Outcome::Consumed);
}

pub(crate) async fn what_is_refunded_can_be_consumed_again(throttle: Subject) {
    let budgets = [budget("{a}ip", 2, MINUTE), budget("{b}to", 3, MINUTE)];
    let later = NOW.plus(Duration::from_secs(20));
    assert_eq!(consume(&throttle, &budgets, 1, NOW).await, Outcome::Consumed);
    assert_eq!(consume(&throttle, &budgets, 1, later).await, Outcome::Consumed);

    throttle.refund(&budgets, 1, NOW).await.unwrap();

    assert_eq!(consume(&throttle, &budgets, 1, later).await, Outcome::Consumed);
    // Both that are left were consumed later: the one refunded is gone, and not a younger one.
    assert_eq!(consume(&throttle, &budgets, 1, later).await, exhausted(0, MINUTE));
}

pub(crate) async fn refunding_what_was_never_consumed_gives_nothing(throttle: Subject) {
    let budgets = [budget("{a}ip", 1, MINUTE)];
    throttle.refund(&budgets, 5, NOW).await.unwrap();
    assert_eq!(consume(&throttle, &budgets, 1, NOW).await, Outcome::Consumed);

    throttle.refund(&budgets, 5, NOW.plus(Duration::from_secs(1))).await.unwrap();

    assert_eq!(consume(&throttle, &budgets, 1, NOW).await, exhausted(0, MINUTE));
}

pub(crate) async fn callers_who_race_get_no_more_than_the_limit(throttle: Subject) {
    let mut callers = JoinSet::new();
    for _ in 0..64 {
        let throttle = throttle.clone();
        callers.spawn(async move { consume(&throttle, &[budget("{a}race", 10, HOUR)], 1, NOW).await });
    }

    let outcomes = callers.join_all().await;

    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Consumed).count(), 10);
}

pub(crate) async fn callers_who_race_for_two_budgets_never_half_consume(throttle: Subject) {
    let (wide, narrow) = (budget("{a}wide", 40, HOUR), budget("{a}narrow", 7, HOUR));
    let mut callers = JoinSet::new();
    for _ in 0..64 {
        let (throttle, budgets) = (throttle.clone(), [wide.clone(), narrow.clone()]);
        callers.spawn(async move { consume(&throttle, &budgets, 1, NOW).await });
    }

    let outcomes = callers.join_all().await;

    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Consumed).count(), 7);
    assert_eq!(consume(&throttle, std::slice::from_ref(&wide), 33, NOW).await, Outcome::Consumed);
    assert_eq!(consume(&throttle, &[wide], 1, NOW).await, exhausted(0, HOUR));
}

/// Five hundred steps drawn by chance, some of them backwards in time, on the subject and on a
/// throttle in process side by side.
pub(crate) async fn it_tells_the_same_story_as_any_other(throttle: Subject) {
    let other: Subject = Arc::new(InProcessThrottle::new(1_000));
    let chance = SeededEntropy::new(2_026);
    let mut now = NOW;

    for step in 0..500 {
        now = now.plus(Duration::from_millis(below(&chance, 4_000))).minus(Duration::from_millis(500));
        let cost = below(&chance, 4);
        let budgets = [
            budget("{a}one", 20, MINUTE),
            budget(&format!("{{a}}two {}", below(&chance, 3)), 5, Duration::from_millis(17_001)),
        ];
        if below(&chance, 6) == 0 {
            throttle.refund(&budgets, cost, now).await.unwrap();
            other.refund(&budgets, cost, now).await.unwrap();
        }

        let told = consume(&throttle, &budgets, cost, now).await;

        assert_eq!(told, consume(&other, &budgets, cost, now).await, "step {step}");
    }
}

pub(crate) async fn different_members_are_counted_once_each(throttle: Subject) {
    let see = |key: &'static str, member: &'static [u8]| {
        let throttle = throttle.clone();
        async move { throttle.count_distinct(key, member, MINUTE, NOW).await.unwrap() }
    };

    assert_eq!(see("{a}ip", b"anna").await, 1);
    assert_eq!(see("{a}ip", b"bert").await, 2);
    assert_eq!(see("{a}ip", b"anna").await, 2);
    assert_eq!(see("{a}ip", &[0, 255, 10]).await, 3);
    assert_eq!(see("{b}ip", b"anna").await, 1);
}

pub(crate) async fn looking_at_a_count_adds_nobody(throttle: Subject) {
    throttle.count_distinct("{a}ip", b"anna", MINUTE, NOW).await.unwrap();
    throttle.count_distinct("{a}ip", b"bert", MINUTE, NOW.plus(MINUTE / 2)).await.unwrap();
    let look = |now: Timestamp| {
        let throttle = throttle.clone();
        async move { throttle.distinct("{a}ip", MINUTE, now).await.unwrap() }
    };

    assert_eq!((look(NOW).await, look(NOW).await), (2, 2));
    assert_eq!((look(NOW.plus(MINUTE)).await, look(NOW.plus(MINUTE * 2)).await), (1, 0));
    assert_eq!(throttle.distinct("{b}ip", MINUTE, NOW).await.unwrap(), 0);
}

pub(crate) async fn members_leave_a_window_after_they_were_last_seen(throttle: Subject) {
    let see = |member: &'static [u8], now: Timestamp| {
        let throttle = throttle.clone();
        async move { throttle.count_distinct("{a}ip", member, MINUTE, now).await.unwrap() }
    };
    let half = NOW.plus(MINUTE / 2);
    see(b"anna", NOW).await;
    see(b"bert", NOW).await;
    see(b"anna", half).await;

    assert_eq!(see(b"anna", NOW.plus(MINUTE).minus(Duration::from_micros(1))).await, 2);
    assert_eq!(see(b"clio", NOW.plus(MINUTE)).await, 2);
    // A clock that is behind makes nobody older.
    assert_eq!(see(b"clio", half).await, 2);
    assert_eq!(see(b"dora", NOW.plus(MINUTE).plus(MINUTE / 2)).await, 3);
}

pub(crate) async fn members_are_told_apart_up_to_a_bound(throttle: Subject) {
    let mut last = 0;
    for number in 0..MAX_DISTINCT + 5 {
        last = throttle.count_distinct("{a}ip", &number.to_be_bytes(), MINUTE, NOW).await.unwrap();
    }

    assert_eq!(last, MAX_DISTINCT);
}

pub(crate) async fn a_member_that_is_known_is_seen_again_when_no_other_fits(throttle: Subject) {
    let see = |number: u64, now: Timestamp| {
        let throttle = throttle.clone();
        async move { throttle.count_distinct("{a}ip", &number.to_be_bytes(), MINUTE, now).await.unwrap() }
    };
    for number in 0..MAX_DISTINCT {
        see(number, NOW).await;
    }

    let again = see(0, NOW.plus(MINUTE / 2)).await;
    let after_the_others = see(MAX_DISTINCT, NOW.plus(MINUTE)).await;

    assert_eq!((again, after_the_others), (MAX_DISTINCT, 2));
}

pub(crate) async fn no_budgets_refuse_nothing(throttle: Subject) {
    assert_eq!(consume(&throttle, &[], 1, NOW).await, Outcome::Consumed);

    throttle.refund(&[], 1, NOW).await.unwrap();
}
