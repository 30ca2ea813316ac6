//! Connections to Postgres, with the guards that keep a stuck statement or a silent network from stopping a call.

use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, Row as _};
use tokio::time::Instant;

use crate::connection::{PostgresLoan, Session};
use crate::{Failure, Options};

/// How long a connection may take to say that it lives. One that was swallowed would hold its place in the pool until
/// the kernel gives it up, a quarter of an hour later.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// A connection keeps more prepared statements than a service has.
const STATEMENTS: usize = 256;

/// A database that only reads, as after a failover to its standby, is of no use.
const WRITES: &str = "select not pg_is_in_recovery() and current_setting('transaction_read_only') = 'off'";

/// When a session was last found to take no writes. Clones share it.
///
/// Sessions outlive a failover: a primary that became a standby keeps them, and each would fail every call until the
/// pool gives it up, half an hour later. So all that are older than the last such finding are thrown away.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReadOnlySince(Arc<Mutex<Option<Instant>>>);

impl ReadOnlySince {
    /// Takes note of a failure that says so, and passes everything on.
    pub(crate) fn learn<T>(&self, ran: Result<T, Failure>) -> Result<T, Failure> {
        if ran.as_ref().is_err_and(Failure::only_reads) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        ran
    }

    /// Whether a session of this age may still be one of those.
    fn covers(&self, age: Duration) -> bool {
        let found = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.is_some_and(|found| age >= found.elapsed())
    }
}

/// The sessions of a process.
#[derive(Debug, Clone)]
pub(crate) struct PostgresPool {
    pub(crate) sessions: PgPool,
    read_only: ReadOnlySince,
}

impl PostgresPool {
    pub(crate) fn open(url: &str, options: &Options) -> Result<Self, Failure> {
        let read_only = ReadOnlySince::default();
        Ok(Self { sessions: sessions(url, options, read_only.clone())?, read_only })
    }

    pub(crate) fn loan(&self, session: Session) -> PostgresLoan {
        PostgresLoan { session, read_only: self.read_only.clone() }
    }

    /// Whether a session stays one: what is set on it holds for its next statement, whoever else asks. Behind a pooler
    /// that gives each transaction another session (PgBouncer in transaction mode) the limits of time would be lost, and
    /// prepared statements would be somebody else's.
    pub(crate) async fn keeps_sessions(&self) -> Result<bool, Failure> {
        if self.sessions.options().get_max_connections() < 2 {
            return Ok(true);
        }
        let (mut one, mut other) = tokio::try_join!(self.sessions.acquire(), self.sessions.acquire())?;
        sqlx::raw_sql("set rekey.session = 'one'").execute(&mut *one).await?;
        sqlx::raw_sql("set rekey.session = 'other'").execute(&mut *other).await?;
        let row = sqlx::raw_sql("select current_setting('rekey.session', true)").fetch_one(&mut *one).await?;
        Ok(row.try_get::<Option<String>, _>(0)?.as_deref() == Some("one"))
    }

    /// Answers when a session can write. One that cannot is found here as by a call.
    pub(crate) async fn ping(&self) -> Result<(), Failure> {
        let (writes,): (bool,) = sqlx::query_as(WRITES).fetch_one(&self.sessions).await?;
        self.read_only.learn(if writes { Ok(()) } else { Err(Failure::of_read_only_session()) })
    }
}

fn sessions(url: &str, options: &Options, read_only: ReadOnlySince) -> Result<PgPool, Failure> {
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
            let may_write = !read_only.covers(metadata.age);
            Box::pin(async move {
                if may_write && metadata.idle_for >= idle_trust {
                    answers(connection).await?;
                }
                Ok(may_write)
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
    async fn sessions_without_a_pooler_are_kept() {
        let database = rekey_testing::postgres().await;
        let store = Database::open(database.url(), &Options::named("test")).await.unwrap();

        assert!(store.keeps_sessions().await.unwrap());
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
    async fn sessions_that_only_read_are_thrown_away_by_the_first_call_that_finds_out() {
        let database = rekey_testing::postgres().await;
        let options = Options { connections: 2, ..Options::named("test") };
        let store = Database::open(database.url(), &options).await.unwrap();
        store.execute(Sql::unlisted("create table notes (note bigint)"), &[]).await.unwrap();
        let write = async |note: i64| {
            let step = store.step(|mut tx| async move {
                tx.execute(Sql::unlisted("insert into notes values ($1)"), crate::values![note]).await?;
                Ok(tx.commit(()))
            });
            step.await
        };
        let become_standby = async || {
            let (mut one, mut two) = tokio::try_join!(store.writer(), store.writer()).unwrap();
            for session in [&mut one, &mut two] {
                let sql = Sql::unlisted("set default_transaction_read_only = on");
                session.execute(sql, &[]).await.unwrap();
            }
        };

        become_standby().await;
        let seen_by_a_step = write(1).await;
        become_standby().await;
        let found = store.execute(Sql::unlisted("insert into notes values (2)"), &[]).await;
        let by_the_next_calls = (write(3).await, write(4).await);
        become_standby().await;
        let seen_by_health = (store.ping().await, store.ping().await);

        seen_by_a_step.unwrap();
        assert!(found.is_err_and(|failure| failure.is_unavailable()));
        by_the_next_calls.0.and(by_the_next_calls.1).unwrap();
        assert!(seen_by_health.0.is_err_and(|failure| failure.is_unavailable()));
        seen_by_health.1.unwrap();
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
