//! Groups of accounts, by which a policy says who may reset a password themselves.
//!
//! Groups nest. The store walks the nesting and hands the rules a flat set, bounded by
//! [`NESTING_MAX`], so a loop in the data cannot hang a sign-in.

use rekey_primitives::clock::Timestamp;
pub(crate) use rekey_primitives::id::GroupId;
use rekey_primitives::id::{AccountId, TenantId};
use uuid::Uuid;

/// How many levels of groups inside groups are followed.
pub(crate) const NESTING_MAX: u32 = 16;

/// Most members that one call adds or takes out: the administrator's reach is judged for each.
pub(crate) const MEMBERS_AT_ONCE: usize = 100;

/// Accounts and other groups under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// Names it within the tenant.
    pub id: GroupId,
    pub tenant_id: TenantId,
    /// The name people read.
    pub display_name: String,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Raised by every change of the group or its members; the etag is made of it.
    pub version: i64,
}

/// Who can be in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Member {
    Account(AccountId),
    Group(GroupId),
}

/// What a change of a group does. Each raises its `version`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GroupChange {
    /// Gives it another name, if it is still of the version that was read.
    Rename { display_name: String, version: Option<i64> },
    /// Puts these in; those that are in it stay.
    Add(Vec<Member>),
    /// Takes these out; those that are not in it are passed over.
    Remove(Vec<Member>),
}

/// A member as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListedMember {
    pub(crate) id: Uuid,
    pub(crate) is_group: bool,
    pub(crate) display_name: String,
}

/// Two groups of which one is to be put into the other, and where they stand today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Nesting {
    /// The outer one is the inner one, or somewhere inside it.
    pub closes_a_circle: bool,
    /// Levels from the outermost group down to the outer one, itself included.
    pub levels_above: u32,
    /// Levels from the inner one down to the innermost group, itself included.
    pub levels_below: u32,
}

/// Why a group is not put into another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotNested {
    Cycle,
    TooDeep,
}

impl Member {
    /// Its id, whichever it is.
    pub(crate) const fn as_uuid(self) -> Uuid {
        match self {
            Self::Account(id) => id.as_uuid(),
            Self::Group(id) => id.as_uuid(),
        }
    }
}

impl Nesting {
    /// Whether one may be put into the other.
    pub(crate) fn judge(self) -> Result<(), NotNested> {
        if self.closes_a_circle {
            Err(NotNested::Cycle)
        } else if self.levels_above + self.levels_below > NESTING_MAX {
            Err(NotNested::TooDeep)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_nest_as_deep_as_they_are_followed_and_in_no_circle() {
        let nesting = |closes_a_circle, levels_above, levels_below| {
            Nesting { closes_a_circle, levels_above, levels_below }.judge()
        };

        assert_eq!(nesting(false, 1, 1), Ok(()));
        assert_eq!(nesting(false, 10, 6), Ok(()));
        assert_eq!(nesting(false, 10, 7), Err(NotNested::TooDeep));
        assert_eq!(nesting(false, 17, 1), Err(NotNested::TooDeep));
        assert_eq!(nesting(true, 1, 1), Err(NotNested::Cycle));
    }
}
