//! What is stored while a code lives, and the atomic steps that change it.
//!
//! One trait, two stores: [`redis`] for a cluster of replicas and [`memory`] for one process. One method is one step
//! that happens whole or not at all. `contract` holds both stores to what is promised here, races included.
//!
//! Sending is optimistic: take a snapshot, then act on it. The snapshot tells the run of the store ([`RunId`]) that
//! codes and grants are bound to, and what a request does not say (purpose, subject, address). The step judges
//! everything again; where the verification or the run is no longer that of the snapshot, nothing happens and the
//! outcome is `Stale`: take another. A check says all that the MAC of its code needs but the run, which it may assume
//! from earlier answers ([`Store::assumed_run_id`]): so it is one step, and a second one only after the run changed.
//!
//! Every step takes `now`. What has expired is dead whether or not it was swept.

mod outbox;
mod outcomes;
mod steps;

#[cfg(test)]
mod contract;
pub(crate) mod memory;
pub(crate) mod redis;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use rekey_sealing::KeyStore;

pub(crate) use self::outbox::{EventOutbox, StepEvents, TakenEvents, Turn};
pub(crate) use self::outcomes::{
    CheckOutcome, PassedCheck, PendingMessage, SendOutcome, Snapshot, TenantConversion,
};
pub(crate) use self::steps::{
    CancelStep, CheckStep, ConvertStep, JudgedCheck, RedeemStep, ReleaseStep, ResendStep, SealedCode,
    SendLimits, StartStep,
};
use crate::domain::budgets::Window;
use crate::domain::refusal::Refusal;
use crate::domain::scope::{RunId, ScopedId};
use crate::domain::verification::VerificationState;

/// The store did not answer, or not as it should. Nothing is known about the step, and nothing was bypassed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("redis did not do the step")]
    Redis(#[from] ::redis::RedisError),
    #[error("the store holds something that does not read: {0}")]
    Unreadable(&'static str),
    /// The memory store holds as much as it may: it takes no new verification.
    #[error("the store is full")]
    Full,
    /// The verification or the run changed again and again during the operation.
    #[error("too many steps compete for one verification")]
    Contended,
    /// Redis is set to evict keys when memory runs short, and with them counters.
    #[error("redis may evict: maxmemory-policy is {0}, and must be noeviction")]
    Evicts(String),
}

/// The steps. Each demands the scope it works in, directly or as part of a [`ScopedId`]: nothing of another tenant or
/// caller can be seen or changed.
#[async_trait]
pub(crate) trait Store: KeyStore + EventOutbox + 'static {
    /// Reads a verification and the run of the store. Reads where writes go, never from a replica.
    async fn snapshot(&self, id: &ScopedId) -> Result<Snapshot, Failure>;

    /// The run that this tenant's part of the store was last known to be in: a guess, judged by the step that is given
    /// it. Asks nobody.
    fn assumed_run_id(&self, tenant: TenantId) -> RunId;

    /// Starts a verification and counts its first message.
    ///
    /// The same request id with other content is refused. The same id and content as a stored verification never draws
    /// a second code: its message is handed over again while it is unacknowledged, and afterwards nothing is sent.
    /// Budgets are consumed all or none, in the step that writes the verification. The rules against abuse judge and count in
    /// it as well: destinations whose prefix is cut off are withheld and cost nothing, and where none is left the message is refused.
    ///
    /// A verification whose code is void (the store failed over) gets the code drawn here, and keeps its life, its used
    /// attempts and its counted messages.
    async fn start(&self, step: &StartStep, now: Timestamp) -> Result<SendOutcome, Failure>;

    /// Counts one more message. It never lengthens the code's life and never adds attempts.
    async fn resend(&self, step: &ResendStep, now: Timestamp) -> Result<SendOutcome, Failure>;

    /// Notes that notification has the message of this number. A lower number than noted before changes nothing.
    async fn acknowledge(
        &self,
        id: &ScopedId,
        number: u32,
        run_id: &RunId,
        events: &StepEvents,
    ) -> Result<(), Failure>;

    /// Counts an attempt, judges limits, compares in constant time, and consumes the code if it is right: one step, so
    /// that of any number of attempts at once no more than the allowed ones count and exactly one right one passes.
    /// Repeating a request id counts nothing and gives the first answer: the same grant, passed at the same time.
    /// A verification with another purpose or subject is as good as none: nothing of it is counted.
    /// The breaker of the tenant counts what was compared, and a tenant that is limited has nothing compared but codes of
    /// those who are spared.
    async fn check(&self, step: &CheckStep, now: Timestamp) -> Result<CheckOutcome, Failure>;

    /// Counts a verification that passed for where its code went, once however often it is called.
    async fn convert(&self, step: &ConvertStep, now: Timestamp) -> Result<(), Failure>;

    /// What is counted of a tenant's texts and wrong codes, and the budgets of texts of this window.
    async fn conversion(&self, tenant: TenantId, texts: Option<Window>) -> Result<TenantConversion, Failure>;

    /// Ends a verification that is pending; one that is over stays as it is. Tells its state afterwards.
    async fn cancel(
        &self,
        step: &CancelStep,
        now: Timestamp,
    ) -> Result<Result<VerificationState, Refusal>, Failure>;

    /// Redeems a grant, once. A grant of another run of the store is void.
    async fn redeem(&self, step: &RedeemStep, now: Timestamp) -> Result<Result<(), Refusal>, Failure>;

    /// Forgets the failures of a subject for a purpose.
    async fn release(&self, step: &ReleaseStep, now: Timestamp) -> Result<Result<(), Refusal>, Failure>;

    /// Forgets the keys of a kind, which are known for a day after the last process held its own to them.
    async fn forget_keys(&self, kind: &str) -> Result<(), Failure>;

    /// Which store it is and what its [`ready`](Self::ready) found, for operators.
    fn cause(&self, failure: &Failure) -> String {
        failure.to_string()
    }

    /// Whether the store answers and is fit for its task.
    async fn ready(&self) -> Result<(), Failure>;
}
