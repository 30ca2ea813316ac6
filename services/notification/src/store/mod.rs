//! Where messages are kept: one trait per group of steps, two implementations, one contract.
//!
//! One method is one atomic step, named after what happens. Every step takes `now`: expiry stands in the rows, and a
//! test moves one clock. What each method promises stands on the trait and is held by the suite in `contract`.
//! Payloads and fingerprints come sealed; a store never sees an address or a code.

#[cfg(test)]
mod contract;
mod models;
mod news;
mod rows;

pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::time::Duration;

/// One of three statements that differ in the lane's number alone. It is written out, not bound: a partial index is
/// used only where the planner sees the constant.
macro_rules! by_lane {
    ($lane:expr, $before:literal, $after:literal) => {
        match $lane {
            $crate::domain::lane::Lane::Critical => concat!($before, "1", $after),
            $crate::domain::lane::Lane::Transactional => concat!($before, "2", $after),
            $crate::domain::lane::Lane::Bulk => concat!($before, "3", $after),
        }
    };
}
pub(crate) use by_lane;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{NotificationId, RequestId};

pub(crate) use models::{
    Acceptance, Change, Claim, Hold, Keep, NewNotification, Recorded, RequestedChange, Schema, Swept,
};

pub(crate) use news::{Bell, Depths};

use crate::domain::delivery::Outcome;
use crate::domain::lane::Lane;
use crate::domain::notification::Notification;
use crate::domain::page::{Filter, Position};
use crate::domain::scope::TenantScope;

/// The store broke. A refusal is never this: it is part of a method's answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The driver's word.
    #[error("the store failed")]
    Driver(#[from] sqlx::Error),
    /// A row that this code cannot read: the schema or another writer is ahead.
    #[error("the store holds a row that does not read: {0}")]
    Unreadable(&'static str),
    /// A migration did not go through.
    #[error("the migration failed")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// It did not answer in time, and whether it did what it was asked to is not known.
    #[error("the store did not answer in time")]
    TimedOut,
    /// The data folder is not ours to use.
    #[error("the data folder is in use or not writable")]
    Folder(#[from] std::io::Error),
}

impl Failure {
    /// Whether the store is away, which passes, and not broken.
    #[must_use]
    pub(crate) fn is_away(&self) -> bool {
        let Self::Driver(error) = self else { return matches!(self, Self::TimedOut) };
        if let sqlx::Error::Database(error) = error {
            return error.code().is_some_and(|code| is_passing(&code));
        }
        matches!(
            error,
            sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::WorkerCrashed
                | sqlx::Error::Protocol(_)
        )
    }
}

/// How long a loop waits for one step: for a connection, and for statements that have limits of their own. Beyond it
/// the network has swallowed question or answer, and TCP alone would take a quarter of an hour to say so.
pub(crate) const STEP_WITHIN: Duration = Duration::from_secs(10);

/// A step for a loop, which must not stand still behind a silent network. A step that was given up may have been done
/// all the same: leases and fences make that harmless.
///
/// # Errors
/// Those of the step, and [`Failure::TimedOut`].
pub(crate) async fn in_time<T>(step: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::time::timeout(STEP_WITHIN, step).await.unwrap_or(Err(Failure::TimedOut))
}

/// Whether a database's complaint passes by itself. Postgres: classes 08 (connection), 53 (out of something) and 57P
/// (going down or coming up), and 40 (lost a race); 57014 and 55P03, a statement or a lock that took too long; 25P03, a
/// transaction that lay idle; 25006, a standby that does not write. SQLite: 5 and 261, the file is held by a stranger.
fn is_passing(code: &str) -> bool {
    match code.len() {
        5 => ["08", "53", "57P", "40", "57014", "55P03", "25P03", "25006"]
            .into_iter()
            .any(|class| code.starts_with(class)),
        _ => matches!(code, "5" | "261"),
    }
}

/// Taking messages in.
#[async_trait]
pub(crate) trait Intake: Send + Sync {
    /// Makes messages durable, all of them or none. A `request_id` that was used within its life makes no message:
    /// the answer shows what it was used for, and the caller judges whether that is the same.
    ///
    /// The request ids of one call differ from each other. As many answers as messages, in their order.
    async fn accept(
        &self,
        scope: TenantScope,
        messages: &[NewNotification],
        now: Timestamp,
    ) -> Result<Vec<Acceptance>, Failure>;

    /// What request ids were used for within their life, as [`accept`](Self::accept) would answer; nothing for those
    /// that are free. They are looked at and not used. As many answers as ids, in their order.
    async fn find_requests(
        &self,
        scope: TenantScope,
        request_ids: &[RequestId],
        now: Timestamp,
    ) -> Result<Vec<Option<Acceptance>>, Failure>;

    /// How many messages wait in a lane, due or not; counted no further than `most`.
    async fn queued(&self, lane: Lane, most: u64) -> Result<u64, Failure>;
}

/// Sending them.
#[async_trait]
pub(crate) trait Delivery: Send + Sync {
    /// Takes up to `most` due messages of a lane, the longest due first, and holds them until `now + lease` under a
    /// fence higher than any before. No two claims get the same message. Decoys whose turn it is are deleted and
    /// not returned; what is past its `not_after` is not returned. The hold says whether an earlier one left doubt.
    async fn claim(
        &self,
        lane: Lane,
        most: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<Claim>, Failure>;

    /// Holds a message until `now + lease`, if the hold is still the last one on it; otherwise nothing happens.
    async fn renew(&self, hold: Hold, lease: Duration, now: Timestamp) -> Result<Recorded, Failure>;

    /// Marks that the message is about to be handed over, if the hold is still the last one on it and its
    /// `not_after` has not come; otherwise nothing happens and the message must not be handed over. The mark is
    /// durable when this returns, and stays until the end of the try is recorded: who claims the message after this
    /// worker died knows that it may have gone out.
    async fn begin_handing_over(&self, hold: Hold, now: Timestamp) -> Result<Recorded, Failure>;

    /// Puts back up to `most` messages whose lease had ended by then, due now. Where one had been marked as being
    /// handed over, its last failure is a lost answer.
    async fn put_back(&self, most: u32, ended_by: Timestamp, now: Timestamp) -> Result<u64, Failure>;

    /// Puts back everything that is held, where only this process can have held it before it last died; in a store
    /// for many processes nothing. To be called before the first claim.
    async fn put_back_orphans(&self, now: Timestamp) -> Result<u64, Failure>;

    /// Records how a try ended, if the hold is still the last one on the message; otherwise nothing happens.
    /// Delivered and expired wipe the payload. What an earlier hold left in doubt ends as unknown, whatever this
    /// try says (see [`Outcome::state`]).
    async fn record(
        &self,
        hold: Hold,
        outcome: Outcome,
        provider: &str,
        now: Timestamp,
    ) -> Result<Recorded, Failure>;

    /// Tidies up, a bounded number of rows at a time: expires what is past its `not_after`, wipes payloads nobody
    /// may use any more, forgets old requests and old journeys, prepares room for the time to come. Where only room
    /// cannot be made or old journeys cannot be forgotten, it says so in the log and does the rest.
    async fn sweep(&self, keep: Keep, now: Timestamp) -> Result<Swept, Failure>;
}

/// Looking at messages and stepping in.
#[async_trait]
pub(crate) trait Journeys: Send + Sync {
    /// One message of the tenant.
    async fn get(&self, scope: TenantScope, id: NotificationId) -> Result<Option<Notification>, Failure>;

    /// Up to `most` messages of the tenant that pass the filter, newest first, older than `after`.
    async fn list(
        &self,
        scope: TenantScope,
        filter: &Filter,
        after: Option<Position>,
        most: usize,
    ) -> Result<Vec<Notification>, Failure>;

    /// Withdraws a queued message and wipes its payload, unless it may have gone out already. The same request
    /// again changes nothing and says the same.
    async fn cancel(
        &self,
        scope: TenantScope,
        change: RequestedChange,
        now: Timestamp,
    ) -> Result<Change, Failure>;

    /// Queues a dead or unknown message again, due now, if its payload is still kept. Tries are counted from one
    /// again: a message out of tries gets all of them. Whoever asks has seen the doubt, if there was any, and it
    /// ends: the message will show how the new tries end. The same request again changes nothing and says the same.
    async fn replay(
        &self,
        scope: TenantScope,
        change: RequestedChange,
        now: Timestamp,
    ) -> Result<Change, Failure>;
}

/// Everything this part needs of its store.
#[async_trait]
pub(crate) trait Store: Intake + Delivery + Journeys {
    /// Whether the store answers and its schema fits this code.
    async fn schema(&self) -> Result<Schema, Failure>;

    /// Ends all connections.
    async fn close(&self);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_goes_down_is_away_and_a_broken_statement_is_not() {
        assert!(["57P01", "08006", "53300", "40P01", "57014", "55P03", "5"].into_iter().all(is_passing));
        assert!(!["42P01", "23505", "1"].into_iter().any(is_passing));
    }
}
