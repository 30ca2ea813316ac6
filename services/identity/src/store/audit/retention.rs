//! Forgetting events: each tenant's policy says how long they are kept.
//!
//! Tenants share partitions. A partition goes when no tenant keeps its events any more, up to 4 weeks late, which costs
//! nothing; whose policy keeps less has rows deleted. What goes leaves its last place in the chain behind, so that the
//! rest of the chain can still be followed.

use rekey_database::{Connection, Failure, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use uuid::Uuid;

use super::super::{Store, partitions, transitions};
use super::sealing::locked_ends;
use crate::domain::policy::AuditRules;

/// How many rows go in one step, so that it never holds a lock for long.
const FORGOTTEN_AT_MOST: i64 = 1_000;

/// How many tenants are looked at in one statement.
const PAGE: i64 = 500;

statements! {
    /// The longest that any tenant's policy of today keeps events, in days; none without a tenant.
    const LONGEST_RETENTION = (postgres: "
        select max(coalesce((document::jsonb #>> '{audit,retention_days}')::bigint, $1)) from (
            select distinct on (tenant_id) document from policies order by tenant_id, version desc
        ) today",
    sqlite: "
        select max(days) from (
            select coalesce(json_extract(document, '$.audit.retention_days'), $1) as days, max(version)
            from policies group by tenant_id)");

    /// How long the policies of a page of tenants keep events, in days.
    const RETENTIONS = "
        select t.tenant_id, coalesce((
            select ", (
                postgres: "(p.document::jsonb #>> '{audit,retention_days}')::bigint",
                sqlite: "json_extract(p.document, '$.audit.retention_days')"
            ), " from policies p where p.tenant_id = t.tenant_id order by p.version desc limit 1
        ), $1) as days
        from tenants t where t.tenant_id > $2 order by t.tenant_id limit $3";

    /// The oldest events, of those that happened before an instant.
    const OLDEST = "
        select at, event_id, position, link from audit_events
        where tenant_id = $1 and at < $2 order by at, event_id limit $3";

    /// From the oldest on, which bounds how much of the log is looked at.
    const FORGET = "
        delete from audit_events where tenant_id = $1 and at >= $2 and at <= $3 and (at, event_id) <= ($3, $4)";

    const KEEP_END = "
        update audit_heads set forgotten_position = $2, forgotten_link = $3
        where tenant_id = $1 and forgotten_position < $2";
}

/// Whose events before which instant are to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retention {
    pub(crate) tenant_id: TenantId,
    pub(crate) until: Timestamp,
}

#[derive(sqlx::FromRow)]
struct OldEvent {
    at: i64,
    event_id: Uuid,
    position: i64,
    link: Vec<u8>,
}

impl Store {
    /// Drops what no tenant keeps any more, where dropping costs nothing; how many partitions went.
    pub(crate) async fn forget_partitions(&self, now: Timestamp) -> Result<u64, Failure> {
        match self.longest_retention().await? {
            Some(days) => {
                partitions::drop_ended(&self.database, transitions::forgotten_until(days, now)).await
            }
            None => Ok(0),
        }
    }

    /// Until when the events of the tenants behind one are to go, in the order of their ids. Those who keep events as long as
    /// anybody leave them to the partitions.
    pub(crate) async fn retentions(
        &self,
        after: Option<TenantId>,
        now: Timestamp,
    ) -> Result<Vec<Retention>, Failure> {
        let after = after.map_or(Uuid::nil(), TenantId::as_uuid);
        let values = values![default_days(), after, PAGE];
        let rows: Vec<(Uuid, i64)> = self.database.all(RETENTIONS, values).await?;
        let longest = self.longest_retention().await?;
        let is_partitions = |days| partitions::has_partitions(&self.database) && Some(days) == longest;
        let retention = |(id, days): (Uuid, i64)| {
            let until = transitions::forgotten_until(days, now);
            let late = if is_partitions(days) { partitions::WEEKS_OF_4 } else { 0 };
            let until = Timestamp::from_unix_micros(until.unix_micros().saturating_sub(late));
            Retention { tenant_id: TenantId::from_uuid(id), until }
        };
        Ok(rows.into_iter().map(retention).collect())
    }

    /// Forgets the oldest events of a tenant's log; how many went, at most 1,000, and 0 when none is left to go.
    pub(crate) async fn forget_events(&self, retention: Retention) -> Result<u64, Failure> {
        let forget = self.database.step(|mut tx| async move {
            // Nothing is sealed among them meanwhile.
            locked_ends(&mut tx, retention.tenant_id).await?;
            let forgotten = forget(&mut tx, retention).await?;
            // A tenant that was purged meanwhile keeps no end either.
            Ok(if forgotten == 0 { tx.roll_back(0) } else { tx.commit(forgotten) })
        });
        forget.await
    }

    async fn longest_retention(&self) -> Result<Option<i64>, Failure> {
        self.database.scalar(LONGEST_RETENTION, values![default_days()]).await
    }
}

fn default_days() -> i64 {
    i64::from(AuditRules::default().retention_days)
}

async fn forget(tx: &mut Connection, Retention { tenant_id, until }: Retention) -> Result<u64, Failure> {
    let old: Vec<OldEvent> = tx.all(OLDEST, values![tenant_id, until, FORGOTTEN_AT_MOST]).await?;
    let end = old.iter().max_by_key(|event| event.position);
    let (Some(oldest), Some(newest), Some(end)) = (old.first(), old.last(), end) else { return Ok(0) };
    tx.execute(KEEP_END, values![tenant_id, end.position, &end.link]).await?;
    tx.execute(FORGET, values![tenant_id, oldest.at, newest.at, newest.event_id]).await
}
