//! What a sender has told when a provider takes its message over: an event, and the endpoint that it goes to.
//!
//! It is as its sender wrote it, but for its time. A decoy has its told as a message has: an endpoint must not know them apart.

use super::destination::EndpointName;
use super::event::UntimedEvent;

/// An event of a hand-over that has not come yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeliveryEvent {
    pub(crate) endpoint: EndpointName,
    pub(crate) event: UntimedEvent,
}
