//! The names of administrator roles, and sets of them.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// An administrator role.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    IntoStaticStr,
    EnumString,
    Serialize,
    Deserialize,
)]
#[strum(serialize_all = "snake_case", const_into_str)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub(crate) enum Role {
    /// Everything, on everyone; alone grants and removes roles.
    GlobalAdministrator = 0,
    /// Accounts and groups of everyone but global and policy administrators.
    UserAdministrator = 1,
    /// Passwords of people without a role and of other password administrators.
    PasswordAdministrator = 2,
    /// As password administrators; also on helpdesk administrators and readers.
    HelpdeskAdministrator = 3,
    /// As password administrators; also security info and access passes.
    AuthenticationAdministrator = 4,
    /// The policy document; acts on no account.
    PolicyAdministrator = 5,
    /// Reads audit and reports; acts on no account.
    ReportsReader = 6,
}

/// A set of roles, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct RoleSet(u8);

impl Role {
    /// Every role, in the order of their bits.
    pub(crate) const ALL: [Self; 7] = [
        Self::GlobalAdministrator,
        Self::UserAdministrator,
        Self::PasswordAdministrator,
        Self::HelpdeskAdministrator,
        Self::AuthenticationAdministrator,
        Self::PolicyAdministrator,
        Self::ReportsReader,
    ];

    /// The name in requests, tokens and rows.
    pub(crate) const fn as_str(self) -> &'static str {
        self.into_str()
    }

    /// Reads the name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        name.parse().ok()
    }
}

impl RoleSet {
    /// No role: a person like any other.
    pub(crate) const EMPTY: Self = Self(0);

    /// The set of the given roles.
    pub(crate) const fn of(roles: &[Role]) -> Self {
        let (mut bits, mut next) = (0, 0);
        while next < roles.len() {
            bits |= 1 << roles[next] as u8;
            next += 1;
        }
        Self(bits)
    }

    /// Reads the bits as the store keeps them; unknown bits, from a newer release, are dropped.
    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits & 0b0111_1111)
    }

    /// The bits, for the store.
    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    /// Whether no role is held.
    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the role is held.
    pub(crate) const fn contains(self, role: Role) -> bool {
        self.0 & (1 << role as u8) != 0
    }

    /// The set with one role more.
    #[must_use]
    pub(crate) const fn with(self, role: Role) -> Self {
        Self(self.0 | 1 << role as u8)
    }

    /// The set with one role less.
    #[must_use]
    pub(crate) const fn without(self, role: Role) -> Self {
        Self(self.0 & !(1 << role as u8))
    }

    /// The roles of either set.
    #[must_use]
    pub(crate) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The roles of this set that the other lacks.
    #[must_use]
    pub(crate) const fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The roles held, in the order of [`Role::ALL`].
    pub(crate) fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.contains(*role))
    }
}

impl FromIterator<Role> for RoleSet {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        roles.into_iter().fold(Self::EMPTY, Self::with)
    }
}
