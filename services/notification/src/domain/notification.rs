//! A message as its tenant may see it: the journey, never the content.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Channel;
use rekey_primitives::id::{NotificationId, TenantId};

use super::lane::Lane;
use super::state::{FailureClass, State};

/// One message and where it stands. Whether it is a decoy is not in here: nobody outside the store may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Its id (UUID version 7: it carries the millisecond of acceptance).
    pub id: NotificationId,
    /// The tenant.
    pub tenant_id: TenantId,
    /// The template's name.
    pub template: String,
    /// The language asked for; empty when none was.
    pub locale: String,
    /// How it travels.
    pub channel: Channel,
    /// The address, masked.
    pub masked_destination: String,
    /// How urgent it is.
    pub lane: Lane,
    /// Where it stands.
    pub state: State,
    /// The caller's own name for it; empty when it gave none.
    pub reference: String,
    /// How many tries were made since it was accepted or last replayed.
    pub tries: u32,
    /// Why the last try failed.
    pub last_failure: Option<FailureClass>,
    /// The provider that made the last try; empty before the first.
    pub provider: String,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// When the next try is due; none while sending or when it is over.
    pub next_try_at: Option<Timestamp>,
    /// When it dies.
    pub not_after: Timestamp,
}
