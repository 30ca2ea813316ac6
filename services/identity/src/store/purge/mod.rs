//! Purging: what was deleted long enough ago goes for good, in steps of bounded size.
//!
//! A step that takes the last of something takes its row with it and writes the one event. Whatever dies in between leaves less
//! to do for the next step, of whichever replica.

pub(crate) mod accounts;
pub(crate) mod erasures;
pub(crate) mod tenants;

use rekey_database::{Fragment, fragment};

/// How many rows of a table one step deletes: tens of milliseconds.
pub(super) const ROWS_AT_ONCE: i64 = 1_000;

/// The end of a list of rows of an account, as many as a step takes.
pub(super) const OF_ACCOUNT: Fragment = fragment!(" where tenant_id = $1 and account_id = $2 limit $3)");

/// What purging something has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purge {
    /// A portion of it went; there is more.
    More,
    /// It is gone, by this step.
    Done,
    /// It is not there to be purged: gone, brought back, or another replica is at it.
    NotMine,
}
