//! Messages as backends have them sent by notification.

use std::time::Duration;

use rekey_wire::notification::v1::destination::Address;
use rekey_wire::notification::v1::notification_service_client::NotificationServiceClient;
use rekey_wire::notification::v1::{Destination, Lane, OutgoingMessage, SendNotificationRequest};

use crate::caller::{Caller, request_id};

/// Between two codes: a hundred a second, which is no load by itself.
pub(crate) const PACE: Duration = Duration::from_millis(10);

/// A code that takes longer never comes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A mail to an address.
pub(crate) fn message(
    address: String,
    lane: Lane,
    template: &str,
    variables: &[(&str, &str)],
) -> OutgoingMessage {
    let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    OutgoingMessage {
        destination: Some(Destination { address: Some(Address::EmailAddress(address)) }),
        template: template.to_owned(),
        variables: variables.iter().map(owned).collect(),
        lane: lane.into(),
        ..OutgoingMessage::default()
    }
}

/// The call that sends it.
pub(crate) fn sending(caller: &Caller, message: OutgoingMessage) -> SendNotificationRequest {
    SendNotificationRequest {
        tenant_id: caller.tenant_id(),
        request_id: request_id(),
        message: Some(message),
    }
}

/// Sends a code; it is accepted, and not yet at the relay, when this returns.
pub(crate) async fn send_code(caller: &Caller, address: String, number: usize) -> anyhow::Result<()> {
    let variables = [("organisation", "Contoso"), ("code", "271828"), ("minutes", "10")];
    let request = sending(caller, message(address, Lane::Critical, "verification_code", &variables));
    let mut client = NotificationServiceClient::new(caller.channel(number));
    client.send_notification(caller.request(request)).await?;
    Ok(())
}
