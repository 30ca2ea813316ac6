//! Whether a reset may set the password: everything judged again, at the last moment.
//!
//! Between start and completion policy, roles, scope and methods may have changed. The store repeats the
//! conditions that can race (epoch, recovery version, block, freeze) inside its one statement; here they are
//! judged first, for the right answer and the true reason in the audit log.

use rekey_primitives::clock::Timestamp;

use super::offer::Target;
use super::{Position, ResetState};
use crate::domain::account::Account;
use crate::domain::eligibility::{Ineligible, JudgedAccount, Judgement};
use crate::domain::policy::Policy;
use crate::domain::refusal::Refusal;

/// Why a reset stops. The true reason is for the audit log; [`Stopped::refusal`] is what the person sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// Another caller started it.
    OtherCaller,
    /// Its life is over.
    Expired,
    /// There is no account behind it.
    NoAccount,
    /// The password changed since it began.
    EpochPassed,
    /// Methods, roles, block or freeze changed since it began.
    RecoveryVersionPassed,
    /// Today's policy does not let the account reset.
    NotEligible(Ineligible),
    /// More proofs are needed.
    ProofsMissing {
        /// How many more.
        remaining: u8,
    },
    /// As many attempts as a reset has were spent.
    AttemptsExhausted,
}

impl Stopped {
    /// What the person sees. Missing proofs come before anything about the account, so that a stranger
    /// without a proof gets one and the same answer for every account and for none.
    pub(crate) fn refusal(self) -> Refusal {
        match self {
            Self::ProofsMissing { remaining } => Refusal::ProofsMissing { remaining },
            Self::AttemptsExhausted => Refusal::AttemptsExhausted,
            Self::OtherCaller
            | Self::Expired
            | Self::NoAccount
            | Self::EpochPassed
            | Self::RecoveryVersionPassed
            | Self::NotEligible(_) => Refusal::ResetInvalid,
        }
    }

    /// The name in audit events.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::OtherCaller => "other_caller",
            Self::Expired => "expired",
            Self::NoAccount => "unknown_login",
            Self::EpochPassed => "credential_epoch_passed",
            Self::RecoveryVersionPassed => "recovery_version_passed",
            Self::NotEligible(reason) => reason.as_str(),
            Self::ProofsMissing { .. } => "proofs_missing",
            Self::AttemptsExhausted => "attempts_exhausted",
        }
    }
}

/// Whether any step of the reset may go on, from what the token alone says.
pub(crate) fn may_continue(state: &ResetState, caller: &[u8; 32], now: Timestamp) -> Result<(), Stopped> {
    if state.caller != *caller {
        return Err(Stopped::OtherCaller);
    }
    if now.has_reached(state.expires_at) {
        return Err(Stopped::Expired);
    }
    Ok(())
}

/// Whether the token alone says that the reset cannot set a password yet. Asked before anything is read, so that known and
/// unknown logins cost the same.
pub(crate) fn has_its_proofs(state: &ResetState, caller: &[u8; 32], now: Timestamp) -> Result<(), Stopped> {
    match state.proofs.missing_of(state.proofs_required) {
        0 => Ok(()),
        remaining => may_continue(state, caller, now).and(Err(Stopped::ProofsMissing { remaining })),
    }
}

/// Whether the account is still the one the reset began with.
pub(crate) fn is_same(state: &ResetState, account: &Account) -> Result<(), Stopped> {
    if state.account_id != Some(account.id) || state.tenant_id != account.tenant_id {
        return Err(Stopped::NoAccount);
    }
    if state.epoch != account.epoch {
        return Err(Stopped::EpochPassed);
    }
    if state.recovery_version != account.recovery_version {
        return Err(Stopped::RecoveryVersionPassed);
    }
    Ok(())
}

/// A reset that is about to set a password, and everything that is judged by.
#[derive(Clone, Copy)]
pub(crate) struct Completion<'a> {
    pub state: &'a ResetState,
    /// The hash of the caller's name.
    pub caller: &'a [u8; 32],
    /// The account as it is today, if there is one.
    pub judged: Option<&'a JudgedAccount>,
    pub policy: &'a Policy,
    pub now: Timestamp,
}

impl Completion<'_> {
    /// Whether it may set a password now, `attempts` having been made before.
    pub(crate) fn may_set_password(&self, attempts: u32) -> Result<(), Stopped> {
        let Self { state, policy, .. } = *self;
        may_continue(state, self.caller, self.now)?;
        has_its_proofs(state, self.caller, self.now)?;
        let JudgedAccount { account, judgement } = self.judged.ok_or(Stopped::NoAccount)?;
        is_same(state, account)?;
        if let Some(reason) = judgement.reasons.first() {
            return Err(Stopped::NotEligible(*reason));
        }
        let counted = state.proofs.only(|proof| still_counts(state, proof.position, judgement));
        match counted.remaining(judgement.requirement) {
            0 if attempts >= policy.reset.attempts_per_reset => Err(Stopped::AttemptsExhausted),
            0 => Ok(()),
            remaining => Err(Stopped::ProofsMissing { remaining }),
        }
    }
}

fn still_counts(state: &ResetState, position: Position, judgement: &Judgement) -> bool {
    state.offer.get(position).is_some_and(|offered| match offered.target {
        Target::Entry(id) => judgement.counting.contains(&id),
        Target::Kind(recipients) => recipients.are_all_among(&judgement.counting),
        Target::Decoy(_) => false,
    })
}
