//! What identity remembers, as steps: one method is one atomic step, named after what happens.
//!
//! What each method promises stands here, on the traits; `postgres` and `sqlite` keep the promises, `contract`
//! holds them to it, races included. A step that changes something takes its audit event, its notices and the
//! answer to keep for a repeated request, so that all of it is written or none. Every statement takes `now`.
//! Methods that touch a tenant's data demand a [`TenantScope`](crate::domain::scope::TenantScope).

pub mod accounts;
pub mod expiry;
pub mod outbox;
pub mod postgres;
pub mod resets;
pub mod sign_ins;
pub mod sqlite;
pub mod step;

#[cfg(test)]
mod contract;
mod decide;
mod failure;
mod rows;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;

pub use accounts::Accounts;
pub use expiry::Expiry;
pub use failure::in_time;
pub use outbox::Outbox;
pub use resets::Resets;
pub use sign_ins::SignIns;
pub use step::{Failure, Once, Recalled, Step};

/// The schema this code needs, and makes.
const SCHEMA_VERSION: i64 = 4;

/// How many rows one sweep deletes at most.
const SWEPT_AT_MOST: u64 = 1_000;

/// How long a familiar place is remembered without a sign-in from it, of which one a day is written down.
const PLACE_KEPT: Duration = Duration::from_secs(90 * 86_400);

/// How long a lockout is remembered without another wrong password: many times the longest lock there can be.
const LOCKOUT_KEPT: Duration = Duration::from_secs(90 * 86_400);

/// How long a request whose try was counted is remembered: longer than any answer to it is kept.
const COUNTED_TRY_KEPT: Duration = Duration::from_secs(86_400);

/// How long tries are held against a method that no account has: a decoy's, or those of a removed address. Longer than
/// anybody watches whether it comes back to life, which a real one never does by itself.
const ABANDONED_TRIES_KEPT: Duration = Duration::from_secs(400 * 86_400);

/// How long it is remembered that somebody was told of the expiry of a password: longer than the 730 days that the
/// longest-lived one has.
const EXPIRY_NOTICE_KEPT: Duration = Duration::from_secs(800 * 86_400);

/// Everything identity needs of a database.
pub trait Store: Accounts + Resets + SignIns + Expiry + Outbox + Upkeep {}

impl<T: Accounts + Resets + SignIns + Expiry + Outbox + Upkeep> Store for T {}

/// A store shared by all flows and loops of a process.
pub type SharedStore = Arc<dyn Store>;

/// What keeps a store in order.
#[async_trait]
pub trait Upkeep: Send + Sync {
    /// Answers when the store can be read and written.
    async fn ping(&self) -> Result<(), Failure>;

    /// Whether the schema is one this code can work with: at least its own, and not newer than the oldest code
    /// the schema still serves.
    async fn schema_fits(&self) -> Result<bool, Failure>;

    /// Deletes what can never matter again at `now`: kept answers, attempts and sessions past their end, familiar
    /// places not seen and lockouts not added to for 90 days, removed addresses after a week, marks of expiry notices
    /// after 800 days. Returns how many rows went; at most 1,000 a call, so that it never holds a lock for long.
    async fn sweep(&self, now: Timestamp) -> Result<u64, Failure>;

    /// Forgets events of the audit logs that every tenant's policy of today lets go: those older than the longest
    /// `audit.retention_days` of any, since tenants share partitions. Nothing is forgotten while there is no tenant.
    /// What remains of a log is its newest end. Where the log is partitioned, whole partitions go, up to 4 weeks late.
    /// Returns how many rows and partitions went; at most 1,000 a call, and 0 when none is left.
    async fn forget_events(&self, now: Timestamp) -> Result<u64, Failure>;
}
