//! The age of a password, where a tenant lets passwords expire.
//!
//! By default they never do. Where they do, an old password still signs in to one thing: changing it.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;

use crate::domain::account::PasswordRecord;
use crate::domain::policy::PasswordRules;

const DAY: Duration = Duration::from_secs(86_400);

/// Days before expiry on which the person is told: time to plan, time to act, last call.
pub(crate) const NOTICE_DAYS: [u32; 3] = [14, 7, 1];

/// Passwords that one notice is due for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoticeSpan {
    /// The notice: one of [`NOTICE_DAYS`].
    pub days: u32,
    /// Their expiry counts from later than this,
    pub from: Timestamp,
    /// and from no later than this.
    pub until: Timestamp,
}

/// What a password is good for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PasswordState {
    /// Everything.
    Fresh,
    /// Everything, and the person is told that it ends.
    ExpiresIn {
        /// Days left, rounded up.
        days: u32,
    },
    /// Changing it.
    Expired,
    /// Changing it, because an administrator set it.
    MustChange,
    /// Nothing: it was temporary and its time is over.
    TemporaryOver,
}

/// What the password is good for at `now`.
pub(crate) fn password_state(
    record: &PasswordRecord,
    rules: &PasswordRules,
    now: Timestamp,
) -> PasswordState {
    if record.temporary_until.is_some_and(|until| now.has_reached(until)) {
        return PasswordState::TemporaryOver;
    }
    if record.must_change {
        return PasswordState::MustChange;
    }
    let Some(end) = expires_at(record, rules) else { return PasswordState::Fresh };
    if now.has_reached(end) {
        return PasswordState::Expired;
    }
    let days = u32::try_from(end.since(now).as_secs().div_ceil(DAY.as_secs())).unwrap_or(u32::MAX);
    if days <= NOTICE_DAYS[0] { PasswordState::ExpiresIn { days } } else { PasswordState::Fresh }
}

/// Which passwords each notice is due for at `now`, where passwords live so many days. Of two notices that could be
/// sent the later one is: whoever was not told in time is not told twice at once.
pub(crate) fn notice_spans(expiry_days: u32, now: Timestamp) -> [NoticeSpan; NOTICE_DAYS.len()] {
    let counts_from = |days_left: u32| now.plus(DAY * days_left).minus(DAY * expiry_days);
    let nearest = |index: usize| NOTICE_DAYS.get(index + 1).copied().unwrap_or(0);
    std::array::from_fn(|index| NoticeSpan {
        days: NOTICE_DAYS[index],
        from: counts_from(nearest(index)),
        until: counts_from(NOTICE_DAYS[index]),
    })
}

/// When the password expires, if it does.
pub(crate) fn expires_at(record: &PasswordRecord, rules: &PasswordRules) -> Option<Timestamp> {
    let days = rules.expiry_days.filter(|_| !record.expiry_exempt)?;
    Some(record.expiry_counts_from.plus(DAY * days))
}
