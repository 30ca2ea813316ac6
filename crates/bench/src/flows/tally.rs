//! How calls ended, and what a stretch of them comes to.

use std::time::Duration;

use rekey_client::Problem;
use tonic::{Code, Status};

use crate::histogram::Latencies;
use crate::load::Answer;

/// How one call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// As it should.
    Good,
    /// With a refusal for want of room.
    Refused {
        /// It says when to come back.
        says_when: bool,
    },
    /// In any other way.
    Failed(String),
}

impl Ending {
    /// What a status is: there may be no room for a call, or for its caller.
    pub(crate) fn of(status: &Status) -> Self {
        let problem = Problem::of(status);
        if status.code() == Code::ResourceExhausted {
            return Self::Refused { says_when: problem.retry_after.is_some() };
        }
        Self::Failed(format!("{:?} {} {}", status.code(), problem.reason, status.message()))
    }
}

/// One stretch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    /// Calls that were made.
    pub(crate) calls: u64,
    /// Those that ended well.
    pub(crate) good: Latencies,
    /// Those that ended well in a second, once queues were as they stay.
    pub(crate) goodput: f64,
    /// Refusals.
    pub(crate) refused: Latencies,
    /// Refusals that do not say when to come back.
    pub(crate) without_retry_info: u64,
    /// Calls that ended in any other way.
    pub(crate) failed: u64,
    /// What the first of them said.
    pub(crate) failure: Option<String>,
}

impl Tally {
    /// Counts the answers of a stretch; goodput is that of its calls answered between `settled` and the end.
    pub(crate) fn of(answers: Vec<Answer<Ending>>, settled: Duration, length: Duration) -> Self {
        let mut tally = Self { calls: answers.len() as u64, ..Self::default() };
        let mut within = 0_u32;
        for answer in answers {
            match answer.outcome {
                Ending::Good => {
                    tally.good.record(answer.took);
                    within += u32::from(answer.at >= settled && answer.at < length);
                }
                Ending::Refused { says_when } => {
                    tally.refused.record(answer.took);
                    tally.without_retry_info += u64::from(!says_when);
                }
                Ending::Failed(why) => {
                    tally.failed += 1;
                    tally.failure.get_or_insert(why);
                }
            }
        }
        tally.goodput = f64::from(within) / length.saturating_sub(settled).as_secs_f64();
        tally
    }

    /// Counts the calls of another stretch too; goodput is that of either stretch, which were alike, in the mean.
    pub(crate) fn merge(&mut self, other: Self) {
        let calls = self.calls + other.calls;
        let share = |tally: &Self| tally.goodput * tally.calls as f64 / calls.max(1) as f64;
        self.goodput = share(self) + share(&other);
        self.calls = calls;
        self.good.merge(&other.good);
        self.refused.merge(&other.refused);
        self.without_retry_info += other.without_retry_info;
        self.failed += other.failed;
        self.failure = self.failure.take().or(other.failure);
    }

    /// Whether the suite held what was offered: this share of the calls ended well, and 99 in 100 of those in time.
    pub(crate) fn is_held(&self, share: f64, in_time_ms: f64) -> bool {
        let wanted = (self.calls as f64 * share).ceil();
        self.calls > 0 && self.good.count() as f64 >= wanted && self.good.percentile(0.99) <= in_time_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(at_ms: u64, took_ms: u64, outcome: Ending) -> Answer<Ending> {
        Answer { at: Duration::from_millis(at_ms), took: Duration::from_millis(took_ms), outcome }
    }

    fn good(at_ms: u64, took_ms: u64) -> Answer<Ending> {
        answer(at_ms, took_ms, Ending::Good)
    }

    #[test]
    fn goodput_counts_what_ended_well_within_the_window() {
        let answers = vec![
            good(100, 1),
            good(600, 1),
            good(1_400, 1),
            good(2_600, 1_200),
            answer(700, 2, Ending::Refused { says_when: true }),
            answer(800, 3, Ending::Refused { says_when: false }),
            answer(900, 4, Ending::Failed("UNKNOWN".to_owned())),
        ];

        let tally = Tally::of(answers, Duration::from_millis(500), Duration::from_millis(2_500));

        assert_eq!((tally.calls, tally.good.count(), tally.refused.count(), tally.failed), (7, 4, 2, 1));
        assert_eq!((tally.goodput, tally.without_retry_info), (1.0, 1));
        assert_eq!(tally.failure.as_deref(), Some("UNKNOWN"));
    }

    #[test]
    fn merged_stretches_count_all_calls() {
        let stretch = |calls: u64, failure: Option<&str>| {
            let failed = failure.map(|why| answer(1, 1, Ending::Failed(why.to_owned())));
            let answers = (0..calls).map(|_| good(1, 1)).chain(failed).collect();
            Tally::of(answers, Duration::ZERO, Duration::from_secs(1))
        };

        let mut merged = Tally::default();
        merged.merge(stretch(10, None));
        merged.merge(stretch(9, Some("gone")));

        assert_eq!((merged.calls, merged.good.count(), merged.failed), (20, 19, 1));
        assert_eq!((merged.goodput, merged.failure.as_deref()), (9.5, Some("gone")));
    }

    #[test]
    fn a_rate_is_held_by_enough_good_answers_in_time() {
        let tally = |late: usize, refused: usize| {
            let answers = (0..100).map(|number| match number {
                number if number < refused => answer(1, 1, Ending::Refused { says_when: true }),
                number if number < refused + late => good(1, 400),
                _ => good(1, 5),
            });
            Tally::of(answers.collect(), Duration::ZERO, Duration::from_secs(1))
        };

        let held = [tally(0, 0), tally(1, 0), tally(2, 0), tally(0, 1), tally(0, 2)];

        assert_eq!(held.map(|tally| tally.is_held(0.99, 250.0)), [true, true, false, true, false]);
    }

    #[test]
    fn only_want_of_room_is_a_refusal() {
        let refused = Ending::of(&Status::resource_exhausted("no room"));
        let failed = Ending::of(&Status::unavailable("gone"));

        assert_eq!(refused, Ending::Refused { says_when: false });
        assert!(matches!(failed, Ending::Failed(_)));
    }
}
