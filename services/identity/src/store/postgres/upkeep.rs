//! Keeping the store in order.

use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use sqlx::AssertSqlSafe;

use super::PostgresStore;
use crate::domain::policy::AuditRules;
use crate::domain::security_info::REMOVED_STILL_TOLD;
use crate::store::decide::forgotten_until;
use crate::store::{
    ABANDONED_TRIES_KEPT, COUNTED_TRY_KEPT, EXPIRY_NOTICE_KEPT, Failure, LOCKOUT_KEPT, PLACE_KEPT,
    SCHEMA_VERSION, SWEPT_AT_MOST, Upkeep,
};

/// A database that only reads, as after a failover to its standby, is of no use.
const WRITES: &str = "select not pg_is_in_recovery() and current_setting('transaction_read_only') = 'off'";

const HAS_SCHEMA: &str = "select to_regclass('schema_version') is not null";

const SCHEMA: &str = "select version, serves_since from schema_version";

/// Makes the partition of the audit log that this instant falls into, unless it is there.
const PREPARE_AUDIT: &str = "select ensure_audit_partition($1)";

/// How far ahead partitions are made: one in use and one whole one to come, at 4 weeks each.
const PREPARED: [Duration; 2] = [Duration::ZERO, Duration::from_secs(28 * 86_400)];

/// Rows that another replica is sweeping or using are left to it. The list is made once, whatever the planner thinks of
/// it: a list made anew for every row would lock and delete more than the limit.
const ANSWERS: &str = "
    with gone as materialized (
        select tenant_id, request_key from answers where expires_at <= $1 limit $2 for update skip locked
    )
    delete from answers r using gone
    where r.tenant_id = gone.tenant_id and r.request_key = gone.request_key";

const RESET_ATTEMPTS: &str = "
    with gone as materialized (
        select tenant_id, reset_id from reset_attempts where expires_at <= $1 limit $2 for update skip locked
    )
    delete from reset_attempts r using gone
    where r.tenant_id = gone.tenant_id and r.reset_id = gone.reset_id";

const SESSIONS: &str = "
    with gone as materialized (
        select tenant_id, session_id from sessions where expires_at <= $1 limit $2 for update skip locked
    )
    delete from sessions r using gone
    where r.tenant_id = gone.tenant_id and r.session_id = gone.session_id";

const FAMILIAR_PLACES: &str = "
    with gone as materialized (
        select tenant_id, login_key, place_key from familiar_places where seen_at <= $1 limit $2
        for update skip locked
    )
    delete from familiar_places r using gone
    where r.tenant_id = gone.tenant_id and r.login_key = gone.login_key and r.place_key = gone.place_key";

/// Every login that anybody ever types has one.
const LOCKOUTS: &str = "
    with gone as materialized (
        select tenant_id, login_key, place_key from lockouts where changed_at <= $1 limit $2
        for update skip locked
    )
    delete from lockouts r using gone
    where r.tenant_id = gone.tenant_id and r.login_key = gone.login_key and r.place_key = gone.place_key";

const REMOVED_ADDRESSES: &str = "
    with gone as materialized (
        select tenant_id, account_id, security_info_id from removed_addresses where removed_at <= $1 limit $2
        for update skip locked
    )
    delete from removed_addresses r using gone
    where r.tenant_id = gone.tenant_id and r.account_id = gone.account_id
      and r.security_info_id = gone.security_info_id";

const COUNTED_TRIES: &str = "
    with gone as materialized (
        select tenant_id, method_key, request_key from counted_tries where counted_at <= $1 limit $2
        for update skip locked
    )
    delete from counted_tries r using gone
    where r.tenant_id = gone.tenant_id and r.method_key = gone.method_key
      and r.request_key = gone.request_key";

/// A method with nothing held against it and no live code is like one that was never tried.
const METHOD_TRIES: &str = "
    with gone as materialized (
        select tenant_id, method_key from method_tries
        where in_a_row = 0 and familiar_in_a_row = 0 and live_until <= $1 limit $2
        for update skip locked
    )
    delete from method_tries r using gone
    where r.tenant_id = gone.tenant_id and r.method_key = gone.method_key";

const ABANDONED_TRIES: &str = "
    with gone as materialized (
        select t.tenant_id, t.method_key from method_tries t
        where t.live_until <= $1 and not exists (
            select 1 from security_info i where i.tenant_id = t.tenant_id and i.security_info_id = t.method_key
        ) limit $2
        for update of t skip locked
    )
    delete from method_tries r using gone
    where r.tenant_id = gone.tenant_id and r.method_key = gone.method_key";

/// No password lives as long.
const EXPIRY_NOTICES: &str = "
    with gone as materialized (
        select tenant_id, account_id, epoch, days from expiry_notices where told_at <= $1 limit $2
        for update skip locked
    )
    delete from expiry_notices r using gone
    where r.tenant_id = gone.tenant_id and r.account_id = gone.account_id and r.epoch = gone.epoch
      and r.days = gone.days";

/// The longest that any tenant's policy of today keeps events, in days; none without a tenant.
const LONGEST_RETENTION: &str = "
    select max(coalesce((document::jsonb #>> '{audit,retention_days}')::bigint, $1)) from (
        select distinct on (tenant_id) document from policies order by tenant_id, version desc
    ) today";

/// Partitions that end at or before an instant, by number. Their names and their length are `ensure_audit_partition`'s.
const ENDED_PARTITIONS: &str = r"
    select number from (
        select substring(c.relname from '^audit_events_p(-?\d+)$')::bigint as number
        from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'audit_events'::regclass
    ) partitions
    where (number + 1)::numeric * 2419200000000 <= $1
    order by number limit $2";

/// Whoever waits to drop a partition keeps every append waiting behind it, so it is not waited for: the next turn tries
/// again.
const DO_NOT_WAIT: &str = "set local lock_timeout = '200ms'";

/// What was written before the partition of its time was there.
const UNPARTITIONED_EVENTS: &str = "
    with gone as materialized (
        select tenant_id, at, event_id from audit_events_default where at < $1 limit $2 for update skip locked
    )
    delete from audit_events_default e using gone
    where e.tenant_id = gone.tenant_id and e.at = gone.at and e.event_id = gone.event_id";

/// The database answers but takes no writes.
#[derive(Debug, thiserror::Error)]
#[error("database only reads")]
struct OnlyReads;

#[async_trait]
impl Upkeep for PostgresStore {
    async fn ping(&self) -> Result<(), Failure> {
        let (writes,): (bool,) = sqlx::query_as(WRITES).fetch_one(&self.pool).await?;
        if writes { Ok(()) } else { Err(Failure::Unavailable(Box::new(OnlyReads))) }
    }

    async fn schema_fits(&self) -> Result<bool, Failure> {
        let (is_there,): (bool,) = sqlx::query_as(HAS_SCHEMA).fetch_one(&self.pool).await?;
        if !is_there {
            return Ok(false);
        }
        let (version, serves_since): (i64, i64) = sqlx::query_as(SCHEMA).fetch_one(&self.pool).await?;
        Ok(version >= SCHEMA_VERSION && serves_since <= SCHEMA_VERSION)
    }

    async fn sweep(&self, now: Timestamp) -> Result<u64, Failure> {
        let sweeps = [
            (ANSWERS, now),
            (RESET_ATTEMPTS, now),
            (SESSIONS, now),
            (FAMILIAR_PLACES, now.minus(PLACE_KEPT)),
            (LOCKOUTS, now.minus(LOCKOUT_KEPT)),
            (REMOVED_ADDRESSES, now.minus(REMOVED_STILL_TOLD)),
            (COUNTED_TRIES, now.minus(COUNTED_TRY_KEPT)),
            (METHOD_TRIES, now),
            (ABANDONED_TRIES, now.minus(ABANDONED_TRIES_KEPT)),
            (EXPIRY_NOTICES, now.minus(EXPIRY_NOTICE_KEPT)),
        ];
        let mut swept = 0;
        for (statement, until) in sweeps {
            swept += sqlx::query(statement)
                .bind(until.unix_micros())
                .bind((SWEPT_AT_MOST - swept).cast_signed())
                .execute(&self.pool)
                .await?
                .rows_affected();
        }
        for ahead in PREPARED {
            sqlx::query(PREPARE_AUDIT).bind(now.plus(ahead).unix_micros()).execute(&self.pool).await?;
        }
        Ok(swept)
    }

    async fn forget_events(&self, now: Timestamp) -> Result<u64, Failure> {
        let (days,): (Option<i64>,) = sqlx::query_as(LONGEST_RETENTION)
            .bind(i64::from(AuditRules::default().retention_days))
            .fetch_one(&self.pool)
            .await?;
        let Some(until) = days.map(|days| forgotten_until(days, now)) else { return Ok(0) };
        let most = SWEPT_AT_MOST.cast_signed();
        let ended: Vec<(i64,)> =
            sqlx::query_as(ENDED_PARTITIONS).bind(until).bind(most).fetch_all(&self.pool).await?;
        for (number,) in &ended {
            let mut tx = self.pool.begin().await?;
            sqlx::query(DO_NOT_WAIT).execute(&mut *tx).await?;
            // A name cannot be a parameter; this one is made of a number.
            let statement = format!("drop table if exists \"audit_events_p{number}\"");
            sqlx::query(AssertSqlSafe(statement)).execute(&mut *tx).await?;
            tx.commit().await?;
        }
        let rows = sqlx::query(UNPARTITIONED_EVENTS)
            .bind(until)
            .bind(most)
            .execute(&self.pool)
            .await?
            .rows_affected();
        Ok(ended.len() as u64 + rows)
    }
}
