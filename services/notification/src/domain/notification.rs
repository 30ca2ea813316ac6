//! A message as its tenant may see it: the journey, never the content.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{NotificationId, TenantId};

use super::destination::Channel;
use super::lane::Lane;
use super::receipt::Receipt;
use super::state::{FailureClass, State};
use super::trace::TraceContext;

/// One message and where it stands. Whether it is a decoy is not in here: nobody outside the store may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notification {
    /// UUID version 7: it carries the millisecond of acceptance.
    pub(crate) id: NotificationId,
    pub(crate) tenant_id: TenantId,
    pub(crate) template: String,
    /// The language asked for; empty when none was.
    pub(crate) locale: String,
    pub(crate) channel: Channel,
    pub(crate) masked_destination: String,
    pub(crate) lane: Lane,
    pub(crate) state: State,
    /// The caller's own name for it; empty when it gave none.
    pub(crate) reference: String,
    /// How many tries were made since it was accepted or last replayed.
    pub(crate) tries: u32,
    pub(crate) last_failure: Option<FailureClass>,
    /// The provider that made the last try; empty before the first.
    pub(crate) provider: String,
    pub(crate) created_at: Timestamp,
    pub(crate) changed_at: Timestamp,
    /// When the next try is due; none while sending or when it is over.
    pub(crate) next_try_at: Option<Timestamp>,
    pub(crate) not_after: Timestamp,
    /// How many steps of its fallbacks it has taken.
    pub(crate) fallbacks_used: u32,
    /// When it takes the next one; none where no step is left.
    pub(crate) fallback_at: Option<Timestamp>,
    /// The call it came with; none where that is not known.
    pub(crate) trace: Option<TraceContext>,
    /// What was heard of it since it was handed over.
    pub(crate) receipt: Option<Receipt>,
}
