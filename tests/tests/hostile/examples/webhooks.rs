//! Webhooks of the audit log.

use rekey_tests::World;
use rekey_tests::person::request_id;
use rekey_wire::field_mask;
use rekey_wire::identity::v1::audit_webhook_service_client::AuditWebhookServiceClient;
use rekey_wire::identity::v1::{
    AuditOutcome, AuditWebhook, AuditWebhookFilter, CreateAuditWebhookRequest, DeleteAuditWebhookRequest,
    GetAuditWebhookRequest, ListAuditWebhooksRequest, RotateAuditWebhookSecretRequest,
    UpdateAuditWebhookRequest,
};

use super::Example;
use super::accounts::context;

/// A moment before anything happened in these worlds.
const BEFORE: prost_types::Timestamp = prost_types::Timestamp { seconds: 1_789_999_000, nanos: 0 };

fn create(world: &World) -> CreateAuditWebhookRequest {
    CreateAuditWebhookRequest {
        tenant_id: world.tenant_id.clone(),
        url: "https://hooks.example/audit".to_owned(),
        filter: filter(),
        start_time: Some(BEFORE),
        request_id: request_id(),
        context: context(),
    }
}

fn filter() -> Option<AuditWebhookFilter> {
    let kinds = vec!["account.created".to_owned()];
    Some(AuditWebhookFilter { kinds, outcome: AuditOutcome::Success.into() })
}

/// A webhook that is there.
async fn webhook(world: &World) -> AuditWebhook {
    let mut service = AuditWebhookServiceClient::new(world.identity.clone());
    service.create_audit_webhook(create(world)).await.unwrap().into_inner().audit_webhook.unwrap()
}

pub(super) async fn examples(world: &World) -> Vec<Example> {
    let (kept, doomed) = (webhook(world).await, webhook(world).await);
    let tenant_id = || world.tenant_id.clone();
    let get = GetAuditWebhookRequest {
        tenant_id: tenant_id(),
        audit_webhook_id: kept.audit_webhook_id.clone(),
        context: context(),
    };
    let update = UpdateAuditWebhookRequest {
        tenant_id: tenant_id(),
        audit_webhook_id: doomed.audit_webhook_id.clone(),
        etag: doomed.etag.clone(),
        update_mask: Some(field_mask(["url", "filter", "enabled"])),
        url: "https://other.example/audit".to_owned(),
        filter: filter(),
        enabled: true,
        from_now: true,
        request_id: request_id(),
        context: context(),
    };
    let rotate = RotateAuditWebhookSecretRequest {
        tenant_id: tenant_id(),
        audit_webhook_id: kept.audit_webhook_id.clone(),
        overlap: Some(prost_types::Duration { seconds: 3_600, nanos: 0 }),
        request_id: request_id(),
        context: context(),
    };
    let delete = DeleteAuditWebhookRequest {
        tenant_id: tenant_id(),
        audit_webhook_id: doomed.audit_webhook_id.clone(),
        request_id: request_id(),
        context: context(),
    };
    vec![
        Example::new("/rekey.identity.v1.AuditWebhookService/GetAuditWebhook", &get),
        Example::new("/rekey.identity.v1.AuditWebhookService/ListAuditWebhooks", &list(world).await),
        Example::new("/rekey.identity.v1.AuditWebhookService/CreateAuditWebhook", &create(world)),
        Example::new("/rekey.identity.v1.AuditWebhookService/UpdateAuditWebhook", &update),
        Example::new("/rekey.identity.v1.AuditWebhookService/RotateAuditWebhookSecret", &rotate),
        Example::new("/rekey.identity.v1.AuditWebhookService/DeleteAuditWebhook", &delete),
    ]
}

/// The second page of one webhook each.
async fn list(world: &World) -> ListAuditWebhooksRequest {
    let first = ListAuditWebhooksRequest {
        tenant_id: world.tenant_id.clone(),
        page_size: 1,
        page_token: String::new(),
        context: context(),
    };
    let mut service = AuditWebhookServiceClient::new(world.identity.clone());
    let page_token = service.list_audit_webhooks(first.clone()).await.unwrap().into_inner().next_page_token;
    ListAuditWebhooksRequest { page_token, ..first }
}
