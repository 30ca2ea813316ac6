//! A SQLite file for one process: one connection writes, a few read.
//!
//! WAL with `synchronous = FULL`: a commit is on the disk before a step is answered. Steps begin IMMEDIATE on the one
//! connection that writes, so that writers queue in this process instead of failing in the file. A lock file beside the
//! database keeps a second process out: it would be correct, but it would wait for locks it cannot see.
//!
//! Transactions are begun and ended by their own statements. sqlx counts how deep they are nested, and SQLite undoes one
//! by itself when the disk is full, so the count would never come down and every later step would fail. A connection
//! whose transaction did not end as it was told is thrown away.

use std::fs::{DirBuilder, File, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Sqlite, SqliteConnection};

use crate::{Failure, Options};

/// A connection keeps more prepared statements than a service has.
const STATEMENTS: usize = 256;

/// A write that changes nothing, so that the disk is asked and not only the file.
const WRITE_NOTHING: &str = "pragma user_version = 0";

/// The pools of a file that is open.
#[derive(Debug, Clone)]
pub(crate) struct SqlitePools {
    path: Arc<Path>,
    writer: SqlitePool,
    readers: SqlitePool,
    /// Held for as long as any clone lives.
    _lock: Arc<File>,
}

/// Another process has the file open.
#[derive(Debug, thiserror::Error)]
#[error("{} is in use by another rekey process", path.display())]
struct InUse {
    path: PathBuf,
}

/// The database cannot be made or opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open {}", path.display())]
struct NotOpened {
    path: PathBuf,
    source: io::Error,
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
        let connect = connect_options(path, options)?;
        let pool = || {
            let pool = SqlitePoolOptions::new().acquire_timeout(options.busy_timeout);
            pool.test_before_acquire(false).idle_timeout(None).max_lifetime(None)
        };
        let writer = pool().max_connections(1).connect_with(connect.clone()).await?;
        let only_reads = connect.pragma("query_only", "on");
        let readers = pool().max_connections(options.readers.max(1)).connect_with(only_reads).await?;
        Ok(Self { path: path.into(), writer, readers, _lock: lock })
    }

    pub(crate) async fn reader(&self) -> Result<SqliteLoan, Failure> {
        Ok(SqliteLoan { connection: self.readers.acquire().await?, in_transaction: false })
    }

    pub(crate) async fn writer(&self) -> Result<SqliteLoan, Failure> {
        Ok(SqliteLoan { connection: self.writer.acquire().await?, in_transaction: false })
    }

    pub(crate) async fn begin(&self) -> Result<SqliteLoan, Failure> {
        let mut loan = self.writer().await?;
        // Before it is one: whoever gives up on the way may have begun it.
        loan.in_transaction = true;
        loan.run("begin immediate").await?;
        Ok(loan)
    }

    /// Answers when the file can be read and a commit reaches the disk.
    pub(crate) async fn ping(&self) -> Result<(), Failure> {
        self.reader().await?.run("select count(*) from sqlite_master").await?;
        let mut writing = self.begin().await?;
        writing.run(WRITE_NOTHING).await?;
        writing.end_transaction(true).await
    }

    /// Which file it is.
    pub(crate) fn target(&self) -> String {
        self.path.display().to_string()
    }

    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// A connection that one of the pools has given.
pub(crate) struct SqliteLoan {
    connection: PoolConnection<Sqlite>,
    in_transaction: bool,
}

impl SqliteLoan {
    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    /// Ends its transaction: everything stays, or nothing.
    pub(crate) async fn end_transaction(mut self, commits: bool) -> Result<(), Failure> {
        if self.in_transaction {
            self.run(if commits { "commit" } else { "rollback" }).await?;
            self.in_transaction = false;
        }
        Ok(())
    }

    async fn run(&mut self, sql: &'static str) -> Result<(), Failure> {
        sqlx::raw_sql(sql).execute(&mut *self.connection).await?;
        Ok(())
    }
}

impl Drop for SqliteLoan {
    fn drop(&mut self) {
        // Closing it undoes what it did.
        if self.in_transaction {
            self.connection.close_on_drop();
        }
    }
}

/// A connection for a migration, and what keeps other migrations waiting: sqlx takes no lock of its own here, so they
/// queue at a file beside the database.
pub(crate) async fn migrating_connection(
    path: &Path,
    options: &Options,
) -> Result<Option<(SqliteConnection, File)>, Failure> {
    let lock_path = beside(path, "migration-lock");
    let lock = open_lock(&lock_path)?;
    match lock.try_lock() {
        Ok(()) => Ok(Some((connect_options(path, options)?.connect().await?, lock))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(not_locked(lock_path, source)),
    }
}

fn connect_options(path: &Path, options: &Options) -> Result<SqliteConnectOptions, Failure> {
    open_private(path).map_err(|source| not_opened(path, source))?;
    let connect = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        // 16 MiB of log before it goes into the file: what is written often is written there once.
        .pragma("wal_autocheckpoint", "4000")
        .foreign_keys(true)
        .busy_timeout(options.busy_timeout)
        .statement_cache_capacity(STATEMENTS)
        .log_statements(tracing::log::LevelFilter::Off);
    Ok(connect)
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

/// Whether it failed for another process that has the file.
pub(crate) fn is_in_use(failure: &Failure) -> bool {
    matches!(failure, Failure::Unavailable(cause) if cause.is::<InUse>())
}

/// Opens a file beside the database, which is the first thing done in their folder.
fn open_lock(path: &Path) -> Result<File, Failure> {
    let open = || {
        make_folder(path)?;
        open_private(path)
    };
    open().map_err(|source| not_locked(path.to_owned(), source))
}

/// Opens a file that its owner alone reads, making it if it is missing: the folder may be somebody else's. SQLite makes
/// the files beside a database as private as it is.
fn open_private(path: &Path) -> io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    match file.set_permissions(Permissions::from_mode(0o600)) {
        Err(error) if error.kind() != io::ErrorKind::PermissionDenied => Err(error),
        _ => Ok(file),
    }
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

fn not_opened(path: &Path, source: io::Error) -> Failure {
    Failure::Unavailable(Box::new(NotOpened { path: path.to_owned(), source }))
}

fn beside(database: &Path, what: &str) -> PathBuf {
    let mut name = database.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(what);
    database.with_file_name(name)
}

#[cfg(test)]
mod tests {
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
    async fn files_are_private_whoever_made_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        let file = folder.path().join("test.db");
        std::fs::write(&file, "").unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();

        let database = Database::open(&url(folder.path()), &Options::named("test")).await.unwrap();
        database.execute(Sql::unlisted("create table notes (note)"), &[]).await.unwrap();

        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 4, "the database, its log, what its connections share and the lock");
        for file in files {
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
        }
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
    async fn connections_share_neither_a_cache_nor_a_count_of_memory() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&url(folder.path()), &Options::named("test")).await.unwrap();

        let built: Vec<(String,)> = database.all(Sql::unlisted("pragma compile_options"), &[]).await.unwrap();

        // By the flags in `.cargo/config.toml`.
        let is_built = |option: &str| built.iter().any(|(built,)| built == option);
        assert!(is_built("DEFAULT_MEMSTATUS=0") && !is_built("ENABLE_MEMORY_MANAGEMENT"), "{built:?}");
    }

    #[tokio::test]
    async fn a_disk_that_was_full_once_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&url(folder.path()), &Options::named("test")).await.unwrap();
        database.execute(Sql::unlisted("create table notes (note blob)"), &[]).await.unwrap();
        let write = async |pages: i64| {
            let step = database.step(|mut tx| async move {
                tx.execute(Sql::unlisted("insert into notes values (1)"), &[]).await?;
                let large = Sql::unlisted("insert into notes values (zeroblob($1 * 4096))");
                tx.execute(large, crate::values![pages]).await?;
                Ok(tx.commit(()))
            });
            step.await
        };

        // A file that may not grow says what a full disk says.
        database.execute(Sql::unlisted("pragma max_page_count = 20"), &[]).await.unwrap();
        let full = write(100).await;
        let after = write(100).await;

        assert!(full.as_ref().is_err_and(Failure::is_unavailable), "{full:?}");
        assert_eq!(full.unwrap_err().code(), Some("13"));
        after.unwrap();
        database.ping().await.unwrap();
        let notes: Vec<(i64,)> =
            database.all(Sql::unlisted("select length(note) from notes"), &[]).await.unwrap();
        assert_eq!(notes, [(1,), (409_600,)]);
    }

    #[tokio::test]
    async fn health_is_asked_of_the_connection_that_writes() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&url(folder.path()), &Options::named("test")).await.unwrap();

        database.ping().await.unwrap();
        database.execute(Sql::unlisted("pragma query_only = on"), &[]).await.unwrap();

        assert!(database.ping().await.is_err());
    }

    #[tokio::test]
    async fn health_waits_for_a_commit_that_reaches_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&url(folder.path()), &Options::named("test")).await.unwrap();
        let logged = || std::fs::metadata(folder.path().join("test.db-wal")).unwrap().len();
        let before = logged();

        database.ping().await.unwrap();

        // What is rolled back, or never written, leaves no page in the log.
        assert!(logged() > before, "{before}");
    }

    #[tokio::test]
    async fn what_reads_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&url(folder.path()), &Options::named("test")).await.unwrap();

        let written = database.optional::<(i64,)>(Sql::unlisted("create table notes (note)"), &[]).await;

        assert!(matches!(written, Err(Failure::Broken(_))), "{written:?}");
    }
}
