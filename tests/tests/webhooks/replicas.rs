//! Two processes of identity, one of which is killed again and again: every event arrives, in order, from one at a time.

use std::collections::BTreeSet;
use std::sync::Arc;

use rekey::Part;
use rekey_primitives::clock::SystemClock;
use rekey_servers::free_port;
use rekey_tests::backend::Backend;
use rekey_tests::deployment::{Deployment, Ground};
use rekey_tests::processes::Running;
use rekey_tests::waiting::eventually;
use rekey_wire::identity::v1::ListEventsRequest;
use rekey_wire::identity::v1::audit_service_client::AuditServiceClient;
use rekey_wire::identity::v1::audit_webhook_service_client::AuditWebhookServiceClient;

use crate::webhooks::receiver::{Answer, Receiver, verified};
use crate::webhooks::wanted;

const KILLS: usize = 3;
const PEOPLE_PER_KILL: usize = 8;

/// What a dead process held is soon in other hands, and what fails is soon tried again.
const SETTINGS: [(&str, &str); 8] = [
    // Receivers speak plain HTTP here.
    ("IDENTITY__PRODUCTION", "false"),
    ("IDENTITY__AUDIT__SEAL_MS", "20"),
    ("IDENTITY__WEBHOOKS__ALLOW_NETWORKS", "127.0.0.0/8"),
    ("IDENTITY__WEBHOOKS__POLL_MS", "20"),
    ("IDENTITY__WEBHOOKS__TRY_TIMEOUT_MS", "2000"),
    ("IDENTITY__WEBHOOKS__LEASE_SECONDS", "6"),
    ("IDENTITY__WEBHOOKS__RETRY_FIRST_SECONDS", "1"),
    ("IDENTITY__WEBHOOKS__RETRY_LONGEST_SECONDS", "1"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_event_arrives_in_order_although_processes_are_killed() {
    let (mut deployment, one) = Deployment::start(Ground::new().await, &SETTINGS).await;
    let ports = [free_port(), free_port()];
    let mut replica = launched(&deployment, ports).await;
    let receiver = Receiver::start(Arc::new(SystemClock)).await;
    receiver.answers(&[Answer::Status(500), Answer::Silence]);
    let mut webhooks = AuditWebhookServiceClient::new(one.identity.clone());
    let request = wanted(&one.tenant_id, receiver.url());
    let secret = webhooks.create_audit_webhook(request).await.unwrap().into_inner().secret;

    for kill in 0..KILLS {
        let before = receiver.taken().len();
        for number in 0..PEOPLE_PER_KILL {
            one.person(&format!("person{kill}x{number}")).await;
        }
        let more = async || (receiver.taken().len() > before).then_some(());
        eventually("something was taken", more).await;
        // Whichever of them was sending.
        deployment.kill(Part::Identity);
        replica.kill();
        replica = launched(&deployment, ports).await;
        deployment.launch(Part::Identity);
        deployment.ready(Part::Identity).await;
    }
    let events = logged(&one, KILLS * PEOPLE_PER_KILL).await;
    let all = async || {
        let taken: BTreeSet<String> = receiver.taken().into_iter().collect();
        events.iter().all(|id| taken.contains(id)).then_some(())
    };
    eventually("every event was taken", all).await;

    let mut first = receiver.taken();
    let mut seen = BTreeSet::new();
    first.retain(|id| seen.insert(id.clone()));
    assert_eq!(first, events);
    assert!(receiver.taken().len() <= events.len() + KILLS, "{:?}", receiver.taken());
    assert_eq!(receiver.most_at_once(), 1);
    let received = receiver.received();
    assert_eq!(verified(&received, &[&secret]).await, vec![vec![true]; received.len()]);
    assert!(replica.stop().await.success());
    deployment.stop().await;
}

/// Another process of identity on the same stores, ready.
async fn launched(deployment: &Deployment, [grpc, health]: [u16; 2]) -> Running {
    let health = format!("127.0.0.1:{health}");
    let mut command = deployment.command(&["serve", "identity"]);
    command.env("REKEY__HEALTH__LISTEN", &health);
    command.env("REKEY__IDENTITY__SERVER__LISTEN", format!("127.0.0.1:{grpc}"));
    let mut replica = Running::start("identity-replica", command, deployment.folder());
    replica.ready(&health).await;
    replica
}

/// The ids of the events of people in the order of their positions, once there are so many since the webhook began.
async fn logged(backend: &Backend, count: usize) -> Vec<String> {
    let mut audit = AuditServiceClient::new(backend.identity.clone());
    let request = ListEventsRequest {
        tenant_id: backend.tenant_id.clone(),
        page_size: 200,
        ..ListEventsRequest::default()
    };
    let listed = async || {
        let mut events = audit.list_events(request.clone()).await.unwrap().into_inner().events;
        events.sort_by_key(|event| event.position);
        let begins = events.iter().position(|event| event.kind == "audit_webhook.changed")?;
        let people = events[begins..].iter().filter(|event| event.kind == "account.created");
        let ids: Vec<String> = people.map(|event| event.event_id.clone()).collect();
        (ids.len() >= count).then_some(ids)
    };
    eventually("the log has every event", listed).await
}
