//! A provider as operators see it: what it carries, how each lane fares with it, and whether it is left alone.
//!
//! All of it is what one process knows. Replicas judge providers by themselves, so two may differ for a while.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;

use super::destination::Channel;
use super::lane::PerLane;
use super::state::FailureClass;

/// The minutes that are counted.
const MINUTES: usize = 5;

/// Over how long hand-overs are counted for people to see: long enough to tell a trickle from silence.
pub(crate) const COUNTED_FOR: Duration = Duration::from_secs(60 * MINUTES as u64);

/// One provider of the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProviderView {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) channels: Vec<Channel>,
    /// Messages a second over all lanes; 0 is no limit.
    pub(crate) per_second: u32,
    pub(crate) lanes: PerLane<ProviderLaneView>,
}

/// How one lane fares with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProviderLaneView {
    pub(crate) breaker: BreakerView,
    /// The class of the last failure, and when it was.
    pub(crate) last_failure: Option<(FailureClass, Timestamp)>,
    /// When it last took a message.
    pub(crate) last_success_at: Option<Timestamp>,
    /// Messages that it took within [`COUNTED_FOR`].
    pub(crate) recently_taken: u32,
}

/// A breaker as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BreakerView {
    pub(crate) state: BreakerState,
    /// Since when; `None` for one that has been closed from the start.
    pub(crate) since: Option<Timestamp>,
    /// Faults since the last answer.
    pub(crate) faults_in_a_row: u32,
    /// When the next trial may go, while it is open.
    pub(crate) trial_at: Option<Timestamp>,
}

/// Where a breaker stands. The numbers are those of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
#[repr(i32)]
pub(crate) enum BreakerState {
    /// Messages go through.
    Closed = 1,
    /// The provider is left alone.
    Open = 2,
    /// One message tries whether it is back.
    HalfOpen = 3,
}

impl BreakerState {
    /// All of them.
    pub(crate) const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    pub(crate) const fn number(self) -> i32 {
        self as i32
    }

    /// The word in metrics.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

/// How often something happened within the last minutes, by the minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RecentCount {
    /// The minute that each slot counts, since the epoch, and its count. A slot serves every fifth minute.
    slots: [(i64, u32); MINUTES],
}

impl RecentCount {
    /// It happened once more.
    pub(crate) fn add(&mut self, now: Timestamp) {
        let minute = minute_of(now);
        let place = usize::try_from(minute.rem_euclid(MINUTES as i64)).unwrap_or(0);
        let slot = &mut self.slots[place];
        if slot.0 != minute {
            *slot = (minute, 0);
        }
        slot.1 = slot.1.saturating_add(1);
    }

    /// How often within the minute of `now` and those before it.
    pub(crate) fn count(&self, now: Timestamp) -> u32 {
        let newest = minute_of(now);
        let oldest = newest - (MINUTES as i64 - 1);
        let recent = self.slots.iter().filter(|(minute, _)| (oldest..=newest).contains(minute));
        recent.fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }
}

const fn minute_of(at: Timestamp) -> i64 {
    at.unix_seconds().div_euclid(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

    fn minutes(count: u64) -> Timestamp {
        NOW.plus(Duration::from_secs(60 * count))
    }

    #[test]
    fn what_happened_is_counted_for_five_minutes_and_no_longer() {
        let mut recent = RecentCount::default();

        for minute in [0, 0, 1, 4] {
            recent.add(minutes(minute));
        }

        assert_eq!([0, 1, 4, 5, 6, 8, 9].map(|minute| recent.count(minutes(minute))), [2, 3, 4, 2, 1, 1, 0]);
    }

    #[test]
    fn a_slot_that_serves_again_forgets_what_it_counted() {
        let mut recent = RecentCount::default();

        recent.add(minutes(0));
        recent.add(minutes(5));

        assert_eq!(recent.count(minutes(5)), 1);
    }
}
