//! Events that backends have posted to endpoints of the settings: signed, tried again under one id, and nobody else's.

use std::sync::Arc;
use std::time::Duration;

use rekey_client::Problem;
use rekey_primitives::clock::SystemClock;
use rekey_tests::person::request_id;
use rekey_tests::waiting::eventually;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::notification::v1::destination::Address;
use rekey_wire::notification::v1::notification_service_client::NotificationServiceClient;
use rekey_wire::notification::v1::{
    Channel, Destination, GetNotificationRequest, Lane, Notification, NotificationState, OutgoingMessage,
    SendNotificationRequest, SendNotificationResponse,
};
use tempfile::TempDir;
use tonic::Status;

use super::receiver::{Answer, Received, Receiver, verified, verified_by_keys};

on_both_store_sets!(
    an_event_is_tried_again_under_its_id_until_it_is_taken,
    an_event_that_was_changed_or_is_of_somebody_else_is_not_verified,
    an_event_for_nobody_or_of_no_form_is_refused,
);

pub(crate) const SHARED: [&str; 2] =
    ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAA"];
const NOT_SHARED: &str = "whsec_BfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAA";
/// The sender's own key, and its public half as OpenSSL makes it of it.
const OWN: &str = "whsk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
const PUBLIC: &str = "whpk_6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=";
/// Somebody else's: that of the first test of RFC 8032, 7.1.
const OTHER_PUBLIC: &str = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const EVENT: &str =
    r#"{"specversion":"1.0","id":"66","source":"/shop","type":"order.paid","data":{"order":66}}"#;
/// Longer than the pause of a breaker and any wait between two tries, and shorter than the message lives.
const WAIT: Duration = Duration::from_secs(61);

pub(crate) struct Shop {
    pub(crate) world: World,
    _folder: TempDir,
}

/// A suite with one endpoint, `shop`, of every tenant.
async fn start(stores: Stores, url: &str) -> Shop {
    start_with(stores, url, &[]).await
}

/// The same with more settings.
pub(crate) async fn start_with(stores: Stores, url: &str, more: &[(&str, &str)]) -> Shop {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (place, secret) in [SHARED[0], SHARED[1], OWN].iter().enumerate() {
        let file = folder.path().join(format!("secret-{place}"));
        std::fs::write(&file, secret).unwrap();
        files.push(file.display().to_string());
    }
    let files = files.join(",");
    let changes = [
        ("NOTIFICATION__WEBHOOKS__0__NAME", "shop"),
        ("NOTIFICATION__WEBHOOKS__0__URL", url),
        ("NOTIFICATION__WEBHOOKS__0__TENANTS", "*"),
        ("NOTIFICATION__WEBHOOKS__0__SECRET_FILES", files.as_str()),
        ("NOTIFICATION__DELIVERY__PROVIDER_LONGEST_SECONDS", "30"),
        ("NOTIFICATION__DELIVERY__POLL_MS", "20"),
        // Time goes on in leaps, and nobody loses a message by one.
        ("NOTIFICATION__DELIVERY__LEASE_SECONDS", "3600"),
    ];
    let changes: Vec<_> = changes.into_iter().chain(more.iter().copied()).collect();
    Shop { world: World::start_with(stores, &changes).await, _folder: folder }
}

impl Shop {
    async fn send(&self, endpoint: &str, event: &str) -> Result<SendNotificationResponse, Status> {
        let message = OutgoingMessage {
            destination: Some(Destination { address: Some(Address::WebhookEndpoint(endpoint.to_owned())) }),
            event: event.to_owned(),
            lane: Lane::Transactional.into(),
            ..OutgoingMessage::default()
        };
        self.send_message(message).await
    }

    async fn send_message(&self, message: OutgoingMessage) -> Result<SendNotificationResponse, Status> {
        let request = SendNotificationRequest {
            tenant_id: self.world.tenant_id.clone(),
            request_id: request_id(),
            message: Some(message),
        };
        let mut client = NotificationServiceClient::new(self.world.notification.clone());
        client.send_notification(request).await.map(tonic::Response::into_inner)
    }

    async fn get(&self, notification_id: &str) -> Notification {
        let request = GetNotificationRequest {
            tenant_id: self.world.tenant_id.clone(),
            notification_id: notification_id.to_owned(),
        };
        let mut client = NotificationServiceClient::new(self.world.notification.clone());
        client.get_notification(request).await.unwrap().into_inner().notification.unwrap()
    }

    /// The message once it is over, while time goes on.
    async fn ended(&self, notification_id: &str) -> Notification {
        let over = async || {
            let found = self.get(notification_id).await;
            match found.state() {
                NotificationState::Queued => {
                    self.world.clock.advance(WAIT);
                    None
                }
                NotificationState::Sending => None,
                _ => Some(found),
            }
        };
        eventually("the event is taken or dead", over).await
    }
}

async fn an_event_is_tried_again_under_its_id_until_it_is_taken(stores: Stores) {
    let receiver = Receiver::start(Arc::new(SystemClock)).await;
    receiver.answers(&[Answer::Status(503), Answer::Later(5), Answer::Status(204), Answer::Redirect]);
    let shop = start(stores, &receiver.url()).await;

    let sent = shop.send("shop", EVENT).await.unwrap();
    let taken = shop.ended(&sent.notification_id).await;
    let redirected = shop.send("shop", EVENT).await.unwrap();
    let redirected = shop.ended(&redirected.notification_id).await;

    assert_eq!((taken.state(), taken.provider.as_str()), (NotificationState::Delivered, "webhook/shop"));
    assert_eq!((taken.channel(), taken.masked_destination.as_str()), (Channel::Webhook, "shop"));
    assert_eq!(taken.template, "");
    assert_eq!(redirected.state(), NotificationState::Dead);
    let received = receiver.received();
    assert_eq!(received.len(), 4);
    assert!(received.iter().all(|one| one.body == EVENT && one.path == "/audit"), "no redirect is followed");
    assert!(received[..3].iter().all(|one| one.id() == sent.notification_id));
    // The receiver is there before the suite, so it has another clock.
    let stamped: Vec<_> = received.into_iter().map(Received::at_its_timestamp).collect();
    assert_eq!(verified(&stamped, &SHARED).await, vec![vec![true; 2]; 4]);
    shop.world.stop().await;
}

async fn an_event_that_was_changed_or_is_of_somebody_else_is_not_verified(stores: Stores) {
    let receiver = Receiver::start(Arc::new(SystemClock)).await;
    let shop = start(stores, &receiver.url()).await;

    let sent = shop.send("shop", EVENT).await.unwrap();
    let taken = shop.ended(&sent.notification_id).await;
    let received = receiver.received();
    let genuine = received[0].clone().at_its_timestamp();
    let messages = [genuine.clone(), genuine.with_body(&EVENT.replace("66", "67"))];
    let by_secrets = verified(&messages, &[SHARED[0], SHARED[1], NOT_SHARED]).await;
    let by_keys = verified_by_keys(&messages, &[PUBLIC, OTHER_PUBLIC]).await;

    assert_eq!((taken.state(), received.len()), (NotificationState::Delivered, 1));
    let words = genuine.headers["webhook-signature"].split(' ');
    let versions: Vec<&str> = words.map(|word| word.split(',').next().unwrap()).collect();
    assert_eq!(versions, ["v1", "v1", "v1a"]);
    assert_eq!(by_secrets, [[true, true, false], [false, false, false]]);
    assert_eq!(by_keys, [[true, false], [false, false]]);
    shop.world.stop().await;
}

async fn an_event_for_nobody_or_of_no_form_is_refused(stores: Stores) {
    let shop = start(stores, "http://127.0.0.1:1/in").await;
    let problem = |refused: Result<SendNotificationResponse, Status>| {
        let problem = Problem::of(&refused.unwrap_err());
        let field = problem.fields.first().map(|(field, _)| field.clone()).unwrap_or_default();
        (problem.reason, field)
    };
    let with_template = OutgoingMessage {
        destination: Some(Destination { address: Some(Address::WebhookEndpoint("shop".to_owned())) }),
        template: "verification_code".to_owned(),
        event: EVENT.to_owned(),
        lane: Lane::Bulk.into(),
        ..OutgoingMessage::default()
    };
    let mail = OutgoingMessage {
        destination: Some(Destination { address: Some(Address::EmailAddress("a@acme.example".to_owned())) }),
        event: EVENT.to_owned(),
        lane: Lane::Bulk.into(),
        ..OutgoingMessage::default()
    };

    let nobody = problem(shop.send("log", EVENT).await);
    let no_name = problem(shop.send("https://shop.example", EVENT).await);
    let no_envelope = problem(shop.send("shop", "{}").await);
    let nothing = problem(shop.send("shop", "").await);
    let with_template = problem(shop.send_message(with_template).await);
    let to_a_person = problem(shop.send_message(mail).await);

    let invalid = |field: &str| ("FIELD_INVALID".to_owned(), field.to_owned());
    assert_eq!(nobody, ("WEBHOOK_ENDPOINT_NOT_FOUND".to_owned(), String::new()));
    assert_eq!(no_name.0, "FIELD_INVALID");
    assert_eq!([no_envelope, nothing], [invalid("message.event"), invalid("message.event")]);
    assert_eq!([with_template, to_a_person], [invalid("message.template"), invalid("message.event")]);
    shop.world.stop().await;
}
