//! Decoys drawn from what a tenant's accounts look like.

use rekey_primitives::contact::EmailAddress;

use super::*;
use crate::domain::fixtures::entry;
use crate::domain::reset::offer;
use crate::domain::security_info::Holding;

fn mailbox(number: u128, address: &str) -> SecurityInfo {
    entry(number, Holding::Email(EmailAddress::parse(address).unwrap()))
}

/// The table of a tenant of so many accounts, all alike.
fn of_alike(count: usize, login: &str, entries: &[SecurityInfo]) -> Shares {
    let account = Account { logins: vec![Login::parse(login).unwrap()], ..holding(entries.to_vec()) };
    Shares::of((0..count).map(|_| (&account, account.security_info.iter().collect())))
}

fn drawn(shares: &Shares, login: &str, policy: &Policy, number: u8) -> Vec<(MethodKind, String)> {
    let (seed, login, tenant) = (seed(number), Login::parse(login).unwrap(), tenant());
    let basis = OfferBasis { seed: &seed, login: &login, tenant: &tenant, policy, shares };
    let shown = |offered: &Offered| (offered.kind, offer::mask(offered, &[], &seed));
    basis.for_nobody().iter().map(|(_, offered)| shown(offered)).collect()
}

fn letters(mask: &str) -> [char; 2] {
    [mask.chars().next().unwrap(), mask.split_once('@').unwrap().1.chars().next().unwrap()]
}

#[test]
fn a_decoy_shows_what_accounts_show_in_their_order_with_the_letters_of_the_login() {
    let held = [phone(1), mailbox(2, "zoe@work.example"), mailbox(3, "zoe.b@home.example")];
    let shares = of_alike(50, "zoe@work.example", &held);

    for number in 0..32 {
        let shown = drawn(&shares, "max@acme.example", &masked(), number);

        let kinds: Vec<_> = shown.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, [MethodKind::Phone, MethodKind::Email, MethodKind::Email]);
        assert_eq!(letters(&shown[1].1), ['m', 'a']);
        assert_eq!(letters(&shown[2].1), ['m', 'h']);
    }
}

#[test]
fn letters_that_go_with_nothing_are_drawn_as_they_are_and_later_addresses_go_with_the_first() {
    let held = [mailbox(2, "zoe@qmail.example"), mailbox(3, "zoe@vmail.example")];
    let shares = of_alike(50, "e4711", &held);

    for number in 0..32 {
        let shown = drawn(&shares, "e0815", &masked(), number);

        assert_eq!([letters(&shown[0].1), letters(&shown[1].1)], [['z', 'q'], ['z', 'v']]);
    }
}

#[test]
fn logins_of_each_form_look_as_those_of_their_form_do() {
    let by_address = of_alike(50, "zoe@work.example", &[mailbox(1, "zoe@work.example")]);
    let plain = of_alike(50, "e4711", &[phone(1)]);
    let both = by_address.clone().plus(&plain);

    assert!(
        drawn(&both, "max@acme.example", &masked(), 1).iter().all(|(kind, _)| *kind == MethodKind::Email)
    );
    assert!(drawn(&both, "e0815", &masked(), 1).iter().all(|(kind, _)| *kind == MethodKind::Phone));
    let too_few = of_alike(3, "e4711", &[phone(1)]);
    let fallback = by_address.plus(&too_few);
    let drawn = (0..64).map(|number| drawn(&fallback, "e0815", &masked(), number));
    assert!(drawn.filter(|shown| shown[0].0 == MethodKind::Email).count() > 40, "both forms together");
}

#[test]
fn todays_policy_says_which_kinds_and_how_many() {
    let shares = of_alike(50, "zoe@work.example", &[mailbox(1, "zoe@work.example"), phone(2)]);
    let mut policy = masked();
    policy.reset.allowed_methods = [MethodKind::Phone].into();
    let one = drawn(&shares, "max@acme.example", &policy, 1);
    policy.reset.proofs_required = 2;
    let two = drawn(&shares, "max@acme.example", &policy, 1);

    assert_eq!(one.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [MethodKind::Phone]);
    assert_eq!(two.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [MethodKind::Phone; 2]);
}

#[test]
fn a_small_change_of_shares_changes_few_decoys() {
    let alike = |mails, phones| {
        let mail = of_alike(mails, "zoe@work.example", &[mailbox(1, "zoe@work.example")]);
        mail.plus(&of_alike(phones, "zoe@work.example", &[phone(2)]))
    };
    let (before, after) = (alike(60, 40), alike(62, 38));

    let changed = (0..=255)
        .filter(|number| {
            let of = |shares| drawn(shares, "max@acme.example", &masked(), *number)[0].0;
            of(&before) != of(&after)
        })
        .count();

    assert!(changed < 16, "{changed} of 256");
}

#[test]
fn a_table_reads_back() {
    let shares = of_alike(50, "e4711", &[mailbox(1, "zoe@work.example"), phone(2)]);

    let text = serde_json::to_string(&shares).unwrap();

    assert_eq!(serde_json::from_str::<Shares>(&text).unwrap(), shares);
}
