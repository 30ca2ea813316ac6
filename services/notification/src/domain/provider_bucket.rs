//! How fast messages of all lanes may go to one provider: a bucket of tokens, of which the last ones are for codes.
//!
//! A token comes every `1 / per_second`, and `burst` of them are kept at most. Critical messages take any token,
//! transactional ones leave half of the reserve, bulk leaves all of it: so however long a mailing is, a code finds a token. Counted
//! in whole millionths, so that nothing is lost in rounding.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;

use super::lane::Lane;

const TOKEN: u64 = 1_000_000;

/// What the settings say about a provider's rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProviderRate {
    /// Messages a second; 0 is no limit.
    pub(crate) per_second: u32,
    /// The most that go at once after a quiet while, at least 1.
    pub(crate) burst: u32,
    /// How much of the burst bulk leaves, in hundredths.
    pub(crate) critical_share: u32,
}

impl ProviderRate {
    /// As fast as the workers are.
    pub(crate) const UNLIMITED: Self = Self { per_second: 0, burst: 1, critical_share: 0 };

    /// The tokens that a lane leaves in the bucket. Whatever the share, a full bucket has one for every lane.
    fn reserve(self, lane: Lane) -> u64 {
        let burst = u64::from(self.burst.max(1));
        let all = (burst * u64::from(self.critical_share.min(100)) / 100).min(burst - 1);
        match lane {
            Lane::Critical => 0,
            Lane::Transactional => all / 2,
            Lane::Bulk => all,
        }
    }
}

/// The tokens of one provider.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProviderBucket {
    rate: ProviderRate,
    /// Millionths of tokens.
    left: u64,
    /// When they were counted; `None` before the first message.
    at: Option<Timestamp>,
}

impl ProviderBucket {
    /// A full one.
    pub(crate) fn new(rate: ProviderRate) -> Self {
        Self { rate, left: u64::from(rate.burst.max(1)) * TOKEN, at: None }
    }

    /// Takes a token for one message of the lane.
    ///
    /// # Errors
    /// There is none for it; there may be one then.
    pub(crate) fn take(&mut self, lane: Lane, now: Timestamp) -> Result<(), Timestamp> {
        if self.rate.per_second == 0 {
            return Ok(());
        }
        self.fill(now);
        let needed = (self.rate.reserve(lane) + 1) * TOKEN;
        if self.left >= needed {
            self.left -= TOKEN;
            return Ok(());
        }
        let missing = needed - self.left;
        Err(now.plus(Duration::from_micros(missing.div_ceil(u64::from(self.rate.per_second)))))
    }

    /// Whether there is a token for a message of the lane, which stays where it is.
    ///
    /// # Errors
    /// There is none; there may be one then.
    pub(crate) fn outlook(mut self, lane: Lane, now: Timestamp) -> Result<(), Timestamp> {
        self.take(lane, now)
    }

    /// Returns a token of a message that did not go after all.
    pub(crate) fn give_back(&mut self) {
        self.left = (self.left + TOKEN).min(self.most());
    }

    fn most(&self) -> u64 {
        u64::from(self.rate.burst.max(1)) * TOKEN
    }

    /// Adds what came since it was last counted. A millionth of a token comes every microsecond, for each token a second.
    fn fill(&mut self, now: Timestamp) {
        let passed = self.at.map_or(Duration::ZERO, |at| now.since(at));
        let passed = u64::try_from(passed.as_micros()).unwrap_or(u64::MAX);
        let gained = passed.saturating_mul(u64::from(self.rate.per_second));
        self.left = self.left.saturating_add(gained).min(self.most());
        self.at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);
    const RATE: ProviderRate = ProviderRate { per_second: 10, burst: 10, critical_share: 40 };

    fn taken(bucket: &mut ProviderBucket, lane: Lane, now: Timestamp) -> usize {
        std::iter::repeat_with(|| bucket.take(lane, now)).take_while(Result::is_ok).count()
    }

    #[test]
    fn bulk_leaves_the_share_of_codes_and_notices_half_of_it() {
        let mut bucket = ProviderBucket::new(RATE);
        assert!((0..100).all(|_| bucket.outlook(Lane::Bulk, NOW).is_ok()));

        let taken =
            [Lane::Bulk, Lane::Transactional, Lane::Critical].map(|lane| taken(&mut bucket, lane, NOW));

        assert_eq!(taken, [6, 2, 2]);
    }

    #[test]
    fn who_finds_none_is_told_when_there_may_be_one() {
        let mut bucket = ProviderBucket::new(RATE);
        taken(&mut bucket, Lane::Critical, NOW);

        let codes = bucket.take(Lane::Critical, NOW).unwrap_err();
        let bulk = bucket.take(Lane::Bulk, NOW).unwrap_err();

        assert_eq!(
            (codes.since(NOW), bulk.since(NOW)),
            (Duration::from_millis(100), Duration::from_millis(500))
        );
        assert_eq!(bucket.take(Lane::Bulk, bulk), Ok(()));
    }

    #[test]
    fn a_burst_of_one_serves_every_lane_and_no_rate_holds_nobody() {
        let one = ProviderRate { burst: 1, critical_share: 100, ..RATE };

        assert_eq!(ProviderBucket::new(one).take(Lane::Bulk, NOW), Ok(()));
        let mut unlimited = ProviderBucket::new(ProviderRate::UNLIMITED);
        assert!((0..1_000).all(|_| unlimited.take(Lane::Bulk, NOW).is_ok()));
    }

    #[test]
    fn a_token_that_was_not_used_can_be_used_later() {
        let mut bucket = ProviderBucket::new(RATE);
        taken(&mut bucket, Lane::Critical, NOW);

        bucket.give_back();

        assert_eq!(taken(&mut bucket, Lane::Critical, NOW), 1);
    }

    /// The bucket by its definition: tokens in exact fractions, from the whole history of takes.
    #[derive(Default)]
    struct Model {
        takes: Vec<(i64, u64)>,
    }

    impl Model {
        /// Millionths of tokens at that microsecond.
        fn left(&self, rate: ProviderRate, now: i64) -> u64 {
            let most = u64::from(rate.burst) * TOKEN;
            let (mut left, mut at) = (most, self.takes.first().map_or(now, |(at, _)| *at));
            for (then, count) in &self.takes {
                left = (left + (then - at) as u64 * u64::from(rate.per_second)).min(most) - count * TOKEN;
                at = *then;
            }
            (left + (now - at) as u64 * u64::from(rate.per_second)).min(most)
        }
    }

    fn lanes() -> impl Strategy<Value = Lane> {
        prop_oneof![Just(Lane::Critical), Just(Lane::Transactional), Just(Lane::Bulk)]
    }

    proptest! {
        #[test]
        fn it_gives_what_its_definition_gives(
            rate in (1..50_u32, 1..30_u32, 0..=100_u32),
            calls in proptest::collection::vec((0..2_000_000_i64, lanes()), 1..200),
        ) {
            let (per_second, burst, critical_share) = rate;
            let rate = ProviderRate { per_second, burst, critical_share };
            let (mut bucket, mut model, mut now) = (ProviderBucket::new(rate), Model::default(), 0);

            for (pause, lane) in calls {
                now += pause;
                let left = model.left(rate, now);
                let at = Timestamp::from_unix_micros(now);
                let expected = left >= (rate.reserve(lane) + 1) * TOKEN;
                let answer = bucket.take(lane, at);
                prop_assert_eq!(answer.is_ok(), expected, "{} of {:?}", left, lane);
                match answer {
                    Ok(()) => model.takes.push((now, 1)),
                    Err(until) => {
                        // Not a moment earlier, if nobody else takes any.
                        let wait = u64::try_from(until.since(at).as_micros()).unwrap();
                        let needed = (rate.reserve(lane) + 1) * TOKEN;
                        prop_assert!(left + wait * u64::from(per_second) >= needed);
                        prop_assert!(left + (wait - 1) * u64::from(per_second) < needed);
                    }
                }
            }
        }
    }
}
