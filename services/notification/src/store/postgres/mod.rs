//! Messages in Postgres, for any number of processes.
//!
//! The queue is the table: accepted means durable in one commit. Claims skip what others have locked, so workers
//! never wait for each other. Statements are few and touch many rows; nothing is sent inside a transaction.

mod delivery;
mod intake;
mod journeys;

use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use super::models::Schema;
use super::{Failure, Store, rows};

/// The store.
#[derive(Debug)]
pub struct PostgresStore {
    pool: PgPool,
}

/// The length of a partition.
pub(super) const WEEK_MICROS: i64 = 7 * 24 * 3_600 * 1_000_000;
/// Partitions made ahead, so that a process without the right to create tables lives a month past a migration.
const WEEKS_AHEAD: i64 = 4;

impl PostgresStore {
    /// A store on a pool that connects when it is first used.
    ///
    /// # Errors
    /// The URL is none of Postgres.
    pub fn connect_lazily(url: &str, connections: u32, acquire_timeout: Duration) -> Result<Self, Failure> {
        let options: PgConnectOptions = url.parse()?;
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(acquire_timeout)
            .test_before_acquire(false)
            .connect_lazy_with(options.application_name("rekey-notification"));
        Ok(Self { pool })
    }

    /// Brings the schema up to this code's and makes the partitions of the coming weeks. Takes the migration lock,
    /// so any number may start it.
    ///
    /// # Errors
    /// The migration does not go through.
    pub async fn migrate(&self, now: Timestamp) -> Result<(), Failure> {
        sqlx::migrate!("migrations/postgres").run(&self.pool).await?;
        self.ensure_weeks(now).await
    }

    /// Makes the partitions from this week on that are missing.
    pub(super) async fn ensure_weeks(&self, now: Timestamp) -> Result<(), Failure> {
        let this_week = now.unix_micros().div_euclid(WEEK_MICROS);
        sqlx::query(
            "select ensure_notification_week(week) from generate_series($1::bigint, $2::bigint) week",
        )
        .bind(this_week)
        .bind(this_week + WEEKS_AHEAD)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn schema(&self) -> Result<Schema, Failure> {
        let (exists,): (bool,) =
            sqlx::query_as("select to_regclass('schema_version') is not null").fetch_one(&self.pool).await?;
        if !exists {
            return Ok(Schema::Older);
        }
        let version = sqlx::query_as("select version, oldest_code from schema_version")
            .fetch_optional(&self.pool)
            .await?;
        Ok(rows::fit(version))
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}
