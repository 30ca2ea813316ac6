//! A webhook as its table has it.

use rekey_primitives::id::{AuditWebhookId, TenantId};
use uuid::Uuid;

use super::super::Failure;
use super::super::rows::at;
use crate::domain::webhook::url::WebhookUrl;
use crate::domain::webhook::{Disabling, LastFailure, Webhook};

#[derive(sqlx::FromRow)]
pub(super) struct WebhookRow {
    tenant_id: Uuid,
    webhook_id: Uuid,
    url: String,
    filter: String,
    disabled: Option<String>,
    position: i64,
    sealed_position: i64,
    last_success_at: Option<i64>,
    last_failure_at: Option<i64>,
    last_failure: Option<String>,
    last_failure_status: Option<i64>,
    failing_since: Option<i64>,
    previous_secret_until: Option<i64>,
    created_at: i64,
    updated_at: i64,
    version: i64,
}

impl WebhookRow {
    pub(super) const fn id(&self) -> Uuid {
        self.webhook_id
    }

    pub(super) fn webhook(self) -> Result<Webhook, Failure> {
        let last_failure = match (self.last_failure_at, &self.last_failure) {
            (Some(failed_at), Some(kind)) => Some(LastFailure {
                at: at(failed_at),
                kind: kind.parse().map_err(|_| unreadable())?,
                status: self.last_failure_status.and_then(|status| u16::try_from(status).ok()),
            }),
            _ => None,
        };
        let disabled = self.disabled.map(|why| why.parse::<Disabling>().map_err(|_| unreadable()));
        Ok(Webhook {
            id: AuditWebhookId::from_uuid(self.webhook_id),
            tenant_id: TenantId::from_uuid(self.tenant_id),
            url: WebhookUrl::from_stored(self.url),
            filter: serde_json::from_str(&self.filter).map_err(|_| unreadable())?,
            disabled: disabled.transpose()?,
            position: self.position,
            sealed_position: self.sealed_position,
            last_success_at: self.last_success_at.map(at),
            last_failure,
            failing_since: self.failing_since.map(at),
            previous_secret_until: self.previous_secret_until.map(at),
            created_at: at(self.created_at),
            updated_at: at(self.updated_at),
            version: self.version,
        })
    }
}

pub(super) const fn unreadable() -> Failure {
    Failure::Unreadable { what: "a webhook" }
}
