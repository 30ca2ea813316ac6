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
    assert_eq!((first.template, first.organisation.as_str()), ("sign_up_code", "Rekey"));
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
async fn an_address_has_its_messages_in_a_tenant_and_three_times_as_many_in_all() {
    let service = TestService::in_memory(&default_settings());
    let first = start_request("anna@example.com");
    let mut requests: Vec<_> = (0..5).map(|_| another(&first)).collect();
    let in_its_tenant = requests.len();
    requests.extend((0..10).map(|_| start_request("anna@example.com")));
    let mut answers = Vec::new();
    for request in &requests[..in_its_tenant] {
        service.start(request).await.unwrap();
    }

    let sixth_of_its_tenant = service.start(&first).await;
    for request in &requests[in_its_tenant..] {
        answers.push(service.start(request).await);
    }
    let sixteenth = service.start(&start_request("anna@example.com")).await;
    let repeated = service.start(&requests[4]).await;
    let of_another_address = service.start(&start_request("berta@example.com")).await;

    assert_eq!(refusal(sixth_of_its_tenant), Refusal::DestinationLimited(seconds(3_600)));
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(refusal(sixteenth), Refusal::DestinationLimited(seconds(3_600)));
    assert!(repeated.unwrap().sent);
    assert!(of_another_address.is_ok());
}

#[tokio::test]
async fn neither_strangers_nor_other_tenants_can_spend_the_share_of_a_familiar_place() {
    let service = TestService::in_memory(&settings(|settings| settings.limits.subject_per_hour = 5));
    let stranger = start_request("anna@example.com");
    let mut owner = another(&stranger);
    owner.route.familiar = true;
    for _ in 0..5 {
        service.start(&another(&stranger)).await.unwrap();
    }
    for _ in 0..20 {
        let mut elsewhere = start_request("anna@example.com");
        elsewhere.route.familiar = true;
        service.start(&elsewhere).await.unwrap();
        let _spent = service.start(&start_request("anna@example.com")).await;
    }

    let by_strangers = service.start(&stranger).await;
    let mut by_the_owner = Vec::new();
    for _ in 0..5 {
        by_the_owner.push(service.start(&another(&owner)).await);
    }
    let beyond_its_share = service.start(&owner).await;

    assert!(matches!(refusal(by_strangers), Refusal::DestinationLimited(_)));
    assert!(by_the_owner.iter().all(Result::is_ok), "{by_the_owner:?}");
    assert!(matches!(refusal(beyond_its_share), Refusal::DestinationLimited(_)));
}

#[tokio::test]
async fn the_living_code_sent_again_costs_its_destination_nothing_and_a_new_one_does() {
    for (policy, expected) in [(ResendPolicy::Same, true), (ResendPolicy::Rotate, false)] {
        let service = TestService::in_memory(&settings(|settings| {
            settings.limits.destination_per_hour = 1;
            settings.resend.policy = policy;
        }));
        let request = start_request("anna@example.com");
        service.start(&request).await.unwrap();
        service.clock.advance(seconds(30));

        let again = service.resend(&request.id).await;
        let another_code = service.start(&another(&request)).await;

        assert_eq!(again.is_ok(), expected, "{again:?}");
        assert!(matches!(refusal(another_code), Refusal::DestinationLimited(_)));
    }
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
async fn a_network_is_a_64_of_ipv6() {
    let service = TestService::in_memory(&settings(|settings| settings.limits.network_per_hour = 1));
    let from = |address: &str, mail: &str| StartRequest {
        requester: Requester { network: Some(address.parse().unwrap()), backend: None },
        ..start_request(mail)
    };

    service.start(&from("2001:db8::1", "a@example.com")).await.unwrap();
    let neighbour = service.start(&from("2001:db8::2", "b@example.com")).await;
    let elsewhere = service.start(&from("2001:db8:0:1::1", "c@example.com")).await;

    assert!(matches!(refusal(neighbour), Refusal::NetworkLimited(_)));
    assert!(elsewhere.is_ok());
}

#[tokio::test]
async fn without_a_network_no_backend_or_tenant_empties_anothers_budget() {
    let service = TestService::in_memory(&settings(|settings| settings.limits.caller_per_hour = 1));
    let request = start_request("a@example.com");
    let by = |backend: Option<&str>| StartRequest {
        requester: Requester { network: None, backend: backend.map(caller) },
        ..another(&request)
    };

    service.start(&by(Some("shop"))).await.unwrap();
    let again = service.start(&by(Some("shop"))).await;
    let others = [service.start(&by(Some("clinic"))).await, service.start(&by(None)).await];
    let other_tenant =
        StartRequest { requester: by(Some("shop")).requester, ..start_request("a@example.com") };
    let other_tenant = service.start(&other_tenant).await;

    assert!(matches!(refusal(again), Refusal::NetworkLimited(_)));
    assert!(others.iter().all(Result::is_ok) && other_tenant.is_ok());
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
async fn spellings_of_one_address_share_its_messages() {
    let service = TestService::in_memory(&default_settings());
    let spellings = ["Zoe\u{308}@bücher.example", "zoë@bücher.example", "ZOË@xn--bcher-kva.example"];
    // Each start is another tenant's, so what all tenants share is spent.
    for spelling in spellings.iter().cycle().take(15) {
        service.start(&start_request(spelling)).await.unwrap();
    }

    let sixteenth = service.start(&start_request(spellings[1])).await;

    assert_eq!(refusal(sixteenth), Refusal::DestinationLimited(seconds(3_600)));
    let to: Vec<_> = service.messages().iter().map(|sent| sent.destination.as_str().to_owned()).collect();
    assert_eq!(to[..2], ["Zoë@xn--bcher-kva.example", "zoë@xn--bcher-kva.example"]);
}

#[tokio::test]
async fn text_messages_go_only_to_countries_that_were_named() {
    let service =
        TestService::in_memory(&settings(|settings| settings.phone.countries = vec!["DE".to_owned()]));

    let german = service.start(&start_request("+4915112345642")).await;

    assert!(german.is_ok());
    for elsewhere in ["+989121234567", "+12125550100"] {
        let elsewhere = service.start(&start_request(elsewhere)).await;
        assert_eq!(refusal(elsewhere), Refusal::ChannelNotAllowed);
    }
}

#[tokio::test]
async fn countries_that_share_a_country_code_are_allowed_each_by_itself() {
    let service =
        TestService::in_memory(&settings(|settings| settings.phone.countries = vec!["US".to_owned()]));

    let american = service.start(&start_request("+12125550100")).await;
    let jamaican = service.start(&start_request("+18765551234")).await;

    assert!(american.is_ok());
    assert_eq!(refusal(jamaican), Refusal::ChannelNotAllowed);
}

#[tokio::test]
async fn a_decoy_is_taken_whatever_its_country() {
    let service =
        TestService::in_memory(&settings(|settings| settings.phone.countries = vec!["DE".to_owned()]));
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
