//! What is said about many measurements: ranks, medians, and whether two lots differ.
//!
//! Pure functions of numbers. Times are milliseconds here, as the tables show them.

use std::time::Duration;

/// Measurements in ascending order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Sorted(Vec<f64>);

impl Sorted {
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    pub(crate) fn of_times(times: impl IntoIterator<Item = Duration>) -> Self {
        Self::of(times.into_iter().map(milliseconds))
    }

    /// The value that this share of all does not exceed, by nearest rank; 0 of nothing.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        let rank = (share * self.0.len() as f64).ceil().max(1.0) as usize;
        self.0.get(rank.min(self.0.len()).saturating_sub(1)).copied().unwrap_or(0.0)
    }

    /// The middle one, or the mean of the middle two.
    pub(crate) fn median(&self) -> f64 {
        let half = self.0.len() / 2;
        match self.0.as_slice() {
            [] => 0.0,
            values if values.len() % 2 == 1 => values[half],
            values => f64::midpoint(values[half - 1], values[half]),
        }
    }

    pub(crate) fn least(&self) -> f64 {
        self.0.first().copied().unwrap_or(0.0)
    }

    pub(crate) fn most(&self) -> f64 {
        self.0.last().copied().unwrap_or(0.0)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Those that do not exceed `bound`.
    fn up_to(&self, bound: f64) -> &[f64] {
        &self.0[..self.0.partition_point(|value| *value <= bound)]
    }
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Welch's t of two lots: how many standard errors their means lie apart. Of all values, or of the fastest nine in
/// ten if that is farther apart: a few calls that a busy machine held up would hide a difference in all the others.
pub(crate) fn difference(left: &Sorted, right: &Sorted) -> f64 {
    let both = Sorted::of(left.0.iter().chain(&right.0).copied());
    let bound = both.percentile(0.9);
    let (all, cropped) = (welch_t(&left.0, &right.0), welch_t(left.up_to(bound), right.up_to(bound)));
    if cropped.abs() > all.abs() { cropped } else { all }
}

/// Welch (1947). Zero where there is nothing to compare.
fn welch_t(left: &[f64], right: &[f64]) -> f64 {
    let (Some((left_mean, left_error)), Some((right_mean, right_error))) =
        (mean_and_error(left), mean_and_error(right))
    else {
        return 0.0;
    };
    let error = (left_error + right_error).sqrt();
    if error > 0.0 { (left_mean - right_mean) / error } else { 0.0 }
}

/// The mean and the square of its standard error; one value has none.
fn mean_and_error(values: &[f64]) -> Option<(f64, f64)> {
    let count = values.len() as f64;
    if count < 2.0 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((mean, squares / (count - 1.0) / count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let sorted = Sorted::of((1..=100).rev().map(f64::from));

        assert_eq!(sorted.percentile(0.5), 50.0);
        assert_eq!(sorted.percentile(0.99), 99.0);
        assert_eq!(sorted.percentile(1.0), 100.0);
        assert_eq!(Sorted::of([7.0]).percentile(0.01), 7.0);
    }

    #[test]
    fn nothing_measured_is_zero_and_no_panic() {
        let nothing = Sorted::default();

        assert_eq!((nothing.percentile(0.99), nothing.median(), nothing.most()), (0.0, 0.0, 0.0));
        assert_eq!(difference(&nothing, &Sorted::of([1.0, 2.0])), 0.0);
    }

    #[test]
    fn the_median_of_an_even_count_lies_between_the_middle_two() {
        assert_eq!(Sorted::of([4.0, 1.0, 3.0, 2.0]).median(), 2.5);
        assert_eq!(Sorted::of([3.0, 1.0, 2.0]).median(), 2.0);
    }

    #[test]
    fn welchs_t_is_that_of_the_textbook() {
        // Means 3 and 4, variances 2.5 and 2.5, five each: -1 / sqrt(0.5 + 0.5).
        let t = welch_t(&[1.0, 2.0, 3.0, 4.0, 5.0], &[2.0, 3.0, 4.0, 5.0, 6.0]);

        assert!((t + 1.0).abs() < 1e-12, "{t}");
    }

    #[test]
    fn one_late_answer_does_not_hide_a_difference() {
        let lot = |from: f64| (0..50).map(move |step| from + f64::from(step % 5) / 100.0);
        let quick = Sorted::of(lot(1.0));
        let slow = Sorted::of(lot(1.1).chain([500.0]));

        assert!(welch_t(&quick.0, &slow.0).abs() < 4.5);
        assert!(difference(&quick, &slow).abs() > 4.5);
    }
}
