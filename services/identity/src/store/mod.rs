//! What identity remembers, as steps: one method of [`Store`] is one atomic step, named after what happens.
//!
//! A step is written once for Postgres and SQLite; where a statement differs it has two texts, and what only one of the
//! two has stands in [`partitions`]. `contract` holds every method to what it promises on both, races included. A step
//! that changes something takes its audit event, its notices and the answer to keep for a repeated request, so that all
//! of it is written or none. Every statement takes `now`. Methods that touch a tenant's data demand a
//! [`TenantScope`](crate::domain::scope::TenantScope).
//!
//! Steps protect themselves: conditions stand in the statement that writes, a row that a rule must judge first is
//! locked, and locks are taken in one order (answer, tenant, account, then what belongs to it). The end of an audit chain is
//! locked by what seals, forgets and erases, and by no step of a call.

pub(crate) mod accounts;
pub(crate) mod audit;
pub(crate) mod bulk_resets;
pub(crate) mod expiring_passwords;
pub(crate) mod expiry;
pub(crate) mod groups;
pub(crate) mod imports;
pub(crate) mod links;
pub(crate) mod outbox;
pub(crate) mod outcome;
pub(crate) mod purge;
pub(crate) mod resets;
pub(crate) mod restore;
pub(crate) mod search;
pub(crate) mod sign_ins;
pub(crate) mod webhooks;

mod columns;
#[cfg(test)]
mod contract;
mod idempotency;
mod indexes;
mod logins;
mod partitions;
mod pepper;
mod rows;
mod schema;
#[cfg(test)]
mod simulated;
#[cfg(test)]
mod statements;
mod transitions;
mod upkeep;

use std::time::Duration;

#[cfg(not(test))]
use rekey_database::Database;
use rekey_database::{DatabaseFacts, NotInspected, SchemaFit, UrlSource};
use rekey_primitives::clock::Clock;

#[cfg(test)]
use simulated::Database;

pub(crate) use outcome::{EarlierRequest, IdempotentRequest, StepOutcome};
pub use pepper::UnderPepper;
pub(crate) use rekey_database::{
    Failure, Migrated, Options, Patience, SchemaGate, StoreMonitor, StoreStatus, Unprepared, in_time,
};

/// Everything identity needs of a database. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    database: Database,
}

impl Store {
    /// Opens the database of a `postgres://` URL or the file behind `sqlite:`. A Postgres that is away is no error here.
    pub(crate) async fn open(url: &str, options: &Options) -> Result<Self, Failure> {
        Ok(Self { database: Database::open(url, options).await? })
    }

    /// What it stands on.
    pub(crate) fn database(&self) -> &rekey_database::Database {
        &self.database
    }

    /// Opens connections by another URL from now on; false if it is the one of before.
    pub(crate) fn reload(&self, url: &str) -> Result<bool, Failure> {
        self.database.reload(url)
    }

    /// The same with a replica, for reads that may lag behind by so much.
    pub(crate) fn with_replica(self, url: &str, most: Duration, options: &Options) -> Result<Self, Failure> {
        Ok(Self { database: self.database.with_replica(url, most, options)? })
    }

    /// The same, with what makes its URL anew when Postgres refuses a login.
    pub(crate) fn with_url_source(self, source: UrlSource) -> Self {
        Self { database: self.database.with_url_source(source) }
    }

    /// The same for its replica.
    pub(crate) fn with_replica_source(self, source: UrlSource) -> Self {
        Self { database: self.database.with_replica_source(source) }
    }

    /// Opens connections to the replica by another URL from now on; false if it is the one of before, or there is none.
    pub(crate) fn reload_replica(&self, url: &str) -> Result<bool, Failure> {
        self.database.reload_replica(url)
    }

    /// The same store for lists, whose reads may be a little old: a replica answers them, if there is one and it keeps up.
    /// Never for what judges, and never for what a change is based on.
    pub(crate) fn lagging(&self) -> Self {
        Self { database: self.database.lagging() }
    }

    /// Whether the schema is one this code can work with: at least its own, and not newer than the oldest code the
    /// schema still serves.
    pub(crate) async fn schema_fits(&self) -> Result<bool, Failure> {
        Ok(self.database.schema_fit(&schema::SCHEMA).await? == SchemaFit::Fits)
    }

    /// The loop that looks every `pause` whether the database answers and its schema fits, and the gate that it opens.
    pub(crate) fn monitor(
        &self,
        pause: Duration,
        report: impl Fn(StoreStatus) + Send + Sync + 'static,
    ) -> (StoreMonitor, SchemaGate) {
        StoreMonitor::new(rekey_database::Database::clone(&self.database), &schema::SCHEMA, pause, report)
    }
}

/// The version of the schema that this code makes.
pub(crate) fn schema_version() -> i64 {
    schema::SCHEMA.version
}

/// Looks at a database, for whoever judges whether it is fit.
pub(crate) async fn inspect(
    url: &str,
    options: &Options,
    clock: &dyn Clock,
) -> Result<DatabaseFacts, NotInspected> {
    rekey_database::inspect(url, options, &schema::SCHEMA, clock).await
}

/// Brings the schema of a database up to date, making a file that is missing, and logins and names to their form of today,
/// and builds indexes that are too large to be made with the schema.
/// Several processes may try at once.
pub(crate) async fn migrate_patiently(
    url: &str,
    options: &Options,
    patience: Patience,
) -> Result<Migrated, Failure> {
    let migrated = rekey_database::migrate_patiently(url, options, &schema::SCHEMA, patience).await?;
    // One of them holds the lock while the other builds.
    let options = Options { connections: options.connections.max(2), ..options.clone() };
    let store = match Store::open(url, &options).await {
        Ok(store) => store,
        // A server that waits for its schema holds the file; the next migration finds it free.
        Err(failure) if failure.is_unavailable() => {
            tracing::warn!(%failure, "logins of earlier rules keep their form until the next migration");
            return Ok(migrated);
        }
        Err(failure) => return Err(failure),
    };
    let brought = async {
        store.renew_logins().await?;
        store.fill_in_names().await?;
        store.build_audit_indexes().await?;
        store.build_large_indexes().await
    };
    let brought = brought.await;
    store.database.close().await;
    brought.map(|()| migrated)
}

/// The same with the usual patience.
#[cfg(test)]
pub(crate) async fn migrate(url: &str, options: &Options) -> Result<(), Failure> {
    migrate_patiently(url, options, Patience::default()).await.map(drop)
}

/// How identity uses a database unless its settings say otherwise.
pub(crate) const OPTIONS: Options = Options::named("rekey identity");
