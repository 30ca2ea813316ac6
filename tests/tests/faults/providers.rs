//! A mail relay that dies, or falls silent, while messages come in: every one of them arrives by the other, and when it comes back
//! so does what it carries.

use std::collections::BTreeMap;
use std::time::Duration;

use rekey_testing::{SmtpBehaviour, SmtpServer, SmtpTls, smtp_server_that};
use rekey_tests::person::request_id;
use rekey_tests::post::copies;
use rekey_tests::waiting::eventually;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::notification::v1::destination::Address;
use rekey_wire::notification::v1::notification_service_client::NotificationServiceClient;
use rekey_wire::notification::v1::provider_service_client::ProviderServiceClient;
use rekey_wire::notification::v1::{
    BreakerState, Destination, Lane, ListProvidersRequest, OutgoingMessage, Provider, ProviderLane,
    SendNotificationRequest,
};
use tempfile::TempDir;

on_both_store_sets!(
    every_message_arrives_by_the_second_relay_while_the_first_is_dead_and_returns_with_it,
    every_message_arrives_by_the_second_relay_while_the_first_is_silent,
);

/// The first pause of a breaker, and a moment.
const PAST_THE_PAUSE: Duration = Duration::from_secs(16);

struct Site {
    world: World,
    primary: SmtpServer,
    second: SmtpServer,
    _folder: TempDir,
}

async fn start(stores: Stores) -> Site {
    let relay = || smtp_server_that(SmtpTls::None, SmtpBehaviour::default());
    let (primary, second) = (relay().await, relay().await);
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, SmtpServer::PASSWORD).unwrap();
    let password = password.display().to_string();
    let mut changes = vec![
        ("NOTIFICATION__DELIVERY__BREAKER_FAULTS".to_owned(), "3".to_owned()),
        // Longer than a test waits: a message that waited so long for a silent relay would fail it.
        ("NOTIFICATION__DELIVERY__SEND_TIMEOUT_SECONDS".to_owned(), "600".to_owned()),
    ];
    for (place, (name, server)) in [("primary", &primary), ("second", &second)].into_iter().enumerate() {
        let port = server.port().to_string();
        for (key, value) in [
            ("KIND", "smtp"),
            ("NAME", name),
            ("HOST", "127.0.0.1"),
            ("PORT", port.as_str()),
            ("TLS", "none"),
            ("USERNAME", SmtpServer::USERNAME),
            ("PASSWORD_FILE", password.as_str()),
            ("FROM", "no-reply@acme.example"),
        ] {
            changes.push((format!("NOTIFICATION__PROVIDERS__{place}__{key}"), value.to_owned()));
        }
    }
    let changes: Vec<_> = changes.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    Site { world: World::start_with(stores, &changes).await, primary, second, _folder: folder }
}

impl Site {
    /// Sends codes to so many people, and waits until each has left.
    async fn send(&self, count: usize) {
        let mut client = NotificationServiceClient::new(self.world.notification.clone());
        let before = self.taken();
        for number in 0..count {
            let request = SendNotificationRequest {
                tenant_id: self.world.tenant_id.clone(),
                request_id: request_id(),
                message: Some(code(&format!("reader-{number}@example.net"))),
            };
            client.send_notification(request).await.unwrap();
        }
        let all = async || (self.taken() >= before + count).then_some(());
        eventually("every message has left", all).await;
    }

    fn taken(&self) -> usize {
        let (primary, second) = self.by_relay();
        primary + second
    }

    fn by_relay(&self) -> (usize, usize) {
        (self.primary.taken().so_far().len(), self.second.taken().so_far().len())
    }

    /// The critical lane of each relay.
    async fn lanes(&self) -> BTreeMap<String, ProviderLane> {
        let mut client = ProviderServiceClient::new(self.world.notification.clone());
        let listed = client.list_providers(ListProvidersRequest::default()).await.unwrap().into_inner();
        let critical = |provider: Provider| {
            let lane = provider.lanes.into_iter().find(|lane| lane.lane() == Lane::Critical).unwrap();
            (provider.name, lane)
        };
        listed.providers.into_iter().map(critical).collect()
    }
}

fn code(to: &str) -> OutgoingMessage {
    let variables = [("organisation", "Acme"), ("code", "123456"), ("minutes", "10")];
    OutgoingMessage {
        destination: Some(Destination { address: Some(Address::EmailAddress(to.to_owned())) }),
        template: "verification_code".to_owned(),
        variables: variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        lane: Lane::Critical.into(),
        ..OutgoingMessage::default()
    }
}

async fn every_message_arrives_by_the_second_relay_while_the_first_is_dead_and_returns_with_it(
    stores: Stores,
) {
    let mut site = start(stores).await;

    site.send(10).await;
    let healthy = site.by_relay();
    site.primary.kill();
    site.send(30).await;
    let failed_over = site.by_relay();
    let while_dead = site.lanes().await;
    site.world.clock.advance(PAST_THE_PAUSE);
    site.send(1).await;
    let still_dead = site.lanes().await;
    site.primary.restart().await;
    // Twice the pause, since one trial failed.
    site.world.clock.advance(2 * PAST_THE_PAUSE);
    site.send(1).await;
    site.send(20).await;
    let back = site.by_relay();
    let after = site.lanes().await;

    assert_eq!((healthy, failed_over, back), ((10, 0), (10, 30), (31, 31)));
    let (primary, second) = (&while_dead["primary"], &while_dead["second"]);
    assert_eq!((primary.breaker_state(), second.breaker_state()), (BreakerState::Open, BreakerState::Closed));
    assert!(primary.consecutive_faults >= 3 && primary.trial_time.is_some(), "{primary:?}");
    assert_eq!((primary.recently_taken, second.recently_taken), (10, 30));
    let pause = |lane: &ProviderLane| lane.trial_time.unwrap().seconds - lane.state_time.unwrap().seconds;
    assert_eq!(pause(primary), 15);
    assert!((15..=30).contains(&pause(&still_dead["primary"])), "{still_dead:?}");
    assert_eq!(after["primary"].breaker_state(), BreakerState::Closed);
    let mails = [site.primary.mails().await, site.second.mails().await].concat();
    assert!(copies(&mails).values().all(|count| *count == 1), "none came twice");
    site.world.stop().await;
}

async fn every_message_arrives_by_the_second_relay_while_the_first_is_silent(stores: Stores) {
    let mut site = start(stores).await;

    site.send(5).await;
    // Its system takes connections, and nobody says a word on them; the kept ones are as silent.
    site.primary.pause();
    site.send(20).await;
    let by_relay = site.by_relay();
    let while_silent = site.lanes().await;
    site.primary.resume();

    assert_eq!(by_relay, (5, 20));
    assert_eq!(while_silent["primary"].breaker_state(), BreakerState::Open);
    assert_eq!(while_silent["second"].breaker_state(), BreakerState::Closed);
    let mails = [site.primary.mails().await, site.second.mails().await].concat();
    assert!(copies(&mails).values().all(|count| *count == 1), "none came twice");
    site.world.stop().await;
}
