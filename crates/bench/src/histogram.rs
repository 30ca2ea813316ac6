//! Latencies, counted in full: a histogram holds a million as well as ten, at three digits that matter, and those of several
//! stretches add up to one.

use std::time::Duration;

use hdrhistogram::Histogram;

/// The longest that is told apart, in microseconds; calls end sooner by their deadlines.
const LONGEST_MICROS: u64 = 120_000_000;

/// Digits that matter: a p99 of 10 ms is exact to 10 microseconds.
const DIGITS: u8 = 3;

/// How long calls took.
#[derive(Debug, Clone)]
pub(crate) struct Latencies(Histogram<u64>);

impl Latencies {
    pub(crate) fn of(times: impl IntoIterator<Item = Duration>) -> Self {
        let mut latencies = Self::default();
        times.into_iter().for_each(|time| latencies.record(time));
        latencies
    }

    /// Counts one; what is beyond the longest counts as the longest.
    pub(crate) fn record(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_micros()).unwrap_or(LONGEST_MICROS));
    }

    /// Counts those of another stretch too.
    pub(crate) fn merge(&mut self, other: &Self) {
        // Both have the same bounds, so nothing of one is out of range in the other.
        let _ = self.0.add(&other.0);
    }

    /// What this share of all calls does not exceed, in milliseconds; 0 of nothing.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        self.0.value_at_quantile(share) as f64 / 1e3
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }
}

impl Default for Latencies {
    fn default() -> Self {
        let histogram = Histogram::new_with_bounds(1, LONGEST_MICROS, DIGITS);
        Self(histogram.expect("bounds and digits are constants that a histogram can have"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn up_to(most: u64) -> Latencies {
        Latencies::of((1..=most).map(Duration::from_millis))
    }

    fn is_near(measured: f64, expected: f64) -> bool {
        (measured - expected).abs() <= expected / 1e3
    }

    #[test]
    fn percentiles_are_exact_to_three_digits() {
        let latencies = up_to(1_000);

        assert!(is_near(latencies.percentile(0.5), 500.0), "{}", latencies.percentile(0.5));
        assert!(is_near(latencies.percentile(0.99), 990.0), "{}", latencies.percentile(0.99));
        assert!(is_near(latencies.percentile(1.0), 1_000.0), "{}", latencies.percentile(1.0));
    }

    #[test]
    fn merged_histograms_are_that_of_all_calls() {
        let mut merged = up_to(500);
        merged.merge(&Latencies::of((501..=1_000).map(Duration::from_millis)));

        let whole = up_to(1_000);

        assert_eq!(merged.count(), 1_000);
        let shares = [0.01, 0.5, 0.9, 0.99, 0.999, 1.0];
        assert_eq!(shares.map(|share| merged.percentile(share)), shares.map(|share| whole.percentile(share)));
    }

    #[test]
    fn nothing_measured_is_zero_and_a_call_without_end_the_longest() {
        let nothing = Latencies::default();
        let endless = Latencies::of([Duration::MAX]);

        assert_eq!((nothing.percentile(0.99), nothing.count()), (0.0, 0));
        assert!(is_near(endless.percentile(0.5), LONGEST_MICROS as f64 / 1e3));
    }
}
