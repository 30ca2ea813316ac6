//! When a failed call is retried (gRFC A6): only after `UNAVAILABLE`, a few times, with growing pauses, and not at all
//! when the server forbids it or most calls are failing.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use http::HeaderMap;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// The first pause is drawn from 0 to this, each further one from twice as much (full jitter).
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// gRFC A6 caps attempts at five, whatever somebody configures.
const MOST_ATTEMPTS: u32 = 5;

/// What the server says about trying again, in milliseconds; negative means never.
const PUSHBACK: &str = "grpc-retry-pushback-ms";

/// How long to wait before the next attempt; `None` means that there is none.
pub(crate) fn pause_before_next(
    status: &Status,
    trailers: &HeaderMap,
    attempts_made: u32,
    attempts_allowed: u32,
    left: Duration,
) -> Option<Duration> {
    if status.code() != Code::Unavailable || attempts_made >= attempts_allowed.min(MOST_ATTEMPTS) {
        return None;
    }
    let pause = match trailers.get(PUSHBACK) {
        Some(value) => Duration::from_millis(value.to_str().ok()?.parse().ok()?),
        None => {
            let asked = status.get_details_retry_info().and_then(|info| info.retry_delay).unwrap_or_default();
            asked + full_jitter(attempts_made)
        }
    };
    // A pause that leaves no time for the call itself only hides the error.
    (pause < left).then_some(pause)
}

fn full_jitter(attempts_made: u32) -> Duration {
    let widest = FIRST_PAUSE.saturating_mul(1 << attempts_made.saturating_sub(1).min(8)).min(LONGEST_PAUSE);
    widest.mul_f64((random() >> 11) as f64 / (1_u64 << 53) as f64)
}

/// The seeds of hash maps are random enough to spread retries and calls, and need no entropy of ours.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}

/// Stops retries when they would only add to an outage: each failure costs a token, each success gives back a
/// tenth, and retries need more than half of the bucket.
#[derive(Debug)]
pub(crate) struct RetryBudget {
    millitokens: AtomicI64,
}

const FULL: i64 = 10_000;
const COST: i64 = 1_000;
const REWARD: i64 = 100;

impl Default for RetryBudget {
    fn default() -> Self {
        Self { millitokens: AtomicI64::new(FULL) }
    }
}

impl RetryBudget {
    pub(crate) fn succeeded(&self) {
        self.change(REWARD);
    }

    /// Counts a failure; true while retries are still worth it.
    pub(crate) fn failed(&self) -> bool {
        self.change(-COST) > FULL / 2
    }

    fn change(&self, by: i64) -> i64 {
        let changed = |tokens: i64| (tokens + by).clamp(0, FULL);
        match self
            .millitokens
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| Some(changed(tokens)))
        {
            Ok(before) | Err(before) => changed(before),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderName};
    use tonic::{Code, Status};
    use tonic_types::{ErrorDetails, StatusExt};

    use super::{RetryBudget, pause_before_next};

    const AMPLE: Duration = Duration::from_secs(60);

    fn pushback(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static("grpc-retry-pushback-ms"), value.parse().unwrap())])
    }

    #[test]
    fn only_unavailable_is_tried_again_and_only_so_often() {
        let none = HeaderMap::new();

        assert!(pause_before_next(&Status::unavailable(""), &none, 1, 3, AMPLE).is_some());
        assert!(pause_before_next(&Status::unavailable(""), &none, 3, 3, AMPLE).is_none());
        assert!(pause_before_next(&Status::unavailable(""), &none, 5, 100, AMPLE).is_none());
        for code in [Code::Internal, Code::ResourceExhausted, Code::DeadlineExceeded, Code::Aborted] {
            assert!(pause_before_next(&Status::new(code, ""), &none, 1, 3, AMPLE).is_none(), "{code:?}");
        }
    }

    #[test]
    fn the_server_decides_when_and_whether() {
        let status = Status::unavailable("");

        let pause = pause_before_next(&status, &pushback("1500"), 1, 3, AMPLE);

        assert_eq!(pause, Some(Duration::from_millis(1500)));
        assert_eq!(pause_before_next(&status, &pushback("-1"), 1, 3, AMPLE), None);
        assert_eq!(pause_before_next(&status, &pushback("soon"), 1, 3, AMPLE), None);
    }

    #[test]
    fn retry_info_is_the_least_pause() {
        let details = ErrorDetails::with_retry_info(Some(Duration::from_secs(5)));
        let status = Status::with_error_details(Code::Unavailable, "", details);

        let pause = pause_before_next(&status, &HeaderMap::new(), 1, 3, AMPLE).unwrap();

        assert!((Duration::from_secs(5)..=Duration::from_millis(5100)).contains(&pause), "{pause:?}");
    }

    #[test]
    fn a_pause_longer_than_what_is_left_gives_up_at_once() {
        assert_eq!(
            pause_before_next(&Status::unavailable(""), &pushback("1000"), 1, 3, Duration::from_millis(999)),
            None
        );
    }

    #[test]
    fn an_outage_stops_retries_and_successes_bring_them_back() {
        let budget = RetryBudget::default();
        let retried = (0..20).take_while(|_| budget.failed()).count();

        assert_eq!(retried, 4);
        for _ in 0..200 {
            budget.succeeded();
        }
        assert!(budget.failed());
    }
}
