//! Whether an account may reset its password itself, by today's policy.
//!
//! The same judgement is made when a reset starts and again when it completes. Its reasons are for the audit
//! log, for administrators and for tenants that chose to show them; everybody else sees an account like any
//! other. A pause of a method is not judged here: it must not change what is offered.

pub(crate) mod forecast;

use std::collections::{BTreeSet, HashSet};

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::SecurityInfoId;
use rekey_primitives::method::{MethodKind, ProofClass};
use strum::IntoStaticStr;

use super::account::Account;
use super::group::GroupId;
use super::policy::{MethodHints, Policy, ResetScope};
use super::security_info::{SecurityInfo, Standing};

/// Why an account may not reset its password itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(crate) enum Ineligible {
    /// An administrator blocked sign-in.
    AccountBlocked,
    /// The person said "this was not me"; shown as blocked.
    AccountFrozen,
    /// Another directory owns the password.
    AccountManagedElsewhere,
    /// Nobody in the tenant may.
    ResetNotEnabled,
    /// The account is in no group that may.
    AccountNotInScope,
    /// The tenant has no seat left for it.
    ResetNotLicensed,
    /// What it can prove does not reach what is required.
    TooFewMethods,
}

/// What a reset asks of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// How many proofs.
    pub proofs: u8,
    /// Whether two of them must be of different classes.
    pub two_classes: bool,
    /// Whether no two of them may be of one kind: where kinds are what is offered, a code goes to every address of a kind.
    pub distinct_kinds: bool,
}

/// What is known about an account when it is judged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    /// The account with its security info.
    pub account: &'a Account,
    /// Every group it is in, through any nesting.
    pub groups: &'a BTreeSet<GroupId>,
    /// Whether the tenant has a seat for it.
    pub has_seat: bool,
}

/// The outcome for one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judgement {
    /// Everything that speaks against it, gravest first; empty means it may.
    pub reasons: Vec<Ineligible>,
    /// What a complete reset needs.
    pub requirement: Requirement,
    /// The entries that count as proof today, in the order in which they are offered.
    pub counting: Vec<SecurityInfoId>,
}

/// An account, judged.
#[derive(Debug, Clone)]
pub(crate) struct JudgedAccount {
    pub account: Account,
    pub judgement: Judgement,
}

impl Ineligible {
    /// The name in audit events, which tells frozen from blocked.
    pub(crate) const fn as_str(self) -> &'static str {
        self.into_str()
    }
}

impl Judgement {
    /// Whether the account may reset its password itself.
    pub(crate) fn is_eligible(&self) -> bool {
        self.reasons.is_empty()
    }
}

impl Requirement {
    /// What policy and the account's own standing ask for. An account with an authenticator or a passkey must not be
    /// opened by mail alone (ASVS 6.4.3), and an administrator's not by one proof.
    pub(crate) fn of(account: &Account, policy: &Policy) -> Self {
        let has_authenticator = account
            .security_info
            .iter()
            .any(|entry| entry.kind().class() == ProofClass::Authenticator && is_confirmed(entry));
        let distinct_kinds = policy.reset.method_hints == MethodHints::Kinds;
        if has_authenticator || account.is_administrator() {
            Self { proofs: policy.reset.proofs_required.max(2), two_classes: true, distinct_kinds }
        } else {
            Self {
                proofs: policy.reset.proofs_required,
                two_classes: policy.reset.two_classes,
                distinct_kinds,
            }
        }
    }

    /// Whether methods of these kinds could meet it.
    fn reachable_with(self, kinds: &[MethodKind]) -> bool {
        let classes: BTreeSet<ProofClass> = kinds.iter().map(|kind| kind.class()).collect();
        let proofs =
            if self.distinct_kinds { kinds.iter().collect::<BTreeSet<_>>().len() } else { kinds.len() };
        proofs >= usize::from(self.proofs) && (!self.two_classes || classes.len() >= 2)
    }
}

/// Judges an account.
pub(crate) fn judge(candidate: &Candidate<'_>, policy: &Policy, now: Timestamp) -> Judgement {
    let account = candidate.account;
    let requirement = Requirement::of(account, policy);
    // One mailbox is one proof, though an account of earlier days may hold it in two spellings.
    let mut reached = HashSet::new();
    let mut is_new = |entry: &SecurityInfo| {
        entry.destination().is_none_or(|address| reached.insert(address.canonical().into_owned()))
    };
    let counting: Vec<&SecurityInfo> = in_offering_order(account, policy)
        .into_iter()
        .filter(|entry| entry.counts(&policy.reset, now) && is_new(entry))
        .collect();
    let kinds: Vec<MethodKind> = counting.iter().map(|entry| entry.kind()).collect();
    let (in_scope, enabled) = scope(&policy.reset.enabled_scope, candidate.groups);
    let reasons = [
        (account.blocked || account.deleted_at.is_some(), Ineligible::AccountBlocked),
        (account.frozen, Ineligible::AccountFrozen),
        (account.managed_elsewhere, Ineligible::AccountManagedElsewhere),
        (!enabled, Ineligible::ResetNotEnabled),
        (enabled && !in_scope, Ineligible::AccountNotInScope),
        (!candidate.has_seat, Ineligible::ResetNotLicensed),
        (!requirement.reachable_with(&kinds), Ineligible::TooFewMethods),
    ];
    Judgement {
        reasons: reasons.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason).collect(),
        requirement,
        counting: counting.iter().map(|entry| entry.id).collect(),
    }
}

/// The account's entries of kinds that policy allows, without unconfirmed ones: the default first, then by
/// kind and age, so that a position means the same in every step of a reset.
pub(crate) fn in_offering_order<'a>(account: &'a Account, policy: &Policy) -> Vec<&'a SecurityInfo> {
    let mut entries: Vec<&SecurityInfo> = account
        .security_info
        .iter()
        .filter(|entry| policy.reset.allowed_methods.contains(&entry.kind()))
        .filter(|entry| !matches!(entry.standing, Standing::Unconfirmed))
        .collect();
    entries.sort_by_key(|entry| (!entry.is_default, entry.kind(), entry.added_at, entry.id));
    entries
}

/// Whether the scope takes an account in these groups in.
pub(crate) fn is_in_scope(policy: &Policy, groups: &BTreeSet<GroupId>) -> bool {
    let (is_in, is_enabled) = scope(&policy.reset.enabled_scope, groups);
    is_in && is_enabled
}

fn scope(scope: &ResetScope, groups: &BTreeSet<GroupId>) -> (bool, bool) {
    match scope {
        ResetScope::Nobody => (false, false),
        ResetScope::Everybody => (true, true),
        ResetScope::Groups { included, excluded } => {
            (!groups.is_disjoint(included) && groups.is_disjoint(excluded), true)
        }
    }
}

fn is_confirmed(entry: &SecurityInfo) -> bool {
    matches!(entry.standing, Standing::Confirmed { .. })
}

#[cfg(test)]
mod tests;
