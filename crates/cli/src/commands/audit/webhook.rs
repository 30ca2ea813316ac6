//! `rekey audit webhook`: where events are sent, created, listed, shown, changed, given another secret, deleted.

use anyhow::{Context as _, ensure};
use rekey_client::Connection;
use rekey_wire::identity::v1::audit_webhook_service_client::AuditWebhookServiceClient;
use rekey_wire::identity::v1::{
    AuditWebhook, AuditWebhookFailure, AuditWebhookFilter, AuditWebhookState, CreateAuditWebhookRequest,
    DeleteAuditWebhookRequest, GetAuditWebhookRequest, ListAuditWebhooksRequest,
    RotateAuditWebhookSecretRequest, UpdateAuditWebhookRequest,
};
use serde_json::{Value, json};

use super::Moment;
use crate::arguments::{EventsSent, InTenant, OnWebhook, OutcomeName, WebhookChanges, WebhookCommand};
use crate::output::{self, Output, table};
use crate::profile::{Profile, request_id, time};

type Client = AuditWebhookServiceClient<Connection>;

pub(super) async fn run(profile: &Profile, command: WebhookCommand, output: Output) -> anyhow::Result<()> {
    let client = AuditWebhookServiceClient::new(profile.identity()?);
    match command {
        WebhookCommand::Create { url, events, since, tenant } => {
            create(profile, client, Wanted { url, events, since, tenant }, output).await
        }
        WebhookCommand::List { tenant } => list(profile, client, &tenant, output).await,
        WebhookCommand::Get(on) => get(profile, client, on, output).await,
        WebhookCommand::Update { on, changes } => update(profile, client, (on, changes), output).await,
        WebhookCommand::Rotate { on, overlap } => rotate(profile, client, (on, overlap), output).await,
        WebhookCommand::Delete(on) => delete(profile, client, on, output).await,
    }
}

/// A webhook that was asked for.
struct Wanted {
    url: String,
    events: EventsSent,
    since: Option<Moment>,
    tenant: InTenant,
}

async fn create(profile: &Profile, mut client: Client, wanted: Wanted, output: Output) -> anyhow::Result<()> {
    let request = CreateAuditWebhookRequest {
        tenant_id: profile.tenant(&wanted.tenant).await?.tenant_id,
        url: wanted.url,
        filter: Some(filter(wanted.events)),
        start_time: wanted.since.map(Moment::wire),
        request_id: request_id(),
        context: None,
    };
    let created = client.create_audit_webhook(request).await?.into_inner();
    with_secret(created.audit_webhook, &created.secret, output)
}

async fn list(
    profile: &Profile,
    mut client: Client,
    tenant: &InTenant,
    output: Output,
) -> anyhow::Result<()> {
    let tenant_id = profile.tenant(tenant).await?.tenant_id;
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let tenant_id = tenant_id.clone();
        let request = ListAuditWebhooksRequest { tenant_id, page_size: 200, page_token, context: None };
        let page = client.list_audit_webhooks(request).await?.into_inner();
        found.extend(page.audit_webhooks);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let data: Vec<Value> = found.iter().map(shown).collect();
    output.data(&data, |_| rows(&found))
}

async fn get(profile: &Profile, mut client: Client, on: OnWebhook, output: Output) -> anyhow::Result<()> {
    let tenant_id = profile.tenant(&on.tenant).await?.tenant_id;
    let request = GetAuditWebhookRequest { tenant_id, audit_webhook_id: on.webhook, context: None };
    let webhook = client.get_audit_webhook(request).await?.into_inner().audit_webhook;
    one(webhook, output)
}

async fn update(
    profile: &Profile,
    mut client: Client,
    (on, changes): (OnWebhook, WebhookChanges),
    output: Output,
) -> anyhow::Result<()> {
    let is_switched = changes.enable || changes.disable;
    let is_filtered =
        changes.all_events || !changes.events.kinds.is_empty() || changes.events.outcome.is_some();
    let named = [("url", changes.url.is_some()), ("filter", is_filtered), ("enabled", is_switched)];
    let paths: Vec<String> =
        named.into_iter().filter(|(_, changes)| *changes).map(|(path, _)| path.to_owned()).collect();
    ensure!(
        !paths.is_empty(),
        "nothing to change: say --url, --kind, --outcome, --all-events, --enable or --disable"
    );
    let request = UpdateAuditWebhookRequest {
        tenant_id: profile.tenant(&on.tenant).await?.tenant_id,
        audit_webhook_id: on.webhook,
        etag: changes.etag.unwrap_or_default(),
        update_mask: Some(prost_types::FieldMask { paths }),
        url: changes.url.unwrap_or_default(),
        filter: Some(filter(changes.events)),
        enabled: changes.enable,
        from_now: changes.from_now,
        request_id: request_id(),
        context: None,
    };
    let webhook = client.update_audit_webhook(request).await?.into_inner().audit_webhook;
    one(webhook, output)
}

async fn rotate(
    profile: &Profile,
    mut client: Client,
    (on, hours): (OnWebhook, u32),
    output: Output,
) -> anyhow::Result<()> {
    let overlap = prost_types::Duration { seconds: i64::from(hours) * 3_600, nanos: 0 };
    let request = RotateAuditWebhookSecretRequest {
        tenant_id: profile.tenant(&on.tenant).await?.tenant_id,
        audit_webhook_id: on.webhook,
        overlap: Some(overlap),
        request_id: request_id(),
        context: None,
    };
    let rotated = client.rotate_audit_webhook_secret(request).await?.into_inner();
    with_secret(rotated.audit_webhook, &rotated.secret, output)
}

async fn delete(profile: &Profile, mut client: Client, on: OnWebhook, output: Output) -> anyhow::Result<()> {
    let request = DeleteAuditWebhookRequest {
        tenant_id: profile.tenant(&on.tenant).await?.tenant_id,
        audit_webhook_id: on.webhook.clone(),
        request_id: request_id(),
        context: None,
    };
    client.delete_audit_webhook(request).await?;
    output.data(&json!({ "deleted": on.webhook }), |_| format!("Deleted {}.", on.webhook))
}

fn filter(events: EventsSent) -> AuditWebhookFilter {
    AuditWebhookFilter { kinds: events.kinds, outcome: OutcomeName::wire(events.outcome).into() }
}

fn one(webhook: Option<AuditWebhook>, output: Output) -> anyhow::Result<()> {
    let webhook = webhook.context("the answer holds no webhook")?;
    output.data(&shown(&webhook), |_| rows(std::slice::from_ref(&webhook)))
}

fn with_secret(webhook: Option<AuditWebhook>, secret: &str, output: Output) -> anyhow::Result<()> {
    let webhook = webhook.context("the answer holds no webhook")?;
    let mut data = shown(&webhook);
    data["secret"] = secret.into();
    output.data(&data, |_| {
        let table = rows(std::slice::from_ref(&webhook));
        format!("{table}\nThe secret, shown this once: {secret}\nThe receiver verifies `webhook-signature` with it.")
    })
}

fn shown(webhook: &AuditWebhook) -> Value {
    let filter = webhook.filter.clone().unwrap_or_default();
    let at = |at: &Option<prost_types::Timestamp>| at.as_ref().map(|at| time(at.seconds));
    json!({
        "audit_webhook_id": webhook.audit_webhook_id,
        "tenant_id": webhook.tenant_id,
        "url": webhook.url,
        "kinds": filter.kinds,
        "outcome": word(filter.outcome().as_str_name(), "AUDIT_OUTCOME_"),
        "state": word(webhook.state().as_str_name(), "AUDIT_WEBHOOK_STATE_"),
        "disabling": word(webhook.disabling().as_str_name(), "AUDIT_WEBHOOK_DISABLING_"),
        "delivered_position": webhook.delivered_position,
        "sealed_position": webhook.sealed_position,
        "last_success_time": at(&webhook.last_success_time),
        "last_failure_time": at(&webhook.last_failure_time),
        "last_failure": word(webhook.last_failure().as_str_name(), "AUDIT_WEBHOOK_FAILURE_"),
        "last_failure_status": webhook.last_failure_status,
        "failing_since_time": at(&webhook.failing_since_time),
        "previous_secret_expire_time": at(&webhook.previous_secret_expire_time),
        "etag": webhook.etag,
        "create_time": at(&webhook.create_time),
        "update_time": at(&webhook.update_time),
    })
}

/// A value of an enum in a small word; none for the one that is never used.
fn word(name: &str, prefix: &str) -> String {
    let word = output::word(name, prefix);
    if word == "unspecified" { String::new() } else { word }
}

fn rows(webhooks: &[AuditWebhook]) -> String {
    let head = ["ID", "STATE", "BEHIND", "LAST FAILURE", "URL"].map(str::to_owned).to_vec();
    table(&std::iter::once(head).chain(webhooks.iter().map(cells)).collect::<Vec<_>>())
}

fn cells(webhook: &AuditWebhook) -> Vec<String> {
    let state = word(webhook.state().as_str_name(), "AUDIT_WEBHOOK_STATE_");
    let state = match webhook.state() {
        AuditWebhookState::Disabled => {
            format!("{state} ({})", word(webhook.disabling().as_str_name(), "AUDIT_WEBHOOK_DISABLING_"))
        }
        _ => state,
    };
    let failure = word(webhook.last_failure().as_str_name(), "AUDIT_WEBHOOK_FAILURE_");
    let failure = match webhook.last_failure() {
        AuditWebhookFailure::Status | AuditWebhookFailure::Redirected => {
            format!("{failure} {}", webhook.last_failure_status)
        }
        _ => failure,
    };
    let behind = webhook.sealed_position - webhook.delivered_position;
    vec![webhook.audit_webhook_id.clone(), state, behind.to_string(), failure, webhook.url.clone()]
}
