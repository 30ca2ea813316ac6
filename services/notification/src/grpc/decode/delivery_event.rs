//! What is told when a provider takes a message over.

use rekey_primitives::secret::Zeroizing;
use rekey_wire::notification::v1 as wire;

use super::Fields;
use crate::domain::delivery_event::DeliveryEvent;
use crate::domain::destination::EndpointName;
use crate::domain::event::UntimedEvent;

/// The event if one was sent, or notes of what is wrong with it.
pub(super) fn delivery_event(
    fields: &mut Fields,
    sent: Option<wire::DeliveryEvent>,
    within: &str,
) -> Option<DeliveryEvent> {
    let wire::DeliveryEvent { webhook_endpoint, event } = sent?;
    let name = EndpointName::parse(&webhook_endpoint);
    let endpoint = fields.take(name, &format!("{within}.webhook_endpoint"), "is no name of an endpoint");
    let field = format!("{within}.event");
    let event = match UntimedEvent::parse(Zeroizing::new(event)) {
        Ok(event) => Some(event),
        Err(what) => fields.take(None, &field, what),
    };
    Some(DeliveryEvent { endpoint: endpoint?, event: event? })
}
