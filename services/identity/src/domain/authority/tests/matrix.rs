//! The whole matrix, cell by cell, and the page that shows it.

use rekey_primitives::id::AccountId;
use strum::VariantArray as _;
use uuid::Uuid;

use crate::domain::authority::Role::{
    AuthenticationAdministrator as Authentication, GlobalAdministrator as Global,
    HelpdeskAdministrator as Helpdesk, PasswordAdministrator as Password, PolicyAdministrator as Policy,
    ReportsReader as Reader, UserAdministrator as User,
};
use crate::domain::authority::*;

const PAGE: &str = include_str!("../../../../../../docs/roles.md");

/// Who is granted what.
const GRANTED: [(Permission, &[Role]); 18] = [
    (Permission::ReadDirectory, &[Global, User, Password, Helpdesk, Authentication]),
    (Permission::ManageAccounts, &[Global, User]),
    (Permission::ManageGroups, &[Global, User]),
    (Permission::ManageTenant, &[Global]),
    (Permission::ManageRoles, &[Global]),
    (Permission::ResetPassword, &[Global, User, Password, Helpdesk, Authentication]),
    (Permission::Unlock, &[Global, User, Password, Helpdesk, Authentication]),
    (Permission::BlockSignIn, &[Global, User]),
    (Permission::ManageSessions, &[Global, User, Password, Helpdesk, Authentication]),
    (Permission::Unfreeze, &[Global, User, Authentication]),
    (Permission::ManageSecurityInfo, &[Global, Authentication]),
    (Permission::IssueAccessPass, &[Global, Authentication]),
    (Permission::HandleHelpRequests, &[Global, User, Password, Helpdesk, Authentication]),
    (Permission::VerifyCaller, &[Global, User, Password, Helpdesk, Authentication]),
    (Permission::DiagnoseSignIn, &[Global, User, Password, Helpdesk, Authentication]),
    (Permission::ReadPolicy, &[Global, Policy, Reader]),
    (Permission::ManagePolicy, &[Global, Policy]),
    (Permission::ReadAudit, &[Global, Reader]),
];

/// On whom each role may act, beside people without a role; `None` for roles that act on no account.
const REACHED: [(Role, Option<&[Role]>); 7] = [
    (Global, Some(&Role::ALL)),
    (User, Some(&[User, Password, Helpdesk, Authentication, Reader])),
    (Password, Some(&[Password])),
    (Helpdesk, Some(&[Password, Helpdesk, Reader])),
    (Authentication, Some(&[Password])),
    (Policy, None),
    (Reader, None),
];

/// What the tables say of an act: of the roles that grant it and act on accounts, each role of the target is reached by one.
fn may_by_the_tables(actor: RoleSet, target: RoleSet, permission: Permission) -> bool {
    let (_, granting) = GRANTED.iter().find(|(granted, _)| *granted == permission).unwrap();
    let reaches: Vec<&[Role]> = REACHED
        .iter()
        .filter(|(role, _)| actor.contains(*role) && granting.contains(role))
        .filter_map(|(_, reach)| *reach)
        .collect();
    !reaches.is_empty() && target.iter().all(|role| reaches.iter().any(|reach| reach.contains(&role)))
}

fn holder(number: u128, roles: RoleSet) -> RoleHolder {
    RoleHolder { id: AccountId::from_uuid(Uuid::from_u128(number)), roles }
}

#[test]
fn every_cell_is_as_the_tables_say_for_every_set_of_roles() {
    let sets = || (0..128).map(RoleSet::from_bits);
    let mut looked_at = 0;

    for (permission, actor, target) in Permission::VARIANTS.iter().flat_map(|permission| {
        sets().flat_map(move |actor| sets().map(move |target| (*permission, actor, target)))
    }) {
        let allowed = may_act(holder(1, actor), holder(2, target), permission).is_ok();

        assert_eq!(
            allowed,
            may_by_the_tables(actor, target, permission),
            "{permission:?}: {:?} on {:?}",
            actor.iter().collect::<Vec<_>>(),
            target.iter().collect::<Vec<_>>()
        );
        looked_at += 1;
    }
    assert_eq!(looked_at, 18 * 128 * 128);
}

#[test]
fn nobody_acts_on_themselves_whatever_they_hold() {
    for (permission, roles) in
        Permission::VARIANTS.iter().flat_map(|permission| (0..128).map(move |bits| (*permission, bits)))
    {
        let own = holder(1, RoleSet::from_bits(roles));

        assert!(may_act(own, own, permission).is_err(), "{permission:?} with {roles:b}");
    }
}

#[test]
fn the_page_shows_the_tables() {
    let head = |first: &str, roles: &[&str]| {
        format!("| {first} | {} |\n|---|{}\n", roles.join(" | "), ":-:|".repeat(roles.len()))
    };
    let columns = ["global", "user", "password", "helpdesk", "authentication", "policy", "reader"];
    let mark = |holds: bool| if holds { "yes" } else { "" };
    let row = |first: &str, cells: Vec<bool>| {
        let cells: Vec<&str> = cells.into_iter().map(mark).collect();
        format!("| {first} | {} |\n", cells.join(" | "))
    };
    let mut grants = head("Permission", &columns);
    for permission in Permission::VARIANTS {
        let cells = Role::ALL.iter().map(|role| role.grants(*permission)).collect();
        grants.push_str(&row(&format!("`{}`", permission.as_str()), cells));
    }
    let mut reach = head("May act on", &[&["nobody's role"], &columns[..]].concat());
    for actor in Role::ALL {
        let may = |target| {
            may_act(holder(1, RoleSet::of(&[actor])), holder(2, target), Permission::ResetPassword).is_ok()
        };
        let targets = std::iter::once(RoleSet::EMPTY).chain(Role::ALL.map(|role| RoleSet::of(&[role])));
        reach.push_str(&row(&format!("`{}`", actor.as_str()), targets.map(may).collect()));
    }

    for table in [grants, reach] {
        assert!(PAGE.contains(&table), "docs/roles.md should show:\n{table}");
    }
}
