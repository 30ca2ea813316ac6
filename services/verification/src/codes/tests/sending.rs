//! Messages: handed over until accepted, counted once, within budgets.

use std::sync::atomic::Ordering;

use super::*;
use crate::domain::rules::ResendPolicy;

#[tokio::test]
async fn a_message_says_what_its_code_can_keep() {
    let service = TestService::in_memory(&default_settings());
    let request = start_request("anna@example.com");

    let started = service.start(&request).await.unwrap();
    service.clock.advance(seconds(90));
    service.resend(&request.id).await.unwrap();

    let [first, second] = service.messages().try_into().unwrap();
    assert_eq!((first.minutes, second.minutes), (10, 8));
    assert_eq!((first.not_after, second.not_after), (started.times.expires_at, started.times.expires_at));
    assert_eq!((first.template, first.organisation.as_str()), ("verification_code", "Rekey"));
    assert_eq!(first.code.expose(), second.code.expose());
    assert_ne!(first.id, second.id);
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_handed_over_again_unchanged_and_free() {
    let service = TestService::in_memory(&settings(|settings| settings.limits.destination_per_hour = 1));
    let request = start_request("anna@example.com");
    service.notification.is_away.store(true, Ordering::SeqCst);

    let lost = service.start(&request).await;
    service.clock.advance(seconds(70));
    service.notification.is_away.store(false, Ordering::SeqCst);
    let repeated = service.start(&request).await.unwrap();
    let once_more = service.start(&request).await.unwrap();

    assert!(matches!(lost, Err(Error::Messenger(_))), "{lost:?}");
    assert!(repeated.sent && once_more.sent);
    let [first, second] = service.messages().try_into().unwrap();
    assert_eq!((first.id, first.minutes, first.not_after), (second.id, second.minutes, second.not_after));
    assert_eq!(first.code.expose(), second.code.expose());
}

#[tokio::test]
async fn an_address_has_its_messages_whichever_tenant_asks() {
    let service = TestService::in_memory(&default_settings());
    let mut first = start_request("anna@example.com");
    let requests: Vec<_> = (0..5).map(|_| start_request("anna@example.com")).collect();
    for request in &requests {
        service.start(request).await.unwrap();
    }
    first.request_id = request_id();

    let sixth = service.start(&first).await;
    let repeated = service.start(&requests[4]).await;
    let of_another_address = service.start(&start_request("berta@example.com")).await;

    assert_eq!(refusal(sixth), Refusal::DestinationLimited(seconds(3_600)));
    assert!(repeated.unwrap().sent);
    assert!(of_another_address.is_ok());
    assert_eq!(service.messages().len(), 6);
}

#[tokio::test]
async fn what_was_refused_costs_the_address_nothing() {
    let service = TestService::in_memory(&settings(|settings| {
        settings.limits.destination_per_hour = 2;
        settings.limits.subject_per_hour = 1;
    }));
    let request = start_request("anna@example.com");
    service.start(&request).await.unwrap();

    for _ in 0..10 {
        let refused = refusal(service.start(&another(&request)).await);
        assert!(matches!(refused, Refusal::SubjectLimited(_)), "{refused:?}");
    }
    let mut of_another_subject = another(&request);
    of_another_subject.subject = Subject::parse("berta").unwrap();

    assert!(service.start(&of_another_subject).await.is_ok());
}

#[tokio::test]
async fn a_network_is_a_64_of_ipv6_and_without_one_the_caller_pays() {
    let service = TestService::in_memory(&settings(|settings| {
        settings.limits.network_per_hour = 1;
        settings.limits.caller_per_hour = 1;
    }));
    let from = |address: Option<&str>, mail: &str| StartRequest {
        network: address.map(|address| address.parse().unwrap()),
        ..start_request(mail)
    };

    service.start(&from(Some("2001:db8::1"), "a@example.com")).await.unwrap();
    let neighbour = service.start(&from(Some("2001:db8::2"), "b@example.com")).await;
    let elsewhere = service.start(&from(Some("2001:db8:0:1::1"), "c@example.com")).await;
    let unknown = service.start(&from(None, "d@example.com")).await;
    let unknown_again = service.start(&from(None, "e@example.com")).await;

    assert!(matches!(refusal(neighbour), Refusal::NetworkLimited(_)));
    assert!(elsewhere.is_ok() && unknown.is_ok());
    assert!(matches!(refusal(unknown_again), Refusal::NetworkLimited(_)));
}

#[tokio::test]
async fn a_decoy_looks_the_same_and_costs_its_address_and_tenant_nothing() {
    let service = TestService::in_memory(&settings(|settings| {
        settings.limits.destination_per_hour = 1;
        settings.limits.tenant_per_hour = 1;
        settings.limits.decoys_per_hour = 2;
    }));
    let mut decoy = start_request("anna@example.com");
    decoy.route.decoy = true;

    let times = service.start(&decoy).await.unwrap().times;
    service.start(&another(&decoy)).await.unwrap();
    let beyond_the_budget = service.start(&another(&decoy)).await.unwrap();
    let mut real = another(&decoy);
    real.route.decoy = false;
    let started = service.start(&real).await.unwrap();

    assert_eq!((beyond_the_budget.times, beyond_the_budget.sent), (times, true));
    assert_eq!((started.times, started.sent), (times, true));
    let decoys: Vec<_> = service.messages().iter().map(|message| message.decoy).collect();
    assert_eq!(decoys, [true, true, false]);
}

#[tokio::test]
async fn no_code_is_right_for_a_decoy() {
    let service = TestService::in_memory(&default_settings());
    let mut decoy = start_request("anna@example.com");
    decoy.route.decoy = true;
    service.start(&decoy).await.unwrap();

    let verdict = service.check(&decoy.id, &service.last_code()).await.unwrap();

    assert!(matches!(verdict, CheckVerdict::Rejected), "{verdict:?}");
}

#[tokio::test]
async fn rotating_sends_a_new_code_each_time() {
    let service = TestService::in_memory(&settings(|settings| settings.resend.policy = ResendPolicy::Rotate));
    let request = start_request("anna@example.com");
    service.start(&request).await.unwrap();
    let first = service.last_code();
    service.clock.advance(seconds(30));

    service.resend(&request.id).await.unwrap();

    // One draw in a million repeats itself.
    assert_ne!(service.last_code(), first);
    service.pass(&request.id, &service.last_code()).await;
}

#[tokio::test]
async fn a_test_destination_has_its_code_and_gets_no_message() {
    let service = TestService::in_memory(&settings(|settings| {
        settings.production = false;
        settings.test_destinations.insert("+15005550006".to_owned(), "424242".to_owned());
    }));
    let request = start_request("+15005550006");

    let started = service.start(&request).await.unwrap();

    assert!(started.sent);
    assert!(service.messages().is_empty());
    service.pass(&request.id, "424242").await;
}

#[tokio::test]
async fn text_messages_go_only_to_countries_that_were_named() {
    let service =
        TestService::in_memory(&settings(|settings| settings.phone.countries = vec!["49".to_owned()]));

    let german = service.start(&start_request("+4915112345642")).await;
    let elsewhere = service.start(&start_request("+989121234567")).await;

    assert!(german.is_ok());
    assert_eq!(refusal(elsewhere), Refusal::ChannelNotAllowed);
}

#[tokio::test]
async fn a_decoy_is_taken_whatever_its_country() {
    let service =
        TestService::in_memory(&settings(|settings| settings.phone.countries = vec!["49".to_owned()]));
    let mut decoy = start_request("+99912345678");
    decoy.route.decoy = true;

    let started = service.start(&decoy).await.unwrap();

    assert_eq!(started.times, service.start(&start_request("+4915112345642")).await.unwrap().times);
    assert_eq!(refusal(service.resend(&decoy.id).await), Refusal::ResendTooSoon(seconds(30)));
}

#[tokio::test]
async fn the_ladder_is_not_due_before_its_time() {
    let service = TestService::in_memory(&default_settings());
    let request = start_request("anna@example.com");
    service.start(&request).await.unwrap();
    service.clock.advance(seconds(10));

    let too_soon = refusal(service.resend(&request.id).await);
    let unknown = refusal(service.resend(&another(&request).id).await);

    assert_eq!(too_soon, Refusal::ResendTooSoon(seconds(20)));
    assert_eq!(unknown, Refusal::VerificationNotFound);
}
