//! The relay's side of the outbox, and audit events that come in batches.

use std::collections::BTreeMap;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use uuid::Uuid;

use super::{PostgresStore, audit, retried};
use crate::domain::account::Sealed;
use crate::domain::audit::AuditEvent;
use crate::store::outbox::{ClaimedNotice, Notice, Outbox};
use crate::store::{Failure, rows};

const DROP_LATE: &str = "
    with late as materialized (
        select tenant_id, notice_id from outbox where not_after <= $1 for update skip locked
    )
    delete from outbox o using late where o.tenant_id = late.tenant_id and o.notice_id = late.notice_id";

const CLAIM: &str = "
    with due as materialized (
        select tenant_id, notice_id from outbox where due_at <= $1 order by due_at, queued_at limit $2
        for update skip locked
    )
    update outbox o set due_at = $3, fence = o.fence + 1
    from due where o.tenant_id = due.tenant_id and o.notice_id = due.notice_id
    returning o.tenant_id, o.notice_id, o.content, o.not_after, o.fence, o.queued_at";

const SETTLE: &str = "delete from outbox where notice_id = $1 and fence = $2";

const POSTPONE: &str = "update outbox set due_at = $3 where notice_id = $1 and fence = $2";

async fn append_all(store: &PostgresStore, events: &[&AuditEvent]) -> Result<(), Failure> {
    let mut tx = store.begin().await?;
    for event in events {
        audit::append(&mut tx, event).await?;
    }
    Ok(tx.commit().await?)
}

#[async_trait]
impl Outbox for PostgresStore {
    async fn claim_notices(
        &self,
        limit: u32,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<ClaimedNotice>, Failure> {
        retried!(async {
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
        })
    }

    async fn settle_notices(&self, settled: &[(Uuid, i64)]) -> Result<(), Failure> {
        retried!(async {
            let mut tx = self.begin().await?;
            for (id, fence) in settled {
                sqlx::query(SETTLE).bind(id).bind(fence).execute(&mut *tx).await?;
            }
            Ok(tx.commit().await?)
        })
    }

    async fn postpone_notice(&self, id: Uuid, fence: i64, due_at: Timestamp) -> Result<(), Failure> {
        sqlx::query(POSTPONE).bind(id).bind(fence).bind(due_at.unix_micros()).execute(&self.pool).await?;
        Ok(())
    }

    async fn append_events(&self, events: &[AuditEvent]) -> Result<(), Failure> {
        // A tenant at a time: nobody waits at the head of one chain while holding another's.
        let mut by_tenant: BTreeMap<TenantId, Vec<&AuditEvent>> = BTreeMap::new();
        for event in events {
            by_tenant.entry(event.tenant_id).or_default().push(event);
        }
        for events in by_tenant.values() {
            retried!(append_all(self, events))?;
        }
        Ok(())
    }
}
