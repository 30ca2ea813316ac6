//! When a code that was sent dies, when another one may be sent, and when its page has something new to say.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use serde::{Deserialize, Serialize};

/// After so long a wait for a code people look for help. Mail takes seconds.
const HELP_AFTER: Duration = Duration::from_secs(10);

/// What is left of a code is told in steps of this. A page that moved more often would take what is being typed from a browser without
/// scripts.
const STEP: Duration = Duration::from_secs(60);

/// The times of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CodeTimes {
    /// When it was asked for.
    pub(crate) at: Timestamp,
    /// When it dies; none for one that was not sent.
    pub(crate) expires_at: Option<Timestamp>,
    /// When another one may be sent; none where all sends have been used.
    pub(crate) resend_at: Option<Timestamp>,
}

impl CodeTimes {
    /// Those of a code that is at hand and was not sent, or of which nothing else is known.
    pub(crate) const fn asked_at(at: Timestamp) -> Self {
        Self { at, expires_at: None, resend_at: None }
    }

    /// Whether somebody has waited for it so long that help is offered.
    pub(crate) fn is_late(&self, now: Timestamp) -> bool {
        now.has_reached(self.at.plus(HELP_AFTER))
    }

    /// How long until another one may be sent; none where no send is left.
    pub(crate) fn resend_after(&self, now: Timestamp) -> Option<Duration> {
        self.resend_at.map(|at| at.since(now))
    }

    /// How many minutes are left of it, the one that has begun included; 0 once it is dead, and none where it is not known when it dies.
    pub(crate) fn minutes_left(&self, now: Timestamp) -> Option<u64> {
        let left = self.expires_at?.since(now);
        Some((left.as_secs() + u64::from(left.subsec_nanos() > 0)).div_ceil(STEP.as_secs()))
    }

    /// How long until its page has something new to say, where nothing else changes on it.
    pub(crate) fn next_change(&self, now: Timestamp) -> Option<Duration> {
        time_until_first(self.moments(now), now)
    }

    /// When its page has something new to say: help, another send, and a minute less of the code.
    pub(crate) fn moments(&self, now: Timestamp) -> impl Iterator<Item = Timestamp> + use<> {
        [Some(self.at.plus(HELP_AFTER)), self.resend_at, self.next_minute(now)].into_iter().flatten()
    }

    /// When one minute less is left of it.
    fn next_minute(&self, now: Timestamp) -> Option<Timestamp> {
        let left = self.expires_at?.since(now);
        let over = Duration::new(left.as_secs() % STEP.as_secs(), left.subsec_nanos());
        let wait = if over.is_zero() { STEP } else { over };
        (!left.is_zero()).then(|| now.plus(wait))
    }
}

/// How long until the first of these moments that are still to come.
pub(crate) fn time_until_first(moments: impl Iterator<Item = Timestamp>, now: Timestamp) -> Option<Duration> {
    moments.filter(|moment| !now.has_reached(*moment)).min().map(|moment| moment.since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

    fn after(seconds: u64) -> Timestamp {
        START.plus(Duration::from_secs(seconds))
    }

    #[test]
    fn help_is_offered_after_ten_seconds() {
        let times = CodeTimes { resend_at: Some(after(30)), ..CodeTimes::asked_at(START) };

        assert!(!times.is_late(after(9)) && times.is_late(after(10)));
        assert_eq!(times.resend_after(after(12)), Some(Duration::from_secs(18)));
        assert_eq!(CodeTimes::asked_at(START).resend_after(START), None);
    }

    #[test]
    fn moments_that_have_come_are_waited_for_no_more() {
        let times = CodeTimes { resend_at: Some(after(30)), ..CodeTimes::asked_at(START) };
        let wait = |seconds| times.next_change(after(seconds)).map(|wait| wait.as_secs());

        assert_eq!([wait(0), wait(10), wait(30)], [Some(10), Some(20), None]);
    }

    #[test]
    fn what_is_left_of_a_code_counts_down_by_the_minute_until_it_is_dead() {
        let times = CodeTimes { expires_at: Some(after(600)), ..CodeTimes::asked_at(START) };
        let at = |seconds| {
            let now = after(seconds);
            (times.minutes_left(now).unwrap(), times.next_change(now).map(|wait| wait.as_secs()))
        };

        assert_eq!([at(10), at(59), at(60)], [(10, Some(50)), (10, Some(1)), (9, Some(60))]);
        assert_eq!([at(599), at(600), at(700)], [(1, Some(1)), (0, None), (0, None)]);
        assert_eq!(CodeTimes::asked_at(START).minutes_left(START), None);
    }
}
