//! The relay's side of the outbox, and audit events that come in batches.

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use uuid::Uuid;

use super::{SqliteStore, audit};
use crate::domain::account::Sealed;
use crate::domain::audit::AuditEvent;
use crate::store::outbox::{ClaimedNotice, Notice, Outbox};
use crate::store::{Failure, rows};

const DROP_LATE: &str = "delete from outbox where not_after <= $1";

const CLAIM: &str = "
    update outbox set due_at = $3, fence = fence + 1
    where (tenant_id, notice_id) in (
        select tenant_id, notice_id from outbox where due_at <= $1 order by due_at, queued_at limit $2
    )
    returning tenant_id, notice_id, content, not_after, fence, queued_at";

const SETTLE: &str = "delete from outbox where notice_id = $1 and fence = $2";

const POSTPONE: &str = "update outbox set due_at = $3 where notice_id = $1 and fence = $2";

#[async_trait]
impl Outbox for SqliteStore {
    async fn claim_notices(
        &self,
        limit: u32,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<ClaimedNotice>, Failure> {
        let mut tx = self.begin().await?;
        sqlx::query(DROP_LATE).bind(now.unix_micros()).execute(&mut *tx).await?;
        let mut claimed: Vec<(Uuid, Uuid, Vec<u8>, i64, i64, i64)> = sqlx::query_as(CLAIM)
            .bind(now.unix_micros())
            .bind(i64::from(limit))
            .bind(lease_until.unix_micros())
            .fetch_all(&mut *tx)
            .await?;
        tx.commit().await?;
        claimed.sort_by_key(|(_, id, _, _, _, queued_at)| (*queued_at, *id));
        Ok(claimed
            .into_iter()
            .map(|(tenant_id, id, content, not_after, fence, _)| ClaimedNotice {
                notice: Notice {
                    id,
                    tenant_id: TenantId::from_uuid(tenant_id),
                    content: Sealed::new(content),
                    not_after: rows::at(not_after),
                },
                fence,
            })
            .collect())
    }

    async fn settle_notices(&self, settled: &[(Uuid, i64)]) -> Result<(), Failure> {
        let mut tx = self.begin().await?;
        for (id, fence) in settled {
            sqlx::query(SETTLE).bind(id).bind(fence).execute(&mut *tx).await?;
        }
        tx.commit().await
    }

    async fn postpone_notice(&self, id: Uuid, fence: i64, due_at: Timestamp) -> Result<(), Failure> {
        sqlx::query(POSTPONE)
            .bind(id)
            .bind(fence)
            .bind(due_at.unix_micros())
            .execute(&mut *self.turn().await?)
            .await?;
        Ok(())
    }

    async fn append_events(&self, events: &[AuditEvent]) -> Result<(), Failure> {
        let mut tx = self.begin().await?;
        for event in events {
            audit::append(&mut tx, event).await?;
        }
        tx.commit().await
    }
}
