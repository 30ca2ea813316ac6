//! Connections to Postgres, with the guards that keep a stuck statement or a silent network from stopping a call.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};

use crate::{Failure, Options};

/// How long a connection may take to say that it lives. One that was swallowed would hold its place in the pool until
/// the kernel gives it up, a quarter of an hour later.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// A connection keeps more prepared statements than a service has.
const STATEMENTS: usize = 256;

/// A database that only reads, as after a failover to its standby, is of no use.
const WRITES: &str = "select not pg_is_in_recovery() and current_setting('transaction_read_only') = 'off'";

/// The database answers but takes no writes.
#[derive(Debug, thiserror::Error)]
#[error("database only reads")]
struct OnlyReads;

pub(crate) fn pool(url: &str, options: &Options) -> Result<PgPool, Failure> {
    let milliseconds = |duration: Duration| duration.as_millis().to_string();
    let connect = parse(url, options)?.options([
        ("statement_timeout", milliseconds(options.statement_timeout)),
        ("lock_timeout", milliseconds(options.lock_timeout)),
        // A step whose process stopped must not hold its locks for ever.
        ("idle_in_transaction_session_timeout", milliseconds(2 * options.statement_timeout)),
    ]);
    let idle_trust = options.idle_trust;
    let pool = PgPoolOptions::new()
        .max_connections(options.connections)
        .acquire_timeout(options.acquire_timeout)
        // Asking before every use would cost each statement a round trip.
        .test_before_acquire(false)
        .before_acquire(move |connection, metadata| {
            Box::pin(async move {
                if metadata.idle_for >= idle_trust {
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
        });
    Ok(pool.connect_lazy_with(connect))
}

/// A connection whose statements may take their time, for a migration.
pub(crate) async fn patient_connection(url: &str, options: &Options) -> Result<PgConnection, Failure> {
    let connect = parse(url, options)?.options([
        ("statement_timeout", "0"),
        ("lock_timeout", "0"),
        ("idle_in_transaction_session_timeout", "0"),
    ]);
    Ok(connect.connect().await?)
}

pub(crate) async fn ping(pool: &PgPool) -> Result<(), Failure> {
    let (writes,): (bool,) = sqlx::query_as(WRITES).fetch_one(pool).await?;
    if writes { Ok(()) } else { Err(Failure::Unavailable(Box::new(OnlyReads))) }
}

/// Asks a connection whether it lives; one that does not say so in time is thrown away.
async fn answers(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let answer = tokio::time::timeout(ANSWERS_WITHIN, connection.ping()).await;
    answer.map_err(|_| sqlx::Error::PoolTimedOut)?
}

/// The error of a URL that cannot be read may quote it, password included, so it is not passed on.
fn parse(url: &str, options: &Options) -> Result<PgConnectOptions, Failure> {
    let parsed =
        PgConnectOptions::from_str(url).map_err(|_| Failure::Unreadable { what: "a database URL" })?;
    Ok(parsed
        .application_name(options.application_name)
        .statement_cache_capacity(STATEMENTS)
        .log_statements(tracing::log::LevelFilter::Off))
}

#[cfg(test)]
mod tests {
    use rekey_testing::Proxy;

    use super::*;
    use crate::{Database, Sql};

    const SETTING: Sql = Sql::unlisted("select current_setting($1)");

    async fn setting(database: &Database, name: &str) -> String {
        database.scalar(SETTING, crate::values![name]).await.unwrap()
    }

    #[tokio::test]
    async fn a_database_that_is_away_is_unavailable_and_its_url_stays_ours() {
        let options = Options { acquire_timeout: Duration::from_millis(300), ..Options::named("test") };
        let nowhere = Database::open("postgres://rekey:secret@127.0.0.1:1/x", &options).await.unwrap();

        let Err(Failure::Unavailable(source)) = nowhere.ping().await else { panic!("it answered") };
        assert!(!source.to_string().contains("secret"), "{source}");
        let odd = Database::open("postgres://rekey:secret@[/x", &options).await.unwrap_err();
        assert!(!format!("{odd:?}").contains("secret"), "{odd:?}");
    }

    #[tokio::test]
    async fn no_statement_lock_or_idle_transaction_lasts_for_ever() {
        let database = rekey_testing::postgres().await;
        let options = Options { statement_timeout: Duration::from_millis(200), ..Options::named("test") };
        let store = Database::open(database.url(), &options).await.unwrap();

        let slow = store.execute(Sql::unlisted("select pg_sleep(60)"), &[]).await.unwrap_err();

        assert!(slow.is_unavailable());
        assert_eq!(setting(&store, "lock_timeout").await, "2s");
        assert_eq!(setting(&store, "idle_in_transaction_session_timeout").await, "400ms");
        assert_eq!(setting(&store, "application_name").await, "test");
    }

    #[tokio::test]
    async fn dead_connections_are_replaced_before_a_call_meets_them() {
        let database = rekey_testing::postgres().await;
        let options = Options { idle_trust: Duration::ZERO, ..Options::named("test") };
        let store = Database::open(database.url(), &options).await.unwrap();
        let other = Database::open(database.url(), &options).await.unwrap();
        let (one, two) = tokio::join!(store.ping(), store.ping());
        one.and(two).unwrap();

        let others = "select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and pid <> pg_backend_pid()";
        other.execute(Sql::unlisted(others), &[]).await.unwrap();

        store.ping().await.unwrap();
    }

    #[tokio::test]
    async fn a_connection_that_was_given_up_and_is_silent_leaves_its_place() {
        let server = rekey_testing::postgres_server().await;
        let proxy = Proxy::before_port(server.port()).await;
        let url = server.url("postgres").replace(&server.port().to_string(), &proxy.port().to_string());
        let patience = Duration::from_secs(10);
        let options = Options { connections: 1, acquire_timeout: patience, ..Options::named("test") };
        let store = Database::open(&url, &options).await.unwrap();
        store.ping().await.unwrap();

        proxy.strand();
        let given_up = tokio::time::timeout(Duration::from_millis(50), store.ping()).await;

        assert!(given_up.is_err());
        store.ping().await.unwrap();
    }
}
