//! What each step of a [`Store`](super::Store) takes.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::GrantId;

use super::outbox::StepEvents;
use crate::domain::abuse::breaker::BreakerRule;
use crate::domain::abuse::conversion::ConversionRule;
use crate::domain::abuse::{BudgetModes, JudgedSend, NumberPrefix, Standings};
use crate::domain::budgets::TenantBudget;
use crate::domain::failures::FailureRule;
use crate::domain::idempotency::Idempotency;
use crate::domain::mac::{Mac, MacSet};
use crate::domain::names::{Purpose, Subject};
use crate::domain::route::Withheld;
use crate::domain::scope::{RunId, ScopedId, TenantScope};
use crate::domain::verification::Verification;

/// A code as it is stored.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
#[debug("[sealed code]")]
pub(crate) struct SealedCode {
    pub(crate) mac: Mac,
    /// The code itself, sealed, so that a resend sends the same.
    pub(crate) sealed: Vec<u8>,
}

/// What limits one more message.
#[derive(Debug, Clone)]
pub(crate) struct SendLimits {
    /// Messages counted in the snapshot: another number now means that it is stale.
    pub(crate) seen_sends: u32,
    /// The most messages a verification may send.
    pub(crate) max_sends: u32,
    /// When the message after this one may go.
    pub(crate) next_send_at: Option<Timestamp>,
    /// The budgets inside the tenant that it consumes.
    pub(crate) budgets: Vec<TenantBudget>,
    /// Whether the budgets that cross tenants are reserved; without them nothing new is sent.
    pub(crate) is_reserved: bool,
    /// The destinations whose budget is exhausted: they get nothing, also when the message is handed over again.
    pub(crate) withheld: Withheld,
    pub(crate) failures: FailureRule,
    /// Which of the budgets only record.
    pub(crate) modes: BudgetModes,
    /// What the rules against abuse judge; nothing of a decoy, which they neither judge nor count.
    pub(crate) judged: Option<JudgedSend>,
}

/// A verification to be started.
#[derive(Debug, Clone)]
pub(crate) struct StartStep {
    pub(crate) idempotency: Idempotency,
    pub(crate) id: ScopedId,
    /// As it would be stored; its `run_id` is that of the snapshot.
    pub(crate) verification: Verification,
    /// Its content under every accepted key, to compare with what is stored.
    pub(crate) content: MacSet,
    /// The code drawn for it; not used if one is live already.
    pub(crate) code: SealedCode,
    pub(crate) limits: SendLimits,
    /// That it was created.
    pub(crate) events: StepEvents,
}

/// One more message for a verification.
#[derive(Debug, Clone)]
pub(crate) struct ResendStep {
    pub(crate) idempotency: Idempotency,
    pub(crate) id: ScopedId,
    /// The verification of the snapshot.
    pub(crate) seen: Verification,
    /// The run of the snapshot.
    pub(crate) run_id: RunId,
    /// A code drawn in case the stored one is void, or is to be rotated.
    pub(crate) code: SealedCode,
    /// Whether a new code is sent even if the stored one is good.
    pub(crate) rotate: bool,
    pub(crate) limits: SendLimits,
}

/// An attempt at a code.
#[derive(Debug, Clone)]
pub(crate) struct CheckStep {
    pub(crate) idempotency: Idempotency,
    pub(crate) id: ScopedId,
    /// What the caller takes the verification to be for.
    pub(crate) purpose: Purpose,
    /// Whom the caller takes it to be about.
    pub(crate) subject: Subject,
    /// The run that `typed` is bound to.
    pub(crate) run_id: RunId,
    /// MACs of the typed code.
    pub(crate) typed: MacSet,
    /// The id of the grant to give if it is right.
    pub(crate) grant: GrantId,
    pub(crate) failures: FailureRule,
    /// None where wrong codes of a tenant are not counted.
    pub(crate) breaker: Option<JudgedCheck>,
    /// That it was approved, and that it was checked in vain.
    pub(crate) events: StepEvents,
}

/// What the spray breaker judges a check by.
#[derive(Debug, Clone)]
pub(crate) struct JudgedCheck {
    pub(crate) rule: BreakerRule,
    /// Whose failures count, and who is spared.
    pub(crate) standings: Standings,
}

/// A code that passed, to be counted for what it was sent to.
#[derive(Debug, Clone)]
pub(crate) struct ConvertStep {
    pub(crate) id: ScopedId,
    /// Keyed names of the destinations to be spared.
    pub(crate) spared: Vec<String>,
    /// Until when.
    pub(crate) spared_until: Timestamp,
    /// The prefix that it counts for.
    pub(crate) prefix: Option<NumberPrefix>,
    pub(crate) rule: ConversionRule,
}

#[derive(Debug, Clone)]
pub(crate) struct CancelStep {
    pub(crate) idempotency: Idempotency,
    pub(crate) id: ScopedId,
}

#[derive(Debug, Clone)]
pub(crate) struct RedeemStep {
    pub(crate) idempotency: Idempotency,
    /// Who redeems, and in which tenant.
    pub(crate) scope: TenantScope,
    pub(crate) grant: GrantId,
    /// The run that the grant belongs to.
    pub(crate) run_id: RunId,
    pub(crate) expires_at: Timestamp,
}

#[derive(Debug, Clone)]
pub(crate) struct ReleaseStep {
    pub(crate) idempotency: Idempotency,
    pub(crate) scope: TenantScope,
    pub(crate) purpose: Purpose,
    pub(crate) subject: Subject,
}
