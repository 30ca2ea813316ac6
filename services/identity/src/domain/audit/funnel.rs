//! How resets go: how many reach each step, by period.

use rekey_primitives::clock::Timestamp;

use super::{EventKind, Outcome};

/// The longest span that is counted at once: a quarter of a year and a day for summer time.
pub(crate) const SPAN_DAYS_MAX: u64 = 93;

/// The most periods that a span is cut into: every hour of a month.
pub(crate) const PERIODS_MAX: u64 = 744;

/// The steps of a reset, in their order.
pub(crate) const STEPS: [EventKind; 5] = [
    EventKind::ResetStarted,
    EventKind::ResetCodeSent,
    EventKind::ResetProofSubmitted,
    EventKind::ResetCompleted,
    EventKind::ResetRepudiated,
];

/// A span, cut into periods of one length; the last may be shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FunnelSpan {
    pub since: Timestamp,
    pub until: Timestamp,
    /// In microseconds, at least 1.
    pub period: i64,
}

/// How often a step ended so in one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FunnelCount {
    /// Which period, from 0.
    pub period: i64,
    pub step: EventKind,
    pub outcome: Outcome,
    pub count: u64,
}

impl FunnelSpan {
    /// The span, unless it is empty, too long, or cut into too many.
    pub(crate) fn new(since: Timestamp, until: Timestamp, period_seconds: u64) -> Option<Self> {
        let length = until.unix_micros().checked_sub(since.unix_micros())?;
        let length = u64::try_from(length).ok().filter(|length| *length > 0)?;
        let period = period_seconds.checked_mul(1_000_000).filter(|period| *period > 0)?;
        let fits = length <= SPAN_DAYS_MAX * 86_400_000_000 && length.div_ceil(period) <= PERIODS_MAX;
        let period = i64::try_from(period).ok()?;
        fits.then_some(Self { since, until, period })
    }

    /// How many periods there are.
    pub(crate) fn periods(&self) -> i64 {
        let length = self.until.unix_micros() - self.since.unix_micros();
        (length + self.period - 1) / self.period
    }

    /// When a period begins and ends.
    pub(crate) fn bounds(&self, period: i64) -> (Timestamp, Timestamp) {
        let begins = self.since.unix_micros() + period * self.period;
        let ends = (begins + self.period).min(self.until.unix_micros());
        (Timestamp::from_unix_micros(begins), Timestamp::from_unix_micros(ends))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_micros(i64::try_from(seconds * 1_000_000).unwrap())
    }

    #[test]
    fn a_span_is_cut_into_periods_of_which_the_last_may_be_shorter() {
        let span = FunnelSpan::new(at(0), at(5 * HOUR), 2 * HOUR).unwrap();

        assert_eq!(span.periods(), 3);
        assert_eq!(span.bounds(1), (at(2 * HOUR), at(4 * HOUR)));
        assert_eq!(span.bounds(2), (at(4 * HOUR), at(5 * HOUR)));
    }

    #[test]
    fn empty_long_and_finely_cut_spans_are_none() {
        let day = 24 * HOUR;

        let spans = [(5, 5, HOUR), (6, 5, HOUR), (0, day, 0), (0, 94 * day, day), (0, 32 * day, HOUR)];
        let refused = spans.map(|(since, until, period)| FunnelSpan::new(at(since), at(until), period));

        assert_eq!(refused, [None; 5]);
        assert!(FunnelSpan::new(at(0), at(93 * day), day).is_some());
        assert!(FunnelSpan::new(at(0), at(31 * day), HOUR).is_some());
    }
}
