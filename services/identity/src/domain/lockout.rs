//! The lockout of a login: what wrong passwords in a row lead to.
//!
//! A record stands for a tenant and a keyed hash of what was typed, so an unknown login behaves like a known
//! one. A familiar place has a record of its own, so strangers cannot lock a person out of their own desk.
//! Every wrong password beyond the threshold locks twice as long as the one before; trying while locked
//! changes nothing. People mistype the same thing: repeating one of the last wrong passwords does not count.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::secret::same;

use super::policy::LockoutRules;

/// How many wrong passwords are remembered: the habits of one person, not a list to compare against.
pub(crate) const REMEMBERED: usize = 3;

/// The keyed hash of a wrong password.
pub(crate) type Fingerprint = [u8; 32];

/// What is remembered of a login and a kind of place.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct LockoutRecord {
    /// Wrong passwords since the last right one, repeats not counted.
    pub wrong_in_a_row: u32,
    /// Until when neither right nor wrong is looked at.
    pub locked_until: Option<Timestamp>,
    /// The last wrong passwords, newest first, at most [`REMEMBERED`].
    pub last_wrong: Vec<Fingerprint>,
}

/// What a wrong password did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WrongPassword {
    /// It counted, and there is room for more.
    Counted,
    /// It repeats one of the last: it did not count.
    Repeated,
    /// It counted and locks the login until then.
    Locks {
        /// The end of the lock.
        until: Timestamp,
    },
    /// The login was locked before: nothing changed.
    WhileLocked,
}

impl LockoutRecord {
    /// Until when the login is locked at `now`, if it is.
    pub(crate) fn locked_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.locked_until.filter(|until| !now.has_reached(*until))
    }

    /// The record after a wrong password.
    #[must_use]
    pub(crate) fn after_wrong(
        &self,
        wrong: &Fingerprint,
        rules: &LockoutRules,
        now: Timestamp,
    ) -> (Self, WrongPassword) {
        if self.locked_until(now).is_some() {
            return (self.clone(), WrongPassword::WhileLocked);
        }
        if self.last_wrong.iter().any(|known| same(known, wrong)) {
            return (self.clone(), WrongPassword::Repeated);
        }
        let wrong_in_a_row = self.wrong_in_a_row.saturating_add(1);
        let last_wrong =
            std::iter::once(*wrong).chain(self.last_wrong.iter().copied()).take(REMEMBERED).collect();
        let locked_until = lock_after(wrong_in_a_row, rules).map(|length| now.plus(length));
        let outcome = locked_until.map_or(WrongPassword::Counted, |until| WrongPassword::Locks { until });
        (Self { wrong_in_a_row, locked_until, last_wrong }, outcome)
    }
}

/// How long the login is locked after this many wrong passwords in a row, if at all.
fn lock_after(wrong_in_a_row: u32, rules: &LockoutRules) -> Option<Duration> {
    let beyond = wrong_in_a_row.checked_sub(rules.threshold)?;
    let base = u64::from(rules.base_seconds);
    let doubled = base.checked_shl(beyond).filter(|length| length >> beyond == base).unwrap_or(u64::MAX);
    Some(Duration::from_secs(doubled.min(u64::from(rules.ceiling_seconds))))
}

impl std::fmt::Debug for LockoutRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LockoutRecord")
            .field("wrong_in_a_row", &self.wrong_in_a_row)
            .field("locked_until", &self.locked_until)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_micros(seconds * 1_000_000)
    }

    fn wrong(number: u8) -> Fingerprint {
        [number; 32]
    }

    /// The record after `count` different wrong passwords, each typed once the lock before has ended.
    fn after(count: u8) -> (LockoutRecord, Timestamp) {
        let mut now = at(1_000);
        let mut record = LockoutRecord::default();
        for number in 0..count {
            now = record.locked_until.unwrap_or(now).max(now);
            record = record.after_wrong(&wrong(number), &LockoutRules::default(), now).0;
        }
        (record, now)
    }

    #[test]
    fn nine_wrong_passwords_do_not_lock() {
        let (record, now) = after(9);

        assert_eq!((record.wrong_in_a_row, record.locked_until(now)), (9, None));
    }

    #[test]
    fn locks_begin_at_ten_and_double_to_the_ceiling() {
        let lengths: Vec<u64> = (10..=21)
            .map(|count| {
                let (record, now) = after(count);
                record.locked_until(now).unwrap().since(now).as_secs()
            })
            .collect();

        assert_eq!(lengths, [60, 120, 240, 480, 960, 1_920, 3_840, 7_680, 15_360, 18_000, 18_000, 18_000]);
    }

    #[test]
    fn trying_while_locked_changes_nothing() {
        let (record, now) = after(10);

        let (same_record, outcome) = record.after_wrong(&wrong(99), &LockoutRules::default(), now);

        assert_eq!((same_record, outcome), (record, WrongPassword::WhileLocked));
    }

    #[test]
    fn a_lock_ends_by_itself() {
        let (record, now) = after(10);

        assert_eq!(
            record.locked_until(now.plus(Duration::from_secs(59))),
            Some(now.plus(Duration::from_secs(60)))
        );
        assert_eq!(record.locked_until(now.plus(Duration::from_secs(60))), None);
    }

    #[test]
    fn repeating_one_of_the_last_three_does_not_count() {
        let (record, now) = after(5);

        let repeated = record.after_wrong(&wrong(2), &LockoutRules::default(), now);
        let older = record.after_wrong(&wrong(1), &LockoutRules::default(), now);

        assert_eq!(repeated, (record, WrongPassword::Repeated));
        assert_eq!((older.0.wrong_in_a_row, older.1), (6, WrongPassword::Counted));
    }

    #[test]
    fn no_count_overflows_a_lock() {
        assert_eq!(lock_after(u32::MAX, &LockoutRules::default()), Some(Duration::from_secs(18_000)));
        assert_eq!(lock_after(10 + 63, &LockoutRules::default()), Some(Duration::from_secs(18_000)));
    }
}
