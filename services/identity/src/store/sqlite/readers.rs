//! The connections that only read, each lent for as long as a read takes.
//!
//! A pool would do as well, but for its price: it asks a connection for a sign of life whenever it gets it back, which
//! doubles what a read by key costs.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use sqlx::{Connection, SqliteConnection};
use tokio::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::store::Failure;

/// Lends them.
#[derive(Debug, Clone)]
pub(super) struct Readers {
    connections: Arc<[Place]>,
    /// As many permits as connections: who has one finds one.
    free: Arc<Semaphore>,
    patience: Duration,
}

/// Where a connection is until the store is closed.
type Place = Arc<Mutex<Option<SqliteConnection>>>;

/// A connection on loan. The permit is the last to go, so whoever takes it finds the connection back in its place.
pub(super) struct Reader {
    connection: OwnedMappedMutexGuard<Option<SqliteConnection>, SqliteConnection>,
    _permit: OwnedSemaphorePermit,
}

impl Readers {
    pub(super) fn new(connections: impl IntoIterator<Item = SqliteConnection>, patience: Duration) -> Self {
        let connections: Arc<[Place]> =
            connections.into_iter().map(|connection| Arc::new(Mutex::new(Some(connection)))).collect();
        let free = Arc::new(Semaphore::new(connections.len()));
        Self { connections, free, patience }
    }

    /// The next connection to come free; the first ones are used the most, so what they have read is used again.
    pub(super) async fn next(&self) -> Result<Reader, Failure> {
        let permit = timeout(self.patience, Arc::clone(&self.free).acquire_owned()).await;
        let permit = permit.map_err(|_| Failure::from(sqlx::Error::PoolTimedOut))?;
        let permit = permit.map_err(|_| Failure::from(sqlx::Error::PoolClosed))?;
        let mut free = self.connections.iter().filter_map(|place| Arc::clone(place).try_lock_owned().ok());
        let connection = free.find_map(|held| OwnedMutexGuard::try_map(held, Option::as_mut).ok());
        let connection = connection.ok_or(Failure::from(sqlx::Error::PoolClosed))?;
        Ok(Reader { connection, _permit: permit })
    }

    /// Ends the connections after the reads that are under way.
    pub(super) async fn close(&self) {
        self.free.close();
        for place in self.connections.iter() {
            if let Some(connection) = place.lock().await.take() {
                // It has written nothing, so there is nothing to lose.
                let _ = connection.close().await;
            }
        }
    }
}

impl Deref for Reader {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn readers(count: usize) -> Readers {
        let mut connections = Vec::new();
        for _ in 0..count {
            connections.push(SqliteConnection::connect("sqlite::memory:").await.unwrap());
        }
        Readers::new(connections, Duration::from_millis(1))
    }

    async fn ping(readers: &Readers) -> Result<(), Failure> {
        Ok(readers.next().await?.ping().await?)
    }

    #[tokio::test]
    async fn each_is_lent_to_one_at_a_time_and_patience_ends() {
        let readers = readers(2).await;
        let first = readers.next().await.unwrap();
        let second = readers.next().await.unwrap();

        let impatient = ping(&readers).await;
        drop(first);
        let served = ping(&readers).await;
        drop(second);

        assert!(matches!(impatient, Err(Failure::Unavailable(_))), "{impatient:?}");
        assert!(served.is_ok());
    }

    #[tokio::test]
    async fn a_read_that_is_given_up_half_way_leaves_a_connection_that_serves() {
        let readers = readers(1).await;
        let endless = "with recursive n (n) as (select 1 union all select n + 1 from n) select n from n";
        let mut lent = readers.next().await.unwrap();
        let given_up = timeout(Duration::from_millis(1), sqlx::query(endless).fetch_all(&mut *lent)).await;
        drop(lent);

        let one: i64 =
            sqlx::query_scalar("select 1").fetch_one(&mut *readers.next().await.unwrap()).await.unwrap();

        assert_eq!((given_up.is_err(), one), (true, 1));
    }

    #[tokio::test]
    async fn closed_readers_lend_nothing_and_closing_waits_for_what_is_lent() {
        let readers = readers(1).await;
        let lent = readers.next().await.unwrap();

        let mut closing = std::pin::pin!(readers.close());
        let early = timeout(Duration::from_millis(1), closing.as_mut()).await;
        drop(lent);
        closing.await;

        assert!(early.is_err());
        assert!(matches!(ping(&readers).await, Err(Failure::Unavailable(_))));
    }
}
