//! Queueing notices inside the step that they tell of.

use rekey_primitives::clock::Timestamp;
use sqlx::PgConnection;

use crate::store::Failure;
use crate::store::outbox::Notice;

const QUEUE: &str = "
    insert into outbox (tenant_id, notice_id, content, not_after, queued_at, due_at, fence)
    values ($1, $2, $3, $4, $5, $5, 0)";

/// Queues notices, due at once.
pub(super) async fn queue(tx: &mut PgConnection, notices: &[Notice], now: Timestamp) -> Result<(), Failure> {
    for notice in notices {
        sqlx::query(QUEUE)
            .bind(notice.tenant_id.as_uuid())
            .bind(notice.id)
            .bind(notice.content.as_bytes())
            .bind(notice.not_after.unix_micros())
            .bind(now.unix_micros())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}
