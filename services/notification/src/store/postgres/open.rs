//! Connecting, with the guards that keep a stuck statement or a silent network from stopping a lane.

use std::str::FromStr;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection};

use super::PostgresStore;
use crate::store::Failure;

/// How a database is used.
#[derive(Debug, Clone)]
pub(crate) struct PostgresOptions {
    /// How many connections this process holds at most.
    pub(crate) connections: u32,
    /// How long a call waits for one of them.
    pub(crate) acquire_timeout: Duration,
    /// How long one statement may take.
    pub(crate) statement_timeout: Duration,
}

/// How long one statement may wait for a lock: claims skip what is locked, so this is a migration or a stranger.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a connection may lie idle and still be used without asking whether it lives. Under load none is idle for
/// so long, so asking costs nothing there, and after an outage the dead ones are found before a message is.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// How long a connection may take to say that it lives. One that was swallowed would hold its place in the pool until
/// the kernel gives it up, a quarter of an hour later.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

impl Default for PostgresOptions {
    /// As the settings have them.
    fn default() -> Self {
        Self {
            connections: 8,
            acquire_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(5),
        }
    }
}

impl PostgresStore {
    /// A store on a pool that connects when it is first used.
    ///
    /// # Errors
    /// The URL is none of Postgres.
    pub(crate) fn connect_lazily(url: &str, options: &PostgresOptions) -> Result<Self, Failure> {
        let milliseconds = |duration: Duration| duration.as_millis().to_string();
        let connect = PgConnectOptions::from_str(url)?.application_name("rekey-notification").options([
            ("statement_timeout", milliseconds(options.statement_timeout)),
            ("lock_timeout", milliseconds(LOCK_TIMEOUT)),
            // A step whose process stopped must not hold its locks for ever.
            ("idle_in_transaction_session_timeout", milliseconds(2 * options.statement_timeout)),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(options.connections)
            .acquire_timeout(options.acquire_timeout)
            // Asking before every use would cost each statement a round trip.
            .test_before_acquire(false)
            .before_acquire(|connection, metadata| {
                Box::pin(async move {
                    if metadata.idle_for >= TRUSTED_FOR {
                        answers(connection).await?;
                    }
                    Ok(true)
                })
            })
            // The pool asks as well, and would wait for ever.
            .after_release(|connection, _| {
                Box::pin(async move {
                    answers(connection).await?;
                    Ok(true)
                })
            })
            .connect_lazy_with(connect);
        Ok(Self::on(pool))
    }

    /// Brings the schema up to this code's and makes the partitions of the coming weeks. Takes the migration lock,
    /// so any number may start it, on a connection whose statements may take their time.
    ///
    /// # Errors
    /// The migration does not go through.
    pub(crate) async fn migrate(&self, now: Timestamp) -> Result<(), Failure> {
        let patient = self.pool.connect_options().as_ref().clone().options([
            ("statement_timeout", "0"),
            ("lock_timeout", "0"),
            ("idle_in_transaction_session_timeout", "0"),
        ]);
        let mut connection = PgConnection::connect_with(&patient).await?;
        let migrated = sqlx::migrate!("migrations/postgres").run_direct(None, &mut connection, false).await;
        connection.close().await?;
        migrated?;
        self.forget_weeks();
        self.ensure_weeks(now).await
    }
}

/// Asks a connection whether it lives; one that does not say so in time is thrown away.
async fn answers(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let answer = tokio::time::timeout(ANSWERS_WITHIN, connection.ping()).await;
    answer.map_err(|_| sqlx::Error::PoolTimedOut)?
}

#[cfg(test)]
mod tests {
    use rekey_testing::Proxy;

    use super::*;

    async fn setting(store: &PostgresStore, name: &str) -> String {
        let (value,) =
            sqlx::query_as("select current_setting($1)").bind(name).fetch_one(&store.pool).await.unwrap();
        value
    }

    #[tokio::test]
    async fn no_statement_lock_or_idle_transaction_lasts_for_ever() {
        let database = rekey_testing::postgres().await;
        let options = PostgresOptions { statement_timeout: Duration::from_millis(200), ..Default::default() };
        let store = PostgresStore::connect_lazily(database.url(), &options).unwrap();

        let slow = sqlx::query("select pg_sleep(60)").execute(&store.pool).await.unwrap_err();

        assert!(Failure::from(slow).is_away());
        assert_eq!(setting(&store, "lock_timeout").await, "2s");
        assert_eq!(setting(&store, "idle_in_transaction_session_timeout").await, "400ms");
    }

    #[tokio::test]
    async fn a_connection_that_was_given_up_and_is_silent_leaves_its_place() {
        let server = rekey_testing::postgres_server().await;
        let proxy = Proxy::before_port(server.port()).await;
        let url = server.url("postgres").replace(&server.port().to_string(), &proxy.port().to_string());
        let patience = Duration::from_secs(10);
        let options = PostgresOptions { connections: 1, acquire_timeout: patience, ..Default::default() };
        let store = PostgresStore::connect_lazily(&url, &options).unwrap();
        setting(&store, "lock_timeout").await;

        proxy.strand();
        let given_up = tokio::time::timeout(Duration::from_millis(50), setting(&store, "lock_timeout")).await;

        assert!(given_up.is_err());
        assert_eq!(setting(&store, "lock_timeout").await, "2s");
    }
}
