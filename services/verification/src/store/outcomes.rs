//! What came of the steps of a [`Store`](super::Store).

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::GrantId;

use crate::domain::abuse::breaker::{Breaker, BreakerStage};
use crate::domain::abuse::tally::Tally;
use crate::domain::abuse::{Findings, NumberPrefix};
use crate::domain::budgets::{Country, WindowCount};
use crate::domain::refusal::Refusal;
use crate::domain::route::Withheld;
use crate::domain::scope::RunId;
use crate::domain::verification::{CodeTimes, Verification};

/// The verification and the run of the store at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// The present run of the store, for this tenant.
    pub(crate) run_id: RunId,
    pub(crate) verification: Option<Verification>,
}

/// A message to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PendingMessage {
    /// Which message of the verification it is, from 1.
    pub(crate) number: u32,
    /// When it was counted; a repeated hand-over repeats this time.
    pub(crate) sent_at: Timestamp,
    pub(crate) sealed_code: Vec<u8>,
    pub(crate) sealed_route: Vec<u8>,
    pub(crate) times: CodeTimes,
    /// The destinations that do not get it.
    pub(crate) withheld: Withheld,
    /// Whether a budget that must not show is exhausted: answer as ever, and hand nothing over.
    pub(crate) is_dropped: bool,
    /// What the rules against abuse found when it was counted.
    pub(crate) findings: Findings,
}

/// What came of a start or a resend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SendOutcome {
    /// Counted now: the budgets that were reserved are used.
    Counted(PendingMessage),
    /// Counted before and not known to have been accepted: hand it over again, free of charge.
    Unacknowledged(PendingMessage),
    /// `sent` says whether this call, when it was made first, sent a message.
    NothingToSend {
        times: CodeTimes,
        sent: bool,
    },
    Refused(Refusal),
    /// A new message would have to be counted, and the budgets that cross tenants are not reserved. Nothing happened.
    NotReserved,
    /// The verification or the run is no longer that of the snapshot. Nothing happened.
    Stale,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CheckOutcome {
    /// Right, and consumed by this.
    Passed(Box<PassedCheck>),
    /// Wrong, expired, consumed, out of attempts, for another purpose or subject, or unknown.
    Rejected,
    /// Rejected, and with it wrong codes of the tenant were so many that its breaker went to this stage.
    Tripped(BreakerStage),
    /// The code was not even compared.
    Refused(Refusal),
    /// The store is in this run, not in the one that was assumed. Nothing was counted.
    RunChanged(RunId),
}

/// A check that passed, as its first call found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PassedCheck {
    pub(crate) grant: GrantId,
    pub(crate) at: Timestamp,
    pub(crate) verification: Verification,
}

/// What is counted of a tenant's texts and wrong codes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TenantConversion {
    /// Texts and right codes by prefix. Where the digits are the name of a country, of all its further prefixes.
    pub(crate) prefixes: Vec<(NumberPrefix, Tally)>,
    /// The budgets of texts to these countries, where something of them is used.
    pub(crate) texts: Vec<(Country, WindowCount)>,
    pub(crate) breaker: Breaker,
}
