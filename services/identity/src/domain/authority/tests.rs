mod matrix;

use rekey_primitives::id::AccountId;
use uuid::Uuid;

use super::Role::{
    AuthenticationAdministrator as Authentication, GlobalAdministrator as Global,
    HelpdeskAdministrator as Helpdesk, PasswordAdministrator as Password, PolicyAdministrator as Policy,
    ReportsReader as Reader, UserAdministrator as User,
};
use super::*;

fn holder(number: u128, roles: &[Role]) -> RoleHolder {
    RoleHolder { id: AccountId::from_uuid(Uuid::from_u128(number)), roles: RoleSet::of(roles) }
}

fn may(actor: &[Role], target: &[Role], permission: Permission) -> Result<(), Forbidden> {
    may_act(holder(1, actor), holder(2, target), permission)
}

/// Who each role may reset, beside people without a role.
const REACHED: [(Role, &[Role]); 7] = [
    (Global, &Role::ALL),
    (User, &[User, Password, Helpdesk, Authentication, Reader]),
    (Password, &[Password]),
    (Helpdesk, &[Password, Helpdesk, Reader]),
    (Authentication, &[Password]),
    (Policy, &[]),
    (Reader, &[]),
];

#[test]
fn every_pair_of_roles_is_decided_as_the_matrix_says() {
    for (actor, reached) in REACHED {
        for target in Role::ALL {
            let allowed = may(&[actor], &[target], Permission::ResetPassword).is_ok();

            assert_eq!(allowed, reached.contains(&target), "{actor:?} on {target:?}");
        }
    }
}

#[test]
fn people_without_a_role_are_reached_by_those_who_act_on_accounts() {
    let allowed: Vec<Role> = Role::ALL
        .into_iter()
        .filter(|actor| may(&[*actor], &[], Permission::ResetPassword).is_ok())
        .collect();

    assert_eq!(allowed, [Global, User, Password, Helpdesk, Authentication]);
}

#[test]
fn every_role_of_the_target_must_be_reached() {
    let refused = may(&[Helpdesk], &[Password, User], Permission::ResetPassword);

    assert_eq!(
        refused,
        Err(Forbidden::Missing(MissingPermission {
            permission: Permission::ResetPassword,
            beyond_reach: Some(User)
        }))
    );
}

#[test]
fn roles_of_an_actor_add_up() {
    assert!(may(&[Helpdesk], &[Helpdesk, Password], Permission::ResetPassword).is_ok());
    assert!(may(&[Password, Helpdesk], &[Reader, Password], Permission::ResetPassword).is_ok());
}

#[test]
fn a_role_lends_its_reach_only_to_what_it_grants() {
    let passes = may(&[Authentication, User], &[User], Permission::IssueAccessPass);

    assert!(matches!(passes, Err(Forbidden::Missing(missing)) if missing.beyond_reach == Some(User)));
    assert!(may(&[Authentication, User], &[Password], Permission::IssueAccessPass).is_ok());
}

#[test]
fn an_act_that_takes_either_permission_is_refused_by_the_nearest() {
    let either = Needs::Either(Permission::ManageAccounts, Permission::ManageSecurityInfo);
    let judged = |actor: &[Role], target: &[Role]| either.judge(holder(1, actor), holder(2, target));
    let missing =
        |permission, beyond_reach| Err(Forbidden::Missing(MissingPermission { permission, beyond_reach }));

    assert_eq!(judged(&[User], &[User]), Ok(()));
    assert_eq!(judged(&[Authentication], &[Password]), Ok(()));
    assert_eq!(judged(&[Authentication, User], &[User]), Ok(()));
    assert_eq!(judged(&[User], &[Global]), missing(Permission::ManageAccounts, Some(Global)));
    assert_eq!(judged(&[Authentication], &[User]), missing(Permission::ManageSecurityInfo, Some(User)));
    assert_eq!(judged(&[Helpdesk], &[]), missing(Permission::ManageSecurityInfo, None));
}

#[test]
fn a_refusal_says_in_words_what_is_missing() {
    let words = |judged: Result<(), Forbidden>| judged.unwrap_err().in_words();

    assert_eq!(words(may(&[], &[], Permission::Unlock)), "missing unlock");
    assert_eq!(words(may(&[Password], &[User], Permission::Unlock)), "missing unlock on user_administrator");
    assert_eq!(words(Err(Forbidden::OnYourself)), "on_yourself");
}

#[test]
fn nobody_acts_on_themselves() {
    for role in [Global, User, Password, Helpdesk, Authentication] {
        let refused = may_act(holder(1, &[role]), holder(1, &[]), Permission::ResetPassword);

        assert_eq!(refused, Err(Forbidden::OnYourself));
    }
}

#[test]
fn who_lacks_the_permission_hears_which_one() {
    for permission in Permission::VARIANTS.iter().copied() {
        assert_eq!(
            may(&[], &[], permission),
            Err(Forbidden::Missing(MissingPermission { permission, beyond_reach: None }))
        );
        assert!(may(&[Global], &Role::ALL, permission).is_ok());
    }
}

#[test]
fn only_global_administrators_manage_roles_and_tenants() {
    for permission in [Permission::ManageRoles, Permission::ManageTenant] {
        let granting: Vec<Role> = Role::ALL.into_iter().filter(|role| role.grants(permission)).collect();

        assert_eq!(granting, [Global]);
    }
}

#[test]
fn whoever_may_reset_a_password_may_end_sessions() {
    let granting = |permission| Role::ALL.into_iter().filter(move |role| role.grants(permission));

    assert!(granting(Permission::ManageSessions).eq(granting(Permission::ResetPassword)));
    assert!(granting(Permission::ManageSessions).eq([Global, User, Password, Helpdesk, Authentication]));
}

#[test]
fn security_info_and_passes_are_for_authentication_administrators() {
    for permission in [Permission::ManageSecurityInfo, Permission::IssueAccessPass] {
        let granting: Vec<Role> = Role::ALL.into_iter().filter(|role| role.grants(permission)).collect();

        assert_eq!(granting, [Global, Authentication]);
    }
}

#[test]
fn a_set_of_roles_survives_its_bits_and_names() {
    let set = RoleSet::of(&[Global, Reader]).with(Policy).without(Global);

    assert_eq!(set.iter().collect::<Vec<_>>(), [Policy, Reader]);
    assert_eq!(RoleSet::from_bits(set.bits()), set);
    assert_eq!(RoleSet::from_bits(0xff), RoleSet::of(&Role::ALL));
    assert!(Role::ALL.iter().all(|role| Role::parse(role.as_str()) == Some(*role)));
}
