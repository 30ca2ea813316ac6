//! The one connection that writes, and whose turn it is.
//!
//! A pool of one would do as well, but for its price: it asks a connection for a sign of life whenever it gets it back,
//! and hands over the ends of transactions twice. Each of these is two changes of thread, and a sign-in of a machine
//! that hashes on all cores consists of little else.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Connection, Sqlite, SqliteConnection};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard};
use tokio::time::timeout;

use crate::store::Failure;

/// Hands out turns.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    held: Arc<Mutex<Option<Held>>>,
    patience: Duration,
}

/// What a power cut may take back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// Nothing: a step is on the disk before it is answered.
    OnDisk,
    /// The last steps, but nothing that came before one that is on the disk. All of them outlive this process.
    InLog,
}

#[derive(Debug)]
struct Held {
    connection: SqliteConnection,
    /// What the connection is set to; unknown while it is being set.
    durability: Option<Durability>,
    /// Set before a step begins and taken back after its commit: a step that was refused, failed or was given up half
    /// way is undone by whoever comes next.
    is_in_step: bool,
}

/// A turn at the connection. Dropping it without a commit undoes the step.
pub(in crate::store) struct Turn {
    held: OwnedMappedMutexGuard<Option<Held>, Held>,
    writer: Writer,
}

impl Writer {
    pub(super) fn new(connection: SqliteConnection, patience: Duration) -> Self {
        let held = Held { connection, durability: None, is_in_step: false };
        Self { held: Arc::new(Mutex::new(Some(held))), patience }
    }

    /// The next turn, for a statement that is a step by itself and does not wait for the disk.
    pub(super) async fn turn(&self) -> Result<Turn, Failure> {
        let mut turn = self.next_turn().await?;
        if turn.held.durability != Some(Durability::InLog) {
            turn.held.set(Durability::InLog, "pragma synchronous = normal").await?;
        }
        Ok(turn)
    }

    async fn next_turn(&self) -> Result<Turn, Failure> {
        let held = timeout(self.patience, Arc::clone(&self.held).lock_owned()).await;
        let held = held.map_err(|_| Failure::from(sqlx::Error::PoolTimedOut))?;
        let held = OwnedMutexGuard::try_map(held, Option::as_mut);
        let mut held = held.map_err(|_| Failure::from(sqlx::Error::PoolClosed))?;
        if held.is_in_step {
            // Fails where nothing was begun, or where a commit came through after all.
            let _nothing_to_undo = sqlx::query("rollback").execute(&mut held.connection).await;
            held.is_in_step = false;
        }
        Ok(Turn { held, writer: self.clone() })
    }

    /// A turn if nobody has one, for a read: nobody else changes the file, so what this connection has read stays good,
    /// while those that only read start from nothing after every commit.
    pub(super) fn free_turn(&self) -> Option<Turn> {
        let held = Arc::clone(&self.held).try_lock_owned().ok()?;
        let held = OwnedMutexGuard::try_map(held, Option::as_mut).ok()?;
        if held.is_in_step { None } else { Some(Turn { held, writer: self.clone() }) }
    }

    /// Begins a step.
    pub(super) async fn begin(&self, durability: Durability) -> Result<Turn, Failure> {
        let mut turn = self.next_turn().await?;
        turn.held.is_in_step = true;
        if turn.held.durability == Some(durability) {
            sqlx::query("begin immediate").execute(&mut *turn).await?;
        } else {
            let set_and_begin = match durability {
                Durability::OnDisk => "pragma synchronous = full; begin immediate",
                Durability::InLog => "pragma synchronous = normal; begin immediate",
            };
            turn.held.set(durability, set_and_begin).await?;
        }
        Ok(turn)
    }

    /// Ends the connection after the turn that is under way.
    pub(super) async fn close(&self) {
        if let Some(held) = self.held.lock().await.take() {
            // What was committed is in the file, however the connection ends.
            let _ = held.connection.close().await;
        }
    }
}

impl Held {
    async fn set(&mut self, durability: Durability, statements: &'static str) -> Result<(), Failure> {
        self.durability = None;
        sqlx::raw_sql(statements).execute(&mut self.connection).await?;
        self.durability = Some(durability);
        Ok(())
    }
}

impl Turn {
    /// Ends the step with everything it did.
    pub(super) async fn commit(self) -> Result<(), Failure> {
        self.end_with(sqlx::query("commit")).await
    }

    /// Ends the step with a statement whose text commits as well: one trip less.
    pub(super) async fn end_with(mut self, last: Query<'_, Sqlite, SqliteArguments>) -> Result<(), Failure> {
        last.execute(&mut *self).await?;
        self.held.is_in_step = false;
        Ok(())
    }
}

/// What was begun and not committed would hold the file's lock until the next turn, so one is asked for.
impl Drop for Turn {
    fn drop(&mut self) {
        if let (true, Ok(runtime)) = (self.held.is_in_step, Handle::try_current()) {
            let writer = self.writer.clone();
            runtime.spawn(async move { writer.next_turn().await.map(drop) });
        }
    }
}

impl Deref for Turn {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.held.connection
    }
}

impl DerefMut for Turn {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.held.connection
    }
}

#[cfg(test)]
mod tests {
    use sqlx::ConnectOptions as _;
    use sqlx::sqlite::SqliteConnectOptions;

    use super::*;

    async fn writer() -> Writer {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlx::raw_sql("create table notes (note integer)").execute(&mut connection).await.unwrap();
        Writer::new(connection, Duration::from_millis(1))
    }

    async fn note(turn: &mut Turn, note: i64) {
        sqlx::query("insert into notes (note) values ($1)").bind(note).execute(&mut **turn).await.unwrap();
    }

    async fn notes(writer: &Writer) -> Vec<i64> {
        let mut turn = writer.turn().await.unwrap();
        sqlx::query_scalar("select note from notes").fetch_all(&mut *turn).await.unwrap()
    }

    #[tokio::test]
    async fn a_step_without_a_commit_is_undone_before_the_next_turn() {
        let writer = writer().await;
        let mut kept = writer.begin(Durability::InLog).await.unwrap();
        note(&mut kept, 1).await;
        kept.commit().await.unwrap();
        let mut left = writer.begin(Durability::InLog).await.unwrap();
        note(&mut left, 2).await;
        drop(left);

        let mut next = writer.begin(Durability::InLog).await.unwrap();
        note(&mut next, 3).await;
        next.commit().await.unwrap();

        assert_eq!(notes(&writer).await, [1, 3]);
    }

    #[tokio::test]
    async fn a_step_without_a_commit_is_undone_though_nobody_comes() {
        let folder = tempfile::tempdir().unwrap();
        let options =
            SqliteConnectOptions::new().filename(folder.path().join("notes.db")).create_if_missing(true);
        let options = options.busy_timeout(Duration::ZERO);
        let writer = Writer::new(options.connect().await.unwrap(), Duration::from_secs(5));
        let mut other = options.connect().await.unwrap();

        drop(writer.begin(Durability::InLog).await.unwrap());
        while writer.free_turn().is_none() {
            tokio::task::yield_now().await;
        }

        sqlx::raw_sql("begin immediate").execute(&mut other).await.unwrap();
    }

    #[tokio::test]
    async fn turns_come_one_after_the_other_and_patience_ends() {
        let writer = writer().await;
        let turn = writer.begin(Durability::InLog).await.unwrap();

        let impatient = writer.begin(Durability::InLog).await.err();
        drop(turn);
        let served = writer.begin(Durability::InLog).await;

        assert!(matches!(impatient, Some(Failure::Unavailable(_))), "{impatient:?}");
        assert!(served.is_ok());
    }

    #[tokio::test]
    async fn a_turn_to_read_is_free_only_between_steps() {
        let writer = writer().await;
        let mut turn = writer.begin(Durability::InLog).await.unwrap();
        note(&mut turn, 1).await;

        let during = writer.free_turn().is_some();
        drop(turn);
        let before_it_is_undone = writer.free_turn().is_some();

        assert_eq!((during, before_it_is_undone), (false, false));
        while writer.free_turn().is_none() {
            tokio::task::yield_now().await;
        }
        assert_eq!(notes(&writer).await, [0; 0]);
    }

    #[tokio::test]
    async fn a_closed_writer_gives_no_turn() {
        let writer = writer().await;

        writer.close().await;

        assert!(matches!(writer.turn().await.err(), Some(Failure::Unavailable(_))));
    }
}
