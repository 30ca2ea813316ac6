//! From the domain's types onto the wire.

use rekey_primitives::clock::Timestamp;
use rekey_wire::notification::v1::{self as wire, batch_send_result::Result as Sent};
use rekey_wire::time;

use super::refusal;
use crate::domain::destination::Channel;
use crate::domain::notification::Notification;
use crate::domain::refusal::{Refusal, Violation};
use crate::domain::state::FailureClass;
use crate::domain::trace::TraceContext;
use crate::intake::{Page, Receipt};

/// A message that is durable.
pub(super) fn receipt(receipt: Receipt) -> wire::SendNotificationResponse {
    wire::SendNotificationResponse {
        notification_id: receipt.id.to_string(),
        accept_time: Some(instant(receipt.accepted_at)),
    }
}

/// One message of a batch.
pub(super) fn result(result: Result<Receipt, Refusal>) -> wire::BatchSendResult {
    let result = match result {
        Ok(accepted) => Sent::Accepted(receipt(accepted)),
        Err(refused) => {
            let fields = match &refused {
                Refusal::FieldsInvalid(violations) | Refusal::VariablesWrong(violations) => {
                    violations.iter().map(violation).collect()
                }
                _ => Vec::new(),
            };
            let (_, reason, message) = refusal::shape(&refused);
            Sent::Refused(wire::SendRefusal { reason: reason.into(), message: message.to_owned(), fields })
        }
    };
    wire::BatchSendResult { result: Some(result) }
}

fn violation(violation: &Violation) -> wire::FieldViolation {
    wire::FieldViolation { field: violation.field.clone(), description: violation.what.to_owned() }
}

/// A page of journeys.
pub(super) fn page(page: Page) -> wire::ListNotificationsResponse {
    wire::ListNotificationsResponse {
        notifications: page.notifications.into_iter().map(notification).collect(),
        next_page_token: page.next_page_token,
    }
}

/// A journey.
pub(super) fn notification(notification: Notification) -> wire::Notification {
    let receipt = notification.receipt;
    wire::Notification {
        notification_id: notification.id.to_string(),
        tenant_id: notification.tenant_id.to_string(),
        template: notification.template,
        locale: notification.locale,
        channel: channel(notification.channel).into(),
        masked_destination: notification.masked_destination,
        // Lanes, states and classes have the contract's numbers; a test holds them together.
        lane: notification.lane.number().into(),
        state: notification.state.number().into(),
        reference: notification.reference,
        support_code: notification.trace.map(TraceContext::support_code).unwrap_or_default(),
        tries: i32::try_from(notification.tries).unwrap_or(i32::MAX),
        last_failure: notification.last_failure.map_or(0, FailureClass::number).into(),
        provider: notification.provider,
        create_time: Some(instant(notification.created_at)),
        update_time: Some(instant(notification.changed_at)),
        next_try_time: notification.next_try_at.map(instant),
        not_after_time: Some(instant(notification.not_after)),
        receipt_state: receipt.as_ref().map_or(0, |receipt| receipt.state.number()).into(),
        receipt_time: receipt.as_ref().map(|receipt| instant(receipt.at)),
        receipt_detail: receipt.map(|receipt| receipt.detail.as_str().to_owned()).unwrap_or_default(),
        fallbacks_used: i32::try_from(notification.fallbacks_used).unwrap_or(i32::MAX),
        fallback_time: notification.fallback_at.map(instant),
    }
}

/// How a message travels.
pub(super) const fn channel(channel: Channel) -> wire::Channel {
    match channel {
        Channel::Email => wire::Channel::Email,
        Channel::Sms => wire::Channel::Sms,
        Channel::Webhook => wire::Channel::Webhook,
    }
}

pub(super) fn instant(at: Timestamp) -> prost_types::Timestamp {
    time::timestamp(at.unix_micros())
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;
    use crate::domain::lane::Lane;
    use crate::domain::state::State;

    #[test]
    fn lanes_states_and_classes_have_the_numbers_of_the_contract() {
        let name = |text: &str| text.to_uppercase();

        for &lane in Lane::ALL {
            let wire = wire::Lane::try_from(i32::from(lane.number())).unwrap();
            assert_eq!(wire.as_str_name(), format!("LANE_{}", name(lane.as_str())));
        }
        for state in State::VARIANTS {
            let wire = wire::NotificationState::try_from(i32::from(state.number())).unwrap();
            assert_eq!(wire.as_str_name(), format!("NOTIFICATION_STATE_{}", name(&format!("{state:?}"))));
        }
        for class in FailureClass::VARIANTS {
            let wire = wire::FailureClass::try_from(i32::from(class.number())).unwrap();
            assert_eq!(wire.as_str_name(), format!("FAILURE_CLASS_{}", name(class.as_str())));
        }
    }
}
