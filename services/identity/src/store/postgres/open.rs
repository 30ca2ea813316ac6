//! Connecting, and bringing the schema up to date.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection};

use super::PostgresStore;
use crate::store::Failure;

/// How long a connection may take to say that it lives. One that was swallowed would hold its place in the pool until
/// the kernel gives it up, a quarter of an hour later.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// How a database is used.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// How many connections this process holds at most.
    pub connections: u32,
    /// How long a call waits for one of them.
    pub acquire_timeout: Duration,
    /// How long one statement may take.
    pub statement_timeout: Duration,
    /// How long one statement may wait for a lock.
    pub lock_timeout: Duration,
    /// How long a connection may lie idle and still be used without asking whether it lives.
    pub trusted_for: Duration,
}

impl Default for PostgresOptions {
    /// 8 connections do what two cores can; 2 s for a connection or a lock and 5 s for a statement leave room for an
    /// answer within the 10 s of a call without a deadline. Under load no connection is idle for 1 s, so asking costs
    /// nothing there, and after an outage the dead ones are found before a call is.
    fn default() -> Self {
        Self {
            connections: 8,
            acquire_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(2),
            trusted_for: Duration::from_secs(1),
        }
    }
}

impl PostgresStore {
    /// A store on the database of a `postgres://` URL. Connections are made when they are first needed, so a database
    /// that is away shows in `ping` and in every call, not here.
    pub fn connect(url: &str, options: &PostgresOptions) -> Result<Self, Failure> {
        let milliseconds = |duration: Duration| duration.as_millis().to_string();
        let connect = parse(url)?.options([
            ("statement_timeout", milliseconds(options.statement_timeout)),
            ("lock_timeout", milliseconds(options.lock_timeout)),
            // A step whose process stopped must not hold its locks for ever.
            ("idle_in_transaction_session_timeout", milliseconds(2 * options.statement_timeout)),
        ]);
        let trusted_for = options.trusted_for;
        let pool = PgPoolOptions::new()
            .max_connections(options.connections)
            .acquire_timeout(options.acquire_timeout)
            // Asking before every use would cost each statement a round trip.
            .test_before_acquire(false)
            .before_acquire(move |connection, metadata| {
                Box::pin(async move {
                    if metadata.idle_for >= trusted_for {
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
        Ok(Self { pool })
    }

    /// Ends all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// Asks a connection whether it lives; one that does not say so in time is thrown away.
async fn answers(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let answer = tokio::time::timeout(ANSWERS_WITHIN, connection.ping()).await;
    answer.map_err(|_| sqlx::Error::PoolTimedOut)?
}

/// Brings the schema up to date. Several processes may try at once: an advisory lock lets one work at a time.
pub async fn migrate(url: &str) -> Result<(), Failure> {
    let mut connection = PgConnection::connect_with(&parse(url)?).await?;
    let migrated = sqlx::migrate!("migrations/postgres").run_direct(None, &mut connection, false).await;
    connection.close().await?;
    Ok(migrated?)
}

/// The error of a URL that cannot be read may quote it, password included, so it is not passed on.
fn parse(url: &str) -> Result<PgConnectOptions, Failure> {
    PgConnectOptions::from_str(url)
        .map(|options| {
            options.application_name("rekey identity").log_statements(tracing::log::LevelFilter::Off)
        })
        .map_err(|_| Failure::Unreadable { what: "a database URL" })
}

#[cfg(test)]
mod tests {
    use rekey_primitives::clock::Timestamp;

    use super::*;
    use crate::store::Upkeep;

    const WEEKS: Duration = Duration::from_secs(28 * 86_400);
    const NOW: Timestamp = Timestamp::from_unix_micros(1_900_000_000_000_000);

    #[tokio::test]
    async fn parallel_migrations_make_one_schema() {
        let database = rekey_testing::postgres().await;

        let starts: Vec<_> = (0..6)
            .map(|_| {
                let url = database.url().to_owned();
                tokio::spawn(async move { migrate(&url).await })
            })
            .collect();
        for start in starts {
            start.await.unwrap().unwrap();
        }

        let store = PostgresStore::connect(database.url(), &PostgresOptions::default()).unwrap();
        assert!(store.schema_fits().await.unwrap());
    }

    #[tokio::test]
    async fn a_schema_fits_by_what_it_serves() {
        let database = rekey_testing::postgres().await;
        let store = PostgresStore::connect(database.url(), &PostgresOptions::default()).unwrap();
        let empty = store.schema_fits().await.unwrap();
        migrate(database.url()).await.unwrap();
        let set = async |schema: &'static str| {
            sqlx::query(schema).execute(&store.pool).await.unwrap();
            store.schema_fits().await.unwrap()
        };

        let newer = set("update schema_version set version = 9").await;
        let newer_only = set("update schema_version set serves_since = 9").await;

        assert_eq!((empty, newer, newer_only), (false, true, false));
    }

    #[tokio::test]
    async fn a_database_that_is_away_is_unavailable_and_its_url_stays_ours() {
        let options = PostgresOptions { acquire_timeout: Duration::from_millis(300), ..Default::default() };
        let nowhere = PostgresStore::connect("postgres://rekey:secret@127.0.0.1:1/x", &options).unwrap();

        let Err(Failure::Unavailable(source)) = nowhere.ping().await else { panic!("it answered") };
        assert!(!source.to_string().contains("secret"), "{source}");
        let odd = PostgresStore::connect("postgres://rekey:secret@[/x", &options).unwrap_err();
        assert!(!format!("{odd:?}").contains("secret"), "{odd:?}");
    }

    #[tokio::test]
    async fn dead_connections_are_replaced_before_a_call_meets_them() {
        let database = rekey_testing::postgres().await;
        let options = PostgresOptions { trusted_for: Duration::ZERO, ..Default::default() };
        let store = PostgresStore::connect(database.url(), &options).unwrap();
        let other = PostgresStore::connect(database.url(), &options).unwrap();
        let (one, two) = tokio::join!(store.ping(), store.ping());
        one.and(two).unwrap();

        sqlx::query(
            "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid()",
        )
        .execute(&other.pool)
        .await
        .unwrap();

        store.ping().await.unwrap();
    }

    #[tokio::test]
    async fn a_connection_that_was_given_up_and_is_silent_leaves_its_place() {
        let server = rekey_testing::postgres_server().await;
        let proxy = rekey_testing::Proxy::before_port(server.port()).await;
        let url = server.url("postgres").replace(&server.port().to_string(), &proxy.port().to_string());
        let patience = Duration::from_secs(10);
        let options = PostgresOptions { connections: 1, acquire_timeout: patience, ..Default::default() };
        let store = PostgresStore::connect(&url, &options).unwrap();
        store.ping().await.unwrap();

        proxy.strand();
        let given_up = tokio::time::timeout(Duration::from_millis(50), store.ping()).await;

        assert!(given_up.is_err());
        store.ping().await.unwrap();
    }

    #[tokio::test]
    async fn the_sweep_prepares_the_audit_log() {
        let database = rekey_testing::postgres().await;
        migrate(database.url()).await.unwrap();
        let store = PostgresStore::connect(database.url(), &PostgresOptions::default()).unwrap();
        let partitions = async || {
            sqlx::query_scalar::<_, i64>(
                "select count(*) from pg_inherits where inhparent = 'audit_events'::regclass",
            )
            .fetch_one(&store.pool)
            .await
            .unwrap()
        };

        let mut counts = vec![partitions().await];
        for now in [NOW, NOW, NOW.plus(WEEKS)] {
            store.sweep(now).await.unwrap();
            counts.push(partitions().await);
        }

        assert_eq!(counts, [1, 3, 3, 4]);
    }
}
