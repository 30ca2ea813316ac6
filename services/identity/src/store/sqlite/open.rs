//! Opening the file, and bringing its schema up to date.

use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};

use super::SqliteStore;
use super::readers::Readers;
use super::writer::Writer;
use crate::store::Failure;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Where the file is and how it is used.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// The database file. A folder that is missing is made.
    pub path: PathBuf,
    /// How many connections read at once.
    pub readers: u32,
    /// How long to wait for a connection or a lock.
    pub patience: Duration,
}

/// Another process has the file open.
#[derive(Debug, thiserror::Error)]
#[error("{} is in use by another rekey process", path.display())]
struct InUse {
    path: PathBuf,
}

/// A file beside the database cannot be made or locked.
#[derive(Debug, thiserror::Error)]
#[error("cannot lock {}", path.display())]
struct NotLocked {
    path: PathBuf,
    source: io::Error,
}

impl SqliteOptions {
    /// The usual way to use a file: 4 readers, which are more than the cores of a machine that runs everything in
    /// one process, and 5 s of patience, half the life of a call without a deadline.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), readers: 4, patience: Duration::from_secs(5) }
    }

    fn connect(&self) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(&self.path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            // 16 MiB of log before it goes into the file: what is written often is written there once.
            .pragma("wal_autocheckpoint", "4000")
            .foreign_keys(true)
            .busy_timeout(self.patience)
            .log_statements(tracing::log::LevelFilter::Off)
    }
}

impl SqliteStore {
    /// Opens the file, which no other process may have open. Whether its schema fits, `schema_fits` tells.
    pub async fn open(options: &SqliteOptions) -> Result<Self, Failure> {
        let lock = lock_for_this_process(&options.path)?;
        let writer = Writer::new(options.connect().connect().await?, options.patience);
        let read_only = options.connect().pragma("query_only", "on");
        let mut readers = Vec::new();
        for _ in 0..options.readers.max(1) {
            readers.push(read_only.connect().await?);
        }
        Ok(Self { writer, readers: Readers::new(readers, options.patience), _lock: Arc::new(lock) })
    }

    /// Ends all connections. What was committed is in the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// Brings the file's schema up to date, making the file if it is missing. Several processes may try at once: sqlx
/// takes no lock of its own here, so they queue at a file beside the database.
pub async fn migrate(options: &SqliteOptions) -> Result<(), Failure> {
    let path = beside(&options.path, "migration-lock");
    let lock = tokio::task::spawn_blocking(move || {
        let file = open_lock(&path)?;
        file.lock().map_err(|source| not_locked(path, source))?;
        Ok::<_, Failure>(file)
    })
    .await
    .map_err(|error| Failure::Broken(Box::new(error)))??;
    let mut connection = options.connect().connect().await?;
    let migrated = MIGRATIONS.run_direct(None, &mut connection, false).await;
    connection.close().await?;
    drop(lock);
    Ok(migrated?)
}

fn lock_for_this_process(database: &Path) -> Result<File, Failure> {
    let path = beside(database, "lock");
    let file = open_lock(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Failure::Unavailable(Box::new(InUse { path: database.to_owned() })))
        }
        Err(TryLockError::Error(source)) => Err(not_locked(path, source)),
    }
}

/// Opens a file beside the database, which is the first thing done in their folder.
fn open_lock(path: &Path) -> Result<File, Failure> {
    let open = || {
        make_folder(path)?;
        File::options().create(true).truncate(false).write(true).open(path)
    };
    open().map_err(|source| not_locked(path.to_owned(), source))
}

/// Makes the folder of a file if it is missing, for its owner alone: the database holds everybody's addresses.
fn make_folder(file: &Path) -> io::Result<()> {
    match file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        Some(folder) => DirBuilder::new().recursive(true).mode(0o700).create(folder),
        None => Ok(()),
    }
}

fn not_locked(path: PathBuf, source: io::Error) -> Failure {
    Failure::Unavailable(Box::new(NotLocked { path, source }))
}

fn beside(database: &Path, what: &str) -> PathBuf {
    let mut name = database.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(what);
    database.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use rekey_primitives::clock::Timestamp;
    use rekey_primitives::id::TenantId;
    use uuid::Uuid;

    use super::super::Turn;
    use super::*;
    use crate::domain::scope::TenantScope;
    use crate::store::{Recalled, SignIns, Upkeep};

    #[tokio::test]
    async fn a_file_serves_one_store_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::at(folder.path().join("identity.db"));
        let first = SqliteStore::open(&options).await.unwrap();

        let second = SqliteStore::open(&options).await;
        first.close().await;
        drop(first);
        let third = SqliteStore::open(&options).await;

        let Err(Failure::Unavailable(source)) = second else { panic!("{second:?}") };
        assert!(source.to_string().ends_with("identity.db is in use by another rekey process"), "{source}");
        assert!(third.is_ok());
    }

    #[tokio::test]
    async fn a_missing_folder_is_made_for_its_owner_alone() {
        let scratch = tempfile::tempdir().unwrap();
        let (migrated, opened) = (scratch.path().join("a/data"), scratch.path().join("b/data"));

        migrate(&SqliteOptions::at(migrated.join("identity.db"))).await.unwrap();
        let store = SqliteStore::open(&SqliteOptions::at(opened.join("identity.db"))).await.unwrap();

        for folder in [migrated, opened] {
            assert_eq!(std::fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
        }
        store.close().await;
    }

    #[tokio::test]
    async fn parallel_migrations_make_one_schema() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::at(folder.path().join("identity.db"));

        let starts: Vec<_> = (0..8)
            .map(|_| {
                let options = options.clone();
                tokio::spawn(async move { migrate(&options).await })
            })
            .collect();
        for start in starts {
            start.await.unwrap().unwrap();
        }

        let store = SqliteStore::open(&options).await.unwrap();
        assert!(store.schema_fits().await.unwrap());
    }

    #[tokio::test]
    async fn kept_answers_outlive_the_migration_of_their_table() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::at(folder.path().join("identity.db"));
        let mut connection = options.connect().connect().await.unwrap();
        MIGRATIONS.run_direct(Some(4), &mut connection, false).await.unwrap();
        let key = [7; 32];
        sqlx::query("insert into answers values ($1, $2, $2, $3, 9)")
            .bind(Uuid::nil())
            .bind(&key[..])
            .bind(&b"kept"[..])
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();

        migrate(&options).await.unwrap();

        let store = SqliteStore::open(&options).await.unwrap();
        let scope = TenantScope::ours(TenantId::from_uuid(Uuid::nil()));
        let recalled = store.recall(&scope, &key, &key, Timestamp::from_unix_micros(8)).await.unwrap();
        assert_eq!(recalled, Recalled::Answer(b"kept".to_vec()));
    }

    #[tokio::test]
    async fn a_schema_fits_by_what_it_serves() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::at(folder.path().join("identity.db"));
        let store = SqliteStore::open(&options).await.unwrap();
        let empty = store.schema_fits().await.unwrap();
        migrate(&options).await.unwrap();
        let set = async |schema: &'static str| {
            sqlx::query(schema).execute(&mut *store.turn().await.unwrap()).await.unwrap();
            store.schema_fits().await.unwrap()
        };

        let newer = set("update schema_version set version = 9").await;
        let newer_only = set("update schema_version set serves_since = 9").await;

        assert_eq!((empty, newer, newer_only), (false, true, false));
    }

    #[tokio::test]
    async fn a_step_is_on_the_disk_before_it_is_answered_but_for_one_that_counts() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::at(folder.path().join("identity.db"));
        migrate(&options).await.unwrap();
        let store = SqliteStore::open(&options).await.unwrap();
        let number = async |mut turn: Turn, pragma: &'static str| -> i64 {
            sqlx::query_scalar(pragma).fetch_one(&mut *turn).await.unwrap()
        };

        let mut synchronous = Vec::new();
        for _ in 0..2 {
            synchronous.push(number(store.begin_counting().await.unwrap(), "pragma synchronous").await);
            synchronous.push(number(store.begin().await.unwrap(), "pragma synchronous").await);
            synchronous.push(number(store.begin().await.unwrap(), "pragma synchronous").await);
            synchronous.push(number(store.turn().await.unwrap(), "pragma synchronous").await);
        }

        // 1 leaves the last commits to the next one that waits for the disk, 2 waits.
        assert_eq!(synchronous, [1, 2, 2, 1, 1, 2, 2, 1]);
        assert_eq!(number(store.turn().await.unwrap(), "pragma foreign_keys").await, 1);
        let mode: String = sqlx::query_scalar("pragma journal_mode")
            .fetch_one(&mut *store.turn().await.unwrap())
            .await
            .unwrap();
        assert_eq!(mode, "wal");
    }
}
