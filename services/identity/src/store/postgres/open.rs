//! Connecting, and bringing the schema up to date.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection};

use super::PostgresStore;
use crate::store::Failure;

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
}

impl Default for PostgresOptions {
    /// 8 connections do what two cores can; 2 s for a connection or a lock and 5 s for a statement leave room for an
    /// answer within the 10 s of a call without a deadline.
    fn default() -> Self {
        Self {
            connections: 8,
            acquire_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(2),
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
        // A connection that died shows in the first statement; asking before every use costs a round trip each.
        let pool = PgPoolOptions::new()
            .max_connections(options.connections)
            .acquire_timeout(options.acquire_timeout)
            .test_before_acquire(false)
            .connect_lazy_with(connect);
        Ok(Self { pool })
    }

    /// Ends all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
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
