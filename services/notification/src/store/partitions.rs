//! The partitions of Postgres, one a week: made ahead, and dropped instead of deleting rows.

use std::sync::atomic::{AtomicI64, Ordering};

use rekey_database::{Failure, Sql, values};
use rekey_primitives::clock::Timestamp;

use super::Store;

/// The length of a partition.
const WEEK_MICROS: i64 = 7 * 24 * 3_600 * 1_000_000;
/// Partitions made ahead, so that a process without the right to create tables lives a month past a migration.
const WEEKS_AHEAD: i64 = 4;

// Functions and catalogues of Postgres: SQLite could not even read these.
const ENSURE: Sql =
    Sql::unlisted("select ensure_notification_week(week) from generate_series($1::bigint, $2::bigint) week");
const HAS_OLD: Sql = Sql::unlisted(
    "select exists (
         select from pg_inherits join pg_class child on child.oid = pg_inherits.inhrelid
         where pg_inherits.inhparent = 'notification'::regclass
           and substring(child.relname from '^notification_w(\\d+)$')::bigint < $1)",
);
const WAIT_BRIEFLY: Sql = Sql::unlisted("set local lock_timeout = '200ms'");
const DROP: Sql = Sql::unlisted("select drop_notification_weeks($1)");

/// A row that no partition takes (check_violation).
const NO_PARTITION: &str = "23514";

/// Whether a new row found no partition. The sweep makes them ahead of time: this happens to the first row after a very long sleep.
pub(super) fn lacks_partition(failure: &Failure) -> bool {
    failure.code() == Some(NO_PARTITION)
}

/// The week whose partitions were made sure of last, so that a sweep a second does not ask every time.
#[derive(Debug)]
pub(super) struct Partitions {
    ensured_week: AtomicI64,
}

impl Default for Partitions {
    fn default() -> Self {
        Self { ensured_week: AtomicI64::new(i64::MIN) }
    }
}

impl Store {
    /// Makes the partitions from this week on that are missing. SQLite has none.
    pub(super) async fn ensure_partitions(&self, now: Timestamp) -> Result<(), Failure> {
        let this_week = now.unix_micros().div_euclid(WEEK_MICROS);
        let ensured_week = &self.partitions.ensured_week;
        if !self.is_shared() || ensured_week.load(Ordering::Relaxed) == this_week {
            return Ok(());
        }
        self.database.execute(ENSURE, values![this_week, this_week + WEEKS_AHEAD]).await?;
        ensured_week.store(this_week, Ordering::Relaxed);
        Ok(())
    }

    /// Drops the partitions that ended before the horizon. Looks first, because dropping takes the one lock that
    /// stops everybody, and waits for it only briefly: the next sweep is never far.
    pub(super) async fn drop_partitions(&self, horizon: Timestamp) -> Result<u64, Failure> {
        let oldest_kept = horizon.unix_micros().div_euclid(WEEK_MICROS);
        if !self.database.scalar::<bool>(HAS_OLD, values![oldest_kept]).await? {
            return Ok(0);
        }
        let drop_old = |mut tx: rekey_database::Transaction| async move {
            tx.execute(WAIT_BRIEFLY, &[]).await?;
            let dropped: i64 = tx.scalar(DROP, values![horizon]).await?;
            Ok(tx.commit(dropped))
        };
        let dropped = self.database.step(drop_old).await?;
        Ok(u64::try_from(dropped).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rekey_primitives::id::NotificationId;

    use super::*;
    use crate::domain::lane::Lane;
    use crate::fixtures::{NOW, entropy, row, scope};
    use crate::store::contract::options;
    use crate::store::{AcceptOutcome, QueuedEvent, Recorded, SweepLimits, Swept};

    const COUNT: Sql =
        Sql::unlisted("select count(*) from pg_inherits where inhparent = 'notification'::regclass");

    async fn partitions(store: &Store) -> i64 {
        store.database.scalar(COUNT, &[]).await.unwrap()
    }

    async fn migrated(database: &rekey_testing::Database) -> Store {
        Store::migrate(database.url(), &options(4), NOW).await.unwrap();
        Store::open(database.url(), &options(4)).await.unwrap()
    }

    #[tokio::test]
    async fn a_migration_makes_the_partitions_of_the_coming_weeks_once() {
        let database = rekey_testing::postgres().await;

        let options = options(4);
        let one = Store::migrate(database.url(), &options, NOW);
        let (one, another) = tokio::join!(one, Store::migrate(database.url(), &options, NOW));
        one.unwrap();
        another.unwrap();

        let store = Store::open(database.url(), &options).await.unwrap();
        assert_eq!(partitions(&store).await, WEEKS_AHEAD + 1);
    }

    #[tokio::test]
    async fn a_delivery_long_after_the_last_partition_is_told() {
        let database = rekey_testing::postgres().await;
        let store = migrated(&database).await;
        let message = row(entropy().as_ref(), Lane::Critical, NOW);
        store.accept(&scope(), std::slice::from_ref(&message), NOW).await.unwrap();
        let held = store.claim(Lane::Critical, 1, Duration::from_secs(60), NOW).await.unwrap().remove(0);
        let later = NOW.plus(Duration::from_secs(400 * 86_400));
        let id = NotificationId::generate(entropy().as_ref(), later);
        let event = QueuedEvent { id, endpoint: "shop".to_owned(), payload: Vec::new(), not_after: later };

        let recorded = store.record_delivered(held.lease, "smtp", &event, later).await.unwrap();

        assert_eq!(recorded, Recorded::Yes);
        assert!(store.get(&scope(), id).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_message_long_after_the_last_partition_is_accepted() {
        let database = rekey_testing::postgres().await;
        let store = migrated(&database).await;
        let later = NOW.plus(Duration::from_secs(400 * 86_400));
        let message = row(entropy().as_ref(), Lane::Critical, later);

        let accepted = store.accept(&scope(), std::slice::from_ref(&message), later).await.unwrap();

        assert_eq!(accepted, [AcceptOutcome::Accepted]);
        assert!(store.get(&scope(), message.id).await.unwrap().is_some());
        assert_eq!(partitions(&store).await, 2 * (WEEKS_AHEAD + 1));
    }

    #[tokio::test]
    async fn a_week_that_cannot_be_dropped_stops_no_sweep() {
        let database = rekey_testing::postgres().await;
        let store = migrated(&database).await;
        let message = row(entropy().as_ref(), Lane::Critical, NOW);
        store.accept(&scope(), std::slice::from_ref(&message), NOW).await.unwrap();
        let week = NOW.unix_micros().div_euclid(WEEK_MICROS);
        let mut writer = store.database.writer().await.unwrap();
        let stranger = format!("create view stranger as select id from notification_w{week}");
        writer.execute_text(stranger).await.unwrap();
        let limits = SweepLimits { history: Duration::from_secs(30 * 86_400), batch: 100 };
        let long_after = NOW.plus(Duration::from_secs(60 * 86_400));

        let held_up = store.sweep(limits, long_after).await.unwrap();
        writer.execute_text("drop view stranger".to_owned()).await.unwrap();
        let free = store.sweep(limits, long_after).await.unwrap();

        assert_eq!(held_up, Swept { expired: 1, requests_forgotten: 1, ..Swept::default() });
        assert_eq!((free.expired, free.purged > 0), (0, true));
        assert!(store.get(&scope(), message.id).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_claim_reads_the_index_of_its_lane() {
        let database = rekey_testing::postgres().await;
        Store::migrate(database.url(), &options(1), NOW).await.unwrap();
        let store = Store::open(database.url(), &options(1)).await.unwrap();
        let mut connection = store.database.writer().await.unwrap();
        connection.execute(Sql::unlisted("set enable_seqscan = off"), &[]).await.unwrap();

        let plan: Vec<(String,)> = connection
            .all(
                Sql::unlisted(
                    "explain select id from notification where state = 1 and lane = 1 and next_try_at <= 5
                     order by next_try_at limit 10 for update skip locked",
                ),
                &[],
            )
            .await
            .unwrap();

        let plan: String = plan.into_iter().map(|(line,)| line).collect();
        assert!(plan.contains("next_try_at_idx on") && !plan.contains("Seq Scan"), "{plan}");
    }
}
