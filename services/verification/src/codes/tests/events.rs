//! What notification is asked to tell of a message's delivery: where somebody listens, and the same at every repeat.

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::domain::event::EventText;
use crate::domain::route::Fallback;
use crate::peers::DeliveryEvents;

const MAIL: &str = "anna@example.com";
const PHONE: &str = "+4915112345642";

/// With somebody who listens to that caller.
fn listened_to(caller: &str) -> TestService {
    TestService::in_memory(&settings(|settings| {
        settings.phone.countries = vec!["DE".to_owned()];
        settings.events.endpoints = [(caller.to_owned(), "hooks".to_owned())].into();
    }))
}

fn told(message: &CodeMessage) -> DeliveryEvents {
    message.delivery_events.clone().unwrap()
}

fn read(text: &EventText) -> Value {
    serde_json::from_str(text.as_str()).unwrap()
}

#[tokio::test]
async fn a_delivery_is_told_where_somebody_listens_and_without_its_time() {
    let service = listened_to("shop");
    let request = start_request(MAIL);

    service.start(&request).await.unwrap();

    let DeliveryEvents { endpoint, text, fallback_text } = told(&service.messages()[0]);
    let mut event = read(&text);
    assert!(Uuid::parse_str(event["id"].take().as_str().unwrap()).is_ok());
    let (tenant, verification) = (request.id.scope.tenant, request.id.verification);
    assert_eq!(
        event,
        json!({
            "specversion": "1.0",
            "id": null,
            "source": format!("urn:rekey:tenant:{tenant}"),
            "type": "rekey.verification.delivered",
            "subject": verification.to_string(),
            "datacontenttype": "application/json",
            "data": {
                "tenant_id": tenant.to_string(),
                "verification_id": verification.to_string(),
                "caller": "shop",
                "purpose": "sign_up",
                "channel": "email",
            },
        })
    );
    assert_eq!((endpoint.as_str(), fallback_text), ("hooks", None));
}

#[tokio::test]
async fn of_a_caller_to_whom_nobody_listens_nothing_is_told() {
    let service = listened_to("bank");

    service.start(&start_request(MAIL)).await.unwrap();

    assert_eq!(service.messages()[0].delivery_events, None);
}

#[tokio::test]
async fn a_delivery_by_the_next_channel_is_an_event_of_its_own() {
    let service = listened_to("shop");
    let request = start_request(MAIL);
    let destination = Destination::parse(Channel::Sms, PHONE).unwrap();
    let fallback = Some(Fallback { destination, after: seconds(30) });
    let route = Route { fallback, ..request.route };

    service.start(&StartRequest { route, ..request }).await.unwrap();

    let events = told(&service.messages()[0]);
    let (first, next) = (read(&events.text), read(&events.fallback_text.unwrap()));
    let channels = [&first, &next].map(|event| event["data"]["channel"].as_str().unwrap());
    assert_eq!(channels, ["email", "sms"]);
    assert_ne!(first["id"], next["id"]);
}

#[tokio::test]
async fn each_message_has_its_event_and_a_repeat_has_the_same() {
    let service = listened_to("shop");
    let request = start_request_to(&[MAIL, "berta@example.com"]);
    service.notification.is_away.store(true, Ordering::SeqCst);

    service.start(&request).await.unwrap_err();
    service.notification.is_away.store(false, Ordering::SeqCst);
    service.start(&request).await.unwrap();

    let events: Vec<_> = service.messages().iter().map(told).collect();
    assert_eq!(events.len(), 4);
    assert_eq!(events[..2], events[2..]);
    assert_ne!(read(&events[0].text)["id"], read(&events[1].text)["id"]);
}

#[tokio::test]
async fn a_decoy_is_told_of_as_a_message_is() {
    let service = listened_to("shop");
    let request = start_request(MAIL);
    let decoy = another(&request);
    let route = Route { decoy: true, ..decoy.route };

    service.start(&request).await.unwrap();
    service.start(&StartRequest { route, ..decoy }).await.unwrap();

    let messages = service.messages();
    assert_eq!(messages.iter().map(|message| message.decoy).collect::<Vec<_>>(), [false, true]);
    let shapes = messages.iter().map(|message| {
        let mut event = read(&told(message).text);
        for varies in ["id", "subject"] {
            event[varies].take();
        }
        event["data"]["verification_id"].take();
        event
    });
    let shapes: Vec<_> = shapes.collect();
    assert_eq!(shapes[0], shapes[1]);
}
