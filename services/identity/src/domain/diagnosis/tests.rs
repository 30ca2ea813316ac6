use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::domain::account::PasswordRecord;
use crate::domain::authority::RoleSet;
use crate::domain::eligibility::{Candidate, judge};
use crate::domain::fixtures::{email, holding, hours, now, password, phone};
use crate::domain::policy::ResetScope;

/// What is wrong with an account, and what mends it.
fn wrong(account: &Account, policy: &Policy) -> Vec<(Check, Option<Remedy>)> {
    wrong_among(&diagnosed(account, policy, &[], None))
}

fn wrong_among(checks: &[CheckResult]) -> Vec<(Check, Option<Remedy>)> {
    let wrong = checks.iter().filter(|found| found.state == CheckState::Wrong);
    wrong.map(|found| (found.check, found.remedy)).collect()
}

fn diagnosed(
    account: &Account,
    policy: &Policy,
    stopped: &[(SecurityInfoId, MethodUnavailable)],
    locked_until: Option<Timestamp>,
) -> Vec<CheckResult> {
    let groups = BTreeSet::new();
    let judgement = judge(&Candidate { account, groups: &groups, has_seat: true }, policy, now());
    let throttled = Some(false);
    diagnose(&Facts { account, policy, judgement: &judgement, locked_until, stopped, throttled, now: now() })
}

#[test]
fn nothing_is_wrong_with_somebody_who_gets_in() {
    let account = holding(vec![email(1)]);

    let checks = diagnosed(&account, &Policy::default(), &[], Some(now()));

    assert_eq!(wrong_among(&checks), []);
    assert_eq!(checks.len(), 15);
    let unknown: Vec<_> = checks.iter().filter(|found| found.state == CheckState::Unknown).collect();
    assert_eq!(unknown.iter().map(|found| found.check).collect::<Vec<_>>(), [Check::AddressDeliverable]);
}

#[test]
fn a_login_of_nobody_is_all_there_is_to_say() {
    assert_eq!(wrong_among(&of_nobody()), [(Check::Exists, Some(Remedy::CheckLogin))]);
}

#[test]
fn everything_that_stops_a_person_is_named_in_order() {
    let policy = Policy::default();
    let account =
        Account { blocked: true, frozen: true, managed_elsewhere: true, password: None, ..holding(vec![]) };

    assert_eq!(
        wrong(&account, &policy),
        [
            (Check::NotBlocked, Some(Remedy::Unblock)),
            (Check::NotFrozen, Some(Remedy::Unfreeze)),
            (Check::ManagedHere, Some(Remedy::OtherDirectory)),
            (Check::HasPassword, Some(Remedy::ResetPassword)),
            (Check::EnoughMethods, Some(Remedy::AddMethod)),
            (Check::AddressDeliverable, Some(Remedy::AddMethod)),
        ]
    );
}

#[test]
fn each_state_of_a_password_has_its_step() {
    let mut policy = Policy::default();
    policy.password.expiry_days = Some(30);
    let with = |record: PasswordRecord| Account { password: Some(record), ..holding(vec![email(1)]) };
    let fresh = || PasswordRecord { expiry_counts_from: now(), ..password() };
    let must_change = with(PasswordRecord { must_change: true, ..fresh() });
    let over = with(PasswordRecord { must_change: true, temporary_until: Some(now()), ..fresh() });

    assert_eq!(
        wrong(&with(password()), &policy),
        [(Check::PasswordNotExpired, Some(Remedy::ChangePassword))]
    );
    assert_eq!(wrong(&must_change, &policy), [(Check::NoChangeRequired, Some(Remedy::ChangePassword))]);
    assert_eq!(wrong(&over, &policy), [(Check::TemporaryPasswordAlive, Some(Remedy::ResetPassword))]);
}

#[test]
fn a_lock_is_named_with_its_end() {
    let (account, until) = (holding(vec![email(1)]), now().plus(Duration::from_secs(60)));

    let checks = diagnosed(&account, &Policy::default(), &[], Some(until));

    let locked: Vec<_> = checks.iter().filter(|found| found.state == CheckState::Wrong).collect();
    assert_eq!(locked.len(), 1);
    assert_eq!((locked[0].remedy, locked[0].ends_at), (Some(Remedy::Unlock), Some(until)));
}

#[test]
fn each_method_is_looked_at_by_itself() {
    let (paused, fine) = (email(1), email(2));
    let quarantined = SecurityInfo { changed_at: now().minus(hours(1)), ..phone(3) };
    let disabled = SecurityInfo { disabled: true, ..email(4) };
    let until = now().plus(hours(2));
    let stopped = [(paused.id, MethodUnavailable::Paused { until })];
    let account = holding(vec![paused, fine, quarantined, disabled]);

    let checks = diagnosed(&account, &Policy::default(), &stopped, None);

    let methods = checks.iter().filter(|found| found.check == Check::MethodServes);
    let found: Vec<_> = methods.map(|found| (found.remedy, found.ends_at)).collect();
    let settled = now().plus(hours(71));
    assert_eq!(
        found,
        [
            (Some(Remedy::Wait), Some(until)),
            (None, None),
            (Some(Remedy::Wait), Some(settled)),
            (Some(Remedy::ConfirmMethod), None),
        ]
    );
}

#[test]
fn a_person_outside_the_scope_is_told_apart() {
    let mut policy = Policy::default();
    policy.reset.enabled_scope = ResetScope::Nobody;

    let wrong = wrong(&holding(vec![email(1)]), &policy);

    assert_eq!(wrong, [(Check::ResetInScope, Some(Remedy::ChangePolicy))]);
}

#[test]
fn a_step_names_the_roles_that_reach_this_very_account() {
    let person = Account { blocked: true, ..holding(vec![email(1)]) };
    let chief = Account { roles: RoleSet::of(&[Role::GlobalAdministrator]), ..person.clone() };
    let roles = |account: &Account| {
        let checks = diagnosed(account, &Policy::default(), &[], None);
        checks.into_iter().find(|found| found.check == Check::NotBlocked).unwrap().roles
    };

    assert_eq!(roles(&person), [Role::GlobalAdministrator, Role::UserAdministrator]);
    assert_eq!(roles(&chief), [Role::GlobalAdministrator]);
}
