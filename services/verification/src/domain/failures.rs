//! Failures in a row, for callers that keep no count of their own: when they pause a subject, and when they stop it.
//!
//! The window of failures slides: a fixed one would let nearly twice as many guesses through around its end.

use std::time::Duration;

use rekey_primitives::clock::{CLOCK_SKEW, Timestamp};

/// When failures in a row pause and stop a subject. NIST SP 800-63B 3.2.2 asks for a stop at 100 at the latest; a new
/// code never resets the count (3.1.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FailureRule {
    /// Failures within any stretch as long as the window that pause.
    pub(crate) pause_at: u32,
    /// A pause lasts until the oldest failure that made it is this old.
    pub(crate) pause_window: Duration,
    /// Failures in a row, over any time, that stop until the subject is released.
    pub(crate) stop_at: u32,
}

/// Failures in a row of a subject for one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Failures {
    /// Since the last right code or release.
    pub(crate) in_a_row: u32,
    /// The times of the latest, oldest first: as many as pause, and no more.
    pub(crate) latest: Vec<Timestamp>,
}

/// After so many windows without a failure, a count that does not stop may be forgotten where memory is short. Seven
/// days as shipped: made-up subjects that fail for as long, at all the messages a tenant may send, still find room.
const FORGOTTEN_AFTER_WINDOWS: u32 = 7;

/// Whether codes of a subject may be sent and checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SubjectStatus {
    Allowed,
    /// Not before this instant.
    Paused(Timestamp),
    /// Not before the subject is released.
    Stopped,
}

impl FailureRule {
    pub(crate) fn subject_status(&self, failures: &Failures, now: Timestamp) -> SubjectStatus {
        if failures.in_a_row >= self.stop_at {
            return SubjectStatus::Stopped;
        }
        match self.paused_until(failures, now).filter(|until| !now.has_reached(*until)) {
            Some(until) => SubjectStatus::Paused(until),
            None => SubjectStatus::Allowed,
        }
    }

    /// When the oldest of as many failures as pause leaves the window; none if there were fewer.
    fn paused_until(&self, failures: &Failures, now: Timestamp) -> Option<Timestamp> {
        let latest: Vec<Timestamp> = dated(failures, now).collect();
        let oldest = latest.len().checked_sub(self.pause_at as usize)?;
        Some(latest.get(oldest)?.plus(self.pause_window))
    }

    /// Whether they may be forgotten: they do not stop the subject, and have not paused it for long.
    pub(crate) fn may_be_forgotten(&self, failures: &Failures, now: Timestamp) -> bool {
        let life = self.pause_window.saturating_mul(FORGOTTEN_AFTER_WINDOWS);
        failures.in_a_row < self.stop_at
            && failures.latest.last().is_none_or(|last| now.has_reached(last.plus(life)))
    }

    /// The failures after one more. One noted by a clock that is behind is dated like the one before it.
    pub(crate) fn count_one(&self, failures: &Failures, now: Timestamp) -> Failures {
        let latest: Vec<Timestamp> = dated(failures, now).collect();
        let at = latest.last().map_or(now, |last| now.max(*last));
        let too_many = (latest.len() + 1).saturating_sub(self.pause_at as usize);
        let latest = latest.into_iter().chain([at]).skip(too_many).collect();
        Failures { in_a_row: failures.in_a_row.saturating_add(1), latest }
    }
}

/// The times of the latest failures, without those that a clock noted which was ahead and has been set right since.
fn dated(failures: &Failures, now: Timestamp) -> impl Iterator<Item = Timestamp> {
    failures.latest.iter().copied().filter(move |at| at.since(now) <= CLOCK_SKEW)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);
    const RULE: FailureRule =
        FailureRule { pause_at: 10, pause_window: Duration::from_secs(86_400), stop_at: 100 };

    fn failed(times: u32, from: Failures, now: Timestamp) -> Failures {
        (0..times).fold(from, |failures, _| RULE.count_one(&failures, now))
    }

    #[test]
    fn ten_failures_pause_until_the_oldest_leaves_the_window() {
        let nine = failed(9, Failures::default(), NOW);
        let ten = RULE.count_one(&nine, NOW.plus(Duration::from_secs(60)));
        let end = NOW.plus(RULE.pause_window);

        assert_eq!(RULE.subject_status(&nine, NOW), SubjectStatus::Allowed);
        assert_eq!(RULE.subject_status(&ten, NOW), SubjectStatus::Paused(end));
        assert_eq!(RULE.subject_status(&ten, end), SubjectStatus::Allowed);
    }

    #[test]
    fn no_stretch_as_long_as_the_window_holds_more_than_ten_failures() {
        let evening = NOW.plus(Duration::from_secs(86_100));
        let next_day = NOW.plus(RULE.pause_window);
        let nine = failed(8, failed(1, Failures::default(), NOW), evening);
        let eleven = failed(2, nine, next_day);

        assert_eq!(
            RULE.subject_status(&eleven, next_day),
            SubjectStatus::Paused(evening.plus(RULE.pause_window))
        );
        assert_eq!((eleven.in_a_row, eleven.latest.len()), (11, 10));
    }

    #[test]
    fn a_failure_noted_by_a_clock_that_is_behind_leaves_the_window_no_earlier() {
        let nine = failed(9, Failures::default(), NOW);
        let ten = RULE.count_one(&nine, NOW.minus(Duration::from_secs(60)));

        assert_eq!(ten.latest, [NOW; 10]);
    }

    #[test]
    fn failures_noted_by_a_clock_that_was_a_day_ahead_pause_nobody_and_still_count_to_the_stop() {
        let day_ahead = NOW.plus(Duration::from_secs(86_400));
        let ten = failed(10, Failures::default(), day_ahead);

        let eleven = RULE.count_one(&ten, NOW);

        assert_eq!(RULE.subject_status(&ten, NOW), SubjectStatus::Allowed);
        assert_eq!(eleven, Failures { in_a_row: 11, latest: vec![NOW] });
    }

    #[test]
    fn failures_may_be_forgotten_after_seven_windows_without_one_unless_they_stop() {
        let week = RULE.pause_window * 7;
        let one = failed(1, Failures::default(), NOW);
        let hundred = failed(100, Failures::default(), NOW);

        assert!(!RULE.may_be_forgotten(&one, NOW.plus(week).minus(Duration::from_micros(1))));
        assert!(RULE.may_be_forgotten(&one, NOW.plus(week)));
        assert!(!RULE.may_be_forgotten(&hundred, NOW.plus(week * 100)));
    }

    #[test]
    fn a_hundred_in_a_row_stop_for_good() {
        let mut failures = Failures::default();
        for day in 0..10 {
            failures = failed(10, failures, NOW.plus(RULE.pause_window * day));
        }

        assert_eq!(failures.in_a_row, 100);
        assert_eq!(RULE.subject_status(&failures, NOW.plus(RULE.pause_window * 400)), SubjectStatus::Stopped);
    }
}
