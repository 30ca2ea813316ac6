//! Claiming, recording, sweeping.

use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;

use super::SqliteStore;
use crate::domain::delivery::Outcome;
use crate::domain::lane::Lane;
use crate::store::models::{Claim, Hold, Keep, Recorded, Swept};
use crate::store::rows::{self, ClaimRow, OutcomeColumns};
use crate::store::{Delivery, Failure, by_lane};

#[async_trait]
impl Delivery for SqliteStore {
    async fn claim(
        &self,
        lane: Lane,
        most: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<Claim>, Failure> {
        let mut tx = self.begin().await?;
        let delete_decoys = by_lane!(
            lane,
            "delete from notification where decoy and (tenant_id, created_at, id) in
                 (select tenant_id, created_at, id from notification where state = 1 and lane = ",
            " and next_try_at <= $1 and not_after > $1 order by next_try_at limit $2)"
        );
        sqlx::query(delete_decoys).bind(now.unix_micros()).bind(rows::limit(most)).execute(&mut *tx).await?;
        let hold = by_lane!(
            lane,
            "update notification set state = 2, fence = fence + 1, tries = tries + 1, lease_until = $3,
                 next_try_at = null, changed_at = $1
             where (tenant_id, created_at, id) in
                 (select tenant_id, created_at, id from notification where state = 1 and lane = ",
            " and next_try_at <= $1 and not_after > $1 and not decoy order by next_try_at limit $2)
             returning tenant_id, id, created_at, fence, in_doubt, template, locale, tries, payload, not_after"
        );
        let claimed: Vec<ClaimRow> = sqlx::query_as(hold)
            .bind(now.unix_micros())
            .bind(rows::limit(most))
            .bind(now.plus(lease).unix_micros())
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
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
        .execute(&self.writer)
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
        .execute(&self.writer)
        .await?;
        Ok(Recorded::from_rows(marked.rows_affected()))
    }

    async fn put_back(&self, most: u32, ended_by: Timestamp, now: Timestamp) -> Result<u64, Failure> {
        let put_back = sqlx::query(PUT_BACK)
            .bind(now.unix_micros())
            .bind(most)
            .bind(ended_by.unix_micros())
            .execute(&self.writer)
            .await?;
        Ok(put_back.rows_affected())
    }

    /// The lock file keeps everybody else out, so whoever held a message is this process before it died.
    async fn put_back_orphans(&self, now: Timestamp) -> Result<u64, Failure> {
        let put_back = sqlx::query(PUT_BACK_ALL).bind(now.unix_micros()).execute(&self.writer).await?;
        Ok(put_back.rows_affected())
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
        .execute(&self.writer)
        .await?;
        Ok(Recorded::from_rows(recorded.rows_affected()))
    }

    async fn sweep(&self, keep: Keep, now: Timestamp) -> Result<Swept, Failure> {
        let mut tx = self.begin().await?;
        let mut run = async |sql: &'static str, at: Timestamp| -> Result<u64, Failure> {
            let done = sqlx::query(sql).bind(at.unix_micros()).bind(keep.batch).execute(&mut *tx).await?;
            Ok(done.rows_affected())
        };
        run(FORGET_EXPIRED_DECOYS, now).await?;
        let expired = run(EXPIRE, now).await?;
        let wiped = run(WIPE, now).await?;
        let requests_forgotten = run(FORGET_REQUESTS, now).await?;
        let purged = run(PURGE, now.minus(keep.history)).await?;
        tx.commit().await?;
        Ok(Swept { expired, wiped, requests_forgotten, purged })
    }
}

/// What the leases of the dead leave: `$1` is now, and a lost answer is failure 5.
macro_rules! put_back {
    ($where:literal) => {
        concat!(
            "update notification set state = 1, lease_until = null, next_try_at = $1, changed_at = $1,
                 last_failure = case when in_doubt then 5 else last_failure end
             where ",
            $where
        )
    };
}

const PUT_BACK: &str = put_back!(
    "(tenant_id, created_at, id) in
         (select tenant_id, created_at, id from notification where state = 2 and lease_until <= $3 limit $2)"
);

const PUT_BACK_ALL: &str = put_back!("state = 2");

const FORGET_EXPIRED_DECOYS: &str = "delete from notification where (tenant_id, created_at, id) in
    (select tenant_id, created_at, id from notification
     where payload is not null and not_after <= $1 and state = 1 and decoy limit $2)";

const EXPIRE: &str = "update notification set state = case when in_doubt then 4 else 5 end, payload = null,
        next_try_at = null, changed_at = $1
    where (tenant_id, created_at, id) in
        (select tenant_id, created_at, id from notification
         where payload is not null and not_after <= $1 and state = 1 and not decoy limit $2)";

const WIPE: &str = "update notification set payload = null, changed_at = $1
    where (tenant_id, created_at, id) in
        (select tenant_id, created_at, id from notification
         where payload is not null and not_after <= $1 and state not in (1, 2) limit $2)";

const FORGET_REQUESTS: &str = "delete from request where (tenant_id, request_id) in
    (select tenant_id, request_id from request where expires_at <= $1 limit $2)";

const PURGE: &str = "delete from notification where (tenant_id, created_at, id) in
    (select tenant_id, created_at, id from notification
     where created_at < $1 and state not in (1, 2) limit $2)";
