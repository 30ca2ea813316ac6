//! Messages in one SQLite file, for one process.
//!
//! WAL with `synchronous=FULL`: a commit is on the disk before a call is answered. There is one connection that
//! writes, and it begins IMMEDIATE, so writers queue in this process instead of failing in the file. A lock file
//! beside the database keeps a second process out.

mod delivery;
mod intake;
mod journeys;

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};

use super::models::Schema;
use super::{Failure, Store, rows};

/// The store.
#[derive(Debug)]
pub(crate) struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
    _lock: File,
}

/// Connections that read at the same time. More would only fight over the cores.
const READERS: u32 = 4;
/// Longer than any statement of ours: only a stranger with the file open could make us wait.
const BUSY: Duration = Duration::from_secs(5);

impl SqliteStore {
    /// Opens the file, and creates it if it is missing; its schema is another matter.
    ///
    /// # Errors
    /// Another process holds the folder, or the file cannot be opened.
    pub(crate) async fn open(path: &Path) -> Result<Self, Failure> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            // For its owner alone: the database says who was told what.
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let lock = File::create(lock_path(path))?;
        lock.try_lock().map_err(std::io::Error::from)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY);
        let pool =
            || SqlitePoolOptions::new().test_before_acquire(false).idle_timeout(None).max_lifetime(None);
        let writer = pool().max_connections(1).connect_with(options.clone()).await?;
        let readers = pool().max_connections(READERS).connect_with(options.read_only(true)).await?;
        Ok(Self { writer, readers, _lock: lock })
    }

    /// Brings the schema up to this code's.
    ///
    /// # Errors
    /// The migration does not go through.
    pub(crate) async fn migrate(&self) -> Result<(), Failure> {
        Ok(sqlx::migrate!("migrations/sqlite").run(&self.writer).await?)
    }

    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, Failure> {
        Ok(self.writer.begin_with("begin immediate").await?)
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

#[async_trait]
impl Store for SqliteStore {
    async fn schema(&self) -> Result<Schema, Failure> {
        let exists: Option<(i64,)> =
            sqlx::query_as("select 1 from sqlite_master where type = 'table' and name = 'schema_version'")
                .fetch_optional(&self.readers)
                .await?;
        if exists.is_none() {
            return Ok(Schema::Older);
        }
        let version = sqlx::query_as("select version, oldest_code from schema_version")
            .fetch_optional(&self.readers)
            .await?;
        Ok(rows::fit(version))
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_second_process_is_kept_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notification.db");
        let first = SqliteStore::open(&path).await.unwrap();

        let second = SqliteStore::open(&path).await;

        assert!(matches!(second, Err(Failure::Folder(_))));
        first.close().await;
        drop(first);
        assert!(SqliteStore::open(&path).await.is_ok());
    }

    #[tokio::test]
    async fn a_fresh_file_has_no_schema_until_it_is_migrated() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("notification.db")).await.unwrap();

        let before = store.schema().await.unwrap();
        store.migrate().await.unwrap();
        store.migrate().await.unwrap();

        assert_eq!((before, store.schema().await.unwrap()), (Schema::Older, Schema::Fits));
    }
}
