//! Connections to Postgres, with the guards that keep a stuck statement or a silent network from stopping a call.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool, Postgres, Row as _};

use crate::connection::{PostgresLoan, Session};
use crate::findings::Findings;
use crate::password::{Patience, Source, UrlSource};
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
    /// What makes the URL anew.
    source: Source,
    /// How a transaction begins behind a pooler that keeps no sessions: the limits of time hold for it alone.
    begin: Option<Arc<str>>,
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
            source: Source::default(),
            begin: options.transaction_pooling.then(|| begin_with_limits(options)),
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
        PostgresLoan { session, findings: self.findings.clone(), begin: self.begin.clone() }
    }

    /// The same, with what makes its URL anew when a login is refused.
    pub(crate) fn with_source(self, source: UrlSource) -> Self {
        Self { source: Source(Some(source)), ..self }
    }

    /// A session.
    pub(crate) async fn acquire(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        let patience = Patience::of(self.options.acquire_timeout);
        loop {
            match self.sessions.acquire().await {
                Err(error) if patience.allows(&error, || self.renewed()).await => {}
                ended => return ended,
            }
        }
    }

    /// A transaction, under the limits of time.
    pub(crate) async fn begin(&self) -> Result<sqlx::Transaction<'static, Postgres>, sqlx::Error> {
        let patience = Patience::of(self.options.acquire_timeout);
        loop {
            let begun = match &self.begin {
                Some(begin) => self.sessions.begin_with(AssertSqlSafe(Arc::clone(begin))).await,
                None => self.sessions.begin().await,
            };
            match begun {
                Err(error) if patience.allows(&error, || self.renewed()).await => {}
                ended => return ended,
            }
        }
    }

    /// Whether the files hold another password than before, which is taken; `None` where there are none. What does not read
    /// is not another.
    fn renewed(&self) -> Option<bool> {
        let source = self.source.0.as_ref()?;
        Some(source().is_ok_and(|url| self.go_over_to(&url).unwrap_or(false)))
    }

    /// Whether sessions are kept as the options say: what is set on one holds for its next statement, whoever else asks.
    /// Behind a pooler that gives each transaction another session (PgBouncer in transaction mode) the limits of time would
    /// be lost, and prepared statements would be somebody else's, unless the options say that there is one.
    pub(crate) async fn keeps_sessions(&self) -> Result<bool, Failure> {
        if self.begin.is_some() || self.sessions.options().get_max_connections() < 2 {
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
        // In one message, which every pooler passes on as one transaction.
        let row = sqlx::raw_sql(WRITES).fetch_one(&self.sessions).await?;
        let writes: bool = row.try_get(0)?;
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
    let parsed = parse(url, options)?;
    if options.transaction_pooling {
        // A pooler refuses settings of a session that it does not know, this one of the driver's among them; ours are set
        // for each transaction.
        return Ok(parsed.extra_float_digits(None).statement_cache_capacity(0));
    }
    Ok(parsed.options(limits(options)))
}

/// The limits of time, in milliseconds.
fn limits(options: &Options) -> [(&'static str, String); 3] {
    let milliseconds = |duration: Duration| duration.as_millis().to_string();
    [
        ("statement_timeout", milliseconds(options.statement_timeout)),
        ("lock_timeout", milliseconds(options.lock_timeout)),
        // A step whose process stopped must not hold its locks for ever.
        ("idle_in_transaction_session_timeout", milliseconds(2 * options.statement_timeout)),
    ]
}

/// Begins a transaction and sets its limits in one message.
fn begin_with_limits(options: &Options) -> Arc<str> {
    let set = limits(options).map(|(name, value)| format!("set local {name} = {value}"));
    format!("begin; {}", set.join("; ")).into()
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
mod tests;

#[cfg(test)]
mod fuzz;
