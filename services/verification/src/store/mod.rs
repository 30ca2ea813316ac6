//! What is kept while a code lives, and the atomic steps that change it.
//!
//! One trait, two stores: [`redis`] for a cluster of replicas and [`memory`] for one process. One method is one
//! step that happens whole or not at all; `contract` holds both to the promises written here, races included.
//!
//! The shape of sending is *look, then act*. Looking tells the run of the store ([`Generation`]) that digests and
//! grants are bound to, and what a request does not say (purpose, subject, address). Acting judges everything
//! again; where the verification or the run is no longer the one that was looked at, nothing happens and the answer
//! is `Moved`: look again. A check says all that its digest needs but the run, and that it may guess from earlier
//! answers ([`Store::likely_generation`]): so it is one step, and a second one only after the store's run changed.
//!
//! Every step takes `now`. What has expired is dead whether or not it was swept.

#[cfg(test)]
mod contract;
pub(crate) mod memory;
pub(crate) mod redis;

use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{GrantId, TenantId};

use crate::domain::limits::{FailureRule, Spend};
use crate::domain::names::{Purpose, Subject};
use crate::domain::refusal::Refusal;
use crate::domain::scope::{Generation, Place, TenantScope};
use crate::domain::tag::{Request, Tag, Tags};
use crate::domain::verification::{State, Times, Verification};

/// The store did not answer, or not as it should. Nothing is known about the step, and nothing was bypassed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Redis is away, slow, or says no.
    #[error("redis did not do the step")]
    Redis(#[from] ::redis::RedisError),
    /// What came back is not what was put in.
    #[error("the store holds something that does not read: {0}")]
    Unreadable(&'static str),
    /// The memory store holds as much as it may: no new verification.
    #[error("the store is full")]
    Full,
    /// The verification or the store's run kept changing under the operation.
    #[error("the store did not hold still")]
    Restless,
    /// Redis is set to throw keys away when memory runs short, and with them counters.
    #[error("redis may evict: maxmemory-policy is {0}, and must be noeviction")]
    Evicts(String),
}

/// What looking showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sight {
    /// The present run of the store, for this tenant.
    pub(crate) generation: Generation,
    /// The verification, if there is one.
    pub(crate) verification: Option<Verification>,
}

/// A code as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct KeptCode {
    /// Its keyed digest.
    pub(crate) tag: Tag,
    /// The code itself, sealed, so that a resend sends the same.
    pub(crate) sealed: Vec<u8>,
}

impl std::fmt::Debug for KeptCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[kept code]")
    }
}

/// What charging one more message takes.
#[derive(Debug, Clone)]
pub(crate) struct Charge {
    /// Messages charged when it was looked: another number now means `Moved`.
    pub(crate) seen_sends: u32,
    /// The most messages a verification may send.
    pub(crate) most_sends: u32,
    /// When the message after this one may go.
    pub(crate) next_send_at: Option<Timestamp>,
    /// The tenant's budgets it spends.
    pub(crate) spends: Vec<Spend>,
    /// Whether the budgets outside the tenant are reserved; without them a charge is [`Dispatch::Unfunded`].
    pub(crate) funded: bool,
    /// When failures in a row keep the subject from being asked.
    pub(crate) failures: FailureRule,
}

/// A verification to be started. `verification` is as it would be kept; `generation` in it is the one looked at.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    /// Which call this is.
    pub(crate) request: Request,
    /// Its id, and whose it is.
    pub(crate) place: Place,
    /// What to keep.
    pub(crate) verification: Verification,
    /// Its content under every accepted key, to compare with what is kept.
    pub(crate) content: Tags,
    /// The code drawn for it; not used if one is live already.
    pub(crate) code: KeptCode,
    /// What the message takes.
    pub(crate) charge: Charge,
    /// How long the answer is kept.
    pub(crate) answer_life: Duration,
}

/// One more message for a verification.
#[derive(Debug, Clone)]
pub(crate) struct Resend {
    /// Which call this is.
    pub(crate) request: Request,
    /// The verification.
    pub(crate) place: Place,
    /// As it was when it was looked at.
    pub(crate) seen: Verification,
    /// The run looked at.
    pub(crate) generation: Generation,
    /// A code drawn in case the one kept is void, or is to be rotated.
    pub(crate) code: KeptCode,
    /// Whether a new code is sent even if the one kept is good.
    pub(crate) rotate: bool,
    /// What the message takes.
    pub(crate) charge: Charge,
    /// How long the answer is kept.
    pub(crate) answer_life: Duration,
}

/// A message to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sending {
    /// Which message of the verification it is, from 1.
    pub(crate) number: u32,
    /// When it was charged; repeated hand-overs keep this.
    pub(crate) sent_at: Timestamp,
    /// The code, sealed.
    pub(crate) sealed_code: Vec<u8>,
    /// Where it goes, sealed.
    pub(crate) sealed_route: Vec<u8>,
    /// The answer.
    pub(crate) times: Times,
    /// Whether a budget that must not show is dry: answer as ever, and hand nothing over.
    pub(crate) is_quiet: bool,
}

/// What came of a start or a resend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Dispatch {
    /// Charged now. The caller keeps what it reserved outside.
    Charged(Sending),
    /// Charged before and not known to have been accepted: hand over again, free.
    Owed(Sending),
    /// Nothing to send. `sent` says whether this request's first call sent something.
    Settled {
        /// The answer.
        times: Times,
        /// Whether a message went out for this request.
        sent: bool,
    },
    /// No.
    Refused(Refusal),
    /// It would have to be charged, and the budgets outside the tenant are not reserved. Nothing happened.
    Unfunded,
    /// It is not as it was looked at. Nothing happened.
    Moved,
}

/// A try.
#[derive(Debug, Clone)]
pub(crate) struct Check {
    /// Which call this is.
    pub(crate) request: Request,
    /// The verification.
    pub(crate) place: Place,
    /// What the caller takes it to be for.
    pub(crate) purpose: Purpose,
    /// Whom the caller takes it to be about.
    pub(crate) subject: Subject,
    /// The run that `typed` is bound to.
    pub(crate) generation: Generation,
    /// What was typed, digested under every accepted key.
    pub(crate) typed: Tags,
    /// The id of the grant to give if it is right.
    pub(crate) grant: GrantId,
    /// When failures in a row pause and stop.
    pub(crate) failures: FailureRule,
    /// How long the answer is kept.
    pub(crate) answer_life: Duration,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Checked {
    /// Right, and that was its one use.
    Passed(Box<Passed>),
    /// Wrong, expired, spent, out of tries, for something or somebody else, or unknown.
    Rejected,
    /// Not even tried.
    Refused(Refusal),
    /// The store is at this run, not at the one that was guessed. Nothing was counted.
    Moved(Generation),
}

/// A check that passed, as the first call with its request id found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Passed {
    /// The grant it earned.
    pub(crate) grant: GrantId,
    /// When.
    pub(crate) at: Timestamp,
    /// What passed.
    pub(crate) verification: Verification,
}

/// What came of a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cancelled {
    /// Where the verification stands now.
    Now(State),
    /// No.
    Refused(Refusal),
}

/// A grant to be spent.
#[derive(Debug, Clone)]
pub(crate) struct Redeem {
    /// Which call this is.
    pub(crate) request: Request,
    /// Who redeems, and in which tenant.
    pub(crate) scope: TenantScope,
    /// The grant.
    pub(crate) grant: GrantId,
    /// The run it belongs to.
    pub(crate) generation: Generation,
    /// When it dies.
    pub(crate) expires_at: Timestamp,
    /// How long the answer is kept.
    pub(crate) answer_life: Duration,
}

/// What came of spending a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Redeemed {
    /// This call, or an earlier one with the same request id, spent it.
    Spent,
    /// No.
    Refused(Refusal),
}

/// What came of releasing a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Released {
    /// Its failures are forgotten.
    Done,
    /// No.
    Refused(Refusal),
}

/// The steps. Each demands the scope it works in, directly or as part of a [`Place`]: nothing of another tenant or
/// caller can be seen or changed.
#[async_trait]
pub(crate) trait Store: Send + Sync + 'static {
    /// Shows a verification and the run of the store. Changes nothing. Reads where writes go, never a replica.
    async fn look(&self, place: &Place) -> Result<Sight, Failure>;

    /// The run that this tenant's part of the store was last known to be at: a guess, judged by the step that is
    /// given it. Asks nobody.
    fn likely_generation(&self, tenant: TenantId) -> Generation;

    /// Starts a verification and charges its first message.
    ///
    /// The same request id with other content is refused. The same id and content as a verification that is kept
    /// never draws a second code: its message is handed over again while it is owed, and afterwards nothing is
    /// sent. Budgets are spent all or none, in the step that writes the verification.
    ///
    /// A verification whose code is void (the store failed over) gets the code drawn here, and keeps its life,
    /// its spent tries and its charged messages.
    async fn start(&self, start: &Start, now: Timestamp) -> Result<Dispatch, Failure>;

    /// Charges one more message. It never lengthens the code's life and never adds tries.
    async fn resend(&self, resend: &Resend, now: Timestamp) -> Result<Dispatch, Failure>;

    /// Notes that notification has the message of this number. Older news changes nothing.
    async fn acknowledge(&self, place: &Place, number: u32, generation: &Generation) -> Result<(), Failure>;

    /// Counts a try, judges limits, compares in constant time, and consumes the code if it is right: one step, so
    /// that of any number of tries at once no more than the allowed ones count and exactly one right one passes.
    /// Repeating a request id counts nothing and gives the first answer: the same grant, passed at the same time.
    /// A verification with another purpose or subject is as good as none: nothing of it is counted.
    async fn check(&self, check: &Check, now: Timestamp) -> Result<Checked, Failure>;

    /// Ends a verification that is pending; one that is over stays as it is.
    async fn cancel(
        &self,
        request: &Request,
        place: &Place,
        answer_life: Duration,
        now: Timestamp,
    ) -> Result<Cancelled, Failure>;

    /// Spends a grant, once. A grant of another run of the store is void.
    async fn redeem(&self, redeem: &Redeem, now: Timestamp) -> Result<Redeemed, Failure>;

    /// Forgets the failures of a subject for a purpose.
    async fn release(
        &self,
        request: &Request,
        scope: &TenantScope,
        purpose: &Purpose,
        subject: &Subject,
        answer_life: Duration,
        now: Timestamp,
    ) -> Result<Released, Failure>;

    /// Whether the store answers and is fit for its task.
    async fn ready(&self) -> Result<(), Failure>;
}
