//! The attempts of one method of one account, counted for longer than any code lives.
//!
//! An attempt is counted before the code is judged, and a success clears the count, so two guesses at
//! once cannot share one count. Ten within any 24 hours pause the method; a hundred in a row disable it
//! until the person confirms it anew. Decoys are counted alike, under a keyed hash.
//!
//! Where resets offer kinds, a kind of an account is one method here, as one code goes to all its addresses: wrong
//! ones pause and disable it whole, each address that got the codes. It counts anew once one of them is confirmed
//! again, or another one while none serves; an address more beside one that serves takes nothing back.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;

use super::policy::ResetRules;

/// The window in which attempts are counted.
pub(crate) const WINDOW: Duration = Duration::from_secs(86_400);

/// Where a reset began whose attempts are counted: those of familiar places are counted by themselves, so that strangers
/// cannot use up the attempts of a method's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttemptOrigin {
    /// A place nobody signed in from with this login, or none that is known.
    Anywhere,
    /// A familiar place of the login.
    FamiliarPlace,
}

/// What is remembered of a method's attempts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct MethodAttempts {
    /// When the latest attempts without success were made, oldest first; never more than pause the method.
    pub recent: Vec<Timestamp>,
    /// Attempts since the last success.
    pub in_a_row: u32,
}

/// Why a method takes no attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MethodUnavailable {
    /// Too many today.
    Paused {
        /// When the next attempt is taken.
        until: Timestamp,
    },
    /// Too many in a row; confirming the method anew clears it.
    Disabled,
}

impl MethodAttempts {
    /// The record with one attempt more, or why none is taken.
    pub(crate) fn with_attempt(&self, rules: &ResetRules, now: Timestamp) -> Result<Self, MethodUnavailable> {
        if let Some(stop) = self.stop(rules, now) {
            return Err(stop);
        }
        let mut recent = self.within(now);
        recent.push(now);
        Ok(Self { recent, in_a_row: self.in_a_row.saturating_add(1) })
    }

    /// Why the method takes no attempt at `now`, if it does not.
    pub(crate) fn stop(&self, rules: &ResetRules, now: Timestamp) -> Option<MethodUnavailable> {
        if self.in_a_row >= rules.tries_in_a_row {
            return Some(MethodUnavailable::Disabled);
        }
        let recent = self.within(now);
        let over = recent.len().checked_sub(usize::try_from(rules.tries_per_day).ok()?)?;
        recent.get(over).map(|oldest| MethodUnavailable::Paused { until: oldest.plus(WINDOW) })
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
        self.recent.iter().copied().filter(|at| at.is_within(WINDOW, now)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(hours: i64) -> Timestamp {
        Timestamp::from_unix_micros(hours * 3_600_000_000)
    }

    fn after(hours: impl IntoIterator<Item = i64>) -> MethodAttempts {
        hours.into_iter().fold(MethodAttempts::default(), |attempts, at| {
            attempts.with_attempt(&ResetRules::default(), hour(at)).unwrap()
        })
    }

    #[test]
    fn the_eleventh_try_in_a_day_is_refused_until_the_oldest_is_a_day_old() {
        let attempts = after(0..10);

        let eleventh = attempts.with_attempt(&ResetRules::default(), hour(10));

        assert_eq!(eleventh, Err(MethodUnavailable::Paused { until: hour(24) }));
        assert!(attempts.with_attempt(&ResetRules::default(), hour(24)).is_ok());
    }

    #[test]
    fn the_window_slides() {
        let attempts = after((0..10).map(|at| at * 3));

        assert_eq!(attempts.stop(&ResetRules::default(), hour(27)), None);
        assert_eq!(attempts.with_attempt(&ResetRules::default(), hour(27)).unwrap().recent.len(), 9);
    }

    #[test]
    fn a_clock_that_was_ahead_pauses_nothing_once_it_is_right() {
        let ahead = after((0..10).map(|at| 48 + at));

        assert_eq!(ahead.stop(&ResetRules::default(), hour(24)), None);
    }

    #[test]
    fn a_hundred_in_a_row_disable_however_slow() {
        let attempts = after((0..100).map(|at| at * 3));

        assert_eq!(attempts.stop(&ResetRules::default(), hour(10_000)), Some(MethodUnavailable::Disabled));
        assert_eq!(MethodAttempts::default().stop(&ResetRules::default(), hour(10_000)), None);
    }

    #[test]
    fn the_record_survives_the_store() {
        let attempts = after(0..7);

        assert_eq!(MethodAttempts::from_parts(&attempts.recent_bytes(), attempts.in_a_row), attempts);
    }
}
