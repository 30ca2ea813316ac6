//! A SQLite file for one process: one connection writes, a few read.
//!
//! WAL with `synchronous = FULL`: a commit is on the disk before a step is answered. Steps begin IMMEDIATE on the one
//! connection that writes, so that writers queue in this process instead of failing in the file. A lock file beside the
//! database keeps a second process out: it would be correct, but it would wait for locks it cannot see.

use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Sqlite, SqliteConnection, Transaction};

use crate::{Failure, Options};

/// A connection keeps more prepared statements than a service has.
const STATEMENTS: usize = 256;

/// The pools of a file that is open.
#[derive(Debug, Clone)]
pub(crate) struct SqlitePools {
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
    /// Held for as long as any clone lives.
    _lock: Arc<File>,
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

impl SqlitePools {
    pub(crate) async fn open(path: &Path, options: &Options) -> Result<Self, Failure> {
        let lock = Arc::new(lock_for_this_process(path)?);
        let connect = connect_options(path, options);
        let pool = || {
            let pool = SqlitePoolOptions::new().acquire_timeout(options.busy_timeout);
            pool.test_before_acquire(false).idle_timeout(None).max_lifetime(None)
        };
        let writer = pool().max_connections(1).connect_with(connect.clone()).await?;
        let only_reads = connect.pragma("query_only", "on");
        let readers = pool().max_connections(options.readers.max(1)).connect_with(only_reads).await?;
        Ok(Self { writer, readers, _lock: lock })
    }

    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Sqlite>, Failure> {
        Ok(self.writer.begin_with("begin immediate").await?)
    }

    pub(crate) async fn ping(&self) -> Result<(), Failure> {
        sqlx::query("select count(*) from sqlite_master").fetch_one(&self.readers).await?;
        self.begin().await.map(drop)
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// A connection for a migration, and what keeps other migrations waiting: sqlx takes no lock of its own here, so they
/// queue at a file beside the database.
pub(crate) async fn migrating_connection(
    path: &Path,
    options: &Options,
) -> Result<(SqliteConnection, File), Failure> {
    let lock_path = beside(path, "migration-lock");
    let lock = tokio::task::spawn_blocking(move || {
        let file = open_lock(&lock_path)?;
        file.lock().map_err(|source| not_locked(lock_path, source))?;
        Ok::<_, Failure>(file)
    });
    let lock = lock.await.map_err(|error| Failure::Broken(Box::new(error)))??;
    Ok((connect_options(path, options).connect().await?, lock))
}

fn connect_options(path: &Path, options: &Options) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // 16 MiB of log before it goes into the file: what is written often is written there once.
        .pragma("wal_autocheckpoint", "4000")
        .foreign_keys(true)
        .busy_timeout(options.busy_timeout)
        .statement_cache_capacity(STATEMENTS)
        .log_statements(tracing::log::LevelFilter::Off)
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

    use super::*;
    use crate::{Database, Sql};

    fn url(folder: &Path) -> String {
        format!("sqlite:{}", folder.join("test.db").display())
    }

    #[tokio::test]
    async fn a_file_serves_one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let (url, options) = (url(folder.path()), Options::named("test"));
        let first = Database::open(&url, &options).await.unwrap();

        let second = Database::open(&url, &options).await;
        first.close().await;
        drop(first);
        let third = Database::open(&url, &options).await;

        let Err(Failure::Unavailable(source)) = second else { panic!("{second:?}") };
        assert!(source.to_string().ends_with("test.db is in use by another rekey process"), "{source}");
        assert!(third.is_ok());
    }

    #[tokio::test]
    async fn a_missing_folder_is_made_for_its_owner_alone() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("a/data");

        let database = Database::open(&url(&folder), &Options::named("test")).await.unwrap();

        assert_eq!(std::fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
        database.close().await;
    }

    #[tokio::test]
    async fn a_step_is_on_the_disk_before_it_is_answered() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&url(folder.path()), &Options::named("test")).await.unwrap();
        let mut writer = database.writer().await.unwrap();

        let synchronous: i64 = writer.scalar(Sql::unlisted("pragma synchronous"), &[]).await.unwrap();
        let foreign_keys: i64 = writer.scalar(Sql::unlisted("pragma foreign_keys"), &[]).await.unwrap();
        let mode: String = writer.scalar(Sql::unlisted("pragma journal_mode"), &[]).await.unwrap();

        // 2 waits for the disk at every commit.
        assert_eq!((synchronous, foreign_keys, mode.as_str()), (2, 1, "wal"));
    }

    #[tokio::test]
    async fn what_reads_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&url(folder.path()), &Options::named("test")).await.unwrap();

        let written = database.optional::<(i64,)>(Sql::unlisted("create table notes (note)"), &[]).await;

        assert!(matches!(written, Err(Failure::Broken(_))), "{written:?}");
    }
}
