//! Connections to Postgres, with the guards that keep a stuck statement or a silent network from stopping a call.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, Row as _};

use crate::connection::{PostgresLoan, Session};
use crate::findings::Findings;
use crate::{Failure, Options};

/// How long a connection may take to say that it lives. One that was swallowed would hold its place in the pool until
/// the kernel gives it up, a quarter of an hour later.
const ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// A connection keeps more prepared statements than a service has.
const STATEMENTS: usize = 256;

/// A database that only reads, as after a failover to its standby, is of no use.
const WRITES: &str = "select not pg_is_in_recovery() and current_setting('transaction_read_only') = 'off'";

/// The sessions of a process.
#[derive(Debug, Clone)]
pub(crate) struct PostgresPool {
    pub(crate) sessions: PgPool,
    findings: Findings,
    /// The URL that sessions are opened by. It may hold a password, so it has no `Debug`.
    url: Arc<Mutex<Url>>,
    options: Options,
}

/// A URL and nothing of it.
struct Url(String);

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl PostgresPool {
    pub(crate) fn open(url: &str, options: &Options) -> Result<Self, Failure> {
        let findings = Findings::default();
        Ok(Self {
            sessions: sessions(url, options, findings.clone())?,
            findings,
            url: Arc::new(Mutex::new(Url(url.to_owned()))),
            options: options.clone(),
        })
    }

    /// Opens sessions by this URL from now on; false if it is the same. Those that are open go on.
    pub(crate) fn go_over_to(&self, url: &str) -> Result<bool, Failure> {
        let mut current = self.url.lock().unwrap_or_else(PoisonError::into_inner);
        if current.0 == url {
            return Ok(false);
        }
        self.sessions.set_connect_options(connect_options(url, &self.options)?);
        url.clone_into(&mut current.0);
        Ok(true)
    }

    pub(crate) fn loan(&self, session: Session) -> PostgresLoan {
        PostgresLoan { session, findings: self.findings.clone() }
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
        self.findings.learn(if writes { Ok(()) } else { Err(Failure::of_read_only_session()) })?;
        if self.findings.is_full() { Err(Failure::of_full_disk()) } else { Ok(()) }
    }

    /// Which database it is, without a password.
    pub(crate) fn target(&self) -> String {
        let options = self.sessions.connect_options();
        let database = options.get_database().unwrap_or(options.get_username());
        match options.get_socket() {
            Some(socket) => format!("database {database} at {}", socket.display()),
            None => format!("database {database} at {}:{}", options.get_host(), options.get_port()),
        }
    }

    /// Why there is no connection: the pool tries again until its time is over, and then says no more than that.
    pub(crate) async fn why_without_connection(&self) -> Option<Failure> {
        let options = self.sessions.connect_options();
        let connecting = PgConnection::connect_with(&options);
        match tokio::time::timeout(ANSWERS_WITHIN, connecting).await {
            Ok(Ok(connection)) => {
                // All others are in use; this one was for asking only.
                drop(connection);
                None
            }
            Ok(Err(error)) => Some(error.into()),
            Err(_) => Some(Failure::TimedOut),
        }
    }
}

fn connect_options(url: &str, options: &Options) -> Result<PgConnectOptions, Failure> {
    let milliseconds = |duration: Duration| duration.as_millis().to_string();
    Ok(parse(url, options)?.options([
        ("statement_timeout", milliseconds(options.statement_timeout)),
        ("lock_timeout", milliseconds(options.lock_timeout)),
        // A step whose process stopped must not hold its locks for ever.
        ("idle_in_transaction_session_timeout", milliseconds(2 * options.statement_timeout)),
    ]))
}

fn sessions(url: &str, options: &Options, findings: Findings) -> Result<PgPool, Failure> {
    let connect = connect_options(url, options)?;
    let idle_trust = options.idle_trust;
    let pool = PgPoolOptions::new()
        .max_connections(options.connections)
        .acquire_timeout(options.acquire_timeout)
        // Asking before every use would cost each statement a round trip.
        .test_before_acquire(false)
        .before_acquire(move |connection, metadata| {
            let may_write = !findings.only_read_at(metadata.age);
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

/// A connection that relies on no session: it sets nothing when it begins and keeps no statement, so each of its transactions
/// may have another session at a pooler.
pub(crate) async fn sessionless_connection(url: &str, options: &Options) -> Result<PgConnection, Failure> {
    Ok(parse(url, options)?.statement_cache_capacity(0).connect().await?)
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
    async fn what_is_away_is_told_with_host_database_and_cause_and_without_the_password() {
        let server = rekey_testing::postgres_server().await;
        let port = server.port();
        let options = Options { acquire_timeout: Duration::from_millis(300), ..Options::named("test") };
        let cases = [
            (
                "postgres://rekey:s3cret@127.0.0.1:1/accounts".to_owned(),
                "database accounts at 127.0.0.1:1: connection refused".to_owned(),
            ),
            (
                format!("postgres://nobody:s3cret@127.0.0.1:{port}/postgres"),
                format!(
                    "database postgres at 127.0.0.1:{port}: database answered 28000: role \"nobody\" does not exist"
                ),
            ),
            (
                server.url("missing"),
                format!(
                    "database missing at 127.0.0.1:{port}: database answered 3D000: database \"missing\" does not exist"
                ),
            ),
            (
                server.url("postgres").replace("sslmode=disable", "sslmode=require"),
                format!("database postgres at 127.0.0.1:{port}: no TLS: server does not support TLS"),
            ),
        ];

        for (url, expected) in cases {
            let database = Database::open(&url, &options).await.unwrap();
            let failure = database.ping().await.unwrap_err();

            assert_eq!(database.cause(&failure).await, expected);
        }
    }

    #[tokio::test]
    async fn a_new_password_opens_new_sessions_and_leaves_the_old() {
        let database = rekey_testing::postgres().await;
        let options = Options { connections: 2, ..Options::named("test") };
        let store = Database::open(database.url(), &options).await.unwrap();
        let mut old = store.reader().await.unwrap();

        let (same, wrong) = (store.reload(database.url()), store.reload("postgres://rekey:s3cret@[/x"));
        let renamed = database.url().parse::<PgConnectOptions>().unwrap().username("nobody").to_url_lossy();
        let changed = store.reload(renamed.as_str());
        let of_old: i32 = old.scalar(Sql::unlisted("select 1"), &[]).await.unwrap();
        let new = store.reader().await;

        assert!(!same.unwrap() && wrong.is_err() && changed.unwrap());
        assert_eq!((of_old, new.err().unwrap().code()), (1, Some("28000")));
    }

    #[tokio::test]
    async fn a_full_disk_is_unavailable_and_shows_in_health() {
        let database = rekey_testing::postgres().await;
        let store = Database::open(database.url(), &Options::named("test")).await.unwrap();
        let full = "do $$ begin raise exception 'could not extend file' using errcode = '53100'; end $$";

        let found = store.execute(Sql::unlisted(full), &[]).await.unwrap_err();
        let health = store.ping().await.unwrap_err();

        assert!(found.is_unavailable() && health.is_unavailable());
        assert!(store.cause(&health).await.ends_with("53100: its disk is full"), "{health:?}");
        assert_eq!(store.scalar::<i32>(Sql::unlisted("select 1"), &[]).await.unwrap(), 1);
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
