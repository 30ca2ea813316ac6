use rekey_primitives::contact::EmailAddress;
use uuid::Uuid;

use super::*;
use crate::domain::authority::{Role, RoleSet};
use crate::domain::fixtures::{authenticator, email, entry, holding, now, passkey, phone, recovery_codes};
use crate::domain::security_info::Holding;

fn group(number: u128) -> GroupId {
    GroupId::from_uuid(Uuid::from_u128(number))
}

fn judged(account: &Account, policy: &Policy) -> Judgement {
    judge(&Candidate { account, groups: &[group(1)].into(), has_seat: true }, policy, now())
}

fn asking_for(proofs_required: u8) -> Policy {
    let mut policy = Policy::default();
    policy.reset.proofs_required = proofs_required;
    policy
}

fn scoped(enabled_scope: ResetScope) -> Policy {
    let mut policy = Policy::default();
    policy.reset.enabled_scope = enabled_scope;
    policy
}

#[test]
fn an_open_account_with_an_address_may() {
    let judgement = judged(&holding(vec![email(1)]), &Policy::default());

    assert!(judgement.is_eligible());
    assert_eq!(judgement.counting, [email(1).id]);
    assert_eq!(judgement.requirement, Requirement { proofs: 1, two_classes: false, distinct_kinds: true });
}

#[test]
fn each_obstacle_is_named() {
    let open = holding(vec![email(1)]);
    let cases = [
        (Account { blocked: true, ..open.clone() }, Ineligible::AccountBlocked),
        (Account { frozen: true, ..open.clone() }, Ineligible::AccountFrozen),
        (Account { managed_elsewhere: true, ..open.clone() }, Ineligible::AccountManagedElsewhere),
        (Account { security_info: vec![], ..open }, Ineligible::TooFewMethods),
    ];
    for (account, reason) in cases {
        assert_eq!(judged(&account, &Policy::default()).reasons, [reason]);
    }
}

#[test]
fn a_tenant_without_a_seat_left_is_named() {
    let account = holding(vec![email(1)]);
    let candidate = Candidate { account: &account, groups: &BTreeSet::new(), has_seat: false };

    assert_eq!(judge(&candidate, &Policy::default(), now()).reasons, [Ineligible::ResetNotLicensed]);
}

#[test]
fn scope_is_nobody_everybody_or_groups_without_the_excluded() {
    let account = holding(vec![email(1)]);
    let groups = |included: &[GroupId], excluded: &[GroupId]| ResetScope::Groups {
        included: included.iter().copied().collect(),
        excluded: excluded.iter().copied().collect(),
    };
    let cases = [
        (ResetScope::Everybody, vec![]),
        (ResetScope::Nobody, vec![Ineligible::ResetNotEnabled]),
        (groups(&[group(1), group(2)], &[]), vec![]),
        (groups(&[group(2)], &[]), vec![Ineligible::AccountNotInScope]),
        (groups(&[group(1)], &[group(1)]), vec![Ineligible::AccountNotInScope]),
        (groups(&[], &[]), vec![Ineligible::AccountNotInScope]),
    ];
    for (scope, reasons) in cases {
        assert_eq!(judged(&account, &scoped(scope)).reasons, reasons);
    }
}

#[test]
fn two_proofs_need_two_methods_of_any_class() {
    assert_eq!(judged(&holding(vec![email(1)]), &asking_for(2)).reasons, [Ineligible::TooFewMethods]);
    assert!(judged(&holding(vec![email(1), phone(2)]), &asking_for(2)).is_eligible());
}

#[test]
fn an_administrator_needs_two_classes() {
    let administrator = |entries| Account { roles: RoleSet::of(&[Role::ReportsReader]), ..holding(entries) };

    let issued_twice = judged(&administrator(vec![email(1), phone(2)]), &Policy::default());
    let two_classes = judged(&administrator(vec![email(1), recovery_codes(2)]), &Policy::default());

    assert_eq!(issued_twice.reasons, [Ineligible::TooFewMethods]);
    assert_eq!(issued_twice.requirement, Requirement { proofs: 2, two_classes: true, distinct_kinds: true });
    assert!(two_classes.is_eligible());
}

#[test]
fn an_account_with_an_authenticator_needs_two_classes() {
    let alone = judged(&holding(vec![authenticator(1)]), &Policy::default());
    let with_mail = judged(&holding(vec![authenticator(1), email(2)]), &Policy::default());

    assert_eq!(alone.reasons, [Ineligible::TooFewMethods]);
    assert!(with_mail.is_eligible());
}

#[test]
fn an_account_with_a_passkey_needs_two_classes() {
    let alone = judged(&holding(vec![passkey(1), authenticator(2)]), &Policy::default());
    let with_mail = judged(&holding(vec![passkey(1), email(2)]), &Policy::default());

    assert!(with_mail.is_eligible() && with_mail.requirement.two_classes);
    assert_eq!(alone.reasons, [Ineligible::TooFewMethods], "two devices are one class");
}

#[test]
fn a_disabled_authenticator_still_demands_two_classes() {
    let disabled = SecurityInfo { disabled: true, ..authenticator(1) };

    let judgement = judged(&holding(vec![disabled, email(2)]), &Policy::default());

    assert!(judgement.requirement.two_classes);
    assert_eq!(judgement.reasons, [Ineligible::TooFewMethods]);
}

#[test]
fn kinds_that_policy_does_not_allow_do_not_count() {
    let mut policy = Policy::default();
    policy.reset.allowed_methods = [MethodKind::Email].into();

    let judgement = judged(&holding(vec![phone(1), email(2)]), &policy);

    assert_eq!(judgement.counting, [email(2).id]);
}

#[test]
fn one_mailbox_in_two_spellings_is_one_proof() {
    let spelled = |number, text| entry(number, Holding::Email(EmailAddress::parse(text).unwrap()));
    let account = holding(vec![spelled(1, "anna@mail.example"), spelled(2, "Anna@mail.example")]);

    let judgement = judged(&account, &asking_for(2));

    assert_eq!(judgement.counting, [email(1).id]);
    assert_eq!(judgement.reasons, [Ineligible::TooFewMethods]);
}

#[test]
fn where_kinds_are_offered_two_of_a_kind_are_one_proof() {
    let account = holding(vec![email(1), email(2)]);
    let mut masked = asking_for(2);
    masked.reset.method_hints = MethodHints::Masked;

    assert_eq!(judged(&account, &asking_for(2)).reasons, [Ineligible::TooFewMethods]);
    assert!(judged(&account, &masked).is_eligible());
    assert!(judged(&holding(vec![email(1), phone(2)]), &asking_for(2)).is_eligible());
}

#[test]
fn a_tenant_may_ask_everybody_for_two_classes() {
    let mut strict = asking_for(2);
    strict.reset.two_classes = true;

    assert_eq!(judged(&holding(vec![email(1), phone(2)]), &strict).reasons, [Ineligible::TooFewMethods]);
    assert!(judged(&holding(vec![email(1), recovery_codes(2)]), &strict).is_eligible());
}

#[test]
fn the_default_comes_first_then_kinds_in_their_order() {
    let default = SecurityInfo { is_default: true, ..phone(3) };

    let judgement =
        judged(&holding(vec![recovery_codes(4), phone(1), default, email(2)]), &Policy::default());

    assert_eq!(judgement.counting, [3, 2, 1, 4].map(|n| email(n).id));
}

#[test]
fn the_log_tells_frozen_from_blocked() {
    assert_ne!(Ineligible::AccountFrozen.as_str(), Ineligible::AccountBlocked.as_str());
}
