use super::*;
use crate::domain::reset::token;

#[test]
fn a_reset_survives_its_token() {
    let begun = state(&holding(vec![email(1), phone(2), authenticator(3)]), &masked());
    let proved = passed(&begun, &[0, 2]);
    let bare = ResetState {
        from: AttemptOrigin::Anywhere,
        ip_address: Some("192.0.2.1".parse().unwrap()),
        locale: None,
        ..begun
    };

    for state in [proved, bare] {
        assert!(token::decode(&token::encode(&state)).unwrap() == state);
    }
}

#[test]
fn every_token_has_one_size() {
    let policy = masked();
    let known = state(&holding(vec![email(1), phone(2)]), &policy);
    let unknown = ResetState {
        account_id: None,
        is_silent: true,
        offer: for_nobody(&seed(4), &login(), &tenant(), &policy),
        ip_address: None,
        locale: None,
        ..known.clone()
    };

    let sizes = [&known, &passed(&known, &[0, 1]), &unknown].map(|state| token::encode(state).len());

    assert_eq!(sizes, [token::SIZE; 3]);
}

#[test]
fn a_decoy_survives_its_token() {
    let policy = masked();
    let unknown = ResetState {
        offer: for_nobody(&seed(4), &login(), &tenant(), &policy),
        ..state(&account(), &policy)
    };

    let read = token::decode(&token::encode(&unknown)).unwrap();

    assert!(read.offer == unknown.offer);
}

#[test]
fn other_bytes_are_no_reset() {
    let good = token::encode(&state(&holding(vec![email(1)]), &masked()));
    let mut other_layout = good.clone();
    other_layout[0] = 99;

    for bad in [&good[1..], &[good.as_slice(), &[0]].concat(), &other_layout, &[]] {
        assert!(token::decode(bad).is_err());
    }
}

#[test]
fn a_reset_says_nothing_of_its_account_in_a_log() {
    let shown = format!("{:?}", state(&holding(vec![email(1)]), &masked()));

    assert_eq!(shown, "ResetState { reset_id: 00000000-0000-0000-0000-00000000000b, .. }");
}
