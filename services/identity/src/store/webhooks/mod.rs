//! Webhooks: where the events of a tenant are sent, and what administrators change of them. How they are sent is
//! [`delivery`]'s.

pub(crate) mod delivery;

mod row;

use rekey_database::{Connection, FOR_UPDATE, Fragment, fragment, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AuditWebhookId, TenantId};
use uuid::Uuid;

use self::row::WebhookRow;
use super::accounts::changes;
use super::rows::ReadablePage;
use super::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency};
use crate::domain::audit::AuditEvent;
use crate::domain::scope::TenantScope;
use crate::domain::sealed::Sealed;
use crate::domain::webhook::url::WebhookUrl;
use crate::domain::webhook::{Disabling, Enabling, WEBHOOKS_MAX, Webhook, WebhookChange, WebhookFilter};

/// A webhook to create.
#[derive(Debug, Clone)]
pub(crate) struct CreateWebhook {
    pub(crate) id: AuditWebhookId,
    pub(crate) url: WebhookUrl,
    pub(crate) filter: WebhookFilter,
    pub(crate) secret: Sealed,
    /// From which moment on; `None`: with the next event.
    pub(crate) since: Option<Timestamp>,
    pub(crate) event: AuditEvent,
    pub(crate) now: Timestamp,
}

/// A change of a webhook, with everything that belongs to it.
#[derive(Debug, Clone)]
pub(crate) struct ChangeWebhook {
    pub(crate) id: AuditWebhookId,
    /// The version that was read, if it matters.
    pub(crate) version: Option<i64>,
    pub(crate) change: WebhookChange,
    pub(crate) event: AuditEvent,
    pub(crate) now: Timestamp,
}

/// Another secret for a webhook.
#[derive(Debug, Clone)]
pub(crate) struct RotateSecret {
    pub(crate) id: AuditWebhookId,
    pub(crate) secret: Sealed,
    /// Until when the one before signs as well; `None` for one that does not.
    pub(crate) previous_until: Option<Timestamp>,
    pub(crate) event: AuditEvent,
    pub(crate) now: Timestamp,
}

/// Why a webhook was not created or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WebhookRefused {
    Unknown,
    UnknownTenant,
    /// The tenant has as many as it may.
    Full,
    /// It changed since its version was read.
    Stale,
}

/// How many of the oldest events since a moment are looked at for the lowest position: those that committed late stand
/// behind others, by a batch of sealing at most.
const LOOKED_AT: i64 = 1_000;

const COLUMNS: Fragment = fragment!(
    "select w.tenant_id, w.webhook_id, w.url, w.filter, w.disabled, w.position,
         coalesce((select h.position from audit_heads h where h.tenant_id = w.tenant_id), 0) as sealed_position,
         w.last_success_at, w.last_failure_at, w.last_failure, w.last_failure_status, w.failing_since,
         w.previous_secret_until, w.created_at, w.updated_at, w.version
     from audit_webhooks w where w.tenant_id = $1"
);

statements! {
    const BY_ID = "", COLUMNS, " and w.webhook_id = $2";

    const PAGE = "", COLUMNS, " and w.webhook_id > $2 order by w.webhook_id limit $3";

    const COUNT = "select count(*) from audit_webhooks where tenant_id = $1";

    const HEAD = "select coalesce(max(position), 0) from audit_heads where tenant_id = $1";

    /// Before the first event since a moment; null where there is none.
    const BEFORE = "
        select min(position) - 1 from (
            select position from audit_events where tenant_id = $1 and at >= $2 order by at, event_id limit $3
        ) oldest";

    const INSERT = "
        insert into audit_webhooks (tenant_id, webhook_id, url, filter, secret, position, failures, due_at, leased_until,
            fence, created_at, updated_at, version)
        values ($1, $2, $3, $4, $5, $6, 0, $7, 0, 0, $7, $7, 1)";

    const VERSION = "select version from audit_webhooks where tenant_id = $1 and webhook_id = $2", FOR_UPDATE;

    /// What a change says nothing of is null. Who works on it meanwhile keeps it to itself until it notices.
    const CHANGE = "
        update audit_webhooks set url = coalesce($3, url), filter = coalesce($4, filter),
            due_at = $5, failures = 0, failing_since = null, version = version + 1, updated_at = $5
        where tenant_id = $1 and webhook_id = $2";

    const DISABLE = "update audit_webhooks set disabled = $3 where tenant_id = $1 and webhook_id = $2";

    const ENABLE = "
        update audit_webhooks set disabled = null, position = case when $3 > position then $3 else position end
        where tenant_id = $1 and webhook_id = $2";

    const ROTATE = "
        update audit_webhooks set updated_at = $5, version = version + 1, secret = $3,
            previous_secret_until = $4,
            previous_secret = case when $6 then secret end
        where tenant_id = $1 and webhook_id = $2";

    const DELETE = "delete from audit_webhooks where tenant_id = $1 and webhook_id = $2";
}

impl Store {
    /// Creates a webhook, unless the tenant has as many as it may. It begins behind the last event of the log, or before the
    /// first one since a moment.
    pub(crate) async fn create_webhook(
        &self,
        scope: &TenantScope,
        create: &CreateWebhook,
        idempotency: IdempotentRequest<'_, Webhook>,
    ) -> Result<StepOutcome<Webhook, WebhookRefused>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), Some(&idempotency));
        let step = self.database.step(|mut tx| async move {
            let claimed = idempotency::claim(&mut tx, tenant_id, idempotency, create.now).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            if !changes::lock_living_tenant(&mut tx, tenant_id).await? {
                return Ok(tx.roll_back(StepOutcome::Refused(WebhookRefused::UnknownTenant)));
            }
            let count: i64 = tx.scalar(COUNT, values![tenant_id]).await?;
            if count >= i64::from(WEBHOOKS_MAX) {
                return Ok(tx.roll_back(StepOutcome::Refused(WebhookRefused::Full)));
            }
            insert(&mut tx, tenant_id, create).await?;
            let webhook = one(&mut tx, tenant_id, create.id).await?;
            idempotency::store_answer(&mut tx, tenant_id, idempotency, &webhook).await?;
            audit::append(&mut tx, &create.event).await?;
            Ok(tx.commit(StepOutcome::Done(webhook)))
        });
        step.await
    }

    /// Finds a webhook.
    pub(crate) async fn find_webhook(
        &self,
        scope: &TenantScope,
        id: AuditWebhookId,
    ) -> Result<Option<Webhook>, Failure> {
        let row: Option<WebhookRow> = self.database.optional(BY_ID, values![scope.tenant_id(), id]).await?;
        row.map(WebhookRow::webhook).transpose()
    }

    /// Lists webhooks by id, so oldest first.
    pub(crate) async fn list_webhooks(
        &self,
        scope: &TenantScope,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Webhook>, Failure> {
        let mut page = ReadablePage::behind(after.unwrap_or(Uuid::nil()), limit);
        while let Some(wanted) = page.wanted() {
            let values = values![scope.tenant_id(), page.after, wanted];
            page.take(self.database.all(PAGE, values).await?, WebhookRow::id, WebhookRow::webhook);
        }
        Ok(page.into_items())
    }

    /// Changes a webhook, all of it or nothing. The next try is due at once.
    pub(crate) async fn change_webhook(
        &self,
        scope: &TenantScope,
        change: &ChangeWebhook,
        idempotency: IdempotentRequest<'_, Webhook>,
    ) -> Result<StepOutcome<Webhook, WebhookRefused>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), Some(&idempotency));
        let step = self.database.step(|mut tx| async move {
            let claimed = idempotency::claim(&mut tx, tenant_id, idempotency, change.now).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            if let Err(refused) = locked(&mut tx, tenant_id, change.id, change.version).await? {
                return Ok(tx.roll_back(StepOutcome::Refused(refused)));
            }
            apply(&mut tx, tenant_id, change).await?;
            let webhook = one(&mut tx, tenant_id, change.id).await?;
            idempotency::store_answer(&mut tx, tenant_id, idempotency, &webhook).await?;
            audit::append(&mut tx, &change.event).await?;
            Ok(tx.commit(StepOutcome::Done(webhook)))
        });
        step.await
    }

    /// Gives a webhook another secret, and keeps the one before for as long as it signs.
    pub(crate) async fn rotate_webhook_secret(
        &self,
        scope: &TenantScope,
        rotate: &RotateSecret,
        idempotency: IdempotentRequest<'_, Webhook>,
    ) -> Result<StepOutcome<Webhook, WebhookRefused>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), Some(&idempotency));
        let step = self.database.step(|mut tx| async move {
            let claimed = idempotency::claim(&mut tx, tenant_id, idempotency, rotate.now).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            let secret = rotate.secret.as_bytes();
            let (until, keeps) = (rotate.previous_until, rotate.previous_until.is_some());
            let values = values![tenant_id, rotate.id, secret, until, rotate.now, keeps];
            if tx.execute(ROTATE, values).await? != 1 {
                return Ok(tx.roll_back(StepOutcome::Refused(WebhookRefused::Unknown)));
            }
            let webhook = one(&mut tx, tenant_id, rotate.id).await?;
            idempotency::store_answer(&mut tx, tenant_id, idempotency, &webhook).await?;
            audit::append(&mut tx, &rotate.event).await?;
            Ok(tx.commit(StepOutcome::Done(webhook)))
        });
        step.await
    }

    /// Deletes a webhook.
    pub(crate) async fn delete_webhook(
        &self,
        scope: &TenantScope,
        id: AuditWebhookId,
        event: &AuditEvent,
        idempotency: IdempotentRequest<'_, ()>,
    ) -> Result<StepOutcome<(), WebhookRefused>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), Some(&idempotency));
        let step = self.database.step(|mut tx| async move {
            let claimed = idempotency::claim(&mut tx, tenant_id, idempotency, event.at).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            if tx.execute(DELETE, values![tenant_id, id]).await? != 1 {
                return Ok(tx.roll_back(StepOutcome::Refused(WebhookRefused::Unknown)));
            }
            idempotency::store_answer(&mut tx, tenant_id, idempotency, &()).await?;
            audit::append(&mut tx, event).await?;
            Ok(tx.commit(StepOutcome::Done(())))
        });
        step.await
    }
}

async fn insert(tx: &mut Connection, tenant_id: TenantId, create: &CreateWebhook) -> Result<(), Failure> {
    let head: i64 = tx.scalar(HEAD, values![tenant_id]).await?;
    let before: Option<i64> = match create.since {
        Some(since) => {
            let found: (Option<i64>,) = tx.one(BEFORE, values![tenant_id, since, LOOKED_AT]).await?;
            found.0
        }
        None => None,
    };
    let values = values![
        tenant_id,
        create.id,
        create.url.as_str(),
        filter(&create.filter),
        create.secret.as_bytes(),
        before.unwrap_or(head),
        create.now,
    ];
    tx.execute(INSERT, values).await.map(drop)
}

async fn apply(tx: &mut Connection, tenant_id: TenantId, change: &ChangeWebhook) -> Result<(), Failure> {
    let url = change.change.url.as_ref().map(WebhookUrl::as_str);
    let filter = change.change.filter.as_ref().map(filter);
    tx.execute(CHANGE, values![tenant_id, change.id, url, filter, change.now]).await?;
    let behind: i64 = match change.change.enabling {
        None => return Ok(()),
        Some(Enabling::Disabled) => {
            let why = Disabling::Administrator.as_str();
            return tx.execute(DISABLE, values![tenant_id, change.id, why]).await.map(drop);
        }
        Some(Enabling::AtItsPosition) => 0,
        Some(Enabling::FromNow) => tx.scalar(HEAD, values![tenant_id]).await?,
    };
    tx.execute(ENABLE, values![tenant_id, change.id, behind]).await.map(drop)
}

/// Holds the webhook until the step ends, if it is there and still of that version.
async fn locked(
    tx: &mut Connection,
    tenant_id: TenantId,
    id: AuditWebhookId,
    version: Option<i64>,
) -> Result<Result<(), WebhookRefused>, Failure> {
    let found: Option<(i64,)> = tx.optional(VERSION, values![tenant_id, id]).await?;
    Ok(match found {
        None => Err(WebhookRefused::Unknown),
        Some((current,)) if version.is_some_and(|version| version != current) => Err(WebhookRefused::Stale),
        Some(_) => Ok(()),
    })
}

async fn one(tx: &mut Connection, tenant_id: TenantId, id: AuditWebhookId) -> Result<Webhook, Failure> {
    tx.one::<WebhookRow>(BY_ID, values![tenant_id, id]).await?.webhook()
}

fn filter(filter: &WebhookFilter) -> String {
    serde_json::to_string(filter).expect("texts and a name always have a JSON form")
}
