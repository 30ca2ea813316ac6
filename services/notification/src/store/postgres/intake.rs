//! Taking messages in: a batch is one statement.

use std::collections::HashMap;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::RequestId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::PostgresStore;
use crate::domain::lane::Lane;
use crate::domain::scope::TenantScope;
use crate::store::models::{Acceptance, NewNotification};
use crate::store::rows::{self, RequestRow};
use crate::store::{Failure, Intake, by_lane};

/// A row that no partition takes (check_violation).
const NO_PARTITION: &str = "23514";

#[async_trait]
impl Intake for PostgresStore {
    async fn accept(
        &self,
        scope: TenantScope,
        messages: &[NewNotification],
        now: Timestamp,
    ) -> Result<Vec<Acceptance>, Failure> {
        let tenant_id = scope.tenant_id().as_uuid();
        let entered = match self.enter(tenant_id, messages, now).await {
            Err(Failure::Driver(sqlx::Error::Database(error)))
                if error.code().as_deref() == Some(NO_PARTITION) =>
            {
                // The sweep makes partitions ahead of time; this is the first call after a very long sleep.
                self.ensure_weeks(now).await?;
                self.enter(tenant_id, messages, now).await?
            }
            other => other?,
        };
        if entered.len() == messages.len() {
            return Ok(vec![Acceptance::Accepted; messages.len()]);
        }
        let mut earlier = self.earlier(tenant_id, messages).await?;
        let judge = |message: &NewNotification| {
            let request_id = message.request_id.as_uuid();
            if entered.contains(&request_id) {
                return Ok(Acceptance::Accepted);
            }
            let row = earlier.remove(&request_id).ok_or(Failure::Unreadable("request that vanished"))?;
            Ok(row.as_acceptance())
        };
        messages.iter().map(judge).collect()
    }

    async fn find_requests(
        &self,
        scope: TenantScope,
        request_ids: &[RequestId],
        now: Timestamp,
    ) -> Result<Vec<Option<Acceptance>>, Failure> {
        let rows: Vec<RequestRow> = sqlx::query_as(
            "select request_id, action, notification_id, created_at, fingerprint from request
             where tenant_id = $1 and request_id = any($2) and expires_at > $3",
        )
        .bind(scope.tenant_id().as_uuid())
        .bind(request_ids.iter().map(|request_id| request_id.as_uuid()).collect::<Vec<_>>())
        .bind(now.unix_micros())
        .fetch_all(&self.pool)
        .await?;
        let found: HashMap<Uuid, Acceptance> =
            rows.into_iter().map(|row| (row.request_id, row.as_acceptance())).collect();
        Ok(request_ids.iter().map(|request_id| found.get(&request_id.as_uuid()).cloned()).collect())
    }

    async fn queued(&self, lane: Lane, most: u64) -> Result<u64, Failure> {
        let sql = by_lane!(
            lane,
            "select count(*) from (select 1 from notification where state = 1 and lane = ",
            " limit $1) queued"
        );
        let (found,): (i64,) =
            sqlx::query_as(sql).bind(i64::try_from(most).unwrap_or(i64::MAX)).fetch_one(&self.pool).await?;
        Ok(rows::count(found))
    }
}

impl PostgresStore {
    /// Takes the request ids that are free and makes their messages; the ids it took.
    async fn enter(
        &self,
        tenant_id: Uuid,
        messages: &[NewNotification],
        now: Timestamp,
    ) -> Result<Vec<Uuid>, Failure> {
        let each = |value: fn(&NewNotification) -> Uuid| messages.iter().map(value).collect::<Vec<_>>();
        let texts = |value: fn(&NewNotification) -> &str| messages.iter().map(value).collect::<Vec<_>>();
        let entered: Vec<(Uuid,)> = sqlx::query_as(
            "with asked as (
                 select * from unnest($3::uuid[], $4::uuid[], $5::bytea[], $6::bigint[], $7::smallint[], $8::text[],
                     $9::text[], $10::text[], $11::text[], $12::text[], $13::boolean[], $14::bytea[], $15::bigint[])
                 as asked (id, request_id, fingerprint, expires_at, lane, template,
                     locale, channel, masked_destination, reference, decoy, payload, not_after)
             ), entered as (
                 insert into request
                     (tenant_id, request_id, action, notification_id, created_at, expires_at, fingerprint)
                 select $1, request_id, 1, id, $2, expires_at, fingerprint from asked order by request_id
                 on conflict (tenant_id, request_id) do update set
                     action = excluded.action, notification_id = excluded.notification_id,
                     created_at = excluded.created_at, expires_at = excluded.expires_at,
                     fingerprint = excluded.fingerprint
                 where request.expires_at <= $2
                 returning request_id
             ), made as (
                 insert into notification
                     (tenant_id, id, created_at, changed_at, lane, state, template, locale, channel,
                      masked_destination, reference, decoy, payload, tries, fence, next_try_at, not_after, provider)
                 select $1, id, $2, $2, lane, 1, template, locale, channel,
                      masked_destination, reference, decoy, payload, 0, 0, $2, not_after, ''
                 from asked join entered using (request_id)
             )
             select request_id from entered",
        )
        .bind(tenant_id)
        .bind(now.unix_micros())
        .bind(each(|message| message.id.as_uuid()))
        .bind(each(|message| message.request_id.as_uuid()))
        .bind(messages.iter().map(|message| message.fingerprint.as_slice()).collect::<Vec<_>>())
        .bind(messages.iter().map(|message| message.request_expires_at.unix_micros()).collect::<Vec<_>>())
        .bind(messages.iter().map(|message| message.lane.number()).collect::<Vec<_>>())
        .bind(texts(|message| message.template.as_str()))
        .bind(texts(|message| &message.locale))
        .bind(texts(|message| message.channel.as_str()))
        .bind(texts(|message| &message.masked_destination))
        .bind(texts(|message| &message.reference))
        .bind(messages.iter().map(|message| message.decoy).collect::<Vec<_>>())
        .bind(messages.iter().map(|message| message.payload.as_slice()).collect::<Vec<_>>())
        .bind(messages.iter().map(|message| message.not_after.unix_micros()).collect::<Vec<_>>())
        .fetch_all(&self.pool)
        .await?;
        Ok(entered.into_iter().map(|(request_id,)| request_id).collect())
    }

    /// What the request ids were used for.
    async fn earlier(
        &self,
        tenant_id: Uuid,
        messages: &[NewNotification],
    ) -> Result<HashMap<Uuid, RequestRow>, Failure> {
        let rows: Vec<RequestRow> = sqlx::query_as(
            "select request_id, action, notification_id, created_at, fingerprint from request
             where tenant_id = $1 and request_id = any($2)",
        )
        .bind(tenant_id)
        .bind(messages.iter().map(|message| message.request_id.as_uuid()).collect::<Vec<_>>())
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.request_id, row)).collect())
    }
}

/// A request id about to be used for a change of one message.
pub(super) struct Request {
    pub(super) tenant_id: Uuid,
    pub(super) request_id: Uuid,
    pub(super) action: i16,
    pub(super) notification_id: Uuid,
    pub(super) expires_at: Timestamp,
}

impl Request {
    /// Takes the request id, or says what it was used for within its life.
    pub(super) async fn enter(
        &self,
        tx: &mut PgConnection,
        now: Timestamp,
    ) -> Result<Option<RequestRow>, Failure> {
        let entered = sqlx::query(
            "insert into request
                 (tenant_id, request_id, action, notification_id, created_at, expires_at, fingerprint)
             values ($1, $2, $3, $4, $5, $6, '')
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
