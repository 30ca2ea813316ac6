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
//! | `journeys`, `changes` | looking at messages and stepping in |
//! | `visible` | which messages those are for |
//! | `sweep` | tidying up |
//! | `restore` | dropping what a backup brought back |
//! | `partitions` | the weeks of Postgres |

mod accept;
mod changes;
mod claims;
mod journeys;
mod leases;
mod models;
mod partitions;
mod requests;
mod restore;
mod rows;
mod schema;
mod sweep;
mod visible;

#[cfg(test)]
mod behind_bulk;
#[cfg(test)]
mod contract;

use std::sync::Arc;

use rekey_database::{Database, Dialect, Migrated, Options, Patience, UrlSource};
use rekey_primitives::clock::Timestamp;

use self::partitions::Partitions;

pub(crate) use self::models::{
    AcceptOutcome, ChangeOutcome, ChangeRequest, Claim, Lease, Listed, NewNotification, Recorded,
    SweepLimits, Swept,
};
pub(crate) use self::schema::SCHEMA;
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
        journeys::STATEMENTS,
        leases::STATEMENTS,
        requests::STATEMENTS,
        restore::STATEMENTS,
        schema::STATEMENTS,
        sweep::STATEMENTS,
    ]
    .concat()
}
