//! The audit log.

use rekey_tests::World;
use rekey_tests::waiting::eventually;
use rekey_wire::identity::v1::audit_service_client::AuditServiceClient;
use rekey_wire::identity::v1::{
    AuditFilter, AuditOutcome, GetResetFunnelRequest, ListEventsRequest, VerifyAuditRequest,
    WatchEventsRequest,
};

use super::Example;
use super::accounts::context;

/// A moment before anything happened in these worlds.
const BEFORE: prost_types::Timestamp = prost_types::Timestamp { seconds: 1_789_999_000, nanos: 0 };

pub(super) async fn examples(world: &World) -> Vec<Example> {
    let tenant_id = world.tenant_id.clone();
    let verify =
        VerifyAuditRequest { tenant_id: tenant_id.clone(), page_token: String::new(), context: context() };
    let funnel = GetResetFunnelRequest {
        tenant_id: tenant_id.clone(),
        start_time: Some(BEFORE),
        end_time: Some(prost_types::Timestamp { seconds: BEFORE.seconds + 86_400, nanos: 0 }),
        period: Some(prost_types::Duration { seconds: 3_600, nanos: 0 }),
        context: context(),
    };
    vec![
        Example::new("/rekey.identity.v1.AuditService/ListEvents", &list(world).await),
        Example::new("/rekey.identity.v1.AuditService/WatchEvents", &watch(world).await),
        Example::new("/rekey.identity.v1.AuditService/VerifyAudit", &verify),
        Example::new("/rekey.identity.v1.AuditService/GetResetFunnel", &funnel),
    ]
}

/// The second page of one event each.
async fn list(world: &World) -> ListEventsRequest {
    let filter = AuditFilter {
        kind: "account.created".to_owned(),
        outcome: AuditOutcome::Success.into(),
        start_time: Some(BEFORE),
        ..AuditFilter::default()
    };
    let first_page = ListEventsRequest {
        tenant_id: world.tenant_id.clone(),
        filter: Some(filter),
        page_size: 1,
        page_token: String::new(),
        context: context(),
    };
    let mut service = AuditServiceClient::new(world.identity.clone());
    // Events are sealed in the background.
    let next = async || {
        let page = service.list_events(first_page.clone()).await.unwrap().into_inner();
        Some(page.next_page_token).filter(|token| !token.is_empty())
    };
    let page_token = eventually("two events of accounts are sealed", next).await;
    ListEventsRequest { page_token, ..first_page }
}

/// A stream that goes on.
async fn watch(world: &World) -> WatchEventsRequest {
    let first = WatchEventsRequest {
        tenant_id: world.tenant_id.clone(),
        filter: Some(AuditFilter { account_id: world.tenant_id.clone(), ..AuditFilter::default() }),
        resume_token: String::new(),
        from_beginning: true,
        context: context(),
    };
    let mut service = AuditServiceClient::new(world.identity.clone());
    let mut stream = service.watch_events(first.clone()).await.unwrap().into_inner();
    let resume_token = stream.message().await.unwrap().unwrap().resume_token;
    WatchEventsRequest { resume_token, from_beginning: false, ..first }
}
