//! Looking at messages and stepping in.

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::NotificationId;
use sqlx::PgConnection;

use super::PostgresStore;
use super::intake::Request;
use crate::domain::lane::Lane;
use crate::domain::notification::Notification;
use crate::domain::page::{Filter, Position};
use crate::domain::scope::TenantScope;
use crate::domain::state::State;
use crate::store::models::{Change, RequestedChange};
use crate::store::rows::{self, NotificationRow, accepted_within};
use crate::store::{Failure, Journeys};

#[async_trait]
impl Journeys for PostgresStore {
    async fn get(&self, scope: TenantScope, id: NotificationId) -> Result<Option<Notification>, Failure> {
        find(&mut *self.pool.acquire().await?, scope, id).await
    }

    async fn list(
        &self,
        scope: TenantScope,
        filter: &Filter,
        after: Option<Position>,
        most: usize,
    ) -> Result<Vec<Notification>, Failure> {
        let rows: Vec<NotificationRow> = sqlx::query_as(
            "select * from notification
             where tenant_id = $1
               and ($2::bigint is null or (created_at, id) < ($2, $3::uuid))
               and ($4::smallint is null or state = $4)
               and ($5::smallint is null or lane = $5)
               and ($6::text is null or reference = $6)
             order by created_at desc, id desc limit $7",
        )
        .bind(scope.tenant_id().as_uuid())
        .bind(after.map(|position| position.created_at.unix_micros()))
        .bind(after.map(|position| position.id.as_uuid()))
        .bind(filter.state.map(State::number))
        .bind(filter.lane.map(Lane::number))
        .bind(filter.reference.as_deref())
        .bind(rows::limit(most))
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Notification::try_from).collect()
    }

    async fn cancel(
        &self,
        scope: TenantScope,
        change: RequestedChange,
        now: Timestamp,
    ) -> Result<Change, Failure> {
        self.change(scope, change, rows::CANCELLED, CANCEL, now).await
    }

    async fn replay(
        &self,
        scope: TenantScope,
        change: RequestedChange,
        now: Timestamp,
    ) -> Result<Change, Failure> {
        self.change(scope, change, rows::REPLAYED, REPLAY, now).await
    }
}

const CANCEL: &str = "update notification set state = 6, payload = null, next_try_at = null, changed_at = $5
    where tenant_id = $1 and id = $2 and created_at between $3 and $4 and state = 1
      and not in_doubt";

const REPLAY: &str =
    "update notification set state = 1, next_try_at = $5, fence = fence + 1, changed_at = $5,
        in_doubt = false, tries = 0
    where tenant_id = $1 and id = $2 and created_at between $3 and $4
      and state in (4, 7) and payload is not null and not_after > $5";

impl PostgresStore {
    async fn change(
        &self,
        scope: TenantScope,
        change: RequestedChange,
        action: i16,
        sql: &'static str,
        now: Timestamp,
    ) -> Result<Change, Failure> {
        let mut tx = self.pool.begin().await?;
        let request = Request {
            tenant_id: scope.tenant_id().as_uuid(),
            request_id: change.request_id.as_uuid(),
            action,
            notification_id: change.id.as_uuid(),
            expires_at: change.request_expires_at,
        };
        if let Some(earlier) = request.enter(&mut tx, now).await? {
            let found = find(&mut tx, scope, change.id).await?;
            return Ok(match found {
                _ if !earlier.is_change(action, change.id) => Change::RequestIdReused,
                Some(notification) => Change::Made(notification),
                None => Change::NotFound,
            });
        }
        let (first, last) = accepted_within(change.id);
        let changed = sqlx::query(sql)
            .bind(scope.tenant_id().as_uuid())
            .bind(change.id.as_uuid())
            .bind(first)
            .bind(last)
            .bind(now.unix_micros())
            .execute(&mut *tx)
            .await?;
        let found = find(&mut tx, scope, change.id).await?;
        match found {
            Some(notification) if changed.rows_affected() == 1 => {
                tx.commit().await?;
                Ok(Change::Made(notification))
            }
            // Dropping the transaction rolls back: a refused request does not use up its id.
            Some(_) => Ok(Change::Impossible),
            None => Ok(Change::NotFound),
        }
    }
}

async fn find(
    connection: &mut PgConnection,
    scope: TenantScope,
    id: NotificationId,
) -> Result<Option<Notification>, Failure> {
    let (first, last) = accepted_within(id);
    let row: Option<NotificationRow> = sqlx::query_as(
        "select * from notification where tenant_id = $1 and id = $2 and created_at between $3 and $4",
    )
    .bind(scope.tenant_id().as_uuid())
    .bind(id.as_uuid())
    .bind(first)
    .bind(last)
    .fetch_optional(connection)
    .await?;
    row.map(Notification::try_from).transpose()
}
