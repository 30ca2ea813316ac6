//! The lockout of a login: what wrong passwords in a row lead to.
//!
//! A record stands for a tenant and a keyed hash of what was typed, so an unknown login behaves like a known
//! one. A familiar place has a record of its own, so strangers cannot lock a person out of their own desk.
//! Every wrong password beyond the threshold locks twice as long as the one before; trying while locked
//! changes nothing. People mistype the same thing: repeating one of the last wrong passwords does not count.
//!
//! ```text
//!            admitted: one more is being judged           judged wrong: one more in a row
//!   OPEN ──────────────────────────────────► OPEN ──────────────────────────────────────► OPEN
//!    │  as many are being judged as may                     │ at the threshold
//!    └──► asked to come back                                ▼
//!   OPEN ◄──── right, reset or unlocked ──── any         LOCKED until its length is over ──► OPEN
//! ```
//!
//! A password is admitted before it is judged and counted when it was judged wrong, so a right one locks nothing and a call
//! that was cut off does not either. What is being judged takes up room, so that parallel guesses are no more than the
//! threshold allows; a call that never came back gives its room back after [`JUDGED_WITHIN`].

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::secret::same;

use super::policy::LockoutRules;

/// How many wrong passwords are remembered: the habits of one person, not a list to compare against.
pub(crate) const REMEMBERED: usize = 3;

/// How long a password that was admitted may take to be judged: longer than any call lives.
pub(crate) const JUDGED_WITHIN: Duration = Duration::from_secs(30);

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
    /// How many are being judged, and until when that is believed.
    pub pending: u32,
    pub pending_until: Option<Timestamp>,
}

/// Why a password is not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAdmitted {
    /// The login is locked: right and wrong get one answer.
    Locked {
        /// Until when.
        until: Timestamp,
    },
    /// As many are being judged as the threshold leaves room for.
    Contended,
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
    /// Until when the login is locked at `now`, if it is. A lock is never longer than its length from now, so one that was
    /// set by a clock that was ahead ends with it.
    pub(crate) fn locked_until(&self, rules: &LockoutRules, now: Timestamp) -> Option<Timestamp> {
        let length = lock_after(self.wrong_in_a_row, rules)?;
        self.locked_until.filter(|until| until.is_ahead(length, now))
    }

    /// The record with one more password being judged.
    pub(crate) fn admit(&self, rules: &LockoutRules, now: Timestamp) -> Result<Self, NotAdmitted> {
        if let Some(until) = self.locked_until(rules, now) {
            return Err(NotAdmitted::Locked { until });
        }
        let pending = self.pending(now);
        // Beyond the threshold each wrong one locks, so they are judged one after the other.
        let room = rules.threshold.saturating_sub(self.wrong_in_a_row).max(1);
        if pending >= room {
            return Err(NotAdmitted::Contended);
        }
        Ok(Self { pending: pending + 1, pending_until: Some(now.plus(JUDGED_WITHIN)), ..self.clone() })
    }

    /// The record after a password was judged wrong.
    #[must_use]
    pub(crate) fn after_wrong(
        &self,
        wrong: &Fingerprint,
        rules: &LockoutRules,
        now: Timestamp,
    ) -> (Self, WrongPassword) {
        let judged = Self { pending: self.pending(now).saturating_sub(1), ..self.clone() };
        if self.locked_until(rules, now).is_some() {
            return (judged, WrongPassword::WhileLocked);
        }
        if self.last_wrong.iter().any(|known| same(known, wrong)) {
            return (judged, WrongPassword::Repeated);
        }
        let wrong_in_a_row = self.wrong_in_a_row.saturating_add(1);
        let last_wrong =
            std::iter::once(*wrong).chain(self.last_wrong.iter().copied()).take(REMEMBERED).collect();
        let locked_until = lock_after(wrong_in_a_row, rules).map(|length| now.plus(length));
        let outcome = locked_until.map_or(WrongPassword::Counted, |until| WrongPassword::Locks { until });
        (Self { wrong_in_a_row, locked_until, last_wrong, ..judged }, outcome)
    }

    fn pending(&self, now: Timestamp) -> u32 {
        let is_believed = self.pending_until.is_some_and(|until| until.is_ahead(JUDGED_WITHIN, now));
        if is_believed { self.pending } else { 0 }
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
    use rekey_primitives::clock::CLOCK_SKEW;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_micros(seconds * 1_000_000)
    }

    fn rules() -> LockoutRules {
        LockoutRules::default()
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
            record = record.admit(&rules(), now).unwrap();
            record = record.after_wrong(&wrong(number), &rules(), now).0;
        }
        (record, now)
    }

    #[test]
    fn nine_wrong_passwords_do_not_lock() {
        let (record, now) = after(9);

        assert_eq!((record.wrong_in_a_row, record.locked_until(&rules(), now)), (9, None));
    }

    #[test]
    fn locks_begin_at_ten_and_double_to_the_ceiling() {
        let lengths: Vec<u64> = (10..=21)
            .map(|count| {
                let (record, now) = after(count);
                record.locked_until(&rules(), now).unwrap().since(now).as_secs()
            })
            .collect();

        assert_eq!(lengths, [60, 120, 240, 480, 960, 1_920, 3_840, 7_680, 15_360, 18_000, 18_000, 18_000]);
    }

    #[test]
    fn trying_while_locked_changes_nothing() {
        let (record, now) = after(10);

        let (same_record, outcome) = record.after_wrong(&wrong(99), &rules(), now);

        assert_eq!((same_record, outcome), (record, WrongPassword::WhileLocked));
    }

    #[test]
    fn a_lock_ends_by_itself() {
        let (record, now) = after(10);

        assert_eq!(
            record.locked_until(&rules(), now.plus(Duration::from_secs(59))),
            Some(now.plus(Duration::from_secs(60)))
        );
        assert_eq!(record.locked_until(&rules(), now.plus(Duration::from_secs(60))), None);
    }

    #[test]
    fn repeating_one_of_the_last_three_does_not_count() {
        let (record, now) = after(5);

        let repeated = record.after_wrong(&wrong(2), &rules(), now);
        let older = record.after_wrong(&wrong(1), &rules(), now);

        assert_eq!(repeated, (record, WrongPassword::Repeated));
        assert_eq!((older.0.wrong_in_a_row, older.1), (6, WrongPassword::Counted));
    }

    #[test]
    fn as_many_are_judged_at_once_as_the_threshold_leaves_room_for() {
        let (mut record, now) = after(7);
        for _ in 0..3 {
            record = record.admit(&rules(), now).unwrap();
        }

        assert_eq!(record.admit(&rules(), now), Err(NotAdmitted::Contended));
        let judged = record.after_wrong(&wrong(50), &rules(), now).0;
        assert_eq!((judged.wrong_in_a_row, judged.pending), (8, 2));
        assert_eq!(judged.admit(&rules(), now), Err(NotAdmitted::Contended));
    }

    #[test]
    fn what_is_being_judged_locks_nothing_and_leaves_its_room_after_a_while() {
        let (record, now) = after(9);

        let admitted = record.admit(&rules(), now).unwrap();

        assert_eq!((admitted.locked_until(&rules(), now), admitted.wrong_in_a_row), (None, 9));
        assert!(admitted.admit(&rules(), now.plus(JUDGED_WITHIN)).is_ok());
    }

    #[test]
    fn a_clock_that_was_ahead_leaves_no_lock_longer_than_its_own() {
        let (locked, ahead) = after(10);
        let set_right = ahead.minus(Duration::from_secs(86_400));

        assert_eq!(locked.locked_until(&rules(), set_right), None);
        assert!(locked.admit(&rules(), set_right).is_ok());
        let beyond_skew = CLOCK_SKEW + Duration::from_micros(1);
        assert_eq!(locked.locked_until(&rules(), ahead.minus(beyond_skew)), None);
        assert!(locked.locked_until(&rules(), ahead).is_some());
    }

    #[test]
    fn no_count_overflows_a_lock() {
        assert_eq!(lock_after(u32::MAX, &LockoutRules::default()), Some(Duration::from_secs(18_000)));
        assert_eq!(lock_after(10 + 63, &LockoutRules::default()), Some(Duration::from_secs(18_000)));
    }
}
