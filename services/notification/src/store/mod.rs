//! Where messages are kept, in Postgres for any number of processes or in one SQLite file for one.
//!
//! One method is one atomic step, named after what happens. Every step takes `now`: expiry stands in the rows, and a
//! test moves one clock. What each method promises is held by the suite in `contract`, on both databases. Payloads and
//! fingerprints come sealed; a store never sees an address or a code.
//!
//! | File | Has |
//! |---|---|
//! | `accept` | taking messages in: one statement for a batch in Postgres, row by row in SQLite |
//! | `requests` | what request ids were used for |
//! | `claims` | taking due messages, keeping them, recording how a try ended |
//! | `leases` | putting back what dead workers held |
//! | `deduplication` | what was said lately |
//! | `delivery_events` | recording a delivery and queueing what is told of it |
//! | `fallbacks` | moving a message to its next channel |
//! | `waiting` | letting go what waits for a provider |
//! | `journeys`, `changes` | looking at messages and stepping in |
//! | `receipts` | what is heard of messages after they were handed over |
//! | `suppressions` | the addresses that get no message any more |
//! | `watch` | messages in the order of their changes |
//! | `visible` | which messages those are for |
//! | `sweep` | tidying up |
//! | `restore` | dropping what a backup brought back |
//! | `templates`, `template_changes` | the texts of tenants and their versions |
//! | `partitions` | the weeks of Postgres |

mod accept;
mod changes;
mod claims;
mod deduplication;
mod delivery_events;
mod fallbacks;
mod journeys;
mod leases;
mod models;
mod partitions;
mod receipts;
mod requests;
mod restore;
mod rows;
mod schema;
mod suppressions;
mod sweep;
mod template_changes;
mod templates;
mod visible;
mod waiting;
mod watch;

#[cfg(test)]
mod behind_bulk;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod late_changes;
#[cfg(test)]
mod model;

use std::sync::Arc;

use rekey_database::{Database, Dialect, Migrated, Options, Patience, UrlSource};
use rekey_primitives::clock::Timestamp;

use self::partitions::Partitions;

pub(crate) use self::delivery_events::QueuedEvent;
pub(crate) use self::fallbacks::Advance;
pub(crate) use self::models::{
    AcceptOutcome, ChangeOutcome, ChangeRequest, Changes, Claim, Deduplication, Lease, Listed,
    NewNotification, Recorded, SweepLimits, Swept,
};
pub(crate) use self::receipts::{ReceiptOutcome, Reported};
pub(crate) use self::schema::SCHEMA;
pub(crate) use self::suppressions::{
    Entry, ListedSuppressions, SuppressedAddress, SuppressionFilter, SuppressionOutcome, SuppressionPosition,
    SuppressionQuery, SuppressionRequest,
};
pub(crate) use self::template_changes::{TextChangeOutcome, TextRequest};
pub(crate) use rekey_database::{Failure, in_time};

/// The store. Clones share its connections.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    database: Database,
    partitions: Arc<Partitions>,
}

impl Store {
    /// Opens the database of a URL; its schema is another matter. A Postgres that is away is no error.
    ///
    /// # Errors
    /// The URL does not read, or the file cannot be opened or is another process's.
    pub(crate) async fn open(url: &str, options: &Options) -> Result<Self, Failure> {
        let database = Database::open(url, options).await?;
        Ok(Self { database, partitions: Arc::default() })
    }

    /// Brings the schema up to this code's and makes the partitions of the coming weeks. Any number may start it.
    ///
    /// # Errors
    /// The file is another process's, or the migration does not go through.
    pub(crate) async fn migrate_patiently(
        url: &str,
        options: &Options,
        patience: Patience,
        now: Timestamp,
    ) -> Result<Migrated, Failure> {
        // Opened first: a file that another process has is left alone.
        let store = Self::open(url, options).await?;
        let migrated = rekey_database::migrate_patiently(url, options, &SCHEMA, patience).await?;
        let ensured = store.ensure_partitions(now).await;
        store.database.close().await;
        ensured.map(|()| migrated)
    }

    /// The same with the usual patience.
    #[cfg(test)]
    pub(crate) async fn migrate(url: &str, options: &Options, now: Timestamp) -> Result<(), Failure> {
        Self::migrate_patiently(url, options, Patience::default(), now).await.map(drop)
    }

    /// The same, with what makes its URL anew when Postgres refuses a login.
    pub(crate) fn with_url_source(self, source: UrlSource) -> Self {
        Self { database: self.database.with_url_source(source), ..self }
    }

    /// What looks after the store needs it.
    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Whether many processes share the store.
    fn is_shared(&self) -> bool {
        self.database.dialect() == Dialect::Postgres
    }
}

/// The statements of all files, for the test that lets both databases read them.
#[cfg(test)]
pub(crate) fn statements() -> Vec<rekey_database::Sql> {
    [
        accept::STATEMENTS,
        changes::STATEMENTS,
        claims::STATEMENTS,
        deduplication::STATEMENTS,
        delivery_events::STATEMENTS,
        fallbacks::STATEMENTS,
        journeys::STATEMENTS,
        leases::STATEMENTS,
        receipts::STATEMENTS,
        requests::STATEMENTS,
        restore::STATEMENTS,
        schema::STATEMENTS,
        suppressions::STATEMENTS,
        sweep::STATEMENTS,
        template_changes::STATEMENTS,
        templates::STATEMENTS,
        waiting::STATEMENTS,
        watch::STATEMENTS,
    ]
    .concat()
}
