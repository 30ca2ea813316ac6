//! Tidying up, a bounded number of rows at a time.

use rekey_database::{FOR_UPDATE_SKIP_LOCKED, Failure, Fragment, fragment, statements, values};
use rekey_primitives::clock::Timestamp;

use super::Store;
use super::models::{SweepLimits, Swept};

/// Up to `$2` messages whose `not_after` has come by `$1`, as far as their payload is still there; conditions follow.
const PAST: Fragment = fragment!(
    "with past as (
        select tenant_id, created_at, id from notification
        where payload is not null and not_after <= $1"
);
const LIMITED: Fragment = fragment!(" limit $2", FOR_UPDATE_SKIP_LOCKED, ") ");
const IS_PAST: Fragment = fragment!(
    " from past
    where notification.tenant_id = past.tenant_id and notification.created_at = past.created_at
      and notification.id = past.id"
);

statements! {
    const EXPIRE = PAST, " and state = 1", LIMITED,
        "update notification set state = case when in_doubt then 4 else 5 end, payload = null, next_try_at = null,
            changed_at = $1", IS_PAST;

    const WIPE = PAST, " and state not in (1, 2)", LIMITED,
        "update notification set payload = null, changed_at = $1", IS_PAST;

    const FORGET_REQUESTS = "delete from request where (tenant_id, request_id) in (
            with old as (select tenant_id, request_id from request where expires_at <= $1", LIMITED,
        "select tenant_id, request_id from old)";

    const FORGET_NOTICES = "delete from deduplication where (tenant_id, name) in (
            with old as (select tenant_id, name from deduplication where expires_at <= $1", LIMITED,
        "select tenant_id, name from old)";

    /// SQLite alone: Postgres drops partitions.
    const PURGE = "delete from notification where (tenant_id, created_at, id) in
        (select tenant_id, created_at, id from notification where created_at < $1 and state not in (1, 2) limit $2)";
}

impl Store {
    /// Expires what is past its `not_after`, wipes payloads nobody may use any more, forgets old requests, suppressions and
    /// journeys, gives decoys the receipts of messages, prepares room for the time to come. Where only room cannot be made or old journeys cannot be
    /// forgotten, it says so in the log and does the rest.
    pub(crate) async fn sweep(&self, limits: SweepLimits, now: Timestamp) -> Result<Swept, Failure> {
        if let Err(failure) = self.ensure_partitions(now).await {
            // A role that may not create tables still sends; the operator has weeks to see this.
            tracing::warn!(error = %failure, "cannot make the partitions of the coming weeks");
        }
        let batch = limits.batch;
        let expired = self.database.execute(EXPIRE, values![now, batch]).await?;
        let wiped = self.database.execute(WIPE, values![now, batch]).await?;
        let requests_forgotten = self.database.execute(FORGET_REQUESTS, values![now, batch]).await?;
        let suppressions_forgotten = self.forget_suppressions(batch, now).await?;
        let decoys_answered = self.answer_decoys(batch, now).await?;
        let notices_forgotten = self.database.execute(FORGET_NOTICES, values![now, batch]).await?;
        let purged = self.purge(now.minus(limits.history), batch).await?;
        Ok(Swept {
            expired,
            wiped,
            requests_forgotten,
            suppressions_forgotten,
            decoys_answered,
            notices_forgotten,
            purged,
        })
    }

    /// Forgets the journeys of before the horizon.
    async fn purge(&self, horizon: Timestamp, batch: u32) -> Result<u64, Failure> {
        if !self.is_shared() {
            return self.database.execute(PURGE, values![horizon, batch]).await;
        }
        Ok(self.drop_partitions(horizon).await.unwrap_or_else(|failure| {
            // A stranger's lock, or a role that may not drop tables: old journeys stay, and the rest is tidy.
            tracing::warn!(error = %failure, "cannot drop the partitions of weeks long past");
            0
        }))
    }
}
