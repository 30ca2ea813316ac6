//! The audit log where it lies: in Postgres in partitions of 4 weeks, so that forgetting drops a table instead of
//! deleting rows; in SQLite in one table.

use std::time::Duration;

use rekey_database::{Database, Dialect, statements, values};
use rekey_primitives::clock::Timestamp;

use super::Failure;

/// The length of a partition in microseconds.
pub(super) const WEEKS_OF_4: i64 = 28 * 86_400_000_000;

/// How many partitions go in one turn: a log that nobody looked after for a year.
const DROPPED_AT_MOST: i64 = 13;

/// How far ahead partitions are made: one in use and one whole one to come, at 4 weeks each.
const PREPARED: [Duration; 2] = [Duration::ZERO, Duration::from_secs(28 * 86_400)];

statements! {
    /// Makes the partition of the audit log that this instant falls into, unless it is there.
    const PREPARE = (postgres: "select ensure_audit_partition($1)");

    /// Partitions that end at or before an instant, by number. Their names and their length are
    /// `ensure_audit_partition`'s.
    const ENDED = (postgres: r"
        select number from (
            select substring(c.relname from '^audit_events_p(-?\d+)$')::bigint as number
            from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = 'audit_events'::regclass
        ) partitions
        where (number + 1)::numeric * 2419200000000 <= $1
        order by number limit $2");

    /// Whoever waits to drop a partition keeps every append waiting behind it, so it is not waited for: the next turn
    /// attempts again.
    const DO_NOT_WAIT = (postgres: "set local lock_timeout = '200ms'");

    /// What is kept of the events between two instants before they go: of each log the last place among them.
    const KEEP_ENDS = (postgres: "
        update audit_heads h set forgotten_position = f.position, forgotten_link = f.link
        from (
            select a.tenant_id, e.position, e.link from audit_heads a cross join lateral (
                select position, link from audit_events
                where tenant_id = a.tenant_id and at >= $1 and at < $2 order by position desc limit 1
            ) e
        ) f
        where h.tenant_id = f.tenant_id and f.position > h.forgotten_position");
}

/// Makes the partitions of the time to come.
pub(super) async fn prepare(database: &Database, now: Timestamp) -> Result<(), Failure> {
    if database.dialect() == Dialect::Postgres {
        for ahead in PREPARED {
            database.execute(PREPARE, values![now.plus(ahead)]).await?;
        }
    }
    Ok(())
}

/// Drops the partitions that end at or before an instant; how many went. None where there are none.
pub(super) async fn drop_ended(database: &Database, until: Timestamp) -> Result<u64, Failure> {
    if database.dialect() == Dialect::Sqlite {
        return Ok(0);
    }
    let ended: Vec<(i64,)> = database.all(ENDED, values![until, DROPPED_AT_MOST]).await?;
    for (number,) in &ended {
        let [begins, ends] = [*number, number + 1].map(|number| number.saturating_mul(WEEKS_OF_4));
        let drop_it = database.step(|mut tx| async move {
            tx.execute(DO_NOT_WAIT, &[]).await?;
            tx.execute(KEEP_ENDS, values![begins, ends]).await?;
            // A name cannot be a parameter; this one is made of a number.
            tx.execute_text(format!("drop table if exists \"audit_events_p{number}\"")).await?;
            Ok(tx.commit(()))
        });
        drop_it.await?;
    }
    Ok(ended.len() as u64)
}

/// Whether the log lies in partitions.
pub(super) fn has_partitions(database: &Database) -> bool {
    database.dialect() == Dialect::Postgres
}

#[cfg(test)]
mod tests {
    use rekey_database::Sql;

    use super::*;
    use crate::store::{OPTIONS, Store, migrate};

    const WEEKS: Duration = Duration::from_secs(28 * 86_400);
    const NOW: Timestamp = Timestamp::from_unix_micros(1_900_000_000_000_000);
    const PARTITIONS: Sql =
        Sql::unlisted("select count(*) from pg_inherits where inhparent = 'audit_events'::regclass");

    #[tokio::test]
    async fn the_sweep_prepares_the_audit_log() {
        let postgres = rekey_testing::postgres().await;
        migrate(postgres.url(), &OPTIONS).await.unwrap();
        let store = Store::open(postgres.url(), &OPTIONS).await.unwrap();
        let partitions = async || store.database.scalar::<i64>(PARTITIONS, &[]).await.unwrap();

        let mut counts = vec![partitions().await];
        for now in [NOW, NOW, NOW.plus(WEEKS)] {
            store.sweep(now).await.unwrap();
            counts.push(partitions().await);
        }

        assert_eq!(counts, [1, 3, 3, 4]);
    }
}
