//! Taking messages in.

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::RequestId;
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::SqliteStore;
use crate::domain::lane::Lane;
use crate::domain::scope::TenantScope;
use crate::store::models::{Acceptance, NewNotification};
use crate::store::rows::{self, RequestRow};
use crate::store::{Failure, Intake, by_lane};

#[async_trait]
impl Intake for SqliteStore {
    async fn accept(
        &self,
        scope: TenantScope,
        messages: &[NewNotification],
        now: Timestamp,
    ) -> Result<Vec<Acceptance>, Failure> {
        let tenant_id = scope.tenant_id().as_uuid();
        let mut tx = self.begin().await?;
        let mut accepted = Vec::with_capacity(messages.len());
        for message in messages {
            let request = Request {
                tenant_id,
                request_id: message.request_id.as_uuid(),
                action: rows::ACCEPTED,
                notification_id: message.id.as_uuid(),
                expires_at: message.request_expires_at,
                fingerprint: &message.fingerprint,
            };
            accepted.push(match request.enter(&mut tx, now).await? {
                Some(earlier) => earlier.as_acceptance(),
                None => {
                    insert(&mut tx, tenant_id, message, now).await?;
                    Acceptance::Accepted
                }
            });
        }
        tx.commit().await?;
        Ok(accepted)
    }

    async fn find_requests(
        &self,
        scope: TenantScope,
        request_ids: &[RequestId],
        now: Timestamp,
    ) -> Result<Vec<Option<Acceptance>>, Failure> {
        let mut reader = self.readers.acquire().await?;
        let mut found = Vec::with_capacity(request_ids.len());
        for request_id in request_ids {
            let earlier: Option<RequestRow> = sqlx::query_as(
                "select request_id, action, notification_id, created_at, fingerprint from request
                 where tenant_id = $1 and request_id = $2 and expires_at > $3",
            )
            .bind(scope.tenant_id().as_uuid())
            .bind(request_id.as_uuid())
            .bind(now.unix_micros())
            .fetch_optional(&mut *reader)
            .await?;
            found.push(earlier.map(|earlier| earlier.as_acceptance()));
        }
        Ok(found)
    }

    async fn queued(&self, lane: Lane, most: u64) -> Result<u64, Failure> {
        let sql = by_lane!(
            lane,
            "select count(*) from (select 1 from notification where state = 1 and lane = ",
            " limit $1)"
        );
        let (found,): (i64,) = sqlx::query_as(sql)
            .bind(i64::try_from(most).unwrap_or(i64::MAX))
            .fetch_one(&self.readers)
            .await?;
        Ok(rows::count(found))
    }
}

/// A request id about to be used.
pub(super) struct Request<'a> {
    pub(super) tenant_id: Uuid,
    pub(super) request_id: Uuid,
    pub(super) action: i16,
    pub(super) notification_id: Uuid,
    pub(super) expires_at: Timestamp,
    pub(super) fingerprint: &'a [u8],
}

impl Request<'_> {
    /// Takes the request id, or says what it was used for within its life.
    pub(super) async fn enter(
        &self,
        tx: &mut SqliteConnection,
        now: Timestamp,
    ) -> Result<Option<RequestRow>, Failure> {
        let entered = sqlx::query(
            "insert into request
                 (tenant_id, request_id, action, notification_id, created_at, expires_at, fingerprint)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (tenant_id, request_id) do update set
                 action = excluded.action, notification_id = excluded.notification_id,
                 created_at = excluded.created_at, expires_at = excluded.expires_at,
                 fingerprint = excluded.fingerprint
             where request.expires_at <= $5",
        )
        .bind(self.tenant_id)
        .bind(self.request_id)
        .bind(self.action)
        .bind(self.notification_id)
        .bind(now.unix_micros())
        .bind(self.expires_at.unix_micros())
        .bind(self.fingerprint)
        .execute(&mut *tx)
        .await?;
        if entered.rows_affected() == 1 {
            return Ok(None);
        }
        let earlier = sqlx::query_as(
            "select request_id, action, notification_id, created_at, fingerprint from request
             where tenant_id = $1 and request_id = $2",
        )
        .bind(self.tenant_id)
        .bind(self.request_id)
        .fetch_one(tx)
        .await?;
        Ok(Some(earlier))
    }
}

async fn insert(
    tx: &mut SqliteConnection,
    tenant_id: Uuid,
    message: &NewNotification,
    now: Timestamp,
) -> Result<(), Failure> {
    sqlx::query(
        "insert into notification
             (tenant_id, id, created_at, changed_at, lane, state, template, locale, channel, masked_destination,
              reference, decoy, payload, tries, fence, next_try_at, not_after, provider)
         values ($1, $2, $3, $3, $4, 1, $5, $6, $7, $8, $9, $10, $11, 0, 0, $3, $12, '')",
    )
    .bind(tenant_id)
    .bind(message.id.as_uuid())
    .bind(now.unix_micros())
    .bind(message.lane.number())
    .bind(message.template.as_str())
    .bind(&message.locale)
    .bind(message.channel.as_str())
    .bind(&message.masked_destination)
    .bind(&message.reference)
    .bind(message.decoy)
    .bind(&message.payload)
    .bind(message.not_after.unix_micros())
    .execute(tx)
    .await?;
    Ok(())
}
