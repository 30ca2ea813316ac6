//! Lists and streams: which messages are asked for, and where a page or a look begins.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::NotificationId;
use uuid::Uuid;

use super::lane::Lane;
use super::state::State;

/// The last row of a page: newest first, so the next page is what is older.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// When that row was accepted.
    pub(crate) created_at: Timestamp,
    /// Its id, which orders rows of the same instant.
    pub(crate) id: NotificationId,
}

/// Which messages a list shows: all, or only those that agree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) state: Option<State>,
    pub(crate) lane: Option<Lane>,
    pub(crate) reference: Option<String>,
    /// Of this trace.
    pub(crate) trace_id: Option<[u8; 16]>,
}

/// Behind a change: changes are ordered by number, and those of one number by the id of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ChangePosition {
    pub(crate) number: i64,
    pub(crate) id: NotificationId,
}

impl ChangePosition {
    /// Behind all changes of a number.
    pub(crate) const fn behind(number: i64) -> Self {
        Self { number, id: NotificationId::from_uuid(Uuid::max()) }
    }
}

/// Which messages a stream shows: all, or only those that agree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ChangeFilter {
    pub(crate) id: Option<NotificationId>,
    pub(crate) reference: Option<String>,
}
