//! The audit log where it lies: in Postgres in partitions of 4 weeks, so that forgetting drops a table instead of
//! deleting rows; in SQLite in one table.

use std::time::Duration;

use rekey_database::{Database, Dialect, statements, values};
use rekey_primitives::clock::Timestamp;

use super::Failure;
use super::upkeep::SWEPT_AT_MOST;

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

    /// In Postgres what was written before the partition of its time was there; in SQLite by tenant, so that the primary
    /// key leads to the oldest.
    const FORGET_ROWS = (postgres: "
        delete from audit_events_default where (tenant_id, at, event_id) in (
            with gone as materialized (
                select tenant_id, at, event_id from audit_events_default where at < $1 limit $2
                for update skip locked
            )
            select * from gone
        )",
    sqlite: "
        delete from audit_events where (tenant_id, at, event_id) in (
            select e.tenant_id, e.at, e.event_id
            from tenants t cross join audit_events e on e.tenant_id = t.tenant_id and e.at < $1 limit $2)");
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

/// Forgets events before an instant; how many rows and partitions went.
pub(super) async fn forget(database: &Database, until: i64) -> Result<u64, Failure> {
    let most = SWEPT_AT_MOST.cast_signed();
    let dropped = match database.dialect() {
        Dialect::Postgres => drop_ended(database, until, most).await?,
        Dialect::Sqlite => 0,
    };
    Ok(dropped + database.execute(FORGET_ROWS, values![until, most]).await?)
}

async fn drop_ended(database: &Database, until: i64, most: i64) -> Result<u64, Failure> {
    let ended: Vec<(i64,)> = database.all(ENDED, values![until, most]).await?;
    for (number,) in &ended {
        let drop_it = database.step(|mut tx| async move {
            tx.execute(DO_NOT_WAIT, &[]).await?;
            // A name cannot be a parameter; this one is made of a number.
            tx.execute_text(format!("drop table if exists \"audit_events_p{number}\"")).await?;
            Ok(tx.commit(()))
        });
        drop_it.await?;
    }
    Ok(ended.len() as u64)
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
