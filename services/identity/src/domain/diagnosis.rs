//! Why somebody cannot sign in or reset: checks in the order in which they stop a person, and what mends each.
//!
//! For administrators, who may know the truth that a stranger must not. Every check is made even where an earlier one is
//! wrong, so that a person mends all of it in one go. What only another part knows is `Unknown`, never guessed.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::SecurityInfoId;

use super::account::Account;
use super::attempts::MethodUnavailable;
use super::authority::{Permission, Role, who_may};
use super::eligibility::{Ineligible, Judgement};
use super::password::expiry::{PasswordState, password_state};
use super::policy::Policy;
use super::second_factor::signs_in_alone;
use super::security_info::SecurityInfo;

/// What is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    Exists,
    NotBlocked,
    NotFrozen,
    ManagedHere,
    NotLocked,
    HasPassword,
    TemporaryPasswordAlive,
    PasswordNotExpired,
    NoChangeRequired,
    ResetInScope,
    ResetLicensed,
    EnoughMethods,
    /// Once for each method.
    MethodServes,
    AddressDeliverable,
    NotThrottled,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckState {
    Ok,
    Wrong,
    /// Nobody here knows.
    Unknown,
}

/// The one step that mends what is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    CheckLogin,
    Unblock,
    Unfreeze,
    OtherDirectory,
    Unlock,
    ResetPassword,
    /// By the person, at sign-in.
    ChangePassword,
    ChangePolicy,
    AddSeat,
    /// By the person, or an administrator who fills an address in.
    AddMethod,
    Wait,
    /// By the person.
    ConfirmMethod,
    LookAtMessages,
}

/// A check and how it came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckResult {
    pub check: Check,
    pub state: CheckState,
    pub remedy: Option<Remedy>,
    /// The roles that may take that step on this account.
    pub roles: Vec<Role>,
    /// The method it is about, masked.
    pub method: Option<String>,
    /// When it is over by itself.
    pub ends_at: Option<Timestamp>,
}

/// What is known of an account beside itself.
pub(crate) struct Facts<'a> {
    pub account: &'a Account,
    pub policy: &'a Policy,
    /// Whether the person may reset the password themselves.
    pub judgement: &'a Judgement,
    /// Until when its login is locked for strangers.
    pub locked_until: Option<Timestamp>,
    /// The methods that wrong codes stopped.
    pub stopped: &'a [(SecurityInfoId, MethodUnavailable)],
    /// Whether resets of the login are throttled; `None` where the throttle is away.
    pub throttled: Option<bool>,
    pub now: Timestamp,
}

impl Remedy {
    /// The permission that the step takes, where it is an administrator's.
    const fn permission(self) -> Option<Permission> {
        match self {
            Self::Unblock => Some(Permission::BlockSignIn),
            Self::Unfreeze => Some(Permission::Unfreeze),
            Self::Unlock => Some(Permission::Unlock),
            Self::ResetPassword => Some(Permission::ResetPassword),
            Self::ChangePolicy => Some(Permission::ManagePolicy),
            Self::AddSeat => Some(Permission::ManageTenant),
            Self::AddMethod => Some(Permission::ManageSecurityInfo),
            Self::CheckLogin => Some(Permission::ReadDirectory),
            Self::OtherDirectory
            | Self::ChangePassword
            | Self::Wait
            | Self::ConfirmMethod
            | Self::LookAtMessages => None,
        }
    }
}

/// The diagnosis of a login that belongs to nobody.
pub(crate) fn of_nobody() -> Vec<CheckResult> {
    let roles = who_may(Permission::ReadDirectory, super::authority::RoleSet::EMPTY);
    let (check, state, remedy) = (Check::Exists, CheckState::Wrong, Some(Remedy::CheckLogin));
    vec![CheckResult { check, state, remedy, roles, method: None, ends_at: None }]
}

/// Every check of an account, in order.
pub(crate) fn diagnose(facts: &Facts<'_>) -> Vec<CheckResult> {
    let Facts { account, policy, judgement, now, .. } = *facts;
    let against = |reason| judgement.reasons.contains(&reason);
    let password = account.password.as_ref().map(|record| password_state(record, &policy.password, now));
    let locked = facts.locked_until.filter(|until| !now.has_reached(*until));
    let is_out_of_scope = against(Ineligible::ResetNotEnabled) || against(Ineligible::AccountNotInScope);
    // Whoever signs in by a passkey needs none.
    let lacks_password = password.is_none() && !signs_in_alone(account, policy);
    let mut checks = vec![
        facts.check(Check::Exists, None),
        facts.check(Check::NotBlocked, account.blocked.then_some(Remedy::Unblock)),
        facts.check(Check::NotFrozen, account.frozen.then_some(Remedy::Unfreeze)),
        facts.check(Check::ManagedHere, account.managed_elsewhere.then_some(Remedy::OtherDirectory)),
        CheckResult { ends_at: locked, ..facts.check(Check::NotLocked, locked.map(|_| Remedy::Unlock)) },
        facts.check(Check::HasPassword, lacks_password.then_some(Remedy::ResetPassword)),
        facts.check(Check::TemporaryPasswordAlive, {
            (password == Some(PasswordState::TemporaryOver)).then_some(Remedy::ResetPassword)
        }),
        facts.check(Check::PasswordNotExpired, {
            (password == Some(PasswordState::Expired)).then_some(Remedy::ChangePassword)
        }),
        facts.check(Check::NoChangeRequired, {
            (password == Some(PasswordState::MustChange)).then_some(Remedy::ChangePassword)
        }),
        facts.check(Check::ResetInScope, is_out_of_scope.then_some(Remedy::ChangePolicy)),
        facts.check(Check::ResetLicensed, against(Ineligible::ResetNotLicensed).then_some(Remedy::AddSeat)),
        facts.check(Check::EnoughMethods, against(Ineligible::TooFewMethods).then_some(Remedy::AddMethod)),
    ];
    checks.extend(account.security_info.iter().map(|entry| facts.method(entry)));
    checks.push(facts.deliverable());
    checks.push(match facts.throttled {
        Some(throttled) => facts.check(Check::NotThrottled, throttled.then_some(Remedy::Wait)),
        None => facts.unknown(Check::NotThrottled),
    });
    checks
}

impl Facts<'_> {
    /// A check that is wrong if there is something to mend.
    fn check(&self, check: Check, remedy: Option<Remedy>) -> CheckResult {
        let state = if remedy.is_some() { CheckState::Wrong } else { CheckState::Ok };
        let permission = remedy.and_then(Remedy::permission);
        let roles = permission.map(|permission| who_may(permission, self.account.roles)).unwrap_or_default();
        CheckResult { check, state, remedy, roles, method: None, ends_at: None }
    }

    fn unknown(&self, check: Check) -> CheckResult {
        CheckResult { state: CheckState::Unknown, ..self.check(check, None) }
    }

    /// Whether a method counts and takes codes: disabled comes before unconfirmed, quarantined and paused.
    fn method(&self, entry: &SecurityInfo) -> CheckResult {
        let stopped = self.stopped.iter().find(|(id, _)| *id == entry.id).map(|(_, stop)| *stop);
        let is_known = entry.is_known(&self.policy.reset);
        let settles_at = entry.settles_at(&self.policy.reset);
        let (remedy, ends_at) = match stopped {
            _ if entry.disabled || !is_known => (Some(Remedy::ConfirmMethod), None),
            Some(MethodUnavailable::Disabled) => (Some(Remedy::ConfirmMethod), None),
            _ if !entry.is_settled(&self.policy.reset, self.now) => (Some(Remedy::Wait), Some(settles_at)),
            Some(MethodUnavailable::Paused { until }) => (Some(Remedy::Wait), Some(until)),
            None => (None, None),
        };
        let masked = entry.destination().map(|to| to.masked());
        let method = masked.unwrap_or_else(|| entry.kind().as_str().to_owned());
        CheckResult { method: Some(method), ends_at, ..self.check(Check::MethodServes, remedy) }
    }

    /// What became of messages is notification's to know; that there is nowhere to send one is known here.
    fn deliverable(&self) -> CheckResult {
        if self.account.security_info.iter().all(|entry| entry.destination().is_none()) {
            return self.check(Check::AddressDeliverable, Some(Remedy::AddMethod));
        }
        CheckResult { remedy: Some(Remedy::LookAtMessages), ..self.unknown(Check::AddressDeliverable) }
    }
}

#[cfg(test)]
mod tests;
