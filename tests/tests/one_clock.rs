//! One clock from a code to the text that carries it: the code's end is the message's, what the gateway is told is what is left
//! of it, the text promises no more minutes than that, and nothing leaves after it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use rekey_primitives::clock::{Clock as _, Timestamp};
use rekey_tests::person::request_id;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::notification::v1::notification_service_client::NotificationServiceClient;
use rekey_wire::notification::v1::{ListNotificationsRequest, Notification, NotificationState};
use rekey_wire::time::unix_micros;
use rekey_wire::verification::v1 as verification;
use rekey_wire::verification::v1::verification_service_client::VerificationServiceClient;

on_both_store_sets!(
    code_message_validity_and_text_say_one_time,
    a_message_that_waited_says_what_is_left,
    what_waited_until_the_code_was_over_never_leaves,
);

/// The life of a code.
const LIFE: Duration = Duration::from_secs(600);

/// A gateway that answers as it is told, and what was posted to it.
#[derive(Clone)]
struct Gateway {
    posted: Arc<Mutex<Vec<HashMap<String, String>>>>,
    answer: Arc<Mutex<StatusCode>>,
}

impl Gateway {
    /// One that answers like this, and the settings that lead to it.
    async fn answering(answer: StatusCode) -> (Self, String) {
        let gateway = Self { posted: Arc::default(), answer: Arc::new(Mutex::new(answer)) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/Messages.json", listener.local_addr().unwrap());
        let router = Router::new().route("/Messages.json", post(take)).with_state(gateway.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (gateway, url)
    }

    fn answers_from_now_on(&self, answer: StatusCode) {
        *self.answer.lock().unwrap() = answer;
    }

    fn posted(&self) -> Vec<HashMap<String, String>> {
        self.posted.lock().unwrap().clone()
    }
}

async fn take(
    State(gateway): State<Gateway>,
    axum::Form(form): axum::Form<HashMap<String, String>>,
) -> StatusCode {
    gateway.posted.lock().unwrap().push(form);
    *gateway.answer.lock().unwrap()
}

/// A suite whose text messages go to that gateway, and a code that is on its way.
struct Sending {
    world: World,
    gateway: Gateway,
    verification_id: String,
    /// When the code dies, as its caller is told.
    ends_at: Timestamp,
}

impl Sending {
    async fn begin(stores: Stores, answer: StatusCode) -> Self {
        let (gateway, url) = Gateway::answering(answer).await;
        let settings = [
            ("NOTIFICATION__PROVIDERS__0__KIND", "sms"),
            ("NOTIFICATION__PROVIDERS__0__URL", url.as_str()),
            ("NOTIFICATION__PROVIDERS__0__FROM", "+15005550006"),
        ];
        let world = World::start_with(stores, &settings).await;
        let verification_id = request_id();
        let address = verification::destination::Address::PhoneNumber("+12125550142".to_owned());
        let request = verification::StartVerificationRequest {
            tenant_id: world.tenant_id.clone(),
            verification_id: verification_id.clone(),
            request_id: request_id(),
            purpose: "sign_up".to_owned(),
            subject: "somebody".to_owned(),
            destinations: vec![verification::Destination { address: Some(address) }],
            ..Default::default()
        };
        let mut client = VerificationServiceClient::new(world.verification.clone());
        let started = client.start_verification(request).await.unwrap().into_inner();
        let ends_at = instant(started.code_expire_time);
        Self { world, gateway, verification_id, ends_at }
    }

    /// The message with the code, once it is as asked for.
    async fn message(&self, fits: impl Fn(&Notification) -> bool) -> Notification {
        let mut client = NotificationServiceClient::new(self.world.notification.clone());
        let looking = async {
            loop {
                let request = ListNotificationsRequest {
                    tenant_id: self.world.tenant_id.clone(),
                    reference: self.verification_id.clone(),
                    ..ListNotificationsRequest::default()
                };
                let found = client.list_notifications(request).await.unwrap().into_inner().notifications;
                if let Some(found) = found.into_iter().find(|one| fits(one)) {
                    return found;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), looking).await.unwrap()
    }

    /// The message after a try that the gateway did not take.
    async fn waiting(&self) -> Notification {
        self.message(|one| one.state() == NotificationState::Queued && one.tries == 1).await
    }

    fn now(&self) -> Timestamp {
        self.world.clock.now()
    }
}

fn instant(at: Option<prost_types::Timestamp>) -> Timestamp {
    Timestamp::from_unix_micros(unix_micros(&at.unwrap()).unwrap())
}

/// What the gateway is told that it may keep trying for.
fn validity(form: &HashMap<String, String>) -> Duration {
    Duration::from_secs(form["ValidityPeriod"].parse().unwrap())
}

/// The minutes that the text promises.
fn minutes(form: &HashMap<String, String>) -> Duration {
    let words: Vec<&str> = form["Body"].split_whitespace().collect();
    let said = words.windows(2).find(|pair| pair[1].starts_with("minute"));
    let said = said.unwrap_or_else(|| panic!("no minutes in the text"))[0];
    Duration::from_secs(60 * said.parse::<u64>().unwrap())
}

async fn code_message_validity_and_text_say_one_time(stores: Stores) {
    let sending = Sending::begin(stores, StatusCode::CREATED).await;

    let message = sending.message(|one| one.state() == NotificationState::Delivered).await;

    let left = sending.ends_at.since(sending.now());
    assert_eq!(left, LIFE);
    assert_eq!(instant(message.not_after_time), sending.ends_at);
    let posted = sending.gateway.posted();
    assert_eq!((posted.len(), validity(&posted[0]), minutes(&posted[0])), (1, left, left));
    sending.world.stop().await;
}

async fn a_message_that_waited_says_what_is_left(stores: Stores) {
    let sending = Sending::begin(stores, StatusCode::SERVICE_UNAVAILABLE).await;
    let waiting = sending.waiting().await;
    let left = Duration::from_secs(90);

    sending.gateway.answers_from_now_on(StatusCode::CREATED);
    sending.world.clock.set(sending.ends_at.minus(left));
    sending.message(|one| one.state() == NotificationState::Delivered).await;

    assert!(instant(waiting.next_try_time) < sending.ends_at, "no retry is due after the code");
    let posted = sending.gateway.posted();
    assert_eq!((posted.len(), validity(&posted[1])), (2, left));
    assert_eq!(minutes(&posted[1]), Duration::from_secs(60), "rounded down");
    sending.world.stop().await;
}

async fn what_waited_until_the_code_was_over_never_leaves(stores: Stores) {
    let sending = Sending::begin(stores, StatusCode::SERVICE_UNAVAILABLE).await;
    sending.waiting().await;

    sending.gateway.answers_from_now_on(StatusCode::CREATED);
    sending.world.clock.set(sending.ends_at);
    let over = sending.message(|one| one.state() == NotificationState::Expired).await;

    assert_eq!(instant(over.not_after_time), sending.now());
    assert_eq!(sending.gateway.posted().len(), 1);
    sending.world.stop().await;
}
