//! What goes into the store and comes out of it, in the words of the domain.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{NotificationId, RequestId, TenantId};

use crate::domain::destination::Channel;
use crate::domain::lane::Lane;
use crate::domain::notification::Notification;
use crate::domain::page::{ChangePosition, Position};
use crate::domain::template::TemplateName;
use crate::domain::trace::TraceContext;

/// A message about to be made durable.
#[derive(Debug, Clone)]
pub(crate) struct NewNotification {
    /// A fresh UUID version 7 of `now`: its millisecond leads to the row.
    pub(crate) id: NotificationId,
    /// What makes a repeated call the same call.
    pub(crate) request_id: RequestId,
    /// Sealed mark of the content, to judge a repeated call by.
    pub(crate) fingerprint: Vec<u8>,
    /// Until when the request id means this message.
    pub(crate) request_expires_at: Timestamp,
    /// `None` for the event of a webhook.
    pub(crate) template: Option<TemplateName>,
    /// The language asked for, or empty.
    pub(crate) locale: String,
    pub(crate) channel: Channel,
    /// The address, masked.
    pub(crate) masked_destination: String,
    pub(crate) lane: Lane,
    /// The caller's own name for it.
    pub(crate) reference: String,
    /// Never sent.
    pub(crate) decoy: bool,
    /// Sealed destination and variables.
    pub(crate) payload: Vec<u8>,
    pub(crate) not_after: Timestamp,
    /// When it takes the first step of its fallbacks; none where it has none.
    pub(crate) fallback_at: Option<Timestamp>,
    /// What makes it the same notice as another; none where nothing does.
    pub(crate) deduplication: Option<Deduplication>,
    /// The call it came with.
    pub(crate) trace: Option<TraceContext>,
}

impl NewNotification {
    /// The name of its template; empty for an event.
    pub(super) fn template_word(&self) -> &'static str {
        self.template.map_or("", TemplateName::as_str)
    }
}

/// What makes a message the same notice as another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deduplication {
    /// A keyed digest: no address.
    pub(crate) name: [u8; 32],
    /// Until when it is remembered.
    pub(crate) expires_at: Timestamp,
}

/// What became of one message of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AcceptOutcome {
    /// It is durable.
    Accepted,
    /// The request id made this message before.
    Known { id: NotificationId, created_at: Timestamp, fingerprint: Vec<u8> },
    /// The same was said lately, by this message.
    Deduplicated { id: NotificationId, created_at: Timestamp },
    /// The request id was used for something that is no acceptance.
    Taken,
}

/// The right to go on with a message: worthless once somebody else has claimed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: NotificationId,
    /// When it was accepted: the key of its partition.
    pub(crate) created_at: Timestamp,
    /// Which claim this is.
    pub(crate) fence: i64,
    /// Whether an earlier claim may have handed the message over and did not live to say so.
    pub(crate) in_doubt: bool,
}

/// A message in a worker's hands.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    pub(crate) lease: Lease,
    pub(crate) template: String,
    /// The language asked for, or empty.
    pub(crate) locale: String,
    pub(crate) channel: Channel,
    /// It is to end as a message would, and must never be sent.
    pub(crate) is_decoy: bool,
    /// Tries since it was accepted or last replayed, this one included.
    pub(crate) tries: u32,
    /// Sealed destination and variables.
    pub(crate) payload: Vec<u8>,
    pub(crate) not_after: Timestamp,
    /// How many steps of its fallbacks it has taken.
    pub(crate) fallbacks_used: usize,
    /// When it takes the next one; none where no step is left.
    pub(crate) fallback_at: Option<Timestamp>,
    /// The call it came with.
    pub(crate) trace: Option<TraceContext>,
}

/// Messages that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Changes {
    pub(crate) notifications: Vec<Notification>,
    /// Behind all that was looked at.
    pub(crate) position: ChangePosition,
    /// Whether there was nothing more.
    pub(crate) caught_up: bool,
}

/// A page of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) notifications: Vec<Notification>,
    /// Where the next page begins; none on the last.
    pub(crate) next: Option<Position>,
}

/// Whether a step of a try was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// It was: the lease still counted.
    Yes,
    /// Somebody else holds the message by now, or it is gone, or it has died and may not be handed over.
    TooLate,
}

impl Recorded {
    /// What the number of rows says that a statement under the lease's fence changed.
    pub(super) const fn from_rows(rows: u64) -> Self {
        if rows == 1 { Self::Yes } else { Self::TooLate }
    }
}

/// A change to one message, asked for under a request id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChangeRequest {
    pub(crate) id: NotificationId,
    /// What makes a repeated call the same call.
    pub(crate) request_id: RequestId,
    pub(crate) request_expires_at: Timestamp,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChangeOutcome {
    /// It was made, now or by the same request before. The message as it stands.
    Made(Box<Notification>),
    /// No such message in the tenant.
    NotFound,
    /// It does not stand where such a change is possible.
    Impossible,
    /// The request id was used for something else.
    RequestIdReused,
}

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SweepLimits {
    /// Journeys older than this are purged.
    pub(crate) history: Duration,
    /// Rows one statement may touch.
    pub(crate) batch: u32,
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Swept {
    /// Messages that died unsent.
    pub(crate) expired: u64,
    /// Payloads of dead and unknown messages that nobody may replay any more.
    pub(crate) wiped: u64,
    /// Request ids forgotten.
    pub(crate) requests_forgotten: u64,
    /// Suppressions that were over.
    pub(crate) suppressions_forgotten: u64,
    /// Decoys that got the receipt of a message.
    pub(crate) decoys_answered: u64,
    /// Notices that may be said again.
    pub(crate) notices_forgotten: u64,
    /// Journeys forgotten, or partitions of them.
    pub(crate) purged: u64,
}
