//! When a try that failed is made again, and when no more.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::{Entropy, below};

use super::{Disabling, FailedTry};

/// What the operator decides about tries that fail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RetryRules {
    /// The most that is waited after the first failure; it doubles with each.
    pub first: Duration,
    /// The most that is ever waited, also where the receiver asks for more.
    pub longest: Duration,
    /// How long every try may fail before there are no more.
    pub disable_after: Duration,
}

/// How a webhook goes on after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GoesOn {
    At(Timestamp),
    Disabled(Disabling),
}

impl RetryRules {
    /// How it goes on after a failure, which is the `failures`th in a row since `failing_since`.
    pub(crate) fn after(
        &self,
        failed: &FailedTry,
        failures: u32,
        failing_since: Timestamp,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> GoesOn {
        if failed.is_gone() {
            return GoesOn::Disabled(Disabling::Gone);
        }
        if now.since(failing_since) >= self.disable_after {
            return GoesOn::Disabled(Disabling::Failing);
        }
        let asked = failed.retry_after.unwrap_or_default().min(self.longest);
        GoesOn::At(now.plus(self.jittered(failures, entropy).max(asked)))
    }

    /// Anything up to the bound of this failure ("full jitter"): receivers that come back are not met by all at once. At
    /// least a hundredth of the first bound, so that no row of small numbers is a storm.
    fn jittered(&self, failures: u32, entropy: &dyn Entropy) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let bound = self.first.saturating_mul(1 << doublings).min(self.longest);
        let micros = u64::try_from(bound.as_micros()).unwrap_or(u64::MAX).max(1);
        Duration::from_micros(below(entropy, micros) + 1).max(self.first / 100)
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::entropy::SeededEntropy;

    use super::*;
    use crate::domain::webhook::FailureKind;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_900_000_000_000_000);
    const RULES: RetryRules = RetryRules {
        first: Duration::from_secs(5),
        longest: Duration::from_secs(3_600),
        disable_after: Duration::from_secs(5 * 86_400),
    };

    fn waited(failures: u32, retry_after: Option<Duration>, seed: u64) -> Duration {
        let failed = FailedTry { retry_after, ..FailedTry::of(FailureKind::TimedOut) };
        match RULES.after(&failed, failures, NOW, &SeededEntropy::new(seed), NOW) {
            GoesOn::At(at) => at.since(NOW),
            GoesOn::Disabled(why) => panic!("disabled: {why:?}"),
        }
    }

    #[test]
    fn waits_are_spread_below_a_bound_that_doubles_to_the_longest() {
        for (failures, bound) in [(1, 5), (2, 10), (3, 20), (10, 2_560), (11, 3_600), (4_000_000_000, 3_600)]
        {
            let bound = Duration::from_secs(bound);
            let waits: Vec<_> = (0..200).map(|seed| waited(failures, None, seed)).collect();

            assert!(waits.iter().all(|wait| *wait <= bound && *wait >= RULES.first / 100), "{failures}");
            assert!(waits.iter().any(|wait| *wait > bound / 2), "{failures}");
            assert!(waits.iter().any(|wait| *wait < bound / 2), "{failures}");
        }
    }

    #[test]
    fn a_receiver_that_asks_to_be_left_alone_is_within_bounds() {
        let (minute, day) = (Duration::from_secs(60), Duration::from_secs(86_400));

        assert_eq!(waited(1, Some(minute), 1), minute);
        assert_eq!(waited(1, Some(day), 1), RULES.longest);
        assert!(waited(9, Some(Duration::ZERO), 1) > Duration::ZERO);
    }

    #[test]
    fn a_webhook_ends_when_it_is_gone_or_failed_for_days() {
        let judged = |failed: FailedTry, since| RULES.after(&failed, 9, since, &SeededEntropy::new(1), NOW);
        let gone = FailedTry::by_status(410, None).unwrap();
        let failed = FailedTry::of(FailureKind::NotConnected);
        let long_ago = NOW.minus(RULES.disable_after);

        assert_eq!(judged(gone, NOW), GoesOn::Disabled(Disabling::Gone));
        assert_eq!(judged(failed, long_ago), GoesOn::Disabled(Disabling::Failing));
        assert!(matches!(judged(failed, long_ago.plus(Duration::from_micros(1))), GoesOn::At(_)));
    }
}
