//! Groups of accounts, by which a policy says who may reset a password themselves.
//!
//! Groups nest. The store walks the nesting and hands the rules a flat set, bounded by
//! [`NESTING_MAX`], so a loop in the data cannot hang a sign-in.

pub(crate) use rekey_primitives::id::GroupId;

/// How many levels of groups inside groups are followed.
pub(crate) const NESTING_MAX: u32 = 16;
