//! Messages in Postgres, for any number of processes.
//!
//! The queue is the table: accepted means durable in one commit. Claims skip what others have locked, so workers
//! never wait for each other. Statements are few and touch many rows; nothing is sent inside a transaction.

#[cfg(test)]
mod behind_bulk;
mod delivery;
mod intake;
mod journeys;
mod open;

use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use sqlx::postgres::PgPool;

pub(crate) use self::open::PostgresOptions;
use super::models::Schema;
use super::{Failure, Store, rows};

/// The store.
#[derive(Debug)]
pub(crate) struct PostgresStore {
    pool: PgPool,
    /// The week whose partitions were made sure of last, so that a sweep a second does not ask every time.
    ensured_week: AtomicI64,
}

/// The length of a partition.
pub(super) const WEEK_MICROS: i64 = 7 * 24 * 3_600 * 1_000_000;
/// Partitions made ahead, so that a process without the right to create tables lives a month past a migration.
const WEEKS_AHEAD: i64 = 4;

impl PostgresStore {
    /// A store on this pool.
    fn on(pool: PgPool) -> Self {
        Self { pool, ensured_week: AtomicI64::new(i64::MIN) }
    }

    /// The next sweep makes sure of the partitions, whatever was made sure of before.
    fn forget_weeks(&self) {
        self.ensured_week.store(i64::MIN, Ordering::Relaxed);
    }

    /// Makes the partitions from this week on that are missing.
    pub(super) async fn ensure_weeks(&self, now: Timestamp) -> Result<(), Failure> {
        let this_week = now.unix_micros().div_euclid(WEEK_MICROS);
        if self.ensured_week.load(Ordering::Relaxed) == this_week {
            return Ok(());
        }
        sqlx::query(
            "select ensure_notification_week(week) from generate_series($1::bigint, $2::bigint) week",
        )
        .bind(this_week)
        .bind(this_week + WEEKS_AHEAD)
        .execute(&self.pool)
        .await?;
        self.ensured_week.store(this_week, Ordering::Relaxed);
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::domain::lane::Lane;
    use crate::fixtures::{NOW, entropy, row, scope};
    use crate::store::{Acceptance, Delivery as _, Intake as _, Journeys as _, Keep, Swept};

    use super::*;

    /// A busy machine is waited for.
    fn patient(connections: u32) -> PostgresOptions {
        PostgresOptions { connections, acquire_timeout: Duration::from_secs(10), ..Default::default() }
    }

    async fn partitions(store: &PostgresStore) -> i64 {
        let (found,): (i64,) =
            sqlx::query_as("select count(*) from pg_inherits where inhparent = 'notification'::regclass")
                .fetch_one(&store.pool)
                .await
                .unwrap();
        found
    }

    #[tokio::test]
    async fn a_fresh_database_has_no_schema_until_it_is_migrated_by_one_of_many() {
        let database = rekey_testing::postgres().await;
        let store = PostgresStore::connect_lazily(database.url(), &patient(4)).unwrap();
        let other = PostgresStore::connect_lazily(database.url(), &patient(4)).unwrap();

        let before = store.schema().await.unwrap();
        let (one, another) = tokio::join!(store.migrate(NOW), other.migrate(NOW));
        one.unwrap();
        another.unwrap();

        assert_eq!((before, store.schema().await.unwrap()), (Schema::Older, Schema::Fits));
        assert_eq!(partitions(&store).await, WEEKS_AHEAD + 1);
    }

    #[tokio::test]
    async fn a_message_long_after_the_last_partition_is_accepted() {
        let database = rekey_testing::postgres().await;
        let store = PostgresStore::connect_lazily(database.url(), &patient(4)).unwrap();
        store.migrate(NOW).await.unwrap();
        let later = NOW.plus(Duration::from_secs(400 * 86_400));
        let message = row(entropy().as_ref(), Lane::Critical, later);

        let accepted = store.accept(scope(), std::slice::from_ref(&message), later).await.unwrap();

        assert_eq!(accepted, [Acceptance::Accepted]);
        assert!(store.get(scope(), message.id).await.unwrap().is_some());
        assert_eq!(partitions(&store).await, 2 * (WEEKS_AHEAD + 1));
    }

    #[tokio::test]
    async fn a_week_that_cannot_be_dropped_stops_no_sweep() {
        let database = rekey_testing::postgres().await;
        let store = PostgresStore::connect_lazily(database.url(), &patient(4)).unwrap();
        store.migrate(NOW).await.unwrap();
        let message = row(entropy().as_ref(), Lane::Critical, NOW);
        store.accept(scope(), std::slice::from_ref(&message), NOW).await.unwrap();
        let week = NOW.unix_micros().div_euclid(WEEK_MICROS);
        let stranger = format!("create view stranger as select id from notification_w{week}");
        sqlx::query(sqlx::AssertSqlSafe(stranger)).execute(&store.pool).await.unwrap();
        let keep = Keep { history: Duration::from_secs(30 * 86_400), batch: 100 };
        let long_after = NOW.plus(Duration::from_secs(60 * 86_400));

        let held_up = store.sweep(keep, long_after).await.unwrap();
        sqlx::query("drop view stranger").execute(&store.pool).await.unwrap();
        let free = store.sweep(keep, long_after).await.unwrap();

        assert_eq!(held_up, Swept { expired: 1, requests_forgotten: 1, ..Swept::default() });
        assert_eq!((free.expired, free.purged > 0), (0, true));
        assert!(store.get(scope(), message.id).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_database_that_is_not_there_is_away_and_not_broken() {
        let store = PostgresStore::connect_lazily("postgres://127.0.0.1:1/none", &patient(1)).unwrap();

        let failure = store.schema().await.unwrap_err();

        assert!(failure.is_away(), "{failure:?}");
    }

    #[tokio::test]
    async fn a_claim_reads_the_index_of_its_lane() {
        let database = rekey_testing::postgres().await;
        let store = PostgresStore::connect_lazily(database.url(), &patient(1)).unwrap();
        store.migrate(NOW).await.unwrap();
        sqlx::query("set enable_seqscan = off").execute(&store.pool).await.unwrap();

        let plan: Vec<(String,)> = sqlx::query_as(
            "explain select id from notification where state = 1 and lane = 1 and next_try_at <= 5
             order by next_try_at limit 10 for update skip locked",
        )
        .fetch_all(&store.pool)
        .await
        .unwrap();

        let plan: String = plan.into_iter().map(|(line,)| line).collect();
        assert!(plan.contains("next_try_at_idx on") && !plan.contains("Seq Scan"), "{plan}");
    }
}
