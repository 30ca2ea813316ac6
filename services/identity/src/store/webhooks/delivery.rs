//! Sending events to webhooks: who works on one, and how far it has come.
//!
//! Who works on a webhook holds a lease, and writes under the fence of its claim: a worker that slept too long changes
//! nothing any more. A position never goes back.

use rekey_database::{FOR_UPDATE_SKIP_LOCKED, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AuditWebhookId, TenantId};
use uuid::Uuid;

use super::super::rows::{at, readable};
use super::super::{Failure, Store, audit};
use super::row::unreadable;
use crate::domain::audit::AuditEvent;
use crate::domain::scope::TenantScope;
use crate::domain::sealed::Sealed;
use crate::domain::webhook::retry::GoesOn;
use crate::domain::webhook::url::WebhookUrl;
use crate::domain::webhook::{FailedTry, WebhookFilter};

/// A webhook that a worker holds for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClaimedWebhook {
    pub(crate) id: AuditWebhookId,
    pub(crate) tenant_id: TenantId,
    pub(crate) url: WebhookUrl,
    pub(crate) filter: WebhookFilter,
    pub(crate) secret: Sealed,
    /// The secret before, and until when it signs as well.
    pub(crate) previous_secret: Option<(Sealed, Timestamp)>,
    pub(crate) position: i64,
    /// Tries that failed in a row so far, and since when.
    pub(crate) failures: u32,
    pub(crate) failing_since: Option<Timestamp>,
    pub(crate) version: i64,
    /// How often it has been claimed.
    pub(crate) fence: i64,
}

/// A try that failed.
#[derive(Debug, Clone)]
pub(crate) struct FailedDelivery {
    /// What was passed over before.
    pub(crate) position: i64,
    pub(crate) failed: FailedTry,
    pub(crate) goes_on: GoesOn,
    /// What the log says where it goes on no more.
    pub(crate) event: AuditEvent,
    pub(crate) now: Timestamp,
}

statements! {
    /// Those of living tenants that have something to send, whoever has waited longest first. The list is made once, whatever the planner
    /// thinks of it.
    const CLAIM = "
        update audit_webhooks set leased_until = $2, fence = fence + 1
        where (tenant_id, webhook_id) in (
            with due as materialized (
                select w.tenant_id, w.webhook_id from audit_webhooks w
                where w.disabled is null and w.due_at <= $1 and w.leased_until <= $1 and exists (
                    select 1 from audit_heads h where h.tenant_id = w.tenant_id and h.position > w.position
                ) and exists (select 1 from tenants t where t.tenant_id = w.tenant_id and t.deleted_at is null)
                order by w.due_at limit $3", FOR_UPDATE_SKIP_LOCKED, "
            )
            select tenant_id, webhook_id from due
        )
        returning tenant_id, webhook_id, url, filter, secret, previous_secret, previous_secret_until, position,
            failures, failing_since, version, fence";

    const DELIVERED = "
        update audit_webhooks set position = case when $4 > position then $4 else position end, last_success_at = $5,
            failures = 0, failing_since = null, leased_until = $6
        where tenant_id = $1 and webhook_id = $2 and fence = $3
        returning version";

    const RELEASE = "
        update audit_webhooks set position = case when $4 > position then $4 else position end, due_at = $5,
            leased_until = 0
        where tenant_id = $1 and webhook_id = $2 and fence = $3";

    /// What was changed meanwhile has a try of its own.
    const FAILED = "
        update audit_webhooks set position = case when $5 > position then $5 else position end,
            failures = failures + 1, failing_since = coalesce(failing_since, $6), last_failure_at = $6,
            last_failure = $7, last_failure_status = $8, due_at = $9, leased_until = 0
        where tenant_id = $1 and webhook_id = $2 and fence = $3 and version = $4";

    const FAILED_FOR_GOOD = "
        update audit_webhooks set disabled = $3, version = version + 1, updated_at = $4
        where tenant_id = $1 and webhook_id = $2";
}

#[derive(sqlx::FromRow)]
struct ClaimedRow {
    tenant_id: Uuid,
    webhook_id: Uuid,
    url: String,
    filter: String,
    secret: Vec<u8>,
    previous_secret: Option<Vec<u8>>,
    previous_secret_until: Option<i64>,
    position: i64,
    failures: i64,
    failing_since: Option<i64>,
    version: i64,
    fence: i64,
}

impl ClaimedRow {
    fn claimed(self) -> Result<ClaimedWebhook, Failure> {
        let previous = self.previous_secret.zip(self.previous_secret_until);
        Ok(ClaimedWebhook {
            id: AuditWebhookId::from_uuid(self.webhook_id),
            tenant_id: TenantId::from_uuid(self.tenant_id),
            url: WebhookUrl::from_stored(self.url),
            filter: serde_json::from_str(&self.filter).map_err(|_| unreadable())?,
            secret: Sealed::new(self.secret),
            previous_secret: previous.map(|(secret, until)| (Sealed::new(secret), at(until))),
            position: self.position,
            failures: u32::try_from(self.failures).unwrap_or(u32::MAX),
            failing_since: self.failing_since.map(at),
            version: self.version,
            fence: self.fence,
        })
    }
}

impl ClaimedWebhook {
    pub(crate) fn scope(&self) -> TenantScope {
        TenantScope::ours(self.tenant_id)
    }
}

impl Store {
    /// Claims up to `limit` webhooks that are due and have events before them, none that another worker holds.
    pub(crate) async fn claim_webhooks(
        &self,
        limit: u32,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<ClaimedWebhook>, Failure> {
        let claim = self.database.step(|mut tx| async move {
            let claimed: Vec<ClaimedRow> = tx.all(CLAIM, values![now, lease_until, limit]).await?;
            Ok(tx.commit(claimed))
        });
        Ok(readable(claim.await?, |row| row.webhook_id, ClaimedRow::claimed))
    }

    /// Notes that an event was handed over, and holds the webhook on. False if somebody else holds it, or it changed or went
    /// meanwhile: then the worker lets it go.
    pub(crate) async fn webhook_delivered(
        &self,
        claimed: &ClaimedWebhook,
        position: i64,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let ClaimedWebhook { tenant_id, id, fence, .. } = claimed;
        let values = values![*tenant_id, *id, *fence, position, now, lease_until];
        let step = self.database.step(|mut tx| async move {
            let version: Option<(i64,)> = tx.optional(DELIVERED, values).await?;
            Ok(tx.commit(version))
        });
        Ok(step.await?.is_some_and(|(version,)| version == claimed.version))
    }

    /// Lets a webhook go until `due_at`, past what was passed over.
    pub(crate) async fn release_webhook(
        &self,
        claimed: &ClaimedWebhook,
        position: i64,
        due_at: Timestamp,
    ) -> Result<(), Failure> {
        let values = values![claimed.tenant_id, claimed.id, claimed.fence, position, due_at];
        self.database.execute(RELEASE, values).await.map(drop)
    }

    /// Notes that a try failed and lets the webhook go, for good where it goes on no more. False if somebody else holds it, or
    /// it changed or went meanwhile: then nothing is noted.
    pub(crate) async fn webhook_failed(
        &self,
        claimed: &ClaimedWebhook,
        failed: &FailedDelivery,
    ) -> Result<bool, Failure> {
        let ClaimedWebhook { tenant_id, id, fence, version, .. } = claimed;
        let (due_at, disabling) = match failed.goes_on {
            GoesOn::At(due_at) => (due_at, None),
            GoesOn::Disabled(why) => (failed.now, Some(why)),
        };
        let status = failed.failed.status.map(i64::from);
        let step = self.database.step(|mut tx| async move {
            let kind = failed.failed.kind.as_str();
            let values =
                values![*tenant_id, *id, *fence, *version, failed.position, failed.now, kind, status, due_at];
            if tx.execute(FAILED, values).await? != 1 {
                return Ok(tx.roll_back(false));
            }
            if let Some(why) = disabling {
                let values = values![*tenant_id, *id, why.as_str(), failed.now];
                tx.execute(FAILED_FOR_GOOD, values).await?;
                audit::append(&mut tx, &failed.event).await?;
            }
            Ok(tx.commit(true))
        });
        step.await
    }
}
