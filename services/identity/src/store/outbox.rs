//! Notices that a step queued, until notification has acknowledged them.

use rekey_database::{Connection, FOR_UPDATE_SKIP_LOCKED, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use uuid::Uuid;

use super::{Failure, Store, rows};
use crate::domain::account::Sealed;

/// A notice on its way to notification. Its content (template, address, variables) is sealed: it holds an address
/// and perhaps a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    /// Names it; also the `request_id` towards notification, so that handing it over twice sends it once.
    pub(crate) id: Uuid,
    pub(crate) tenant_id: TenantId,
    /// Sealed by the flow, bound to tenant and id.
    pub(crate) content: Sealed,
    /// After this it need not go out any more.
    pub(crate) not_after: Timestamp,
}

/// A notice that a relay holds for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClaimedNotice {
    pub(crate) notice: Notice,
    /// How often it has been claimed; settling under an older number does nothing.
    pub(crate) fence: i64,
}

/// Notices that wait to be handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DueNotices {
    pub(crate) count: usize,
    pub(crate) since: Option<Timestamp>,
}

statements! {
    const QUEUE = "
        insert into outbox (tenant_id, notice_id, content, not_after, queued_at, due_at, fence)
        values ($1, $2, $3, $4, $5, $5, 0)";

    /// The list is made once, whatever the planner thinks of it: a list made anew for every row would lock more than the
    /// limit.
    const DROP_LATE = "
        delete from outbox where (tenant_id, notice_id) in (
            with late as materialized (
                select tenant_id, notice_id from outbox where not_after <= $1", FOR_UPDATE_SKIP_LOCKED, "
            )
            select tenant_id, notice_id from late
        )";

    const CLAIM = "
        update outbox set due_at = $3, fence = fence + 1
        where (tenant_id, notice_id) in (
            with due as materialized (
                select tenant_id, notice_id from outbox where due_at <= $1 order by due_at, queued_at limit $2",
                FOR_UPDATE_SKIP_LOCKED, "
            )
            select tenant_id, notice_id from due
        )
        returning tenant_id, notice_id, content, not_after, fence, queued_at";

    const DUE = "
        select count(*), min(due_at) from (
            select due_at from outbox where due_at <= $1 order by due_at limit $2
        ) due";

    const SETTLE = "delete from outbox where notice_id = $1 and fence = $2";

    const POSTPONE = "update outbox set due_at = $3 where notice_id = $1 and fence = $2";
}

/// A notice as [`CLAIM`] gives it.
#[derive(sqlx::FromRow)]
struct ClaimedRow {
    tenant_id: Uuid,
    notice_id: Uuid,
    content: Vec<u8>,
    not_after: i64,
    fence: i64,
    queued_at: i64,
}

impl Store {
    /// Claims up to `limit` due notices until `lease_until`, oldest first, none that another relay holds. Those past
    /// their `not_after` are deleted on the way.
    pub(crate) async fn claim_notices(
        &self,
        limit: u32,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<ClaimedNotice>, Failure> {
        let claim = self.database.step(|mut tx| async move {
            tx.execute(DROP_LATE, values![now]).await?;
            let claimed: Vec<ClaimedRow> = tx.all(CLAIM, values![now, limit, lease_until]).await?;
            Ok(tx.commit(claimed))
        });
        let mut claimed = claim.await?;
        claimed.sort_by_key(|row| (row.queued_at, row.notice_id));
        Ok(claimed.into_iter().map(ClaimedRow::notice).collect())
    }

    /// How many notices are due, counted up to `most`, and since when the oldest is. One that a relay holds is due when its
    /// lease ends.
    pub(crate) async fn due_notices(&self, most: u32, now: Timestamp) -> Result<DueNotices, Failure> {
        let (count, since): (i64, Option<i64>) = self.database.one(DUE, values![now, most]).await?;
        Ok(DueNotices {
            count: usize::try_from(count).unwrap_or_default(),
            since: since.map(Timestamp::from_unix_micros),
        })
    }

    /// Deletes notices that were acknowledged, each only under the fence it was claimed with.
    pub(crate) async fn settle_notices(&self, settled: &[(Uuid, i64)]) -> Result<(), Failure> {
        let settle = self.database.step(|mut tx| async move {
            for (id, fence) in settled {
                tx.execute(SETTLE, values![*id, *fence]).await?;
            }
            Ok(tx.commit(()))
        });
        settle.await
    }

    /// Puts a notice back until `due_at`, only under the fence it was claimed with.
    pub(crate) async fn postpone_notice(
        &self,
        id: Uuid,
        fence: i64,
        due_at: Timestamp,
    ) -> Result<(), Failure> {
        self.database.execute(POSTPONE, values![id, fence, due_at]).await?;
        Ok(())
    }
}

impl ClaimedRow {
    fn notice(self) -> ClaimedNotice {
        let notice = Notice {
            id: self.notice_id,
            tenant_id: TenantId::from_uuid(self.tenant_id),
            content: Sealed::new(self.content),
            not_after: rows::at(self.not_after),
        };
        ClaimedNotice { notice, fence: self.fence }
    }
}

/// Queues notices inside the step that they tell of, due at once.
pub(super) async fn queue(tx: &mut Connection, notices: &[Notice], now: Timestamp) -> Result<(), Failure> {
    for notice in notices {
        let content = notice.content.as_bytes();
        tx.execute(QUEUE, values![notice.tenant_id, notice.id, content, notice.not_after, now]).await?;
    }
    Ok(())
}
