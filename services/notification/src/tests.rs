//! The service as a process has it: assembled from settings, called through its routes, sending by its loops.

use std::collections::HashMap;
use std::time::Duration;

use rekey_primitives::clock::ManualClock;
use rekey_runtime::access::{Caller, CallerEntry};
use rekey_runtime::health::Serving;
use rekey_runtime::shutdown::Shutdown;
use rekey_wire::notification::v1 as wire;
use rekey_wire::notification::v1::notification_service_client::NotificationServiceClient;
use tempfile::TempDir;
use tonic::Request;

use super::*;
use crate::config::for_tests;
use crate::domain::template::TemplateName;
use crate::fixtures::{clock, entropy, key_text, tenant, variables};
use crate::providers::ProviderSettings;

struct Process {
    client: NotificationServiceClient<Routes>,
    inbox: Inbox,
    health: Health,
    clock: ManualClock,
    sent: u128,
    stop: Shutdown,
    watched: tokio::task::JoinHandle<Result<(), rekey_runtime::loops::LoopEnded>>,
    _folder: TempDir,
}

fn settings(folder: &TempDir) -> Settings {
    let key = folder.path().join("payload-seal");
    std::fs::write(&key, key_text()).unwrap();
    let mut settings = for_tests();
    settings.store.url = format!("sqlite:{}", folder.path().join("data/notification.db").display());
    settings.keys.payload_seal_file = Some(key);
    settings.providers = vec![ProviderSettings::of_kind("inbox")];
    settings.delivery.poll_ms = 10;
    settings.templates.origin_host = Some("localhost".to_owned());
    settings
}

async fn start() -> Process {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(&folder);
    migrate(&settings).await.unwrap();
    let (clock, inbox, health) = (clock(), Inbox::new(), Health::new());
    let dependencies = Dependencies {
        clock: Arc::new(clock.clone()),
        entropy: entropy(),
        health: health.clone(),
        inbox: Some(inbox.clone()),
    };
    let service = assemble(&settings, dependencies).await.unwrap();
    let mut loops = Loops::new(health.clone());
    service.loops.spawn(&mut loops);
    let stop = loops.shutdown();
    let watched = tokio::spawn(loops.watch());
    let client = NotificationServiceClient::new(service.routes);
    Process { client, inbox, health, clock, sent: 0, stop, watched, _folder: folder }
}

impl Process {
    async fn send(&mut self, address: wire::destination::Address, decoy: bool) -> String {
        let message = wire::OutgoingMessage {
            destination: Some(wire::Destination { address: Some(address) }),
            template: "verification_code".to_owned(),
            variables: variables(TemplateName::VerificationCode),
            lane: wire::Lane::Critical.into(),
            decoy,
            ..wire::OutgoingMessage::default()
        };
        self.sent += 1;
        let request_id = uuid::Uuid::from_u128(self.sent).to_string();
        let mut request = Request::new(wire::SendNotificationRequest {
            tenant_id: tenant().to_string(),
            request_id,
            message: Some(message),
        });
        request.extensions_mut().insert(caller());
        self.client.send_notification(request).await.unwrap().into_inner().notification_id
    }

    async fn until_delivered(&mut self, notification_id: String) {
        let delivered = async {
            loop {
                let (tenant_id, notification_id) = (tenant().to_string(), notification_id.clone());
                let mut request = Request::new(wire::GetNotificationRequest { tenant_id, notification_id });
                request.extensions_mut().insert(caller());
                let found = self.client.get_notification(request).await.unwrap().into_inner();
                if found.notification.unwrap().state() == wire::NotificationState::Delivered {
                    return;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), delivered).await.expect("it was never delivered");
    }

    async fn until_inbox_holds(&self, count: usize) {
        eventually(|| self.inbox.messages().len() >= count).await;
    }

    async fn end(self) {
        self.stop.begin();
        self.watched.await.unwrap().unwrap();
    }
}

/// Waits for what a loop is about to do; a test that waits for nothing fails instead of hanging.
async fn eventually(mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("it never came to be");
}

fn caller() -> Caller {
    Caller::new(CallerEntry::trusted("verification", String::new()), None)
}

fn mail() -> wire::destination::Address {
    wire::destination::Address::EmailAddress("anna@example.com".to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_sent_by_rpc_lands_in_the_inbox() {
    let mut process = start().await;

    process.send(mail(), false).await;
    process.until_inbox_holds(1).await;

    let message = process.inbox.messages().remove(0);
    assert_eq!((message.to.as_str(), message.channel), ("anna@example.com", "email"));
    assert!(message.text.contains("271828") && message.html.contains("271828"));
    assert_eq!(process.health.serving(GRPC_NAMES[0]), Serving::Yes);
    process.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_text_message_ends_in_its_origin_and_a_decoy_ends_nowhere() {
    let mut process = start().await;

    let decoy = process.send(mail(), true).await;
    process.clock.advance(Duration::from_micros(1));
    let phone = wire::destination::Address::PhoneNumber("+4915112345678".to_owned());
    process.send(phone, false).await;
    process.until_inbox_holds(1).await;

    let messages = process.inbox.messages();
    assert_eq!((messages.len(), messages[0].to.as_str()), (1, "+4915112345678"));
    assert!(messages[0].text.ends_with("\n\n@localhost #271828"));
    process.until_delivered(decoy).await;
    assert_eq!(process.inbox.messages().len(), 1);
    process.end().await;
}

#[tokio::test]
async fn what_cannot_be_assembled_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dependencies =
        || Dependencies { clock: Arc::new(clock()), entropy: entropy(), health: Health::new(), inbox: None };
    let mut keyless = settings(&folder);
    keyless.keys.payload_seal_file = None;
    let mut nowhere = settings(&folder);
    nowhere.store.url = "mysql://x".to_owned();
    let wrong = HashMap::from([
        ("exists only while developing", settings(&folder)),
        ("payload_seal_file is not set", keyless),
        ("must begin with", nowhere),
    ]);

    for (complaint, settings) in wrong {
        let error = assemble(&settings, dependencies()).await.err().unwrap();

        assert!(format!("{error:#}").contains(complaint), "{error:#}");
    }
}

#[tokio::test]
async fn without_a_schema_the_part_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let health = Health::new();
    let dependencies = Dependencies {
        clock: Arc::new(clock()),
        entropy: entropy(),
        health: health.clone(),
        inbox: Some(Inbox::new()),
    };

    let service = assemble(&settings(&folder), dependencies).await.unwrap();
    let mut loops = Loops::new(health.clone());
    service.loops.spawn(&mut loops);
    let stop = loops.shutdown();
    let watched = tokio::spawn(loops.watch());
    eventually(|| !health.missing().iter().any(|missing| missing.contains("database"))).await;

    assert_eq!(health.missing(), ["notification: schema"]);
    stop.begin();
    watched.await.unwrap().unwrap();
}
