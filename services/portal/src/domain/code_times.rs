//! When a code that was sent dies, when another one may be sent, and when its page has something new to say.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use serde::{Deserialize, Serialize};

/// After so long a wait for a code people look for help. Mail takes seconds.
const HELP_AFTER: Duration = Duration::from_secs(10);

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

    /// How long until its page has something new to say, where nothing else changes on it.
    pub(crate) fn next_change(&self, now: Timestamp) -> Option<Duration> {
        wait_for_first(self.moments(), now)
    }

    /// When its page has something new to say: help, and another send.
    pub(crate) fn moments(&self) -> impl Iterator<Item = Timestamp> + use<> {
        [Some(self.at.plus(HELP_AFTER)), self.resend_at].into_iter().flatten()
    }
}

/// How long until the first of these moments that are still to come.
pub(crate) fn wait_for_first(moments: impl Iterator<Item = Timestamp>, now: Timestamp) -> Option<Duration> {
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
}
