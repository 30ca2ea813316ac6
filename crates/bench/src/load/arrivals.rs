//! When calls are due: pure functions of a rate, a length and a seed.

use std::time::Duration;

use clap::ValueEnum;
use rekey_primitives::entropy::{SeededEntropy, array};

/// How calls that nobody waits for follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Spacing {
    /// At equal distances.
    Even,
    /// As strangers call who know nothing of each other: exponential gaps, drawn from a seed.
    Poisson,
}

/// The arrivals of one stretch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrivals {
    pub(crate) per_second: f64,
    pub(crate) length: Duration,
    pub(crate) spacing: Spacing,
    /// The same seed gives the same arrivals.
    pub(crate) seed: u64,
}

impl Arrivals {
    /// When each call is due, from the beginning on, in order and within the length.
    pub(crate) fn due(self) -> Vec<Duration> {
        match self.spacing {
            Spacing::Even => self.even(),
            Spacing::Poisson => self.poisson(),
        }
    }

    fn even(self) -> Vec<Duration> {
        let calls = (self.per_second * self.length.as_secs_f64()).round() as u32;
        (0..calls).map(|number| Duration::from_secs_f64(f64::from(number) / self.per_second)).collect()
    }

    fn poisson(self) -> Vec<Duration> {
        let entropy = SeededEntropy::new(self.seed);
        let mut at = 0.0;
        let gaps = std::iter::from_fn(|| {
            // Never 0, whose logarithm would be a gap without end.
            let share = (u64::from_le_bytes(array(&entropy)) >> 11) as f64 + 0.5;
            at -= (share / (1_u64 << 53) as f64).ln() / self.per_second;
            Some(Duration::from_secs_f64(at))
        });
        gaps.take_while(|due| *due < self.length).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(spacing: Spacing, seed: u64) -> Arrivals {
        Arrivals { per_second: 1_000.0, length: Duration::from_secs(20), spacing, seed }
    }

    #[test]
    fn even_calls_are_due_at_equal_distances_and_all_within_the_time() {
        let four = Arrivals { per_second: 4.0, length: Duration::from_secs(1), ..arrivals(Spacing::Even, 0) };

        let due: Vec<u128> = four.due().iter().map(Duration::as_millis).collect();

        assert_eq!(due, [0, 250, 500, 750]);
    }

    #[test]
    fn strangers_come_at_the_rate_and_as_irregularly_as_an_exponential_gap() {
        let due = arrivals(Spacing::Poisson, 7).due();

        let gaps: Vec<f64> = due.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64() * 1e3).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((due.len() as f64 - 20_000.0).abs() < 5.0 * 20_000_f64.sqrt(), "{}", due.len());
        assert!((mean - 1.0).abs() < 0.04 && (variance - 1.0).abs() < 0.1, "{mean} {variance}");
        assert!(due.last().unwrap() < &Duration::from_secs(20));
    }

    #[test]
    fn a_seed_repeats_its_arrivals_and_another_does_not() {
        let [first, again, other] = [3, 3, 4].map(|seed| arrivals(Spacing::Poisson, seed).due());

        assert_eq!(first, again);
        assert_ne!(first, other);
    }
}
