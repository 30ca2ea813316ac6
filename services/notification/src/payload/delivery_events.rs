//! What is told of hand-overs, as a payload holds it: by place, that of the destination first and then that of each step.

use rekey_primitives::secret::Zeroizing;
use serde::{Deserialize, Serialize};

use super::Payload;
use crate::domain::delivery_event::DeliveryEvent;
use crate::domain::destination::EndpointName;
use crate::domain::event::UntimedEvent;

/// As it is read.
#[derive(Deserialize)]
pub(super) struct DeliveryEventRecord {
    endpoint: String,
    event: String,
}

/// As it is written: the same layout, without copies.
#[derive(Serialize)]
pub(super) struct DeliveryEventRecordRef<'a> {
    endpoint: &'a str,
    event: &'a str,
}

/// What is written of a payload.
pub(super) fn written(payload: &Payload) -> Vec<Option<DeliveryEventRecordRef<'_>>> {
    let of_steps = payload.fallbacks.iter().map(|step| &step.delivery_event);
    let all = std::iter::once(&payload.delivery_event).chain(of_steps);
    all.map(|told| told.as_ref().map(DeliveryEventRecordRef::of)).collect()
}

impl<'a> DeliveryEventRecordRef<'a> {
    fn of(told: &'a DeliveryEvent) -> Self {
        Self { endpoint: told.endpoint.as_str(), event: told.event.as_str() }
    }
}

impl DeliveryEventRecord {
    pub(super) fn event(self) -> DeliveryEvent {
        let event = UntimedEvent::trusted(Zeroizing::new(self.event));
        DeliveryEvent { endpoint: EndpointName::from_stored(self.endpoint), event }
    }
}
