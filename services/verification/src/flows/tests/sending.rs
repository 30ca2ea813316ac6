//! Messages: handed over once, owed until accepted, within budgets.

use std::sync::atomic::Ordering;

use super::*;
use crate::domain::rules::ResendPolicy;

#[tokio::test]
async fn a_message_says_what_its_code_can_keep() {
    let office = Office::in_memory(&as_shipped());
    let order = order("anna@example.com");

    let started = office.start(&order).await.unwrap();
    office.clock.advance(seconds(90));
    office.resend(&order.place).await.unwrap();

    let [first, second] = office.messages().try_into().unwrap();
    assert_eq!((first.minutes, second.minutes), (10, 8));
    assert_eq!((first.not_after, second.not_after), (started.times.expires_at, started.times.expires_at));
    assert_eq!((first.template, first.organisation.as_str()), ("verification_code", "Rekey"));
    assert_eq!(first.code.expose(), second.code.expose());
    assert_ne!(first.id, second.id);
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_handed_over_again_word_for_word_and_free() {
    let office = Office::in_memory(&settings(|settings| settings.limits.destination_per_hour = 1));
    let order = order("anna@example.com");
    office.postbox.is_away.store(true, Ordering::SeqCst);

    let lost = office.start(&order).await;
    office.clock.advance(seconds(70));
    office.postbox.is_away.store(false, Ordering::SeqCst);
    let repeated = office.start(&order).await.unwrap();
    let once_more = office.start(&order).await.unwrap();

    assert!(matches!(lost, Err(Error::Messenger(_))), "{lost:?}");
    assert!(repeated.sent && once_more.sent);
    let [first, second] = office.messages().try_into().unwrap();
    assert_eq!((first.id, first.minutes, first.not_after), (second.id, second.minutes, second.not_after));
    assert_eq!(first.code.expose(), second.code.expose());
}

#[tokio::test]
async fn an_address_has_its_messages_whichever_tenant_asks() {
    let office = Office::in_memory(&as_shipped());
    let mut first = order("anna@example.com");
    let orders: Vec<_> = (0..5).map(|_| order("anna@example.com")).collect();
    for order in &orders {
        office.start(order).await.unwrap();
    }
    first.request = request();

    let sixth = office.start(&first).await;
    let repeated = office.start(&orders[4]).await;
    let of_another_address = office.start(&order("berta@example.com")).await;

    assert_eq!(refusal(sixth), Refusal::DestinationLimited(seconds(3_600)));
    assert!(repeated.unwrap().sent);
    assert!(of_another_address.is_ok());
    assert_eq!(office.messages().len(), 6);
}

#[tokio::test]
async fn what_was_refused_costs_the_address_nothing() {
    let office = Office::in_memory(&settings(|settings| {
        settings.limits.destination_per_hour = 2;
        settings.limits.subject_per_hour = 1;
    }));
    let order = order("anna@example.com");
    office.start(&order).await.unwrap();

    for _ in 0..10 {
        let refused = refusal(office.start(&another(&order)).await);
        assert!(matches!(refused, Refusal::SubjectLimited(_)), "{refused:?}");
    }
    let mut of_another_subject = another(&order);
    of_another_subject.subject = Subject::parse("berta").unwrap();

    assert!(office.start(&of_another_subject).await.is_ok());
}

#[tokio::test]
async fn a_network_is_a_64_of_ipv6_and_without_one_the_caller_pays() {
    let office = Office::in_memory(&settings(|settings| {
        settings.limits.network_per_hour = 1;
        settings.limits.caller_per_hour = 1;
    }));
    let from = |address: Option<&str>, mail: &str| StartOrder {
        network: address.map(|address| address.parse().unwrap()),
        ..order(mail)
    };

    office.start(&from(Some("2001:db8::1"), "a@example.com")).await.unwrap();
    let neighbour = office.start(&from(Some("2001:db8::2"), "b@example.com")).await;
    let elsewhere = office.start(&from(Some("2001:db8:0:1::1"), "c@example.com")).await;
    let unknown = office.start(&from(None, "d@example.com")).await;
    let unknown_again = office.start(&from(None, "e@example.com")).await;

    assert!(matches!(refusal(neighbour), Refusal::NetworkLimited(_)));
    assert!(elsewhere.is_ok() && unknown.is_ok());
    assert!(matches!(refusal(unknown_again), Refusal::NetworkLimited(_)));
}

#[tokio::test]
async fn a_decoy_looks_the_same_and_costs_its_address_and_tenant_nothing() {
    let office = Office::in_memory(&settings(|settings| {
        settings.limits.destination_per_hour = 1;
        settings.limits.tenant_per_hour = 1;
        settings.limits.decoys_per_hour = 2;
    }));
    let mut decoy = order("anna@example.com");
    decoy.route.decoy = true;

    let times = office.start(&decoy).await.unwrap().times;
    office.start(&another(&decoy)).await.unwrap();
    let beyond_the_budget = office.start(&another(&decoy)).await.unwrap();
    let mut real = another(&decoy);
    real.route.decoy = false;
    let started = office.start(&real).await.unwrap();

    assert_eq!((beyond_the_budget.times, beyond_the_budget.sent), (times, true));
    assert_eq!((started.times, started.sent), (times, true));
    let decoys: Vec<_> = office.messages().iter().map(|message| message.decoy).collect();
    assert_eq!(decoys, [true, true, false]);
}

#[tokio::test]
async fn no_code_is_right_for_a_decoy() {
    let office = Office::in_memory(&as_shipped());
    let mut decoy = order("anna@example.com");
    decoy.route.decoy = true;
    office.start(&decoy).await.unwrap();

    let verdict = office.check(&decoy.place, &office.last_code()).await.unwrap();

    assert!(matches!(verdict, Verdict::Rejected), "{verdict:?}");
}

#[tokio::test]
async fn rotating_sends_a_new_code_each_time() {
    let office = Office::in_memory(&settings(|settings| settings.resend.policy = ResendPolicy::Rotate));
    let order = order("anna@example.com");
    office.start(&order).await.unwrap();
    let first = office.last_code();
    office.clock.advance(seconds(30));

    office.resend(&order.place).await.unwrap();

    // One draw in a million repeats itself.
    assert_ne!(office.last_code(), first);
    office.pass(&order.place, &office.last_code()).await;
}

#[tokio::test]
async fn a_test_destination_has_its_code_and_gets_no_message() {
    let office = Office::in_memory(&settings(|settings| {
        settings.production = false;
        settings.test_destinations.insert("+15005550006".to_owned(), "424242".to_owned());
    }));
    let order = order("+15005550006");

    let started = office.start(&order).await.unwrap();

    assert!(started.sent);
    assert!(office.messages().is_empty());
    office.pass(&order.place, "424242").await;
}

#[tokio::test]
async fn text_messages_go_only_to_countries_that_were_named() {
    let office = Office::in_memory(&settings(|settings| settings.phone.countries = vec!["49".to_owned()]));

    let german = office.start(&order("+4915112345642")).await;
    let elsewhere = office.start(&order("+989121234567")).await;

    assert!(german.is_ok());
    assert_eq!(refusal(elsewhere), Refusal::ChannelNotAllowed);
}

#[tokio::test]
async fn a_decoy_is_taken_whatever_its_country() {
    let office = Office::in_memory(&settings(|settings| settings.phone.countries = vec!["49".to_owned()]));
    let mut decoy = order("+99912345678");
    decoy.route.decoy = true;

    let started = office.start(&decoy).await.unwrap();

    assert_eq!(started.times, office.start(&order("+4915112345642")).await.unwrap().times);
    assert_eq!(refusal(office.resend(&decoy.place).await), Refusal::ResendTooSoon(seconds(30)));
}

#[tokio::test]
async fn the_ladder_is_not_due_before_its_time() {
    let office = Office::in_memory(&as_shipped());
    let order = order("anna@example.com");
    office.start(&order).await.unwrap();
    office.clock.advance(seconds(10));

    let too_soon = refusal(office.resend(&order.place).await);
    let unknown = refusal(office.resend(&another(&order).place).await);

    assert_eq!(too_soon, Refusal::ResendTooSoon(seconds(20)));
    assert_eq!(unknown, Refusal::VerificationNotFound);
}
