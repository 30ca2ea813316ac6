//! Time as a value, and the only access to the machine's clock.
//!
//! A [`Timestamp`] is whole microseconds since the Unix epoch, which is also how the stores keep
//! it, so nothing is rounded on the way. Operations read the [`Clock`] they are given once and
//! pass `now` on; expiry is a comparison of two values and never a timer.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// The clock that a part is given.
pub type SharedClock = Arc<dyn Clock>;

/// Tells the time. Read it once per operation.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// How far apart the clocks of replicas may be.
pub const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// A point in time in microseconds since the Unix epoch, UTC. Arithmetic saturates.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, derive_more::Debug)]
#[debug("{self}")]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// The instant so many microseconds after (or, if negative, before) the epoch.
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Reads RFC 3339, in any offset; what is finer than a microsecond is cut off.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000)).ok().map(Self)
    }

    /// Microseconds since the epoch: the form the stores keep.
    pub const fn unix_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down: the form JWT claims keep.
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The instant `by` later.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(micros(by)))
    }

    /// Whether this instant lies in the `window` that ends at `now`. An instant that is ahead by more than [`CLOCK_SKEW`] was
    /// written by a clock that has been set right since, and counts no longer.
    pub fn is_within(self, window: Duration, now: Self) -> bool {
        now.since(self) < window && self.since(now) <= CLOCK_SKEW
    }

    /// Whether this instant is still to come, as the end of something that began no earlier than `length` before it. An end
    /// that is further ahead was set by a clock that has been set right since.
    pub fn is_ahead(self, length: Duration, now: Self) -> bool {
        !now.has_reached(self) && self.since(now) <= length.saturating_add(CLOCK_SKEW)
    }

    /// The instant `by` earlier.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(micros(by)))
    }

    /// How long after `earlier` this is; zero if it is not after it, as when two hosts' clocks
    /// disagree.
    pub fn since(self, earlier: Self) -> Duration {
        let gap = i128::from(self.0) - i128::from(earlier.0);
        Duration::from_micros(u64::try_from(gap).unwrap_or(0))
    }

    /// Whether `deadline` is now or past: what lives until a deadline is dead at it.
    pub fn has_reached(self, deadline: Self) -> bool {
        self >= deadline
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with six digits of fraction; bare microseconds outside the years it can say.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape =
            format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");
        let text = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000)
            .ok()
            .filter(|at| (0..=9999).contains(&at.year()))
            .and_then(|at| at.format(shape).ok());
        match text {
            Some(text) => f.write_str(&text),
            None => write!(f, "{}us", self.0),
        }
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::EPOCH.plus(since)
    }
}

/// A clock that stands still until it is moved. Clones share the one hand.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows `start`.
    pub fn starting_at(start: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(start.unix_micros())))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(micros(by), Ordering::SeqCst);
    }

    /// Puts the clock to `now`, also backwards.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.unix_micros(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_rfc_3339_with_microseconds() {
        let at = Timestamp::from_unix_micros(1_785_000_000_000_042);

        assert_eq!(at.to_string(), "2026-07-25T17:20:00.000042Z");
        assert_eq!(Timestamp::EPOCH.to_string(), "1970-01-01T00:00:00.000000Z");
        assert_eq!(Timestamp::from_unix_micros(i64::MAX).to_string(), "9223372036854775807us");
    }

    #[test]
    fn rfc_3339_is_read_in_any_offset() {
        let at = Timestamp::from_unix_micros(1_785_000_000_000_042);

        for text in ["2026-07-25T17:20:00.000042Z", "2026-07-25T19:20:00.0000429+02:00"] {
            assert_eq!(Timestamp::from_rfc3339(text), Some(at), "{text}");
        }
        for wrong in ["", "2026-07-25", "2026-07-25T17:20:00", "yesterday", "2026-13-01T00:00:00Z"] {
            assert_eq!(Timestamp::from_rfc3339(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        let last = Timestamp::from_unix_micros(i64::MAX);
        let first = Timestamp::from_unix_micros(i64::MIN);

        assert_eq!(last.plus(Duration::MAX), last);
        assert_eq!(first.minus(Duration::MAX), first);
        assert_eq!(last.since(first), Duration::from_micros(u64::MAX));
    }

    #[test]
    fn time_since_the_future_is_zero() {
        let now = Timestamp::from_unix_micros(5);

        assert_eq!(now.since(now.plus(Duration::from_secs(1))), Duration::ZERO);
        assert_eq!(now.plus(Duration::from_secs(1)).since(now), Duration::from_secs(1));
    }

    #[test]
    fn what_a_clock_wrote_that_was_ahead_counts_no_longer() {
        let (now, minute) = (Timestamp::from_unix_micros(1_000_000_000_000), Duration::from_secs(60));
        let far = now.plus(CLOCK_SKEW + Duration::from_micros(1));

        assert!(now.is_within(minute, now) && now.plus(CLOCK_SKEW).is_within(minute, now));
        assert!(!far.is_within(minute, now) && !now.minus(minute).is_within(minute, now));
        assert!(
            now.plus(minute + CLOCK_SKEW).is_ahead(minute, now) && !far.plus(minute).is_ahead(minute, now)
        );
        assert!(!now.is_ahead(minute, now));
    }

    #[test]
    fn a_deadline_is_reached_at_its_own_instant() {
        let deadline = Timestamp::from_unix_micros(10);

        assert!(!Timestamp::from_unix_micros(9).has_reached(deadline));
        assert!(deadline.has_reached(deadline));
    }

    #[test]
    fn seconds_before_the_epoch_round_down() {
        assert_eq!(Timestamp::from_unix_micros(-1).unix_seconds(), -1);
        assert_eq!(Timestamp::from_unix_micros(1_999_999).unix_seconds(), 1);
    }

    #[test]
    fn clones_of_a_manual_clock_move_together() {
        let clock = ManualClock::starting_at(Timestamp::EPOCH);
        let other = clock.clone();

        clock.advance(Duration::from_secs(3));

        assert_eq!(other.now().unix_seconds(), 3);
        other.set(Timestamp::EPOCH);
        assert_eq!(clock.now(), Timestamp::EPOCH);
    }

    #[test]
    fn the_system_clock_is_past_the_year_2024() {
        assert!(SystemClock.now().unix_seconds() > 1_704_067_200);
    }
}
