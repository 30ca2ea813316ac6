//! What was said lately, so that it is not said twice.

use rekey_database::{Connection, Failure, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{NotificationId, TenantId};
use uuid::Uuid;

use super::models::NewNotification;
use crate::domain::state::State;

statements! {
    /// Where the name is taken the row stays locked, so that what follows is about the message that has it.
    const REMEMBER = "insert into deduplication (tenant_id, name, notification_id, created_at, expires_at)
        values ($1, $2, $3, $4, $5)
        on conflict (tenant_id, name) do update set
            notification_id = excluded.notification_id, created_at = excluded.created_at,
            expires_at = excluded.expires_at
        where deduplication.expires_at <= $4";

    /// A statement of its own, so that it sees what the one before waited for.
    const REMEMBERED = "select d.notification_id, d.created_at, n.state
        from deduplication d left join notification n
            on n.tenant_id = d.tenant_id and n.created_at = d.created_at and n.id = d.notification_id
        where d.tenant_id = $1 and d.name = $2";

    const REMEMBER_ANEW = "update deduplication set notification_id = $3, created_at = $4, expires_at = $5
        where tenant_id = $1 and name = $2";

    /// The request stands for the message that was there.
    const ANSWER_WITH = "update request set notification_id = $3, created_at = $4
        where tenant_id = $1 and request_id = $2";
}

/// The message that was accepted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FirstMessage {
    pub(super) id: NotificationId,
    pub(super) created_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct RememberedRow {
    notification_id: Uuid,
    created_at: i64,
    state: Option<i16>,
}

impl RememberedRow {
    /// The message, unless it ended without going out.
    fn first(&self) -> Option<FirstMessage> {
        let stands = State::from_repr(self.state?)?;
        let ended_unsaid =
            matches!(stands, State::Expired | State::Cancelled | State::Dead | State::Suppressed);
        (!ended_unsaid).then(|| FirstMessage {
            id: NotificationId::from_uuid(self.notification_id),
            created_at: Timestamp::from_unix_micros(self.created_at),
        })
    }
}

/// Remembers a message that has a key, unless the same was said lately: then its request stands for the first one, which this
/// gives.
pub(super) async fn remember(
    tx: &mut Connection,
    tenant_id: TenantId,
    message: &NewNotification,
    now: Timestamp,
) -> Result<Option<FirstMessage>, Failure> {
    let Some(deduplication) = &message.deduplication else { return Ok(None) };
    let name = deduplication.name.as_slice();
    let remembered = values![tenant_id, name, message.id, now, deduplication.expires_at];
    if tx.execute(REMEMBER, remembered).await? == 1 {
        return Ok(None);
    }
    let row: RememberedRow = tx.one(REMEMBERED, values![tenant_id, name]).await?;
    let Some(first) = row.first() else {
        tx.execute(REMEMBER_ANEW, remembered).await?;
        return Ok(None);
    };
    let answered = values![tenant_id, message.request_id, first.id, first.created_at];
    tx.execute(ANSWER_WITH, answered).await?;
    Ok(Some(first))
}
