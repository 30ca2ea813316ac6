use std::time::Duration;

use super::*;
use crate::domain::fixtures::{days, email, entry, hours, now, phone, recovery_codes};

fn rules() -> ResetRules {
    ResetRules::default()
}

#[test]
fn a_confirmed_settled_entry_counts() {
    assert!(email(1).counts(&rules(), now()));
}

#[test]
fn what_is_not_known_to_be_theirs_counts_for_nothing() {
    let unconfirmed = SecurityInfo { standing: Standing::Unconfirmed, ..email(1) };
    let prefilled = SecurityInfo { standing: Standing::Prefilled, ..email(1) };
    let trusting = ResetRules { accept_prefilled: true, ..rules() };

    assert!(!unconfirmed.counts(&trusting, now()));
    assert!(!prefilled.counts(&rules(), now()));
    assert!(prefilled.counts(&trusting, now()));
}

#[test]
fn a_change_counts_after_the_quarantine_and_not_before() {
    let changed = SecurityInfo { changed_at: now(), ..email(1) };

    assert!(!changed.counts(&rules(), now().plus(hours(72)).minus(Duration::from_micros(1))));
    assert!(changed.counts(&rules(), now().plus(hours(72))));
}

#[test]
fn a_first_entry_is_spared_the_quarantine() {
    let first = SecurityInfo { changed_at: now(), is_first: true, ..email(1) };

    assert!(first.counts(&rules(), now()));
    // By a clock that is behind, too.
    assert!(first.counts(&rules(), now().minus(hours(1))));
}

#[test]
fn disabled_and_spent_entries_count_for_nothing() {
    assert!(!SecurityInfo { disabled: true, ..phone(1) }.counts(&rules(), now()));
    assert!(!entry(1, Holding::RecoveryCodes { remaining: 0 }).counts(&rules(), now()));
    assert!(recovery_codes(1).counts(&rules(), now()));
}

#[test]
fn an_entry_is_first_while_nothing_counts_yet() {
    let unconfirmed = SecurityInfo { standing: Standing::Unconfirmed, ..email(1) };
    let spared = SecurityInfo { is_first: true, ..email(1) };
    let quarantined = SecurityInfo { changed_at: now(), ..email(1) };
    let disabled = SecurityInfo { disabled: true, ..email(1) };
    let prefilled = SecurityInfo { standing: Standing::Prefilled, ..email(1) };
    let accepting = ResetRules { accept_prefilled: true, ..rules() };
    let is_first_beside = |others: &[SecurityInfo]| is_first(others, false, &rules());

    assert!(is_first_beside(&[]));
    assert!(is_first_beside(&[unconfirmed, prefilled.clone()]));
    for known in [spared, quarantined, disabled] {
        assert!(!is_first_beside(std::slice::from_ref(&known)), "{known:?}");
    }
    assert!(!is_first(&[prefilled], false, &accepting));
    assert!(!is_first(&[], true, &rules()), "clearing the list does not make it new");
}

#[test]
fn a_kind_has_a_most_and_an_address_is_held_once() {
    let held: Vec<_> = (1..=5).map(email).collect();

    assert_eq!(may_add(&held, &email(6).holding), Err(NotAdded::TooMany { at_most: 5 }));
    assert_eq!(may_add(&held[..4], &email(1).holding), Err(NotAdded::AlreadyThere));
    assert_eq!(may_add(&held, &phone(1).holding), Ok(()));
}

#[test]
fn a_mailbox_is_held_once_however_it_is_spelled() {
    let spelled = |text| Holding::Email(EmailAddress::parse(text).unwrap());
    let held = [entry(1, spelled("Zoe\u{308}.Blume@bücher.example"))];

    for other in ["zoë.blume@bücher.example", "ZOË.BLUME@xn--bcher-kva.example"] {
        assert_eq!(may_add(&held, &spelled(other)), Err(NotAdded::AlreadyThere), "{other}");
    }
    assert_eq!(may_add(&held, &spelled("zoe.blume@bücher.example")), Ok(()));
}

#[test]
fn a_mailbox_is_told_once_at_the_spelling_that_was_given() {
    let spelled = |text| Holding::Email(EmailAddress::parse(text).unwrap());
    let held = [entry(1, spelled("Anna@mail.example")), entry(2, spelled("anna@mail.example"))];
    let removed = held[1].destination().unwrap();

    let told = notified(&held, &[RemovedAddress { destination: removed, removed_at: now() }], now());

    assert_eq!(told, [held[0].destination().unwrap()]);
}

#[test]
fn security_info_changes_within_ten_minutes_of_a_sign_in() {
    assert!(is_fresh_sign_in(now(), now().plus(Duration::from_secs(599))));
    assert!(!is_fresh_sign_in(now(), now().plus(Duration::from_secs(600))));
}

#[test]
fn every_address_is_told_once_and_a_removed_one_for_a_week() {
    let removed = |number, ago| RemovedAddress {
        destination: phone(number).destination().unwrap(),
        removed_at: now().minus(days(ago)),
    };
    let unconfirmed = SecurityInfo { standing: Standing::Unconfirmed, ..email(9) };
    let prefilled = SecurityInfo { standing: Standing::Prefilled, ..email(2) };
    let held = [email(1), prefilled, phone(3), unconfirmed, recovery_codes(8)];

    let told = notified(&held, &[removed(3, 1), removed(4, 6), removed(5, 7)], now());

    let expected: Vec<_> =
        [email(1), email(2), phone(3), phone(4)].iter().filter_map(|e| e.destination()).collect();
    assert_eq!(told, expected);
}
