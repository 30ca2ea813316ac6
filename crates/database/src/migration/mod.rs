//! Bringing a schema up to date: under a lock that no pool can keep, saying whom it waits for, and giving up in time.
//!
//! In Postgres the lock is held by a transaction that does nothing else, on a connection of its own. A transaction has one
//! session whatever stands in between (PgBouncer in transaction mode), and it ends with its connection, so nobody is left with
//! the lock. Each migration is a transaction of a second connection, and nothing is set on a session: what is set holds for
//! its transaction. While it waits, the first connection sees whom it waits for. It waits for a moment at a time and lets
//! whoever queued behind it through in between, since a `alter table` that waits stops every reader that comes after it.

mod postgres;
mod sqlite;

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use sqlx::migrate::{AppliedMigration, MigrateError, Migration, Migrator};

use crate::options::Location;
use crate::{Failure, Options, Schema};

/// The table that the migrations which were made stand in.
const TABLE: &str = "_sqlx_migrations";

/// Indexes of large tables are built outside of transactions, under limits of their session.
const NEEDS_SESSIONS: &str = "a migration needs a session of its own: run it with a store url that names Postgres itself, and \
     `pooling = \"session\"`";

/// How long a migration waits for a lock in one go. Calls queue behind it meanwhile, and have seconds.
const ONE_WAIT: Duration = Duration::from_secs(2);

/// What those who queued behind it get in between; and how often whoever is waited for is looked at.
const PAUSE: Duration = Duration::from_millis(500);

/// A minute outlasts a long report or another migration of ours, and a deployment notices it.
const LASTS: Duration = Duration::from_secs(60);

/// How long a migration waits for others, and who is told of it.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// After so long, waiting is given up; what was migrated by then stays.
    pub lasts: Duration,
    /// Told again and again while it lasts.
    pub told: fn(&Waiting),
}

impl Default for Patience {
    /// A minute, and the log is told.
    fn default() -> Self {
        Self { lasts: LASTS, told: |waiting| tracing::warn!("{waiting}") }
    }
}

/// What waits, and for whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// What cannot go on.
    pub what: String,
    /// Who holds what it wants; none is known of a file.
    pub blocker: Option<Blocker>,
}

/// A session that holds what a migration wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// Its process in Postgres, as `pg_terminate_backend` takes it.
    pub pid: i32,
    /// What it calls itself.
    pub application: String,
    /// Who it logged in as.
    pub user: String,
    /// As `pg_stat_activity` has it: `active`, `idle in transaction`.
    pub state: String,
    /// How long its transaction has lasted.
    pub lasts: Duration,
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} waits for ", self.what)?;
        match &self.blocker {
            Some(Blocker { pid, application, user, state, lasts }) => {
                let application = if application.is_empty() { "unnamed" } else { application };
                write!(f, "pid {pid} ({application}, user {user}), {state} for {} s", lasts.as_secs())
            }
            None => f.write_str("another `rekey migrate` or a process that has the file"),
        }
    }
}

/// Waiting was given up.
#[derive(Debug, thiserror::Error)]
#[error("given up after {} s: {waiting}; end that, or wait longer by --wait", lasts.as_secs())]
struct GivenUp {
    lasts: Duration,
    waiting: Waiting,
}

impl GivenUp {
    fn failure(patience: Patience, waiting: Waiting) -> Failure {
        Failure::Unavailable(Box::new(Self { lasts: patience.lasts, waiting }))
    }
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The version that was found; none of an empty database.
    pub from: Option<i64>,
    /// The version that is there now.
    pub to: i64,
    /// What was migrated, in its order.
    pub steps: Vec<MigratedStep>,
}

/// One migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigratedStep {
    /// Its number in its folder.
    pub number: i64,
    /// What it is called there.
    pub name: String,
    /// How long it took, without waiting for others.
    pub took: Duration,
}

/// Brings the schema up to date, making a file that is missing, with the patience of [`Patience::default`]. Several processes
/// may try at once: a lock lets one work at a time.
///
/// # Errors
/// As [`migrate_patiently`].
pub async fn migrate(url: &str, options: &Options, schema: &Schema) -> Result<Migrated, Failure> {
    migrate_patiently(url, options, schema, Patience::default()).await
}

/// The same with a patience of the caller's.
///
/// # Errors
/// The database is away, a migration does not go through, or others held what it wants for too long.
pub async fn migrate_patiently(
    url: &str,
    options: &Options,
    schema: &Schema,
    patience: Patience,
) -> Result<Migrated, Failure> {
    match Location::parse(url)? {
        Location::Postgres(_) if options.transaction_pooling => Err(Failure::Broken(NEEDS_SESSIONS.into())),
        Location::Postgres(url) => postgres::migrate(url, options, schema, patience).await,
        Location::Sqlite(path) => sqlite::migrate(path.as_ref(), options, schema, patience).await,
    }
}

/// The migrations that were not made yet, after those that were are seen to be ours.
fn unmade(
    migrator: &Migrator,
    dirty: Option<i64>,
    made: Vec<AppliedMigration>,
) -> Result<Vec<&Migration>, Failure> {
    if let Some(version) = dirty {
        return Err(MigrateError::Dirty(version).into());
    }
    let mut made: HashMap<i64, AppliedMigration> = made.into_iter().map(|one| (one.version, one)).collect();
    let mut unmade = Vec::new();
    for migration in migrator.iter().filter(|migration| !migration.migration_type.is_down_migration()) {
        match made.remove(&migration.version) {
            Some(one) if one.checksum != migration.checksum => {
                return Err(MigrateError::VersionMismatch(migration.version).into());
            }
            Some(_) => {}
            None => unmade.push(migration),
        }
    }
    match made.into_keys().min() {
        Some(unknown) => Err(MigrateError::VersionMissing(unknown).into()),
        None => Ok(unmade),
    }
}
