//! Whose roles may do what on these pages, as the contract has it: what somebody's roles do not include is not offered to them.

use rekey_wire::options::v1::Role;

use crate::web::MenuItem;

/// Look at accounts, reset passwords, unlock, end sessions, ask for a diagnosis.
pub(super) const SUPPORT: &[Role] = MenuItem::Accounts.roles();
/// Create and change accounts, delete and erase them, block sign-in, exempt from expiry.
pub(super) const ACCOUNTS: &[Role] = &[Role::GlobalAdministrator, Role::UserAdministrator];
/// Release what was frozen.
pub(super) const FROZEN: &[Role] =
    &[Role::GlobalAdministrator, Role::UserAdministrator, Role::AuthenticationAdministrator];
/// See and remove security info, issue and end access passes.
pub(super) const METHODS: &[Role] = &[Role::GlobalAdministrator, Role::AuthenticationAdministrator];
/// See which groups somebody is in.
pub(super) const MEMBERSHIPS: &[Role] = MenuItem::Groups.roles();
/// Grant roles and take them away.
pub(super) const ROLES: &[Role] = &[Role::GlobalAdministrator];
/// Read what happened.
pub(super) const EVENTS: &[Role] = MenuItem::Audit.roles();

#[cfg(test)]
mod tests {
    use rekey_wire::access::rules;

    use super::*;

    #[test]
    fn who_is_offered_something_is_whom_the_contract_lets_do_it() {
        let rpcs: [(&[Role], &[&str]); 7] = [
            (
                SUPPORT,
                &[
                    "AccountService/GetAccount",
                    "AccountService/ListAccounts",
                    "AccountService/CountAccounts",
                    "PasswordAdministrationService/ResetPassword",
                    "PasswordAdministrationService/BatchResetPasswords",
                    "AdministrationService/UnlockAccount",
                    "AdministrationService/ListAccountSessions",
                    "AdministrationService/RevokeAccountSessions",
                    "HelpDeskService/DiagnoseSignIn",
                ],
            ),
            (
                ACCOUNTS,
                &[
                    "AccountService/CreateAccount",
                    "AccountLifecycleService/UpdateAccount",
                    "AccountLifecycleService/DeleteAccount",
                    "AccountLifecycleService/UndeleteAccount",
                    "AccountLifecycleService/EraseAccount",
                    "AdministrationService/BlockSignIn",
                    "AdministrationService/UnblockSignIn",
                    "PasswordExpiryService/SetPasswordExpiryExemption",
                ],
            ),
            (FROZEN, &["AdministrationService/UnfreezeAccount"]),
            (
                METHODS,
                &[
                    "AccountSecurityInfoService/ListAccountSecurityInfo",
                    "AccountSecurityInfoService/RemoveAccountSecurityInfo",
                    "AccessPassService/IssueTemporaryAccessPass",
                    "AccessPassService/RevokeTemporaryAccessPass",
                ],
            ),
            // Not whoever may list groups: only these learn who is in them.
            (MEMBERSHIPS, &["GroupService/ListGroupMembers"]),
            (ROLES, &["AdministrationService/GrantRole", "AdministrationService/RevokeRole"]),
            (EVENTS, &["AuditService/ListEvents"]),
        ];

        for (roles, methods) in rpcs {
            for method in methods {
                let rule = &rules()[format!("/rekey.identity.v1.{method}").as_str()];
                assert_eq!(rule.roles().collect::<Vec<_>>(), roles, "{method}");
            }
        }
    }
}
