//! Resets that offer kinds: the same to everybody, with whatever the account has behind them.

use super::*;
use crate::domain::reset::offer;
use crate::domain::reset::recipients::Recipients;
use crate::domain::reset::token;

/// As a deployment carries it.
fn kinds_policy() -> Policy {
    let mut policy = Policy::default();
    policy.reset.allowed_methods = [MethodKind::Phone, MethodKind::Email].into();
    policy
}

fn entries(state: &ResetState, account: &Account, index: usize) -> Vec<String> {
    let offered = state.offer.get(position(index)).unwrap();
    let found = offer::destinations(offered, &account.security_info, &state.seed);
    found.iter().map(|destination| destination.as_str().to_owned()).collect()
}

fn address(entry: &SecurityInfo) -> String {
    entry.destination().unwrap().as_str().to_owned()
}

#[test]
fn everybody_is_offered_the_same_kinds_without_masks() {
    let policy = kinds_policy();
    let default_phone = SecurityInfo { is_default: true, ..phone(3) };
    let accounts = [
        holding(vec![email(1)]),
        holding(vec![default_phone, email(1), email(2), authenticator(4)]),
        holding(vec![phone(1)]),
        holding(vec![]),
        Account { blocked: true, ..holding(vec![email(1), email(2)]) },
    ];
    let shown = |offer: &Offer, held: &[SecurityInfo]| -> Vec<(String, MethodKind, String)> {
        let one = |(position, offered): (Position, &Offered)| {
            (position.to_method_id(), offered.kind, offer::mask(offered, held, &seed(1)))
        };
        offer.iter().map(one).collect()
    };

    let nobody = shown(&for_nobody(&seed(1), &login(), &tenant(), &policy), &[]);

    let (first, second) = (MethodKind::Email, MethodKind::Phone);
    assert_eq!(nobody, [("1".to_owned(), first, String::new()), ("2".to_owned(), second, String::new())]);
    for account in accounts {
        assert_eq!(shown(&offered_to(&account, &policy), &account.security_info), nobody);
    }
}

#[test]
fn a_code_by_mail_goes_to_every_address_that_counts_and_one_by_text_to_the_default_number() {
    let (disabled, second) = (SecurityInfo { disabled: true, ..email(5) }, email(2));
    let default_mail = SecurityInfo { is_default: true, ..email(4) };
    let account = holding(vec![phone(9), email(1), second, disabled, default_mail, phone(8)]);
    let with_default = holding(vec![phone(9), SecurityInfo { is_default: true, ..phone(8) }]);

    let by_default = entries(&state(&with_default, &kinds_policy()), &with_default, 1);
    let reset = state(&account, &kinds_policy());

    assert_eq!(entries(&reset, &account, 0), [address(&email(4)), address(&email(1)), address(&email(2))]);
    assert_eq!(entries(&reset, &account, 1), [address(&phone(8))]);
    assert_eq!(by_default, [address(&phone(8))]);
}

#[test]
fn a_kind_that_the_account_lacks_reaches_nobody() {
    let account = holding(vec![email(1)]);
    let reset = state(&account, &kinds_policy());

    assert!(entries(&reset, &account, 1).is_empty());
    assert!(matches!(reset.offer.get(position(1)).unwrap().target,
        Target::Kind(recipients) if recipients.is_nobody()));
}

#[test]
fn a_proof_of_a_kind_counts_while_every_address_that_got_the_code_does() {
    let policy = kinds_policy();
    let prefilled = SecurityInfo { standing: Standing::Prefilled, ..email(2) };
    let account = holding(vec![email(1), prefilled]);
    let mut trusting = policy.clone();
    trusting.reset.accept_prefilled = true;
    let reset = passed(&state(&account, &trusting), &[0]);

    assert_eq!(completes(&reset, &account, &trusting), Ok(()));
    assert_eq!(completes(&reset, &account, &policy), Err(Stopped::ProofsMissing { remaining: 1 }));
    let without = passed(&state(&holding(vec![phone(1)]), &policy), &[0]);
    assert_eq!(
        completes(&without, &holding(vec![phone(1)]), &policy),
        Err(Stopped::ProofsMissing { remaining: 1 }),
        "a kind that it lacks proves nothing"
    );
}

#[test]
fn two_proofs_begun_before_kinds_were_offered_must_be_of_two_kinds() {
    let account = holding(vec![email(1), email(2), phone(3)]);
    let (mut before, mut today) = (masked(), kinds_policy());
    before.reset.proofs_required = 2;
    today.reset.proofs_required = 2;
    let reset = state(&account, &before);

    let same_kind = passed(&reset, &[0, 1]);

    assert_eq!(completes(&same_kind, &account, &before), Ok(()));
    assert_eq!(completes(&same_kind, &account, &today), Err(Stopped::ProofsMissing { remaining: 1 }));
    assert_eq!(completes(&passed(&reset, &[0, 2]), &account, &today), Ok(()));
}

#[test]
fn an_administrator_still_needs_two_classes() {
    let mut policy = kinds_policy();
    policy.reset.allowed_methods.insert(MethodKind::RecoveryCode);
    let held = vec![email(1), phone(2), recovery_codes(3)];
    let account = Account { roles: RoleSet::of(&[Role::ReportsReader]), ..holding(held) };
    let reset = passed(&state(&account, &policy), &[0, 1]);

    assert_eq!(completes(&reset, &account, &policy), Err(Stopped::ProofsMissing { remaining: 1 }));
}

#[test]
fn kinds_survive_their_token_which_has_the_one_size() {
    let account = holding(vec![email(1), email(2), phone(3)]);
    let reset = state(&account, &kinds_policy());

    let bytes = token::encode(&reset);

    assert_eq!(bytes.len(), token::SIZE);
    assert!(token::decode(&bytes).unwrap() == reset);
}

#[test]
fn attempts_are_counted_per_account_and_kind_or_per_login_and_kind() {
    let account = holding(vec![email(1), email(2)]);
    let reset = state(&account, &kinds_policy());
    let nobody = ResetState { account_id: None, ..reset.clone() };
    let other = ResetState { account_id: Some(AccountId::from_uuid(Uuid::from_u128(77))), ..reset.clone() };

    let keys: BTreeSet<Uuid> = [&reset, &nobody, &other]
        .into_iter()
        .flat_map(|state| [0, 1].map(|index| attempts_key(state, position(index)).unwrap()))
        .collect();

    assert_eq!(keys.len(), 6);
    let again = ResetState { reset_id: ResetId::from_uuid(Uuid::from_u128(12)), ..reset.clone() };
    assert_eq!(attempts_key(&again, position(0)), attempts_key(&reset, position(0)));
    assert_eq!(attempts_key(&reset, position(0)), Some(kind_attempts_key(account.id, MethodKind::Email)));
    assert!(!keys.contains(&email(1).id.as_uuid()));
}

#[test]
fn no_more_addresses_than_a_verification_takes() {
    let many: Vec<_> = (1..=7).map(email).collect();

    let recipients = Recipients::of(MethodKind::Email, &many);

    assert_eq!(recipients.among(MethodKind::Email, &many).count(), 5);
}
