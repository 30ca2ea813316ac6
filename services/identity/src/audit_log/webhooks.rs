//! Where a tenant's events are sent: what administrators do to webhooks. Sending is a loop's work.

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::id::{AuditWebhookId, RequestId, TenantId};
use rekey_primitives::secret::SecretString;
use rekey_sealing::WebhookSecret;
use serde::{Deserialize, Serialize};

use crate::audit::Audit;
use crate::authorisation::Authorisation;
use crate::domain::audit::EventKind;
use crate::domain::authority::Permission;
use crate::domain::refusal::Refusal;
use crate::domain::webhook::url::{UrlRules, WebhookUrl};
use crate::domain::webhook::{Enabling, Webhook, WebhookChange, WebhookFilter};
use crate::keys::Keys;
use crate::operation::idempotency::{Answer, Idempotency, Request, sealed_secret};
use crate::operation::{Administrator, Error, Operation, Repeatable, Rpc};
use crate::store::Store;
use crate::store::webhooks::{ChangeWebhook, CreateWebhook, RotateSecret, WebhookRefused};
use crate::tokens::{AskedPage, List, Page, Tokens};

/// What every RPC here takes: whoever sends a whole log elsewhere decides for the tenant.
pub(crate) const PERMISSION: Permission = Permission::ManageTenant;

const CREATE: Rpc = Rpc { name: "CreateAuditWebhook", event: EventKind::AuditWebhookChanged };
const UPDATE: Rpc = Rpc { name: "UpdateAuditWebhook", event: EventKind::AuditWebhookChanged };
const ROTATE: Rpc = Rpc { name: "RotateAuditWebhookSecret", event: EventKind::AuditWebhookChanged };
const DELETE: Rpc = Rpc { name: "DeleteAuditWebhook", event: EventKind::AuditWebhookChanged };
// Whoever reads leaves no event but a denial.
const GET: Rpc = Rpc { name: "GetAuditWebhook", event: EventKind::PermissionDenied };
const LIST: Rpc = Rpc { name: "ListAuditWebhooks", event: EventKind::PermissionDenied };

/// The use case.
#[derive(Clone)]
pub(crate) struct Webhooks {
    pub store: Store,
    pub keys: Arc<Keys>,
    pub entropy: SharedEntropy,
    pub audit: Audit,
    pub authorisation: Authorisation,
    pub idempotency: Idempotency,
    /// Of pages.
    pub tokens: Tokens,
    pub urls: UrlRules,
}

/// A webhook of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WebhookName {
    pub tenant_id: TenantId,
    pub webhook_id: AuditWebhookId,
}

/// A webhook that an administrator wants.
#[derive(Clone, derive_more::Debug)]
pub(crate) struct NewWebhook {
    pub tenant_id: TenantId,
    /// As it was typed; it may hold a secret of the receiver's.
    #[debug(skip)]
    pub url: String,
    pub filter: WebhookFilter,
    /// From which moment on; `None`: with the next event.
    pub since: Option<Timestamp>,
    pub request_id: RequestId,
}

/// What an administrator changes of a webhook.
#[derive(Clone, derive_more::Debug)]
pub(crate) struct WebhookEdit {
    pub name: WebhookName,
    /// The version that was read, if it matters.
    pub version: Option<i64>,
    /// As it was typed; it may hold a secret of the receiver's.
    #[debug(skip)]
    pub url: Option<String>,
    pub filter: Option<WebhookFilter>,
    pub enabling: Option<Enabling>,
    pub request_id: RequestId,
}

/// A webhook with the secret that is shown once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct WebhookWithSecret {
    pub webhook: Webhook,
    #[serde(with = "sealed_secret")]
    pub secret: SecretString,
}

impl Webhooks {
    /// Creates a webhook.
    pub(crate) async fn create(
        &self,
        administrator: &Administrator,
        new: &NewWebhook,
    ) -> Result<WebhookWithSecret, Error> {
        let operation = self.judged(CREATE, administrator, new.tenant_id).await?;
        let url = self.url(&new.url)?;
        let (who, said) = (administrator.name(), said(&new.filter));
        let since = new.since.map_or(i64::MIN, Timestamp::unix_micros).to_be_bytes();
        let content: [&[u8]; 3] = [url.as_str().as_bytes(), &said, &since];
        let named = Request { who: &who, id: new.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        self.idempotency.run_unrecalled(&operation, self.create_once(&operation, url.clone(), new)).await
    }

    async fn create_once(
        &self,
        operation: &Repeatable<'_>,
        url: WebhookUrl,
        new: &NewWebhook,
    ) -> Result<Answer<WebhookWithSecret>, Error> {
        let id = AuditWebhookId::generate(&*self.entropy, operation.now);
        let secret = WebhookSecret::generate(&*self.entropy);
        let create = CreateWebhook {
            id,
            url,
            filter: new.filter.clone(),
            secret: self.keys.seal_webhook_secret(&*self.entropy, new.tenant_id, id, &secret),
            since: new.since,
            event: self.audit.event(operation).because(format!("created: {id}")).done(),
            now: operation.now,
        };
        let answer =
            |webhook: &Webhook| WebhookWithSecret { webhook: webhook.clone(), secret: secret.text() };
        let answering = self.idempotency.answering(operation.key, answer);
        let step = self.store.create_webhook(&operation.scope, &create, answering.once()).await?;
        answering.settle(step)?.map_err(|refused| published(refused).into())
    }

    /// Shows a webhook.
    pub(crate) async fn get(
        &self,
        administrator: &Administrator,
        name: WebhookName,
    ) -> Result<Webhook, Error> {
        let operation = self.judged(GET, administrator, name.tenant_id).await?;
        let found = self.store.find_webhook(&operation.scope, name.webhook_id).await?;
        Ok(found.ok_or(Refusal::AuditWebhookNotFound)?.at(operation.now))
    }

    /// Lists a tenant's webhooks, oldest first.
    pub(crate) async fn list(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        asked: &AskedPage,
    ) -> Result<Page<Webhook>, Error> {
        let operation = self.judged(LIST, administrator, tenant_id).await?;
        let tenant = tenant_id.as_uuid();
        let list = List { name: "webhooks", arguments: &[tenant.as_bytes()] };
        let after = self.tokens.page_begins_after(list, asked, operation.now)?;
        let read = self.store.list_webhooks(&operation.scope, after, asked.limit()).await?;
        let read = read.into_iter().map(|webhook| webhook.at(operation.now)).collect();
        Ok(self.tokens.page(list, asked, read, |webhook| webhook.id.as_uuid(), operation.now))
    }

    /// Changes a webhook, enables or disables it.
    pub(crate) async fn update(
        &self,
        administrator: &Administrator,
        edit: &WebhookEdit,
    ) -> Result<Webhook, Error> {
        let operation = self.judged(UPDATE, administrator, edit.name.tenant_id).await?;
        let url = edit.url.as_deref().map(|url| self.url(url)).transpose()?;
        let change = WebhookChange { url, filter: edit.filter.clone(), enabling: edit.enabling };
        let (who, content) = (administrator.name(), edit.content());
        let content: Vec<&[u8]> = content.iter().map(Vec::as_slice).collect();
        let named = Request { who: &who, id: edit.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        self.idempotency.run_unrecalled(&operation, self.update_once(&operation, change, edit)).await
    }

    async fn update_once(
        &self,
        operation: &Repeatable<'_>,
        change: WebhookChange,
        edit: &WebhookEdit,
    ) -> Result<Answer<Webhook>, Error> {
        let id = edit.name.webhook_id;
        let what = match edit.enabling {
            None => "updated",
            Some(Enabling::Disabled) => "disabled",
            Some(Enabling::AtItsPosition) => "enabled",
            Some(Enabling::FromNow) => "enabled from now",
        };
        let change = ChangeWebhook {
            id,
            version: edit.version,
            change,
            event: self.audit.event(operation).because(format!("{what}: {id}")).done(),
            now: operation.now,
        };
        let answer = |webhook: &Webhook| webhook.clone().at(operation.now);
        let answering = self.idempotency.answering(operation.key, answer);
        let step = self.store.change_webhook(&operation.scope, &change, answering.once()).await?;
        answering.settle(step)?.map_err(|refused| published(refused).into())
    }

    /// Gives a webhook another secret. The one before signs for `overlap` as well.
    pub(crate) async fn rotate(
        &self,
        administrator: &Administrator,
        name: WebhookName,
        overlap: Duration,
        request_id: RequestId,
    ) -> Result<WebhookWithSecret, Error> {
        let operation = self.judged(ROTATE, administrator, name.tenant_id).await?;
        let (who, id) = (administrator.name(), name.webhook_id.as_uuid());
        let seconds = overlap.as_secs().to_be_bytes();
        let named = Request { who: &who, id: request_id, content: &[id.as_bytes(), &seconds] };
        let operation = self.idempotency.named(operation, named);
        let work = self.rotate_once(&operation, name, overlap);
        self.idempotency.run_unrecalled(&operation, work).await
    }

    async fn rotate_once(
        &self,
        operation: &Repeatable<'_>,
        name: WebhookName,
        overlap: Duration,
    ) -> Result<Answer<WebhookWithSecret>, Error> {
        let (id, secret) = (name.webhook_id, WebhookSecret::generate(&*self.entropy));
        let rotate = RotateSecret {
            id,
            secret: self.keys.seal_webhook_secret(&*self.entropy, name.tenant_id, id, &secret),
            previous_until: (!overlap.is_zero()).then(|| operation.now.plus(overlap)),
            event: self.audit.event(operation).because(format!("secret rotated: {id}")).done(),
            now: operation.now,
        };
        let answer =
            |webhook: &Webhook| WebhookWithSecret { webhook: webhook.clone(), secret: secret.text() };
        let answering = self.idempotency.answering(operation.key, answer);
        let step = self.store.rotate_webhook_secret(&operation.scope, &rotate, answering.once()).await?;
        answering.settle(step)?.map_err(|refused| published(refused).into())
    }

    /// Deletes a webhook.
    pub(crate) async fn delete(
        &self,
        administrator: &Administrator,
        name: WebhookName,
        request_id: RequestId,
    ) -> Result<(), Error> {
        let operation = self.judged(DELETE, administrator, name.tenant_id).await?;
        let (who, id) = (administrator.name(), name.webhook_id.as_uuid());
        let named = Request { who: &who, id: request_id, content: &[id.as_bytes()] };
        let operation = self.idempotency.named(operation, named);
        self.idempotency.run_unrecalled(&operation, self.delete_once(&operation, name.webhook_id)).await
    }

    async fn delete_once(&self, operation: &Repeatable<'_>, id: AuditWebhookId) -> Result<Answer<()>, Error> {
        let event = self.audit.event(operation).because(format!("deleted: {id}")).done();
        let answering = self.idempotency.answering(operation.key, |(): &()| ());
        let step = self.store.delete_webhook(&operation.scope, id, &event, answering.once()).await?;
        answering.settle(step)?.map_err(|refused| published(refused).into())
    }

    /// The operation, if the administrator may set up where the tenant's log goes.
    async fn judged<'a>(
        &self,
        rpc: Rpc,
        administrator: &'a Administrator,
        tenant_id: TenantId,
    ) -> Result<Operation<'a>, Error> {
        let operation = self.authorisation.operation(rpc, administrator, tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, PERMISSION).await?;
        Ok(operation)
    }

    fn url(&self, text: &str) -> Result<WebhookUrl, Refusal> {
        let url = WebhookUrl::parse(text, self.urls.allow_http, &self.urls.guard);
        url.ok_or_else(|| {
            Refusal::field(
                "url",
                "an https URL of at most 2048 bytes, without a login, not at an internal address",
            )
        })
    }
}

impl WebhookEdit {
    /// What a repeat asks again.
    fn content(&self) -> Vec<Vec<u8>> {
        let enabling: u8 = match self.enabling {
            None => 0,
            Some(Enabling::Disabled) => 1,
            Some(Enabling::AtItsPosition) => 2,
            Some(Enabling::FromNow) => 3,
        };
        vec![
            self.name.webhook_id.as_uuid().as_bytes().to_vec(),
            self.version.unwrap_or(0).to_be_bytes().to_vec(),
            self.url.clone().unwrap_or_default().into_bytes(),
            self.filter.as_ref().map(said).unwrap_or_default(),
            vec![enabling],
        ]
    }
}

/// A filter as a repeat says it again.
fn said(filter: &WebhookFilter) -> Vec<u8> {
    // Fields of fixed names in a fixed order.
    format!("{filter:?}").into_bytes()
}

const fn published(refused: WebhookRefused) -> Refusal {
    match refused {
        WebhookRefused::Unknown => Refusal::AuditWebhookNotFound,
        WebhookRefused::UnknownTenant => Refusal::TenantNotFound,
        WebhookRefused::Full => Refusal::AuditWebhooksFull,
        WebhookRefused::Stale => Refusal::EtagMismatch,
    }
}

#[cfg(test)]
mod tests;
