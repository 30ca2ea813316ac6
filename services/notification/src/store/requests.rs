//! What request ids were used for. They live shorter than messages, so they have a table of their own.

use rekey_database::{Connection, Failure, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{NotificationId, RequestId, TenantId};
use uuid::Uuid;

use super::models::AcceptOutcome;

statements! {
    const ENTER = "insert into request
            (tenant_id, request_id, action, notification_id, created_at, expires_at, fingerprint)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (tenant_id, request_id) do update set
            action = excluded.action, notification_id = excluded.notification_id,
            created_at = excluded.created_at, expires_at = excluded.expires_at,
            fingerprint = excluded.fingerprint
        where request.expires_at <= $5";

    const EARLIER = "select request_id, action, notification_id, created_at, fingerprint from request
        where tenant_id = $1 and request_id = $2";
}

/// What a row of `request` was made by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Accepted = 1,
    Cancelled = 2,
    Replayed = 3,
    /// An address was written down that gets no more messages; the id stands for what was asked.
    Suppressed = 20,
    /// It was taken back.
    Unsuppressed = 21,
}

/// A request id about to be used.
pub(super) struct Request<'a> {
    pub(super) tenant_id: TenantId,
    pub(super) request_id: RequestId,
    pub(super) action: Action,
    pub(super) notification_id: NotificationId,
    pub(super) expires_at: Timestamp,
    pub(super) fingerprint: &'a [u8],
}

impl Request<'_> {
    /// Takes the request id, or says what it was used for within its life.
    pub(super) async fn enter(
        &self,
        tx: &mut Connection,
        now: Timestamp,
    ) -> Result<Option<RequestRow>, Failure> {
        let values = values![
            self.tenant_id,
            self.request_id,
            self.action as i16,
            self.notification_id,
            now,
            self.expires_at,
            self.fingerprint,
        ];
        if tx.execute(ENTER, values).await? == 1 {
            return Ok(None);
        }
        Ok(Some(tx.one(EARLIER, values![self.tenant_id, self.request_id]).await?))
    }
}

/// What a request id was used for.
#[derive(sqlx::FromRow)]
pub(super) struct RequestRow {
    pub(super) request_id: Uuid,
    action: i16,
    notification_id: Uuid,
    created_at: i64,
    fingerprint: Vec<u8>,
}

impl RequestRow {
    /// What it means to somebody who asks to have a message accepted.
    pub(super) fn as_accept_outcome(&self) -> AcceptOutcome {
        if self.action != Action::Accepted as i16 {
            return AcceptOutcome::Taken;
        }
        AcceptOutcome::Known {
            id: NotificationId::from_uuid(self.notification_id),
            created_at: Timestamp::from_unix_micros(self.created_at),
            fingerprint: self.fingerprint.clone(),
        }
    }

    /// Whether it is the same change of the same message.
    pub(super) fn is_change(&self, action: Action, id: NotificationId) -> bool {
        self.action == action as i16 && self.notification_id == id.as_uuid()
    }
}
