//! One code for several addresses.

use std::collections::BTreeSet;

use super::*;

const THREE: [&str; 3] = ["anna@example.com", "anna@example.org", "a.b@example.net"];

fn addresses(messages: &[CodeMessage]) -> Vec<&str> {
    messages.iter().map(|message| message.destination.as_str()).collect()
}

fn ids(messages: &[CodeMessage]) -> BTreeSet<uuid::Uuid> {
    messages.iter().map(|message| message.id).collect()
}

/// A settled address has had its one message of the hour.
async fn service_where_the_second_has_had_its_message() -> (TestService, StartRequest) {
    let service = TestService::in_memory(&settings(|settings| settings.limits.destination_per_hour = 1));
    let request = start_request_to(&THREE);
    let mut alone = start_request(THREE[1]);
    alone.id.scope = request.id.scope.clone();
    service.start(&alone).await.unwrap();
    (service, request)
}

#[tokio::test]
async fn every_destination_gets_the_one_code_from_memory() {
    every_destination_gets_the_one_code(TestService::in_memory(&default_settings())).await;
}

#[tokio::test]
async fn every_destination_gets_the_one_code_from_redis() {
    let server = rekey_testing::redis().await;
    let service = TestService::in_redis(&default_settings(), &server.url(), &KeyTexts::new());
    every_destination_gets_the_one_code(service).await;
}

/// By a message of its own.
async fn every_destination_gets_the_one_code(service: TestService) {
    let request = start_request_to(&THREE);

    service.start(&request).await.unwrap();
    service.clock.advance(seconds(30));
    service.resend(&request.id).await.unwrap();

    let messages = service.messages();
    assert_eq!(addresses(&messages), [THREE, THREE].concat());
    assert_eq!(ids(&messages).len(), 6);
    assert!(messages.iter().all(|message| message.code.expose() == messages[0].code.expose()));
    service.pass(&request.id, messages[5].code.expose()).await;
}

#[tokio::test]
async fn a_hand_over_that_was_cut_off_between_two_is_repaired_by_the_repeat() {
    let service = TestService::in_memory(&default_settings());
    let request = start_request_to(&THREE);
    service.notification.refuses_from.store(1, Ordering::SeqCst);

    let cut_off = service.start(&request).await;
    let before: Vec<_> = service.messages();
    service.notification.refuses_from.store(usize::MAX, Ordering::SeqCst);
    let repeated = service.start(&request).await.unwrap();

    assert!(matches!(cut_off, Err(Error::Messenger(_))), "{cut_off:?}");
    assert!(repeated.sent);
    assert_eq!(addresses(&before), [THREE[0]]);
    let all = service.messages();
    assert_eq!(addresses(&all[1..]), THREE);
    assert_eq!(ids(&all).len(), 3, "the first one has the id it had");
}

#[tokio::test]
async fn a_destination_over_its_budget_gets_nothing_and_the_others_do() {
    let (service, request) = service_where_the_second_has_had_its_message().await;

    let started = service.start(&request).await.unwrap();
    service.clock.advance(seconds(30));
    service.resend(&request.id).await.unwrap();

    assert!(started.sent);
    let others = [THREE[0], THREE[2]];
    assert_eq!(addresses(&service.messages()[1..]), [others, others].concat());
}

#[tokio::test]
async fn a_repeat_withholds_from_the_same_though_their_budget_has_room_again() {
    let (service, request) = service_where_the_second_has_had_its_message().await;
    service.clock.advance(seconds(3_500));
    service.notification.is_away.store(true, Ordering::SeqCst);

    let lost = service.start(&request).await;
    service.clock.advance(seconds(200));
    service.notification.is_away.store(false, Ordering::SeqCst);
    service.start(&request).await.unwrap();

    assert!(matches!(lost, Err(Error::Messenger(_))), "{lost:?}");
    let others = [THREE[0], THREE[2]];
    assert_eq!(addresses(&service.messages()[1..]), [others, others].concat());
}

#[tokio::test]
async fn each_destination_spends_its_own_budget_and_all_together_are_refused() {
    let service = TestService::in_memory(&settings(|settings| settings.limits.destination_per_hour = 1));
    let request = start_request_to(&THREE);
    service.start(&request).await.unwrap();
    service.clock.advance(seconds(60));

    let again = service.start(&another(&request)).await;
    let mut alone = another(&request);
    alone.route.destinations = start_request(THREE[2]).route.destinations;
    let alone = service.start(&alone).await;

    assert_eq!(refusal(again), Refusal::DestinationLimited(seconds(3_540)));
    assert_eq!(refusal(alone), Refusal::DestinationLimited(seconds(3_540)));
    assert_eq!(service.messages().len(), 3);
}

#[tokio::test]
async fn what_the_tenant_refuses_costs_no_destination_anything() {
    let service = TestService::in_memory(&settings(|settings| {
        settings.limits.destination_per_hour = 1;
        settings.limits.tenant_per_hour = 2;
    }));
    let request = start_request_to(&THREE);

    let three = service.start(&request).await;
    let mut two = another(&request);
    two.route.destinations = start_request_to(&THREE[1..]).route.destinations;
    service.start(&two).await.unwrap();

    assert!(matches!(refusal(three), Refusal::TenantLimited(_)));
    assert_eq!(addresses(&service.messages()), THREE[1..]);
}

#[tokio::test]
async fn a_test_destination_among_others_gets_nothing_and_fixes_no_code() {
    let service = TestService::in_memory(&settings(|settings| {
        settings.production = false;
        settings.test_destinations.insert(THREE[0].to_owned(), "424242".to_owned());
    }));
    let request = start_request_to(&THREE);

    service.start(&request).await.unwrap();

    assert_eq!(addresses(&service.messages()), THREE[1..]);
    // One draw in a million is the fixed code.
    assert_ne!(service.last_code(), "424242");
}
