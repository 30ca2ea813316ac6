//! The items of the menu, and who is shown them.

use rekey_wire::options::v1::Role;

use crate::words::AdministrationWords;

/// Who looks after accounts.
pub(crate) const SUPPORT: &[Role] = &[
    Role::GlobalAdministrator,
    Role::UserAdministrator,
    Role::PasswordAdministrator,
    Role::HelpdeskAdministrator,
    Role::AuthenticationAdministrator,
];
/// Who reads what the rules are.
const RULES: &[Role] = &[Role::GlobalAdministrator, Role::PolicyAdministrator, Role::ReportsReader];
/// Who writes what messages say.
const TEXTS: &[Role] = &[Role::GlobalAdministrator, Role::PolicyAdministrator];
/// Who reads what happened.
const REPORTS: &[Role] = &[Role::GlobalAdministrator, Role::ReportsReader];

/// An item of the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MenuItem {
    Overview,
    SecurityInfo,
    Password,
    Sessions,
    Directories,
    Accounts,
    Requests,
    Bulk,
    Groups,
    Policy,
    Templates,
    Audit,
    Messages,
}

impl MenuItem {
    /// In the order of the menu.
    pub(super) const ALL: [Self; 13] = [
        Self::Overview,
        Self::SecurityInfo,
        Self::Password,
        Self::Sessions,
        Self::Directories,
        Self::Accounts,
        Self::Requests,
        Self::Bulk,
        Self::Groups,
        Self::Policy,
        Self::Templates,
        Self::Audit,
        Self::Messages,
    ];

    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Overview => "/account",
            Self::SecurityInfo => "/account/security-info",
            Self::Password => "/account/password",
            Self::Sessions => "/account/sessions",
            Self::Directories => "/account/directories",
            Self::Accounts => "/administration/accounts",
            Self::Requests => "/administration/requests",
            Self::Bulk => "/administration/bulk-resets",
            Self::Groups => "/administration/groups",
            Self::Policy => "/administration/policy",
            Self::Templates => "/administration/templates",
            Self::Audit => "/administration/audit",
            Self::Messages => "/administration/messages",
        }
    }

    pub(crate) fn name(self, words: &AdministrationWords) -> &str {
        match self {
            Self::Overview => &words.overview,
            Self::SecurityInfo => &words.security_info,
            Self::Password => &words.password,
            Self::Sessions => &words.sessions,
            Self::Directories => &words.directories,
            Self::Accounts => &words.accounts,
            Self::Requests => &words.requests,
            Self::Bulk => &words.bulk,
            Self::Groups => &words.groups,
            Self::Policy => &words.policy,
            Self::Templates => &words.templates,
            Self::Audit => &words.audit,
            Self::Messages => &words.messages,
        }
    }

    /// Whether it is about others.
    pub(super) fn is_administration(self) -> bool {
        !self.roles().is_empty()
    }

    /// Who is shown it: whoever has one of them, and everybody where there are none.
    pub(crate) const fn roles(self) -> &'static [Role] {
        match self {
            Self::Overview | Self::SecurityInfo | Self::Password | Self::Sessions | Self::Directories => &[],
            Self::Accounts | Self::Requests | Self::Bulk | Self::Groups | Self::Messages => SUPPORT,
            Self::Policy => RULES,
            Self::Templates => TEXTS,
            Self::Audit => REPORTS,
        }
    }
}
