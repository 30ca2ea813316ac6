//! What is told of a delivery, as callers ask for it.

use rekey_runtime::access::Allowed;
use rekey_wire::notification::v1::{DeliveryEvent, Fallback};

use super::*;

const EVENT: &str = r#"{"specversion":"1.0","id":"66","source":"/shop","type":"code.delivered"}"#;

fn told_to(endpoint: &str) -> DeliveryEvent {
    DeliveryEvent { webhook_endpoint: endpoint.to_owned(), event: EVENT.to_owned() }
}

impl World {
    fn telling(&self, told: DeliveryEvent) -> SendNotificationRequest {
        changed(self.request(), |message| message.delivery_event = Some(told))
    }

    /// Why it is refused, and what is missing or which fields are wrong.
    async fn refused_for(
        &self,
        entry: CallerEntry,
        request: SendNotificationRequest,
    ) -> (String, Vec<String>) {
        let problem = self.send(entry, request).await.unwrap_err();
        let missing = problem.metadata.get("missing").cloned();
        let fields = problem.fields.into_iter().map(|(field, _)| field);
        (problem.reason, missing.into_iter().chain(fields).collect())
    }
}

fn refusal(reason: &str, about: &[&str]) -> (String, Vec<String>) {
    (reason.to_owned(), about.iter().map(|one| (*one).to_owned()).collect())
}

#[tokio::test]
async fn what_is_told_of_a_delivery_takes_the_rights_of_an_event() {
    let world = world().await;
    let only = |name: &str| Allowed::Only(BTreeSet::from([name.to_owned()]));
    let bound = CallerEntry { templates: only("password_reset_code"), ..trusted() };
    let critical = CallerEntry { lanes: only("critical"), ..trusted() };
    let by_a_step = changed(world.request(), |message| {
        message.fallbacks = vec![Fallback { delivery_event: Some(told_to("hooks")), ..Fallback::default() }];
    });

    let request = || world.telling(told_to("hooks"));
    let not_allowed = |missing| refusal("CALLER_NOT_ALLOWED", &[missing]);
    assert_eq!(world.refused_for(bound.clone(), request()).await, not_allowed("templates"));
    assert_eq!(world.refused_for(bound, by_a_step).await, not_allowed("templates"));
    assert_eq!(world.refused_for(critical, request()).await, not_allowed("lanes"));
    let elsewhere = world.refused_for(trusted(), world.telling(told_to("nowhere"))).await;
    assert_eq!(elsewhere, refusal("WEBHOOK_ENDPOINT_NOT_FOUND", &[]));
    assert!(world.send(trusted(), request()).await.is_ok());
}

#[tokio::test]
async fn what_cannot_be_told_is_named() {
    let world = world().await;
    let wrong = DeliveryEvent { webhook_endpoint: "No Name".to_owned(), event: "{}".to_owned() };
    let timed = EVENT.replacen('{', r#"{"time":"2026-07-25T17:20:00Z","#, 1);
    let timed = DeliveryEvent { event: timed, ..told_to("hooks") };
    let of_an_event = changed(world.request(), |message| {
        let endpoint = destination::Address::WebhookEndpoint("hooks".to_owned());
        *message = OutgoingMessage {
            destination: Some(Destination { address: Some(endpoint) }),
            event: EVENT.to_owned(),
            lane: Lane::Transactional.into(),
            delivery_event: Some(told_to("hooks")),
            ..OutgoingMessage::default()
        };
    });
    let invalid = |fields: &[&str]| refusal("FIELD_INVALID", fields);

    let of_both = world.refused_for(trusted(), world.telling(wrong)).await;
    let of_the_time = world.refused_for(trusted(), world.telling(timed)).await;
    let of_the_channel = world.refused_for(trusted(), of_an_event).await;

    let both = ["message.delivery_event.webhook_endpoint", "message.delivery_event.event"];
    assert_eq!(of_both, invalid(&both));
    assert_eq!(of_the_time, invalid(&["message.delivery_event.event"]));
    assert_eq!(of_the_channel, invalid(&["message.delivery_event"]));
}

#[tokio::test]
async fn a_repeat_that_has_something_else_told_is_the_same_message() {
    let world = world().await;
    let told = world.telling(told_to("hooks"));
    let untold = changed(told.clone(), |message| message.delivery_event = None);

    let first = world.send(trusted(), untold).await.unwrap();
    let repeated = world.send(trusted(), told).await.unwrap();

    assert_eq!(first, repeated);
}
