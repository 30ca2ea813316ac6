use uuid::Uuid;

use super::*;

fn person(number: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(number))
}

#[test]
fn plain_words_are_taken() {
    for plain in ["", "I lost my phone.", "Bin im Urlaub...\nBitte um Rückruf!", "e.g. 3.5 tries, room 4.12"]
    {
        assert!(Message::parse(plain).is_ok(), "{plain}");
    }
}

#[test]
fn links_and_addresses_are_not() {
    for link in [
        "see https://evil.example",
        "WWW.evil.test",
        "go to evil.example/now",
        "write me@evil.example",
        "mailto:x",
        "see evil.xn--p1ai",
        "see 192.0.2.7/login",
        "see evil[.]example",
        "see evil.\u{fe0f}example",
    ] {
        assert_eq!(Message::parse(link), Err(MessageRefused::Link), "{link}");
    }
}

#[test]
fn long_or_odd_text_is_refused() {
    assert_eq!(Message::parse(&"x".repeat(501)), Err(MessageRefused::TooLong));
    assert!(Message::parse(&"ü".repeat(500)).is_ok());
    assert!(Message::parse(&"u\u{308}".repeat(500)).is_ok());
    for unseen in ["a\u{202e}b", "a\u{200b}b", "a\u{61c}b", "a\u{2060}b"] {
        assert_eq!(Message::parse(unseen), Err(MessageRefused::NotPlain), "{unseen:?}");
    }
    assert!(Message::parse("می\u{200c}خواهم وارد شوم \u{2764}\u{fe0f}\u{200f}").is_ok());
    assert_eq!(Message::parse("a\u{7}b"), Err(MessageRefused::NotPlain));
}

#[test]
fn only_a_proof_replaces_an_open_request() {
    assert_eq!(filing(None, false), Filing::File);
    assert_eq!(filing(Some(false), true), Filing::Replace);
    assert_eq!(filing(Some(false), false), Filing::Drop);
    assert_eq!(filing(Some(true), true), Filing::Drop);
    assert_eq!(filing(Some(true), false), Filing::Drop);
}

#[test]
fn the_nearest_tier_that_has_anybody_is_told() {
    let global = (person(1), RoleSet::of(&[Role::GlobalAdministrator]));
    let user = (person(2), RoleSet::of(&[Role::UserAdministrator]));
    let helpdesk = (person(3), RoleSet::of(&[Role::HelpdeskAdministrator, Role::ReportsReader]));

    assert_eq!(recipients(&[global, user, helpdesk], person(9)), [person(3)]);
    assert_eq!(recipients(&[global, user], person(9)), [person(2)]);
    assert_eq!(recipients(&[global], person(9)), [person(1)]);
}

#[test]
fn the_person_who_is_locked_out_is_not_told() {
    let helpdesk = (person(3), RoleSet::of(&[Role::HelpdeskAdministrator]));
    let global = (person(1), RoleSet::of(&[Role::GlobalAdministrator]));

    assert_eq!(recipients(&[helpdesk, global], person(3)), [person(1)]);
    assert_eq!(recipients(&[helpdesk], person(3)), []);
}

#[test]
fn at_most_a_hundred_are_told() {
    let many: Vec<_> = (0..150).map(|n| (person(n), RoleSet::of(&[Role::PasswordAdministrator]))).collect();

    assert_eq!(recipients(&many, person(999)).len(), 100);
}

fn request(state: HelpState, handled_by: Option<AccountId>) -> HelpRequest {
    let now = Timestamp::from_unix_micros(0);
    HelpRequest {
        id: HelpRequestId::from_uuid(Uuid::from_u128(1)),
        tenant_id: TenantId::from_uuid(Uuid::from_u128(2)),
        account_id: person(3),
        message: Message::default(),
        proved: false,
        state,
        handled_by,
        created_at: now,
        updated_at: now,
        caller_verified_at: None,
        expires_at: expires_at(14, now),
        version: 1,
    }
}

#[test]
fn a_request_moves_forward_and_never_back() {
    use HelpAct::{Claim, Deny, Resolve};
    use HelpState::{Claimed, Denied, Expired, Open, Resolved};
    let settled = Err(NotMoved::Settled);
    let table = [
        (Open, [Ok(Claimed), Ok(Resolved), Ok(Denied)]),
        (Claimed, [Err(NotMoved::ClaimedByAnother), Ok(Resolved), Ok(Denied)]),
        (Resolved, [settled; 3]),
        (Denied, [settled; 3]),
        (Expired, [settled; 3]),
    ];

    for (state, outcomes) in table {
        let request = request(state, Some(person(7)));
        let now = request.created_at;
        let moves = [Claim, Resolve, Deny].map(|act| moved(&request, act, Some(person(8)), now));

        assert_eq!(moves, outcomes, "{state:?}");
    }
}

#[test]
fn a_claim_is_repeated_by_its_administrator_alone() {
    let claim = |handler, by| {
        let request = request(HelpState::Claimed, handler);
        moved(&request, HelpAct::Claim, by, request.created_at)
    };

    assert_eq!(claim(Some(person(7)), Some(person(7))), Ok(HelpState::Claimed));
    assert_eq!(claim(Some(person(7)), None), Err(NotMoved::ClaimedByAnother));
    assert_eq!(claim(None, None), Err(NotMoved::ClaimedByAnother));
}

#[test]
fn a_request_whose_time_is_over_does_not_move() {
    let request = request(HelpState::Open, None);

    let outcome = moved(&request, HelpAct::Resolve, Some(person(7)), request.expires_at);

    assert_eq!(outcome, Err(NotMoved::Settled));
}
