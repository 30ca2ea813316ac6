//! `rekey.identity.v1.AuditWebhookService`.

use std::time::Duration;

use rekey_primitives::id::AuditWebhookId;
use rekey_primitives::secret::ExposeSecret as _;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::audit_webhook_service_server::AuditWebhookService;
use rekey_wire::time;
use tonic::{Request, Response, Status};

use super::audit::messages;
use super::decode::{Asking, Fields};
use super::encode::{self, maybe_moment, moment};
use super::refusal::status;
use crate::audit_log::webhooks::{NewWebhook, WebhookEdit, WebhookName, Webhooks};
use crate::domain::audit::EventKind;
use crate::domain::audit::Outcome;
use crate::domain::webhook::{
    Disabling, Enabling, FailureKind, KINDS_MAX, LONGEST_OVERLAP, USUAL_OVERLAP, Webhook, WebhookFilter,
};

/// Answered by this use case.
#[derive(Clone)]
pub(super) struct AuditWebhookApi {
    pub(super) webhooks: Webhooks,
}

#[tonic::async_trait]
impl AuditWebhookService for AuditWebhookApi {
    async fn create_audit_webhook(
        &self,
        request: Request<wire::CreateAuditWebhookRequest>,
    ) -> Result<Response<wire::CreateAuditWebhookResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let url = fields.take("url", Some(sent.url).filter(|url| !url.is_empty()), "an https URL");
        let filter = fields.webhook_filter(sent.filter);
        let since = messages::maybe_time(&mut fields, "start_time", sent.start_time.as_ref());
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (new, context) = fields.finish(|| {
            let new = NewWebhook {
                tenant_id: tenant_id?,
                url: url?,
                filter: filter?,
                since: since?,
                request_id: request_id?,
            };
            Some((new, context?))
        })?;
        let administrator = asking.administrator(context);
        let created = self.webhooks.create(&administrator, &new).await.map_err(status)?;
        Ok(Response::new(wire::CreateAuditWebhookResponse {
            audit_webhook: Some(webhook(created.webhook)),
            secret: created.secret.expose_secret().to_owned(),
        }))
    }

    async fn get_audit_webhook(
        &self,
        request: Request<wire::GetAuditWebhookRequest>,
    ) -> Result<Response<wire::GetAuditWebhookResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let name = fields.webhook_name(&sent.tenant_id, &sent.audit_webhook_id);
        let context = fields.context(&asking, sent.context);
        let (name, context) = fields.finish(|| Some((name?, context?)))?;
        let found = self.webhooks.get(&asking.administrator(context), name).await.map_err(status)?;
        Ok(Response::new(wire::GetAuditWebhookResponse { audit_webhook: Some(webhook(found)) }))
    }

    async fn list_audit_webhooks(
        &self,
        request: Request<wire::ListAuditWebhooksRequest>,
    ) -> Result<Response<wire::ListAuditWebhooksResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let asked = fields.page(sent.page_size, sent.page_token);
        let context = fields.context(&asking, sent.context);
        let (tenant_id, asked, context) = fields.finish(|| Some((tenant_id?, asked?, context?)))?;
        let administrator = asking.administrator(context);
        let page = self.webhooks.list(&administrator, tenant_id, &asked).await.map_err(status)?;
        Ok(Response::new(wire::ListAuditWebhooksResponse {
            audit_webhooks: page.items.into_iter().map(webhook).collect(),
            next_page_token: encode::page_token(page.next),
        }))
    }

    async fn update_audit_webhook(
        &self,
        request: Request<wire::UpdateAuditWebhookRequest>,
    ) -> Result<Response<wire::UpdateAuditWebhookResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let name = fields.webhook_name(&sent.tenant_id, &sent.audit_webhook_id);
        let version = fields.optional_etag(&sent.etag);
        let mask = sent.update_mask.unwrap_or_default().paths;
        let changes = |path: &str| mask.iter().any(|listed| listed == path);
        let known = mask.iter().all(|path| ["url", "filter", "enabled"].contains(&path.as_str()));
        fields.demand(known && !mask.is_empty(), "update_mask", "any of `url`, `filter` and `enabled`");
        let url = changes("url").then_some(sent.url);
        fields.demand(url.as_deref() != Some(""), "url", "an https URL");
        let filter = fields.webhook_filter(sent.filter);
        let enabling = changes("enabled").then_some(match (sent.enabled, sent.from_now) {
            (false, _) => Enabling::Disabled,
            (true, false) => Enabling::AtItsPosition,
            (true, true) => Enabling::FromNow,
        });
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (edit, context) = fields.finish(|| {
            let filter = changes("filter").then_some(filter?);
            let (name, version, request_id) = (name?, version?, request_id?);
            Some((WebhookEdit { name, version, url, filter, enabling, request_id }, context?))
        })?;
        let changed = self.webhooks.update(&asking.administrator(context), &edit).await.map_err(status)?;
        Ok(Response::new(wire::UpdateAuditWebhookResponse { audit_webhook: Some(webhook(changed)) }))
    }

    async fn rotate_audit_webhook_secret(
        &self,
        request: Request<wire::RotateAuditWebhookSecretRequest>,
    ) -> Result<Response<wire::RotateAuditWebhookSecretResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let name = fields.webhook_name(&sent.tenant_id, &sent.audit_webhook_id);
        let overlap = fields.take("overlap", overlap(sent.overlap.as_ref()), "0 to 7 days, in whole seconds");
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let read = fields.finish(|| Some((name?, overlap?, request_id?, context?)))?;
        let (name, overlap, request_id, context) = read;
        let administrator = asking.administrator(context);
        let rotated =
            self.webhooks.rotate(&administrator, name, overlap, request_id).await.map_err(status)?;
        Ok(Response::new(wire::RotateAuditWebhookSecretResponse {
            audit_webhook: Some(webhook(rotated.webhook)),
            secret: rotated.secret.expose_secret().to_owned(),
        }))
    }

    async fn delete_audit_webhook(
        &self,
        request: Request<wire::DeleteAuditWebhookRequest>,
    ) -> Result<Response<wire::DeleteAuditWebhookResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let name = fields.webhook_name(&sent.tenant_id, &sent.audit_webhook_id);
        let request_id = fields.request_id(&sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (name, request_id, context) = fields.finish(|| Some((name?, request_id?, context?)))?;
        let administrator = asking.administrator(context);
        self.webhooks.delete(&administrator, name, request_id).await.map_err(status)?;
        Ok(Response::new(wire::DeleteAuditWebhookResponse {}))
    }
}

impl Fields {
    fn webhook_name(&mut self, tenant_id: &str, webhook_id: &str) -> Option<WebhookName> {
        let tenant_id = self.tenant_id(tenant_id);
        let webhook_id = self.take("audit_webhook_id", AuditWebhookId::parse(webhook_id).ok(), "a UUID");
        Some(WebhookName { tenant_id: tenant_id?, webhook_id: webhook_id? })
    }

    /// Which events; all where none was sent. Kinds stand in order and once.
    fn webhook_filter(&mut self, sent: Option<wire::AuditWebhookFilter>) -> Option<WebhookFilter> {
        let sent = sent.unwrap_or_default();
        self.demand(sent.kinds.len() <= KINDS_MAX, "filter.kinds", "at most 100");
        let known = |text: &String| text.parse::<EventKind>().ok().map(|kind| kind.as_str().to_owned());
        let kinds = sent.kinds.iter().take(KINDS_MAX).enumerate().map(|(index, text)| {
            let must_be = "a kind of events, as `docs/audit.md` lists them";
            self.take(format!("filter.kinds[{index}]"), known(text), must_be)
        });
        let kinds: Vec<Option<String>> = kinds.collect();
        let outcome = messages::outcome(self, sent.outcome);
        let mut kinds: Vec<String> = kinds.into_iter().collect::<Option<_>>()?;
        kinds.sort_unstable();
        kinds.dedup();
        Some(WebhookFilter { kinds, outcome: outcome? })
    }
}

fn overlap(sent: Option<&prost_types::Duration>) -> Option<Duration> {
    let Some(sent) = sent else { return Some(USUAL_OVERLAP) };
    time::std_duration(sent).filter(|overlap| overlap.subsec_nanos() == 0 && *overlap <= LONGEST_OVERLAP)
}

fn webhook(found: Webhook) -> wire::AuditWebhook {
    let state = match (found.disabled, found.failing_since) {
        (Some(_), _) => wire::AuditWebhookState::Disabled,
        (None, Some(_)) => wire::AuditWebhookState::Failing,
        (None, None) => wire::AuditWebhookState::Active,
    };
    let disabling = match found.disabled {
        None => wire::AuditWebhookDisabling::Unspecified,
        Some(Disabling::Administrator) => wire::AuditWebhookDisabling::Administrator,
        Some(Disabling::Gone) => wire::AuditWebhookDisabling::Gone,
        Some(Disabling::Failing) => wire::AuditWebhookDisabling::Failing,
    };
    let last_failure =
        found.last_failure.map_or(wire::AuditWebhookFailure::Unspecified, |last| failure(last.kind));
    let outcome = match found.filter.outcome {
        None => wire::AuditOutcome::Unspecified,
        Some(Outcome::Success) => wire::AuditOutcome::Success,
        Some(Outcome::Refused) => wire::AuditOutcome::Refused,
        Some(Outcome::Failed) => wire::AuditOutcome::Failed,
    };
    wire::AuditWebhook {
        audit_webhook_id: found.id.to_string(),
        tenant_id: found.tenant_id.to_string(),
        url: found.url.as_str().to_owned(),
        filter: Some(wire::AuditWebhookFilter { kinds: found.filter.kinds, outcome: outcome.into() }),
        state: state.into(),
        disabling: disabling.into(),
        delivered_position: found.position,
        sealed_position: found.sealed_position.max(found.position),
        last_success_time: maybe_moment(found.last_success_at),
        last_failure_time: maybe_moment(found.last_failure.map(|last| last.at)),
        last_failure: last_failure.into(),
        last_failure_status: found.last_failure.and_then(|last| last.status).map_or(0, i32::from),
        failing_since_time: maybe_moment(found.failing_since),
        previous_secret_expire_time: maybe_moment(found.previous_secret_until),
        etag: encode::etag(found.version),
        create_time: moment(found.created_at),
        update_time: moment(found.updated_at),
    }
}

const fn failure(kind: FailureKind) -> wire::AuditWebhookFailure {
    match kind {
        FailureKind::NotResolved => wire::AuditWebhookFailure::NotResolved,
        FailureKind::AddressRefused => wire::AuditWebhookFailure::AddressRefused,
        FailureKind::NotConnected => wire::AuditWebhookFailure::NotConnected,
        FailureKind::Tls => wire::AuditWebhookFailure::Tls,
        FailureKind::TimedOut => wire::AuditWebhookFailure::TimedOut,
        FailureKind::AnswerLost => wire::AuditWebhookFailure::AnswerLost,
        FailureKind::Redirected => wire::AuditWebhookFailure::Redirected,
        FailureKind::Status => wire::AuditWebhookFailure::Status,
    }
}
