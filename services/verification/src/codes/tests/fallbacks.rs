//! A step to another channel: judged and counted as a destination, and named by the grant.

use super::*;
use crate::codes::conversion::{ConversionRequest, ConversionWindow};
use crate::domain::route::Fallback;

const MAIL: &str = "anna@example.com";
const PHONE: &str = "+4915112345642";

/// A code by mail that goes to a phone next.
fn request_with_a_step() -> StartRequest {
    let request = start_request(MAIL);
    let destination = Destination::parse(Channel::Sms, PHONE).unwrap();
    let fallback = Some(Fallback { destination, after: seconds(30) });
    StartRequest { route: Route { fallback, ..request.route }, ..request }
}

fn in_germany(change: impl FnOnce(&mut Settings)) -> TestService {
    TestService::in_memory(&settings(|settings| {
        settings.phone.countries = vec!["DE".to_owned()];
        change(settings);
    }))
}

fn step_of(message: &CodeMessage) -> Option<(&str, Duration)> {
    message.fallback.as_ref().map(|step| (step.destination.as_str(), step.after))
}

#[tokio::test]
async fn the_message_names_its_next_step_and_so_does_a_resend() {
    let service = in_germany(|_| ());
    let request = request_with_a_step();

    service.start(&request).await.unwrap();
    service.clock.advance(seconds(30));
    service.resend(&request.id).await.unwrap();

    let messages = service.messages();
    assert_eq!(messages.len(), 2);
    for message in &messages {
        assert_eq!((message.destination.as_str(), step_of(message)), (MAIL, Some((PHONE, seconds(30)))));
    }
}

#[tokio::test]
async fn a_grant_names_both_channels_where_there_was_a_step() {
    let service = in_germany(|_| ());
    let (with_a_step, without) = (request_with_a_step(), start_request(PHONE));
    let mut channels = Vec::new();

    for request in [with_a_step, without] {
        service.start(&request).await.unwrap();
        let grant = service.pass(&request.id, &service.last_code()).await;
        let redeemed = service.redeem(&request.id.scope, &grant).await.unwrap();
        channels.push((redeemed.channel, redeemed.fallback_channel));
    }

    assert_eq!(channels, [(Channel::Email, Some(Channel::Sms)), (Channel::Sms, None)]);
}

#[tokio::test]
async fn a_step_to_a_country_that_is_not_named_is_refused() {
    let service = TestService::in_memory(&default_settings());

    let refused = service.start(&request_with_a_step()).await;

    assert_eq!(refusal(refused), Refusal::ChannelNotAllowed);
    assert!(service.messages().is_empty());
}

#[tokio::test]
async fn a_step_spends_the_budget_of_its_destination_whether_it_is_taken_or_not() {
    let service = in_germany(|settings| settings.limits.destination_per_hour = 1);
    let request = request_with_a_step();
    service.start(&request).await.unwrap();
    let mut by_phone = start_request(PHONE);
    by_phone.id.scope = request.id.scope.clone();

    let refused = service.start(&by_phone).await;

    assert!(matches!(refusal(refused), Refusal::DestinationLimited(_)));
}

#[tokio::test]
async fn who_has_had_their_messages_is_left_out_and_the_other_channel_gets_the_code() {
    let service = in_germany(|settings| settings.limits.destination_per_hour = 1);
    let request = request_with_a_step();
    let scoped = |mut other: StartRequest| {
        other.id.scope = request.id.scope.clone();
        other
    };
    service.start(&scoped(start_request(MAIL))).await.unwrap();

    service.start(&request).await.unwrap();

    let messages = service.messages();
    let last = messages.last().unwrap();
    assert_eq!((last.destination.as_str(), step_of(last), messages.len()), (PHONE, None, 2));
}

#[tokio::test]
async fn the_same_start_with_another_step_is_another_one() {
    let service = in_germany(|_| ());
    let request = request_with_a_step();
    service.start(&request).await.unwrap();
    let route = Route { fallback: None, ..request.route.clone() };

    let refused = service.start(&StartRequest { route, request_id: request_id(), ..request.clone() }).await;

    assert_eq!(refusal(refused), Refusal::VerificationDiffers);
    assert!(service.start(&StartRequest { request_id: request_id(), ..request }).await.is_ok());
}

#[tokio::test]
async fn a_text_with_another_way_is_no_part_of_conversion() {
    let service = in_germany(|_| ());
    let mut request = start_request(PHONE);
    let destination = Destination::parse(Channel::Email, MAIL).unwrap();
    request.route.fallback = Some(Fallback { destination, after: seconds(30) });
    service.start(&request).await.unwrap();
    service.pass(&request.id, &service.last_code()).await;

    let tenant = request.id.scope.tenant;
    let asked = ConversionRequest { tenant, window: ConversionWindow::Day, country: None };
    let shown = service.codes.conversion(&asked).await.unwrap();

    assert_eq!(shown.countries, [], "neither the text nor the right code");
}
