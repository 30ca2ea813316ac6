//! Where a database is, and how it is used.

use std::time::Duration;

use crate::Failure;

/// How a database is used.
#[derive(Debug, Clone)]
pub struct Options {
    /// What connections to Postgres call themselves.
    pub application_name: &'static str,
    /// How many connections to Postgres this process holds at most.
    pub connections: u32,
    /// How long a call waits for one of them.
    pub acquire_timeout: Duration,
    /// How long one statement may take in Postgres.
    pub statement_timeout: Duration,
    /// How long one statement may wait for a lock in Postgres.
    pub lock_timeout: Duration,
    /// How long a connection to Postgres may lie idle and still be used without asking whether it lives.
    pub idle_trust: Duration,
    /// Whether a pooler gives each transaction to Postgres whichever session is free, as PgBouncer does in transaction
    /// mode. Then nothing is kept on sessions: statements are read anew each time, and each stands in a transaction that
    /// has the limits of time.
    pub transaction_pooling: bool,
    /// How many connections read from a SQLite file at once.
    pub readers: u32,
    /// How long to wait for a connection to a SQLite file, or for its lock.
    pub busy_timeout: Duration,
}

impl Options {
    /// 8 connections do what two cores can; 2 s for a connection or a lock and 5 s for a statement leave room for an
    /// answer within the 10 s of a call without a deadline. Under load no connection is idle for 1 s, so asking costs
    /// nothing there, and after an outage the dead ones are found before a call is.
    ///
    /// 4 readers are more than the cores of a machine that runs everything in one process; 5 s of patience are half the
    /// life of a call without a deadline.
    #[must_use]
    pub const fn named(application_name: &'static str) -> Self {
        Self {
            application_name,
            connections: 8,
            acquire_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(2),
            idle_trust: Duration::from_secs(1),
            transaction_pooling: false,
            readers: 4,
            busy_timeout: Duration::from_secs(5),
        }
    }
}

/// Where a database is. The URL may hold a password, so nothing quotes it.
pub(crate) enum Location<'a> {
    Postgres(&'a str),
    Sqlite(&'a str),
}

impl<'a> Location<'a> {
    pub(crate) fn parse(url: &'a str) -> Result<Self, Failure> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            return Ok(Self::Sqlite(path));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url));
        }
        Err(Failure::Broken("a database URL begins with `postgres://` or `sqlite:`".into()))
    }
}
