//! The tries of one method of one account, counted for longer than any code lives.
//!
//! A try is counted before the code is judged, and a success clears the count, so two guesses at
//! once cannot share one count. Ten within any 24 hours pause the method; a hundred in a row disable it
//! until the person confirms it anew. Decoys are counted alike, under a keyed hash.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;

use super::policy::ResetRules;

/// The window in which tries are counted.
pub(crate) const WINDOW: Duration = Duration::from_secs(86_400);

/// Where a reset began whose tries are counted: those of familiar places are counted by themselves, so that strangers
/// cannot use up the tries of a method's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TriedFrom {
    /// A place nobody signed in from with this login, or none that is known.
    Anywhere,
    /// A familiar place of the login.
    FamiliarPlace,
}

/// What is remembered of a method's tries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct MethodTries {
    /// When the latest tries without success were made, oldest first; never more than pause the method.
    pub recent: Vec<Timestamp>,
    /// Tries since the last success.
    pub in_a_row: u32,
}

/// Why a method takes no try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TakesNoTry {
    /// Too many today.
    Paused {
        /// When the next try is taken.
        until: Timestamp,
    },
    /// Too many in a row; confirming the method anew clears it.
    Disabled,
}

impl MethodTries {
    /// The record with one try more, or why none is taken.
    pub(crate) fn with_try(&self, rules: &ResetRules, now: Timestamp) -> Result<Self, TakesNoTry> {
        if let Some(stop) = self.stop(rules, now) {
            return Err(stop);
        }
        let mut recent = self.within(now);
        recent.push(now);
        Ok(Self { recent, in_a_row: self.in_a_row.saturating_add(1) })
    }

    /// Why the method takes no try at `now`, if it does not.
    pub(crate) fn stop(&self, rules: &ResetRules, now: Timestamp) -> Option<TakesNoTry> {
        if self.in_a_row >= rules.tries_in_a_row {
            return Some(TakesNoTry::Disabled);
        }
        let recent = self.within(now);
        let over = recent.len().checked_sub(usize::try_from(rules.tries_per_day).ok()?)?;
        recent.get(over).map(|oldest| TakesNoTry::Paused { until: oldest.plus(WINDOW) })
    }

    /// The times as the store keeps them: big-endian microseconds, 8 bytes each.
    pub(crate) fn recent_bytes(&self) -> Vec<u8> {
        self.recent.iter().flat_map(|at| at.unix_micros().to_be_bytes()).collect()
    }

    /// Reads what [`Self::recent_bytes`] wrote; a torn tail is dropped.
    pub(crate) fn from_parts(recent: &[u8], in_a_row: u32) -> Self {
        let recent = recent
            .as_chunks::<8>()
            .0
            .iter()
            .map(|bytes| Timestamp::from_unix_micros(i64::from_be_bytes(*bytes)))
            .collect();
        Self { recent, in_a_row }
    }

    fn within(&self, now: Timestamp) -> Vec<Timestamp> {
        self.recent.iter().copied().filter(|at| now.since(*at) < WINDOW).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(hours: i64) -> Timestamp {
        Timestamp::from_unix_micros(hours * 3_600_000_000)
    }

    fn after(hours: impl IntoIterator<Item = i64>) -> MethodTries {
        hours.into_iter().fold(MethodTries::default(), |tries, at| {
            tries.with_try(&ResetRules::default(), hour(at)).unwrap()
        })
    }

    #[test]
    fn the_eleventh_try_in_a_day_is_refused_until_the_oldest_is_a_day_old() {
        let tries = after(0..10);

        let eleventh = tries.with_try(&ResetRules::default(), hour(10));

        assert_eq!(eleventh, Err(TakesNoTry::Paused { until: hour(24) }));
        assert!(tries.with_try(&ResetRules::default(), hour(24)).is_ok());
    }

    #[test]
    fn the_window_slides() {
        let tries = after((0..10).map(|at| at * 3));

        assert_eq!(tries.stop(&ResetRules::default(), hour(27)), None);
        assert_eq!(tries.with_try(&ResetRules::default(), hour(27)).unwrap().recent.len(), 9);
    }

    #[test]
    fn a_hundred_in_a_row_disable_however_slow() {
        let tries = after((0..100).map(|at| at * 3));

        assert_eq!(tries.stop(&ResetRules::default(), hour(10_000)), Some(TakesNoTry::Disabled));
        assert_eq!(MethodTries::default().stop(&ResetRules::default(), hour(10_000)), None);
    }

    #[test]
    fn the_record_survives_the_store() {
        let tries = after(0..7);

        assert_eq!(MethodTries::from_parts(&tries.recent_bytes(), tries.in_a_row), tries);
    }
}
