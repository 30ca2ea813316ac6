//! Events that go out to webhooks: all of them, in order and signed, whatever the receiver answers and whoever dies.

mod endpoints;
mod receiver;
mod replicas;
mod verifications;

use std::sync::Arc;
use std::time::Duration;

use prost_types::FieldMask;
use rekey_client::{Connection, Problem};
use rekey_tests::person::request_id;
use rekey_tests::waiting::eventually;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::audit_events::cloud_event;
use rekey_wire::identity::v1::audit_service_client::AuditServiceClient;
use rekey_wire::identity::v1::audit_webhook_service_client::AuditWebhookServiceClient;
use rekey_wire::identity::v1::{
    AuditEvent, AuditFilter, AuditWebhook, AuditWebhookDisabling, AuditWebhookFailure, AuditWebhookFilter,
    AuditWebhookState, CreateAuditWebhookRequest, CreateAuditWebhookResponse, GetAuditWebhookRequest,
    ListEventsRequest, RotateAuditWebhookSecretRequest, UpdateAuditWebhookRequest,
};
use serde_json::Value;
use tonic::Status;

use receiver::{Answer, Receiver, verified};

on_both_store_sets!(
    what_a_receiver_does_not_take_comes_again_and_nothing_is_missed,
    two_secrets_sign_while_one_takes_the_place_of_the_other,
    a_receiver_that_is_gone_gets_no_more_until_it_is_enabled,
    an_internal_receiver_gets_nothing_unless_it_is_allowed,
);

/// Receivers are on this machine, and a test does not wait. Time goes on in leaps, more than a thousand of them before a lease ends:
/// a turn that lost it would meet the next one at the receiver.
const SETTINGS: [(&str, &str); 5] = [
    ("IDENTITY__WEBHOOKS__ALLOW_NETWORKS", "127.0.0.0/8"),
    ("IDENTITY__WEBHOOKS__POLL_MS", "20"),
    ("IDENTITY__WEBHOOKS__TRY_TIMEOUT_MS", "1000"),
    ("IDENTITY__WEBHOOKS__RETRY_LONGEST_SECONDS", "60"),
    ("IDENTITY__WEBHOOKS__LEASE_SECONDS", "86400"),
];

/// Longer than any wait between two tries, and shorter than a signature is good for.
const WAIT: Duration = Duration::from_secs(61);

fn webhooks(world: &World) -> AuditWebhookServiceClient<Connection> {
    AuditWebhookServiceClient::new(world.identity.clone())
}

pub(crate) fn wanted(tenant_id: &str, url: String) -> CreateAuditWebhookRequest {
    let kinds = vec!["account.created".to_owned()];
    CreateAuditWebhookRequest {
        tenant_id: tenant_id.to_owned(),
        url,
        filter: Some(AuditWebhookFilter { kinds, ..AuditWebhookFilter::default() }),
        start_time: None,
        request_id: request_id(),
        context: None,
    }
}

async fn create(world: &World, url: String) -> Result<CreateAuditWebhookResponse, Status> {
    let created = webhooks(world).create_audit_webhook(wanted(&world.tenant_id, url)).await;
    created.map(tonic::Response::into_inner)
}

async fn get(world: &World, webhook: &AuditWebhook) -> AuditWebhook {
    let request = GetAuditWebhookRequest {
        tenant_id: world.tenant_id.clone(),
        audit_webhook_id: webhook.audit_webhook_id.clone(),
        context: None,
    };
    webhooks(world).get_audit_webhook(request).await.unwrap().into_inner().audit_webhook.unwrap()
}

/// The events of a kind in the tenant's log, in the order of their positions, once there are so many.
async fn logged(world: &World, kind: &str, count: usize) -> Vec<AuditEvent> {
    let mut audit = AuditServiceClient::new(world.identity.clone());
    let request = ListEventsRequest {
        tenant_id: world.tenant_id.clone(),
        filter: Some(AuditFilter { kind: kind.to_owned(), ..AuditFilter::default() }),
        page_size: 200,
        ..ListEventsRequest::default()
    };
    let listed = async || {
        let events = audit.list_events(request.clone()).await.unwrap().into_inner().events;
        Some(events).filter(|events| events.len() >= count)
    };
    let mut events = eventually(kind, listed).await;
    events.sort_by_key(|event| event.position);
    events
}

/// Waits until so many events were taken, while time goes on. One that was taken may come again, which is what "at least once" says,
/// and in order.
async fn taken(world: &World, receiver: &Receiver, count: usize) -> Vec<String> {
    let enough = async || {
        world.clock.advance(WAIT);
        let mut taken = receiver.taken();
        taken.dedup();
        Some(taken).filter(|taken| taken.len() >= count)
    };
    eventually("events are taken", enough).await
}

async fn what_a_receiver_does_not_take_comes_again_and_nothing_is_missed(stores: Stores) {
    let world = World::start_with(stores, &SETTINGS).await;
    let receiver = Receiver::start(Arc::new(world.clock.clone())).await;
    let answers =
        [Answer::Status(500), Answer::Later(30), Answer::Silence, Answer::Redirect, Answer::Status(404)];
    receiver.answers(&answers);
    let created = create(&world, receiver.url()).await.unwrap();
    let webhook = created.audit_webhook.unwrap();

    for name in ["ada", "ben", "cem"] {
        world.person(name).await;
    }
    let failing = async || {
        let found = get(&world, &webhook).await;
        Some(found).filter(|found| found.state() == AuditWebhookState::Failing)
    };
    let failing = eventually("the first try failed", failing).await;
    let taken = taken(&world, &receiver, 3).await;
    let well = async || {
        let found = get(&world, &webhook).await;
        Some(found).filter(|found| found.delivered_position == found.sealed_position)
    };
    let well = eventually("the webhook has caught up", well).await;

    let events = logged(&world, "account.created", 3).await;
    let received = receiver.received();
    assert_eq!(taken, events.iter().map(|event| event.event_id.clone()).collect::<Vec<_>>());
    let refused = received.iter().filter(|one| !one.is_taken());
    assert!(refused.clone().all(|one| one.id() == events[0].event_id));
    assert_eq!(refused.map(|one| one.answer).collect::<Vec<_>>(), answers);
    assert!(received.iter().all(|one| one.path == "/audit"), "no redirect is followed");
    assert_eq!(verified(&received, &[&created.secret]).await, vec![vec![true]; received.len()]);
    let mut first_taken: Vec<_> = received.iter().filter(|one| one.is_taken()).collect();
    first_taken.dedup_by(|later, first| later.id() == first.id());
    for (one, event) in first_taken.into_iter().zip(&events) {
        assert_eq!(one.headers["content-type"], "application/cloudevents+json");
        assert_eq!(serde_json::from_str::<Value>(&one.body).unwrap(), cloud_event(event));
    }
    assert_eq!((failing.last_failure(), failing.last_failure_status), (AuditWebhookFailure::Status, 500));
    assert_eq!((well.state(), well.failing_since_time), (AuditWebhookState::Active, None));
    assert_eq!((well.last_failure(), well.last_failure_status), (AuditWebhookFailure::Status, 404));
    assert_eq!(receiver.most_at_once(), 1);
    world.stop().await;
}

async fn two_secrets_sign_while_one_takes_the_place_of_the_other(stores: Stores) {
    let world = World::start_with(stores, &SETTINGS).await;
    let receiver = Receiver::start(Arc::new(world.clock.clone())).await;
    let created = create(&world, receiver.url()).await.unwrap();
    let webhook = created.audit_webhook.unwrap();

    world.person("ada").await;
    taken(&world, &receiver, 1).await;
    let rotate = RotateAuditWebhookSecretRequest {
        tenant_id: world.tenant_id.clone(),
        audit_webhook_id: webhook.audit_webhook_id.clone(),
        overlap: Some(prost_types::Duration { seconds: 86_400, nanos: 0 }),
        request_id: request_id(),
        context: None,
    };
    let rotated = webhooks(&world).rotate_audit_webhook_secret(rotate).await.unwrap().into_inner();
    world.person("ben").await;
    taken(&world, &receiver, 2).await;
    world.clock.advance(Duration::from_secs(2 * 86_400));
    world.person("cem").await;
    taken(&world, &receiver, 3).await;

    let mut received = receiver.received();
    received.dedup_by(|later, first| later.id() == first.id());
    let by = verified(&received, &[&created.secret, &rotated.secret]).await;
    assert_eq!(by, [[true, false], [true, true], [false, true]]);
    assert_eq!(received[1].headers["webhook-signature"].split(' ').count(), 2);
    assert!(rotated.audit_webhook.unwrap().previous_secret_expire_time.is_some());
    assert_eq!(get(&world, &webhook).await.previous_secret_expire_time, None);
    world.stop().await;
}

async fn a_receiver_that_is_gone_gets_no_more_until_it_is_enabled(stores: Stores) {
    let world = World::start_with(stores, &SETTINGS).await;
    let receiver = Receiver::start(Arc::new(world.clock.clone())).await;
    receiver.answers(&[Answer::Status(410)]);
    let webhook = create(&world, receiver.url()).await.unwrap().audit_webhook.unwrap();

    world.person("ada").await;
    let told = logged(&world, "audit_webhook.disabled", 1).await;
    let disabled = get(&world, &webhook).await;
    world.clock.advance(WAIT);
    world.person("ben").await;
    let events = logged(&world, "account.created", 2).await;
    let before = receiver.received().len();
    let enable = UpdateAuditWebhookRequest {
        tenant_id: world.tenant_id.clone(),
        audit_webhook_id: webhook.audit_webhook_id.clone(),
        etag: disabled.etag.clone(),
        update_mask: Some(FieldMask { paths: vec!["enabled".to_owned()] }),
        enabled: true,
        request_id: request_id(),
        ..UpdateAuditWebhookRequest::default()
    };
    let enabled = webhooks(&world).update_audit_webhook(enable.clone()).await.unwrap().into_inner();
    let taken = taken(&world, &receiver, 2).await;
    let stale = UpdateAuditWebhookRequest { request_id: request_id(), ..enable };
    let stale = webhooks(&world).update_audit_webhook(stale).await.unwrap_err();

    assert_eq!(
        (disabled.state(), disabled.disabling()),
        (AuditWebhookState::Disabled, AuditWebhookDisabling::Gone)
    );
    assert_eq!(before, 1);
    assert!(told[0].reason.starts_with("gone: "), "{told:?}");
    assert_eq!(enabled.audit_webhook.unwrap().state(), AuditWebhookState::Active);
    assert_eq!(taken, events.iter().map(|event| event.event_id.clone()).collect::<Vec<_>>());
    assert_eq!(Problem::of(&stale).reason, "ETAG_MISMATCH");
    world.stop().await;
}

async fn an_internal_receiver_gets_nothing_unless_it_is_allowed(stores: Stores) {
    let world = World::start_with(stores, &SETTINGS[1..]).await;
    let receiver = Receiver::start(Arc::new(world.clock.clone())).await;

    let address = create(&world, receiver.url()).await.unwrap_err();
    let name = format!("http://localhost:{}/audit", receiver.port);
    let webhook = create(&world, name).await.unwrap().audit_webhook.unwrap();
    world.person("ada").await;
    let failing = async || {
        let found = get(&world, &webhook).await;
        Some(found).filter(|found| found.state() == AuditWebhookState::Failing)
    };
    let failing = eventually("a try failed", failing).await;

    let problem = Problem::of(&address);
    assert_eq!((problem.reason.as_str(), problem.fields[0].0.as_str()), ("FIELD_INVALID", "url"));
    assert_eq!(failing.last_failure(), AuditWebhookFailure::AddressRefused);
    assert_eq!(receiver.received().len(), 0);
    world.stop().await;
}
