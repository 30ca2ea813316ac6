//! What a step makes of what it read: pure functions, free of SQL.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use uuid::Uuid;

use super::Failure;
use super::accounts::AccountChange;
use super::resets::EligibilityFacts;
use super::rows::{AccountState, PendingHelp, at};
use super::sign_ins::OpenSession;
use crate::domain::audit::chain::{ChainPlace, next_link};
use crate::domain::audit::commitment::{Commitments, LinkFormat};
use crate::domain::audit::{AuditEvent, SealedEvent};
use crate::domain::authority::{Role, RoleSet};
use crate::domain::group::GroupId;
use crate::domain::help::{Filing, filing};
use crate::domain::security_info;

/// Events before this instant are forgotten when they are kept for so many days.
pub(super) fn forgotten_until(days: i64, now: Timestamp) -> Timestamp {
    now.minus(Duration::from_secs(86_400 * days.max(0).unsigned_abs()))
}

/// The columns of an account that a change may touch, as they are after it.
pub(super) struct Flags {
    /// See `Account::blocked`.
    pub(super) blocked: bool,
    /// See `Account::frozen`.
    pub(super) frozen: bool,
    /// The bits of `Account::roles`.
    pub(super) roles: i64,
    /// How much the recovery version rises.
    pub(super) recovery_rise: i64,
}

/// The account's columns after a change.
pub(super) fn flags_after(state: &AccountState, change: &AccountChange) -> Flags {
    let mut flags =
        Flags { blocked: state.blocked, frozen: state.frozen, roles: state.roles, recovery_rise: 1 };
    match change {
        AccountChange::Blocked(blocked) => flags.blocked = *blocked,
        AccountChange::Unfrozen => flags.frozen = false,
        AccountChange::Roles(roles) => flags.roles = i64::from(roles.bits()),
        AccountChange::AddSecurityInfo(entry) if entry.standing == security_info::Standing::Unconfirmed => {
            flags.recovery_rise = 0;
        }
        AccountChange::DefaultSecurityInfo(_)
        | AccountChange::RenamePasskey { .. }
        | AccountChange::Reconfirmed
        | AccountChange::PasswordExpiryExempt(_) => flags.recovery_rise = 0,
        AccountChange::AddSecurityInfo(_)
        | AccountChange::RegisterPasskey { .. }
        | AccountChange::ConfirmSecurityInfo { .. }
        | AccountChange::ReplaceRecoveryCodes { .. }
        | AccountChange::RemoveSecurityInfo { .. }
        | AccountChange::DisableSecurityInfo(_) => {}
    }
    flags
}

/// Whether a change takes away a global administrator who counted until now.
pub(super) fn ends_a_global_administrator(state: &AccountState, after: &Flags) -> bool {
    let global = i64::from(RoleSet::of(&[Role::GlobalAdministrator]).bits());
    let counted = is_global_administrator(state);
    let counts = !after.blocked && !after.frozen && after.roles & global != 0;
    counted && !counts
}

/// Whether it counts as a global administrator who can sign in.
pub(super) fn is_global_administrator(state: &AccountState) -> bool {
    let global = i64::from(RoleSet::of(&[Role::GlobalAdministrator]).bits());
    state.is_open() && state.roles & global != 0
}

/// Whether a change can take away a global administrator at all, so that the tenant must be locked first.
pub(super) const fn needs_tenant_lock(change: &AccountChange) -> bool {
    matches!(change, AccountChange::Blocked(true) | AccountChange::Roles(_))
}

/// What a new help request does to the pending one.
pub(super) fn file(pending: Option<&PendingHelp>, proved: bool, now: Timestamp) -> Filing {
    let open = pending.filter(|request| !now.has_reached(at(request.expires_at)));
    filing(open.map(|request| request.proved), proved)
}

/// What eligibility asks, from what the statements gave: the groups, and, of an account that exists, the tenant's seats
/// with how many accounts come before it.
pub(super) fn eligibility_facts(groups: Vec<(Uuid,)>, seat: Option<(Option<i64>, i64)>) -> EligibilityFacts {
    let has_seat =
        seat.is_some_and(|(licensed_accounts, before)| licensed_accounts.is_none_or(|seats| before < seats));
    EligibilityFacts { groups: groups.into_iter().map(|(id,)| GroupId::from_uuid(id)).collect(), has_seat }
}

/// Whether the account is what the sign-in was judged on, so that a session may open.
pub(super) fn may_open(state: &AccountState, open: &OpenSession) -> bool {
    state.is_open()
        && state.epoch == open.session.epoch.0
        && open.verified.as_ref().is_none_or(|hash| state.password_hash.as_deref() == Some(hash.as_bytes()))
}

/// The places of events behind the last one of a chain, in their order.
pub(super) fn seal(
    last: ChainPlace,
    events: Vec<(AuditEvent<String>, Commitments)>,
) -> Result<Vec<SealedEvent>, Failure> {
    let mut previous = last.link.ok_or(Failure::Unreadable { what: "the last link of a chain" })?;
    let sealed = (last.position + 1..).zip(events).map(|(position, (event, commitments))| {
        let format = LinkFormat::Committed(commitments);
        previous = next_link(rekey_sealing::digest, &previous, &event, &format);
        SealedEvent { position, link: previous, format, event }
    });
    Ok(sealed.collect())
}
