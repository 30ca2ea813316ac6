use std::time::Duration;

use uuid::Uuid;

use super::*;

const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

fn tenant(number: u128) -> TenantId {
    TenantId::from_uuid(Uuid::from_u128(number))
}

fn purpose(name: &str) -> Purpose {
    Purpose::parse(name).unwrap()
}

fn listing(pattern: &str, action: ListAction) -> Listing {
    let pattern = DestinationPattern::parse(pattern).unwrap();
    Listing { pattern, scope: PolicyScope::default(), action, until: None }
}

fn block(pattern: &str) -> Listing {
    listing(pattern, ListAction::Block)
}

fn allow(pattern: &str) -> Listing {
    listing(pattern, ListAction::Allow)
}

fn destination(address: &str) -> Destination {
    let channel = if address.starts_with('+') { Channel::Sms } else { Channel::Email };
    Destination::parse(channel, address).unwrap()
}

/// What a list says of an address for `sign_up` in the first tenant.
fn said(list: &DestinationList, address: &str) -> Option<ListAction> {
    list.action(&destination(address), tenant(1), &purpose("sign_up"), NOW)
}

#[test]
fn a_pattern_matches_what_it_says_and_its_spellings() {
    let list = [block("Zoë@Bücher.example"), block("@mail.example"), block(".bad.example"), block("+4470*")];
    let list = DestinationList::new(list).unwrap();

    for blocked in [
        "zoe\u{308}@xn--bcher-kva.example",
        "anybody@MAIL.example",
        "a@bad.example",
        "a@very.bad.example",
        "+447012345678",
    ] {
        assert_eq!(said(&list, blocked), Some(ListAction::Block), "{blocked}");
    }
    for free in ["anna@bücher.example", "a@sub.mail.example", "a@notbad.example", "+447112345678"] {
        assert_eq!(said(&list, free), None, "{free}");
    }
}

#[test]
fn an_exception_is_narrower_than_its_rule() {
    let list = DestinationList::new([
        block("+49*"),
        allow("+49151*"),
        block("+4915112345642"),
        block(".mail.example"),
        allow(".good.mail.example"),
        block("@best.good.mail.example"),
        allow("anna@best.good.mail.example"),
    ])
    .unwrap();

    let (allowed, blocked) = (Some(ListAction::Allow), Some(ListAction::Block));
    assert_eq!(said(&list, "+493012345678"), blocked);
    assert_eq!(said(&list, "+4915112345643"), allowed);
    assert_eq!(said(&list, "+4915112345642"), blocked);
    assert_eq!(said(&list, "a@mail.example"), blocked);
    assert_eq!(said(&list, "a@good.mail.example"), allowed);
    assert_eq!(said(&list, "a@best.good.mail.example"), blocked);
    assert_eq!(said(&list, "ANNA@best.good.mail.example"), allowed);
}

#[test]
fn of_one_pattern_the_narrowest_scope_counts() {
    let scoped = |listing: Listing, of: Option<u128>, purpose: Option<&str>| {
        let purpose = purpose.map(|name| Purpose::parse(name).unwrap());
        Listing { scope: PolicyScope { tenant: of.map(tenant), purpose }, ..listing }
    };
    let list = DestinationList::new([
        block("@mail.example"),
        scoped(allow("@mail.example"), None, Some("sign_up")),
        scoped(block("@mail.example"), Some(1), None),
        scoped(allow("@mail.example"), Some(1), Some("payment")),
    ])
    .unwrap();
    let said = |of: u128, name: &str| {
        list.action(&destination("a@mail.example"), tenant(of), &purpose(name), NOW).unwrap()
    };

    assert_eq!([said(2, "reset"), said(2, "sign_up")], [ListAction::Block, ListAction::Allow]);
    assert_eq!([said(1, "sign_up"), said(1, "payment")], [ListAction::Block, ListAction::Allow]);
    assert!(list.is_allowed(&destination("a@mail.example"), tenant(2), &purpose("sign_up"), NOW));
    assert!(!list.is_allowed(&destination("a@mail.example"), tenant(1), &purpose("sign_up"), NOW));
}

#[test]
fn what_is_over_leaves_the_next_one_to_count() {
    let ended = Listing { until: Some(NOW), ..allow("+4915112345642") };
    let running = Listing { until: Some(NOW.plus(Duration::from_micros(1))), ..allow("+4915112345643") };
    let list = DestinationList::new([block("+49151*"), ended, running]).unwrap();

    assert_eq!(said(&list, "+4915112345642"), Some(ListAction::Block));
    assert_eq!(said(&list, "+4915112345643"), Some(ListAction::Allow));
}

#[test]
fn two_entries_about_the_same_are_refused() {
    let twice = DestinationList::new([block("@mail.example"), allow("@MAIL.example")]);

    assert_eq!(twice.err(), Some(ListedTwice { index: 1 }));
}

#[test]
fn what_is_no_pattern_is_refused() {
    for wrong in
        ["", "@", ".", "*", "+", "+*", "+0*", "+4470", "4470*", "+44x*", "+1234567890123456*", "@com", "anna"]
    {
        assert!(DestinationPattern::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn an_odd_address_of_old_is_no_trouble() {
    let list = DestinationList::new([block("+4*"), block("@mail.example")]).unwrap();

    for odd in ["", "+", "ä€", "+44"] {
        let stored = Destination::from_stored(Channel::Sms, odd.to_owned());
        let action = list.action(&stored, tenant(1), &purpose("sign_up"), NOW);
        assert_eq!(action.is_some(), odd == "+44", "{odd}");
    }
}

#[test]
fn debug_shows_no_address() {
    let list = DestinationList::new([block("anna@mail.example"), block("+4915112345642")]).unwrap();

    let shown = format!("{list:?} {:?}", block("anna@mail.example"));

    assert!(shown.starts_with("[2 listed destinations]"), "{shown}");
    assert!(!shown.contains("anna"), "{shown}");
}
