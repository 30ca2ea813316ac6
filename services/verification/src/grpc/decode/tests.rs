use std::collections::BTreeSet;

use rekey_client::Problem;
use rekey_runtime::access::{Allowed, CallerEntry};

use super::*;

const TENANT: &str = "0190c3a5-7e1c-7b2a-9f00-000000000001";
const OTHER: &str = "0190c3a5-7e1c-7b2a-9f00-000000000002";

fn decoder(change: impl FnOnce(&mut CallerEntry)) -> Decoder {
    let mut entry = CallerEntry::trusted("shop", "00".repeat(32));
    change(&mut entry);
    let mut request = Request::new(());
    request.extensions_mut().insert(Caller::new(entry, None));
    Decoder::of(&request).unwrap()
}

fn message() -> wire::StartVerificationRequest {
    let address = wire::destination::Address::EmailAddress("anna@example.com".to_owned());
    wire::StartVerificationRequest {
        tenant_id: TENANT.to_owned(),
        verification_id: OTHER.to_owned(),
        request_id: OTHER.to_owned(),
        purpose: "sign_up".to_owned(),
        subject: "anna".to_owned(),
        destinations: vec![wire::Destination { address: Some(address) }],
        ..Default::default()
    }
}

#[test]
fn what_is_left_out_has_its_meaning() {
    let request = decoder(|_| ()).start(&message()).unwrap();

    assert_eq!(request.audience.as_str(), "shop");
    assert_eq!(request.requester, Requester::default());
    assert_eq!((request.counts_failures, request.route.decoy, request.route.familiar), (true, false, false));
}

#[test]
fn every_wrong_field_is_named_and_nothing_typed_is_repeated() {
    let wrong = wire::StartVerificationRequest {
        verification_id: "7".to_owned(),
        purpose: "Sign Up".to_owned(),
        destinations: Vec::new(),
        binding: vec![0; 65],
        context: Some(wire::RequestContext { ip_address: "1.2.3".to_owned(), ..Default::default() }),
        ..message()
    };

    let status = decoder(|_| ()).start(&wrong).unwrap_err();

    let read = Problem::of(&status);
    let fields: BTreeSet<_> = read.fields.iter().map(|(field, _)| field.as_str()).collect();
    let expected = ["verification_id", "purpose", "destinations", "binding", "context.ip_address"];
    assert_eq!(read.reason, "FIELD_INVALID");
    assert_eq!(fields, BTreeSet::from(expected));
    assert!(!format!("{:?}{}", read.fields, status.message()).contains("Sign Up"));
}

#[test]
fn of_several_destinations_each_wrong_one_is_named() {
    use wire::destination::Address::{EmailAddress, PhoneNumber};
    let mail = |text: &str| Some(EmailAddress(text.to_owned()));
    let phone = |text: &str| Some(PhoneNumber(text.to_owned()));
    let named = |addresses: Vec<Option<wire::destination::Address>>| {
        let destinations = addresses.into_iter().map(|address| wire::Destination { address }).collect();
        let message = wire::StartVerificationRequest { destinations, ..message() };
        match decoder(|_| ()).start(&message) {
            Ok(request) => vec![request.route.destinations.iter().count().to_string()],
            Err(status) => Problem::of(&status).fields.into_iter().map(|(field, _)| field).collect(),
        }
    };
    let of = |count: u32| (0..count).map(|number| mail(&format!("a{number}@example.com"))).collect();

    assert_eq!(named(of(5)), ["5"]);
    assert_eq!(named(of(6)), ["destinations"]);
    let malformed = named(vec![mail("a@example.com"), mail("b"), None, phone("+1")]);
    assert_eq!(
        malformed,
        ["destinations[1].email_address", "destinations[2]", "destinations[3].phone_number"]
    );
    let twice = vec![mail("a@example.com"), mail("b@example.com"), mail("A@EXAMPLE.com")];
    assert_eq!(named(twice), ["destinations[2]"]);
    assert_eq!(named(vec![mail("a@example.com"), phone("+4915112345642")]), ["destinations[1]"]);
}

#[test]
fn tenant_purpose_and_context_are_judged_before_anything_else() {
    let reason = |change: fn(&mut CallerEntry), message: &wire::StartVerificationRequest| {
        Problem::of(&decoder(change).start(message).unwrap_err())
    };
    let with_context = wire::StartVerificationRequest {
        context: Some(wire::RequestContext { ip_address: "192.0.2.1".to_owned(), ..Default::default() }),
        ..message()
    };

    let tenant = reason(|entry| entry.tenants = Allowed::nothing(), &message());
    let purpose = reason(|entry| entry.purposes = Allowed::nothing(), &message());
    let context = reason(|entry| entry.may_assert_context = false, &with_context);
    let familiar = wire::StartVerificationRequest { familiar: true, ..message() };
    let familiar = reason(|entry| entry.may_assert_context = false, &familiar);
    let for_a_bank = wire::StartVerificationRequest { audience: "bank".to_owned(), ..message() };
    let audience = reason(|entry| entry.audiences = Allowed::nothing(), &for_a_bank);

    let refused = [&tenant, &purpose, &context, &familiar, &audience].map(|read| {
        assert_eq!(read.reason, "CALLER_NOT_ALLOWED");
        (read.metadata["field"].as_str(), read.metadata["missing"].as_str())
    });
    let expected = [
        ("tenant_id", "tenants"),
        ("purpose", "purposes"),
        ("context", "may_assert_context"),
        ("context", "may_assert_context"),
        ("audience", "audiences"),
    ];
    assert_eq!(refused, expected);
}

#[test]
fn a_caller_names_itself_and_those_its_entry_lists_as_audiences() {
    let named = |audience: &str, change: fn(&mut CallerEntry)| {
        let message = wire::StartVerificationRequest { audience: audience.to_owned(), ..message() };
        decoder(change).start(&message).is_ok()
    };
    let bank = |entry: &mut CallerEntry| entry.audiences = Allowed::Only(["bank".to_owned()].into());

    assert!(named("", bank) && named("shop", bank) && named("bank", bank));
    assert!(!named("clinic", bank));
}

#[test]
fn a_caller_accepts_its_own_grants_and_those_its_entry_lists() {
    let message = wire::RedeemGrantRequest {
        tenant_id: TENANT.to_owned(),
        request_id: OTHER.to_owned(),
        grant: "a".to_owned(),
        binding: Vec::new(),
    };
    let accepted = |change: fn(&mut CallerEntry)| decoder(change).redeem(&message).unwrap().issuers;
    let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());

    assert_eq!(accepted(|entry| entry.grant_issuers = Allowed::nothing()), names(&["shop"]));
    let clinic = |entry: &mut CallerEntry| entry.grant_issuers = Allowed::Only(["clinic".to_owned()].into());
    assert_eq!(accepted(clinic), names(&["clinic", "shop"]));
    assert_eq!(accepted(|_| ()), None);
}

#[test]
fn a_grant_of_absurd_length_is_not_even_looked_at() {
    let message = wire::RedeemGrantRequest {
        tenant_id: TENANT.to_owned(),
        request_id: OTHER.to_owned(),
        grant: "a".repeat(4_097),
        binding: Vec::new(),
    };

    let status = decoder(|_| ()).redeem(&message).unwrap_err();

    assert_eq!(Problem::of(&status).fields[0].0, "grant");
}

#[test]
fn a_transaction_is_given_where_the_message_shows_it_and_nowhere_else() {
    let transaction = |amount: &str, payee: &str| {
        Some(wire::Transaction { amount: amount.to_owned(), payee: payee.to_owned() })
    };
    let wrong = |purpose: &str, transaction: Option<wire::Transaction>| {
        let start = wire::StartVerificationRequest {
            purpose: purpose.to_owned(),
            transaction: transaction.clone(),
            ..message()
        };
        let check = wire::CheckVerificationRequest {
            tenant_id: TENANT.to_owned(),
            verification_id: OTHER.to_owned(),
            request_id: OTHER.to_owned(),
            code: "123456".to_owned(),
            purpose: purpose.to_owned(),
            subject: "anna".to_owned(),
            transaction,
            context: None,
        };
        let started = decoder(|_| ()).start(&start).map(|_| ());
        let checked = decoder(|_| ()).check(&check).map(|_| ());
        [started, checked].map(|read| read.err().map(|status| Problem::of(&status).fields[0].0.clone()))
    };
    let both = |field: &str| [Some(field.to_owned()), Some(field.to_owned())];

    assert_eq!(wrong("payment", transaction("12.00 EUR", "Berta")), [None, None]);
    assert_eq!(wrong("payment", None), both("transaction"));
    assert_eq!(wrong("sign_up", transaction("12.00 EUR", "Berta")), both("transaction"));
    assert_eq!(wrong("payment", transaction("", "Berta")), both("transaction.amount"));
    assert_eq!(wrong("payment", transaction("12", "evil.example/now")), both("transaction.payee"));
}

#[test]
fn only_who_may_say_where_people_are_may_say_that_they_solved_a_challenge() {
    let solved = wire::StartVerificationRequest { challenge_passed: true, ..message() };

    let trusted = decoder(|_| ()).start(&solved).unwrap();
    let refused = decoder(|entry| entry.may_assert_context = false).start(&solved).unwrap_err();

    assert!(trusted.challenge_passed);
    assert!(!decoder(|_| ()).start(&message()).unwrap().challenge_passed);
    assert_eq!(Problem::of(&refused).metadata["missing"], "may_assert_context");
}

#[test]
fn conversion_is_asked_for_by_a_window_and_a_country_of_the_world() {
    use crate::codes::conversion::ConversionWindow;

    let question = |window, country: &str| {
        let asked =
            wire::GetConversionRequest { tenant_id: TENANT.to_owned(), window, country: country.to_owned() };
        decoder(|_| ()).conversion(&asked)
    };

    let all = question(0, "").unwrap();
    let hour = question(wire::ConversionWindow::Hour.into(), "DE").unwrap();
    let wrong = Problem::of(&question(7, "Germany").unwrap_err());

    assert_eq!((all.window, all.country), (ConversionWindow::Day, None));
    assert_eq!(
        (hour.window, hour.country.map(|of| of.text())),
        (ConversionWindow::Hour, Some("DE".to_owned()))
    );
    let fields: Vec<&str> = wrong.fields.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["window", "country"]);
}
