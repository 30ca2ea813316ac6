//! Groups of accounts, by which a policy says who may reset a password themselves.
//!
//! Groups nest. The store walks the nesting and hands the rules a flat set, bounded by
//! [`NESTING_MAX`], so a loop in the data cannot hang a sign-in.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How many levels of groups inside groups are followed.
pub(crate) const NESTING_MAX: u32 = 16;

/// Names a group within its tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct GroupId(Uuid);

impl GroupId {
    /// Wraps an id made or stored elsewhere.
    pub(crate) const fn from_uuid(id: Uuid) -> Self {
        Self(id)
    }

    /// The id as stored.
    pub(crate) const fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}
