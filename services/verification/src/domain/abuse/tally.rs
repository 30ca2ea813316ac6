//! Counts in a window that slides, in buckets of one length.
//!
//! A bucket is the stretch of time that its number names: everything since 1970 in pieces of that length. The window is the
//! bucket under way and those before it, so it slides by a bucket at a time, and a tally is no longer than the window.

use std::time::Duration;

use rekey_primitives::clock::{CLOCK_SKEW, Timestamp};

/// How a tally slides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TallyShape {
    /// Buckets of the window, at least one.
    pub(crate) buckets: u32,
    pub(crate) bucket_length: Duration,
}

/// How often something happened, and how often it was of the kind that is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) total: u64,
    pub(crate) hits: u64,
}

impl Counts {
    /// Whether the hits are less than so many in a hundred. Without any there is no share.
    pub(crate) const fn hits_are_below(self, percent: u64) -> bool {
        self.hits.saturating_mul(100) < self.total.saturating_mul(percent)
    }

    /// Both together.
    #[must_use]
    pub(crate) const fn plus(self, more: Self) -> Self {
        Self { total: self.total.saturating_add(more.total), hits: self.hits.saturating_add(more.hits) }
    }
}

/// What happened in one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bucket {
    pub(crate) number: i64,
    pub(crate) counts: Counts,
}

/// Counts of the window, in no particular order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tally(Vec<Bucket>);

impl Tally {
    /// Takes what a store holds.
    pub(crate) const fn from_stored(buckets: Vec<Bucket>) -> Self {
        Self(buckets)
    }

    /// What counts now.
    pub(crate) fn counts(&self, shape: TallyShape, now: Timestamp) -> Counts {
        self.within(shape, now).fold(Counts::default(), |sum, bucket| sum.plus(bucket.counts))
    }

    /// Adds to the bucket under way, and drops what has left the window.
    pub(crate) fn add(&mut self, shape: TallyShape, counts: Counts, now: Timestamp) {
        let mut kept: Vec<Bucket> = self.within(shape, now).copied().collect();
        let number = shape.number_at(now);
        match kept.iter_mut().find(|bucket| bucket.number == number) {
            Some(bucket) => bucket.counts = bucket.counts.plus(counts),
            None => kept.push(Bucket { number, counts }),
        }
        self.0 = kept;
    }

    /// When the oldest bucket leaves the window; `now` where there is none.
    pub(crate) fn slides_at(&self, shape: TallyShape, now: Timestamp) -> Timestamp {
        let oldest = self.within(shape, now).map(|bucket| bucket.number).min();
        oldest.map_or(now, |number| shape.begin_of(number.saturating_add(i64::from(shape.buckets))))
    }

    /// The buckets of the window. One that is ahead by more than clocks differ was counted by a clock that has been set right
    /// since, and counts no longer.
    fn within(&self, shape: TallyShape, now: Timestamp) -> impl Iterator<Item = &Bucket> {
        let oldest = shape.number_at(now).saturating_sub(i64::from(shape.buckets));
        let newest = shape.number_at(now.plus(CLOCK_SKEW));
        self.0.iter().filter(move |bucket| bucket.number > oldest && bucket.number <= newest)
    }
}

impl TallyShape {
    /// The same buckets in a shorter window, of what was counted in this one.
    pub(crate) fn of_last(self, buckets: u32) -> Self {
        Self { buckets: buckets.min(self.buckets), ..self }
    }

    /// The whole window.
    pub(crate) fn window(self) -> Duration {
        self.bucket_length.saturating_mul(self.buckets)
    }

    /// A bucket has at least a microsecond, so that no setting divides by zero.
    fn micros(self) -> i64 {
        i64::try_from(self.bucket_length.as_micros()).unwrap_or(i64::MAX).max(1)
    }

    fn number_at(self, at: Timestamp) -> i64 {
        at.unix_micros().div_euclid(self.micros())
    }

    fn begin_of(self, number: i64) -> Timestamp {
        Timestamp::from_unix_micros(number.saturating_mul(self.micros()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SHAPE: TallyShape = TallyShape { buckets: 4, bucket_length: Duration::from_secs(60) };
    const HIT: Counts = Counts { total: 1, hits: 1 };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_micros(1_785_000_000_000_000 + seconds * 1_000_000)
    }

    #[test]
    fn counts_leave_the_window_with_their_bucket() {
        let mut tally = Tally::default();
        tally.add(SHAPE, HIT, at(0));
        tally.add(SHAPE, Counts { total: 3, hits: 0 }, at(70));

        assert_eq!(tally.counts(SHAPE, at(239)), Counts { total: 4, hits: 1 });
        assert_eq!(tally.slides_at(SHAPE, at(70)), at(240));
        assert_eq!(tally.counts(SHAPE, at(240)), Counts { total: 3, hits: 0 });
        assert_eq!(tally.counts(SHAPE, at(300)), Counts::default());
    }

    #[test]
    fn what_a_clock_that_was_a_day_ahead_counted_does_not_count() {
        let mut tally = Tally::default();
        tally.add(SHAPE, HIT, at(86_400));

        assert_eq!(tally.counts(SHAPE, at(0)), Counts::default());
        assert_eq!(tally.slides_at(SHAPE, at(0)), at(0));
    }

    #[test]
    fn a_share_of_nothing_is_not_low() {
        assert!(!Counts::default().hits_are_below(10));
        assert!(Counts { total: 100, hits: 9 }.hits_are_below(10));
        assert!(!Counts { total: 100, hits: 10 }.hits_are_below(10));
    }

    proptest! {
        /// Against a list of everything that ever happened.
        #[test]
        fn a_tally_counts_what_happened_in_its_buckets(steps in prop::collection::vec((0_i64..200, any::<bool>()), 0..60)) {
            let (mut tally, mut happened, mut seconds) = (Tally::default(), Vec::new(), 0);
            for (pause, is_hit) in steps {
                seconds += pause;
                tally.add(SHAPE, Counts { total: 1, hits: u64::from(is_hit) }, at(seconds));
                happened.push((seconds.div_euclid(60), is_hit));

                let current = seconds.div_euclid(60);
                let within = happened.iter().filter(|(minute, _)| *minute > current - 4);
                let expected = within.fold(Counts::default(), |sum, (_, is_hit)| {
                    sum.plus(Counts { total: 1, hits: u64::from(*is_hit) })
                });
                prop_assert_eq!(tally.counts(SHAPE, at(seconds)), expected);
                prop_assert!(tally.0.len() <= 4);
            }
        }
    }
}
