//! Claiming, recording, sweeping.

use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;

use super::{PostgresStore, WEEK_MICROS};
use crate::domain::delivery::Outcome;
use crate::domain::lane::Lane;
use crate::store::models::{Claim, Hold, Keep, Recorded, Swept};
use crate::store::rows::{self, ClaimRow, OutcomeColumns};
use crate::store::{Delivery, Failure, by_lane};

#[async_trait]
impl Delivery for PostgresStore {
    async fn claim(
        &self,
        lane: Lane,
        most: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<Claim>, Failure> {
        let claimed: Vec<ClaimRow> = sqlx::query_as(hold(lane))
            .bind(now.unix_micros())
            .bind(rows::limit(most))
            .bind(now.plus(lease).unix_micros())
            .fetch_all(&self.pool)
            .await?;
        Ok(claimed.into_iter().map(Claim::from).collect())
    }

    async fn renew(&self, hold: Hold, lease: Duration, now: Timestamp) -> Result<Recorded, Failure> {
        let renewed = sqlx::query(
            "update notification set lease_until = $5
             where tenant_id = $1 and created_at = $2 and id = $3 and fence = $4 and state = 2",
        )
        .bind(hold.tenant_id.as_uuid())
        .bind(hold.created_at.unix_micros())
        .bind(hold.id.as_uuid())
        .bind(hold.fence)
        .bind(now.plus(lease).unix_micros())
        .execute(&self.pool)
        .await?;
        Ok(Recorded::from_rows(renewed.rows_affected()))
    }

    async fn begin_handing_over(&self, hold: Hold, now: Timestamp) -> Result<Recorded, Failure> {
        let marked = sqlx::query(
            "update notification set in_doubt = true, changed_at = $5
             where tenant_id = $1 and created_at = $2 and id = $3 and fence = $4 and state = 2
               and not_after > $5",
        )
        .bind(hold.tenant_id.as_uuid())
        .bind(hold.created_at.unix_micros())
        .bind(hold.id.as_uuid())
        .bind(hold.fence)
        .bind(now.unix_micros())
        .execute(&self.pool)
        .await?;
        Ok(Recorded::from_rows(marked.rows_affected()))
    }

    async fn put_back(&self, most: u32, ended_by: Timestamp, now: Timestamp) -> Result<u64, Failure> {
        let put_back = sqlx::query(PUT_BACK)
            .bind(now.unix_micros())
            .bind(i64::from(most))
            .bind(ended_by.unix_micros())
            .execute(&self.pool)
            .await?;
        Ok(put_back.rows_affected())
    }

    /// Others may hold messages here: their leases say when nobody does.
    async fn put_back_orphans(&self, _now: Timestamp) -> Result<u64, Failure> {
        Ok(0)
    }

    async fn record(
        &self,
        hold: Hold,
        outcome: Outcome,
        provider: &str,
        now: Timestamp,
    ) -> Result<Recorded, Failure> {
        let columns = OutcomeColumns::of(outcome, hold.in_doubt);
        let recorded = sqlx::query(
            "update notification set state = $5, next_try_at = $6, last_failure = coalesce($7, last_failure),
                 payload = case when $8 then null else payload end, provider = $9, lease_until = null,
                 changed_at = $10, in_doubt = $11
             where tenant_id = $1 and created_at = $2 and id = $3 and fence = $4 and state = 2",
        )
        .bind(hold.tenant_id.as_uuid())
        .bind(hold.created_at.unix_micros())
        .bind(hold.id.as_uuid())
        .bind(hold.fence)
        .bind(columns.state)
        .bind(columns.next_try_at)
        .bind(columns.last_failure)
        .bind(columns.wipes)
        .bind(provider)
        .bind(now.unix_micros())
        .bind(hold.in_doubt || outcome == Outcome::Unknown)
        .execute(&self.pool)
        .await?;
        Ok(Recorded::from_rows(recorded.rows_affected()))
    }

    async fn sweep(&self, keep: Keep, now: Timestamp) -> Result<Swept, Failure> {
        if let Err(failure) = self.ensure_weeks(now).await {
            // A role that may not create tables still sends; the operator has weeks to see this.
            tracing::warn!(error = %failure, "cannot make the partitions of the coming weeks");
        }
        let run = async |sql: &'static str| -> Result<u64, Failure> {
            let batch = i64::from(keep.batch);
            Ok(sqlx::query(sql)
                .bind(now.unix_micros())
                .bind(batch)
                .execute(&self.pool)
                .await?
                .rows_affected())
        };
        run(FORGET_EXPIRED_DECOYS).await?;
        let expired = run(EXPIRE).await?;
        let wiped = run(WIPE).await?;
        let requests_forgotten = run(FORGET_REQUESTS).await?;
        let purged = self.drop_weeks(now.minus(keep.history)).await.unwrap_or_else(|failure| {
            // A stranger's lock, or a role that may not drop tables: old journeys stay, and the rest is tidy.
            tracing::warn!(error = %failure, "cannot drop the partitions of weeks long past");
            0
        });
        Ok(Swept { expired, wiped, requests_forgotten, purged })
    }
}

impl PostgresStore {
    /// Drops the partitions that ended before the horizon. Looks first, because dropping takes the one lock that
    /// stops everybody, and waits for it only briefly: the next sweep is never far.
    async fn drop_weeks(&self, horizon: Timestamp) -> Result<u64, Failure> {
        let oldest_kept = horizon.unix_micros().div_euclid(WEEK_MICROS);
        let (has_old,): (bool,) = sqlx::query_as(
            "select exists (
                 select from pg_inherits join pg_class child on child.oid = pg_inherits.inhrelid
                 where pg_inherits.inhparent = 'notification'::regclass
                   and substring(child.relname from '^notification_w(\\d+)$')::bigint < $1)",
        )
        .bind(oldest_kept)
        .fetch_one(&self.pool)
        .await?;
        if !has_old {
            return Ok(0);
        }
        let mut tx = self.pool.begin().await?;
        sqlx::query("set local lock_timeout = '200ms'").execute(&mut *tx).await?;
        let (dropped,): (i64,) = sqlx::query_as("select drop_notification_weeks($1)")
            .bind(horizon.unix_micros())
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(rows::count(dropped))
    }
}

/// Takes what is due in a lane: `$1` is now, `$2` how many, `$3` when the lease ends.
pub(super) const fn hold(lane: Lane) -> &'static str {
    by_lane!(
        lane,
        "with due as (
             select tenant_id, created_at, id, decoy from notification where state = 1 and lane = ",
        " and next_try_at <= $1 and not_after > $1
             order by next_try_at limit $2 for update skip locked
         ), gone as (
             delete from notification using due
             where due.decoy and notification.tenant_id = due.tenant_id
               and notification.created_at = due.created_at and notification.id = due.id
         )
         update notification set state = 2, fence = fence + 1, tries = tries + 1, lease_until = $3,
             next_try_at = null, changed_at = $1
         from due
         where not due.decoy and notification.tenant_id = due.tenant_id
           and notification.created_at = due.created_at and notification.id = due.id
         returning notification.tenant_id, notification.id, notification.created_at, fence, in_doubt, template,
             locale, tries, payload, not_after"
    )
}

const PUT_BACK: &str = "with ended as (
        select tenant_id, created_at, id from notification
        where state = 2 and lease_until <= $3 limit $2 for update skip locked)
    update notification set state = 1, lease_until = null, next_try_at = $1, changed_at = $1,
        last_failure = case when in_doubt then 5 else last_failure end
    from ended
    where notification.tenant_id = ended.tenant_id and notification.created_at = ended.created_at
      and notification.id = ended.id";

const FORGET_EXPIRED_DECOYS: &str = "with dead as (
        select tenant_id, created_at, id from notification
        where payload is not null and not_after <= $1 and state = 1 and decoy limit $2 for update skip locked)
    delete from notification using dead
    where notification.tenant_id = dead.tenant_id and notification.created_at = dead.created_at
      and notification.id = dead.id";

const EXPIRE: &str = "with dead as (
        select tenant_id, created_at, id from notification
        where payload is not null and not_after <= $1 and state = 1 and not decoy limit $2 for update skip locked)
    update notification set state = case when in_doubt then 4 else 5 end, payload = null, next_try_at = null,
        changed_at = $1
    from dead
    where notification.tenant_id = dead.tenant_id and notification.created_at = dead.created_at
      and notification.id = dead.id";

const WIPE: &str = "with past as (
        select tenant_id, created_at, id from notification
        where payload is not null and not_after <= $1 and state not in (1, 2) limit $2 for update skip locked)
    update notification set payload = null, changed_at = $1 from past
    where notification.tenant_id = past.tenant_id and notification.created_at = past.created_at
      and notification.id = past.id";

const FORGET_REQUESTS: &str = "with old as (
        select tenant_id, request_id from request where expires_at <= $1 limit $2 for update skip locked)
    delete from request using old
    where request.tenant_id = old.tenant_id and request.request_id = old.request_id";
