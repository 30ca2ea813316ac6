//! Who may act on whom: the seven administrator roles and what each one reaches.
//!
//! A role gives *permissions* (what it may do) and a *reach* (which roles a target may hold). An act is
//! allowed when roles of the actor that grant the permission together reach every role the target holds,
//! and never on oneself. Roles add up; none takes away.

mod role;

use rekey_primitives::id::AccountId;
use strum::{EnumString, IntoStaticStr, VariantArray};

pub(crate) use role::{Role, RoleSet};

/// What an act on the tenant or on an account needs. All are here, also those that no RPC asks for yet: which role grants
/// what is one matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr, EnumString, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(crate) enum Permission {
    /// See accounts and groups.
    ReadDirectory,
    /// Create, change and delete accounts, and import them.
    ManageAccounts,
    /// Change groups and their members.
    ManageGroups,
    /// Change the tenant itself, and where its audit log is sent.
    ManageTenant,
    /// Grant and remove roles.
    ManageRoles,
    /// Reset passwords, one or many.
    ResetPassword,
    /// Clear a lockout.
    Unlock,
    /// Block and unblock sign-in.
    BlockSignIn,
    /// See and end another person's sessions: whoever may reset a password ends them by it, and may do it alone.
    ManageSessions,
    /// Release a frozen account.
    Unfreeze,
    /// See and change another person's security info.
    ManageSecurityInfo,
    /// Issue a temporary access pass.
    IssueAccessPass,
    /// See, claim, resolve and deny help requests.
    HandleHelpRequests,
    /// Send a code that a caller reads back.
    VerifyCaller,
    /// Ask why somebody cannot sign in.
    DiagnoseSignIn,
    /// Read the policy document and its revisions.
    ReadPolicy,
    /// Change the policy document.
    ManagePolicy,
    /// Read audit events and the funnel.
    ReadAudit,
}

/// The permission that an act on an account takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// This one.
    This(Permission),
    /// Any of two, each with its own reach.
    Either(Permission, Permission),
}

/// An account and the roles it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RoleHolder {
    pub id: AccountId,
    pub roles: RoleSet,
}

/// Why an act is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forbidden {
    /// No role of the actor grants the permission, or none that does reaches this target.
    Missing(MissingPermission),
    /// The act is on the actor's own account.
    OnYourself,
}

/// The permission an actor lacks, and for which target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MissingPermission {
    /// What was to be done.
    pub permission: Permission,
    /// The role of the target that is out of reach; `None` if the permission is not held at all.
    pub beyond_reach: Option<Role>,
}

impl Forbidden {
    /// Why, for the log: what is missing, and which role of the target is out of reach.
    pub(crate) fn in_words(self) -> String {
        match self {
            Self::Missing(MissingPermission { permission, beyond_reach: None }) => {
                format!("missing {}", permission.as_str())
            }
            Self::Missing(MissingPermission { permission, beyond_reach: Some(role) }) => {
                format!("missing {} on {}", permission.as_str(), role.as_str())
            }
            Self::OnYourself => "on_yourself".to_owned(),
        }
    }
}

impl Role {
    /// Which roles a target of this role's acts may hold; people without a role are always reached by
    /// roles that act on accounts.
    const fn reach(self) -> RoleSet {
        use Role::{
            AuthenticationAdministrator, HelpdeskAdministrator, PasswordAdministrator, ReportsReader,
            UserAdministrator,
        };
        match self {
            Self::GlobalAdministrator => RoleSet::of(&Self::ALL),
            Self::UserAdministrator => RoleSet::of(&[
                UserAdministrator,
                PasswordAdministrator,
                HelpdeskAdministrator,
                AuthenticationAdministrator,
                ReportsReader,
            ]),
            Self::PasswordAdministrator | Self::AuthenticationAdministrator => {
                RoleSet::of(&[PasswordAdministrator])
            }
            Self::HelpdeskAdministrator => {
                RoleSet::of(&[PasswordAdministrator, HelpdeskAdministrator, ReportsReader])
            }
            Self::PolicyAdministrator | Self::ReportsReader => RoleSet::EMPTY,
        }
    }

    /// Whether the role grants the permission, before asking on whom.
    pub(crate) const fn grants(self, permission: Permission) -> bool {
        use Permission::{
            BlockSignIn, DiagnoseSignIn, HandleHelpRequests, IssueAccessPass, ManageAccounts, ManageGroups,
            ManagePolicy, ManageSecurityInfo, ManageSessions, ReadAudit, ReadDirectory, ReadPolicy,
            ResetPassword, Unfreeze, Unlock, VerifyCaller,
        };
        match self {
            Self::GlobalAdministrator => true,
            Self::UserAdministrator => matches!(
                permission,
                ReadDirectory
                    | ManageAccounts
                    | ManageGroups
                    | ResetPassword
                    | Unlock
                    | BlockSignIn
                    | ManageSessions
                    | Unfreeze
                    | HandleHelpRequests
                    | VerifyCaller
                    | DiagnoseSignIn
            ),
            Self::PasswordAdministrator | Self::HelpdeskAdministrator => matches!(
                permission,
                ReadDirectory
                    | ResetPassword
                    | Unlock
                    | ManageSessions
                    | HandleHelpRequests
                    | VerifyCaller
                    | DiagnoseSignIn
            ),
            Self::AuthenticationAdministrator => matches!(
                permission,
                ReadDirectory
                    | ResetPassword
                    | Unlock
                    | ManageSessions
                    | HandleHelpRequests
                    | VerifyCaller
                    | DiagnoseSignIn
                    | ManageSecurityInfo
                    | IssueAccessPass
                    | Unfreeze
            ),
            Self::PolicyAdministrator => matches!(permission, ReadPolicy | ManagePolicy),
            Self::ReportsReader => matches!(permission, ReadAudit | ReadPolicy),
        }
    }

    /// Whether the role acts on accounts at all.
    const fn acts_on_accounts(self) -> bool {
        !matches!(self, Self::PolicyAdministrator | Self::ReportsReader)
    }
}

impl Permission {
    /// The name in refusals.
    pub(crate) const fn as_str(self) -> &'static str {
        self.into_str()
    }
}

impl RoleSet {
    /// Whether any role of the set grants the permission, for acts on no account in particular.
    pub(crate) fn grants(self, permission: Permission) -> Result<(), MissingPermission> {
        if self.iter().any(|role| role.grants(permission)) {
            Ok(())
        } else {
            Err(MissingPermission { permission, beyond_reach: None })
        }
    }
}

/// Whether the actor may do this to the target.
pub(crate) fn may_act(
    actor: RoleHolder,
    target: RoleHolder,
    permission: Permission,
) -> Result<(), Forbidden> {
    actor.roles.grants(permission).map_err(Forbidden::Missing)?;
    if actor.id == target.id {
        return Err(Forbidden::OnYourself);
    }
    let acting: Vec<Role> =
        actor.roles.iter().filter(|role| role.grants(permission) && role.acts_on_accounts()).collect();
    let reach = acting.iter().fold(RoleSet::EMPTY, |reach, role| reach.union(role.reach()));
    let beyond = target.roles.minus(reach).iter().next();
    match beyond {
        None if !acting.is_empty() => Ok(()),
        beyond_reach => Err(Forbidden::Missing(MissingPermission { permission, beyond_reach })),
    }
}

/// The roles of which one alone lets its holder do this to a target with these roles, or in the tenant where it is no act on an
/// account.
pub(crate) fn who_may(permission: Permission, target: RoleSet) -> Vec<Role> {
    let is_on_tenant = matches!(permission, Permission::ManagePolicy | Permission::ManageTenant);
    let reaches =
        |role: &Role| is_on_tenant || (role.acts_on_accounts() && target.minus(role.reach()).is_empty());
    Role::ALL.into_iter().filter(|role| role.grants(permission)).filter(reaches).collect()
}

impl From<Permission> for Needs {
    fn from(permission: Permission) -> Self {
        Self::This(permission)
    }
}

impl Needs {
    /// Whether any role of the set grants it, before asking on whom.
    pub(crate) fn granted_by(self, roles: RoleSet) -> Result<(), MissingPermission> {
        match self {
            Self::This(permission) => roles.grants(permission),
            Self::Either(first, second) => roles.grants(first).or_else(|_| roles.grants(second)),
        }
    }

    /// Whether the actor may do to the target what needs this.
    pub(crate) fn judge(self, actor: RoleHolder, target: RoleHolder) -> Result<(), Forbidden> {
        let judge = |permission| may_act(actor, target, permission);
        match self {
            Self::This(permission) => judge(permission),
            Self::Either(first, second) => match (judge(first), judge(second)) {
                (Ok(()), _) | (_, Ok(())) => Ok(()),
                // What is held and reaches too short is nearer to what would do than what is not held.
                (Err(Forbidden::Missing(MissingPermission { beyond_reach: None, .. })), Err(why))
                | (Err(why), Err(_)) => Err(why),
            },
        }
    }
}

#[cfg(test)]
mod tests;
