//! What this service needs of notification: that it accepts a message with a code.

use async_trait::async_trait;
use rekey_client::{Connection, Problem};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Destination;
use rekey_primitives::id::{TenantId, VerificationId};
use rekey_primitives::locale::Locale;
use rekey_wire::notification::v1 as wire;
use rekey_wire::time;
use tonic::{Code as GrpcCode, Status};
use uuid::Uuid;

use crate::domain::code::Code;
use crate::domain::transaction::Transaction;

#[derive(Debug, Clone)]
pub(crate) struct CodeMessage {
    pub(crate) tenant: TenantId,
    /// Handing over the same id twice sends one message.
    pub(crate) id: Uuid,
    pub(crate) verification: VerificationId,
    pub(crate) template: &'static str,
    pub(crate) destination: Destination,
    /// None means English.
    pub(crate) locale: Option<Locale>,
    /// The sender's name.
    pub(crate) organisation: String,
    /// What the person approves, where the template shows it.
    pub(crate) transaction: Option<Transaction>,
    pub(crate) code: Code,
    /// How many minutes the message says that the code lives.
    pub(crate) minutes: u64,
    /// When the message expires: with its code.
    pub(crate) not_after: Timestamp,
    /// Whether it is accepted like any other and then deleted unsent.
    pub(crate) decoy: bool,
}

/// What notification answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SendResult {
    /// It is durable there.
    Accepted,
    /// No provider for this channel is set up.
    ChannelNotConfigured,
    /// It had expired when it arrived.
    AlreadyExpired,
}

/// Notification is away, or did not understand. The message may have been accepted nevertheless.
#[derive(Debug, thiserror::Error)]
#[error("notification answered {code:?} {reason}")]
pub(crate) struct Failure {
    code: GrpcCode,
    reason: String,
    #[source]
    source: Option<Status>,
}

#[cfg(test)]
impl Failure {
    /// A failure of which only the code is known.
    pub(crate) fn new(code: GrpcCode) -> Self {
        Self { code, reason: String::new(), source: None }
    }
}

#[async_trait]
pub(crate) trait Messenger: Send + Sync + 'static {
    /// `Accepted` means that the message survives the loss of any process.
    async fn send(&self, message: &CodeMessage) -> Result<SendResult, Failure>;
}

/// Notification over gRPC.
#[derive(Debug, Clone)]
pub(crate) struct NotificationPeer(Connection);

impl NotificationPeer {
    pub(crate) fn new(connection: Connection) -> Self {
        Self(connection)
    }
}

#[async_trait]
impl Messenger for NotificationPeer {
    async fn send(&self, message: &CodeMessage) -> Result<SendResult, Failure> {
        let mut client = wire::notification_service_client::NotificationServiceClient::new(self.0.clone());
        match client.send_notification(request(message)).await {
            Ok(_) => Ok(SendResult::Accepted),
            Err(status) => {
                let problem = Problem::of(&status);
                match problem.published() {
                    Some(wire::ErrorReason::ChannelNotConfigured) => Ok(SendResult::ChannelNotConfigured),
                    Some(wire::ErrorReason::AlreadyExpired) => Ok(SendResult::AlreadyExpired),
                    _ => Err(Failure { code: problem.code, reason: problem.reason, source: Some(status) }),
                }
            }
        }
    }
}

fn request(message: &CodeMessage) -> wire::SendNotificationRequest {
    use wire::destination::Address;

    let address = match &message.destination {
        Destination::Email(address) => Address::EmailAddress(address.as_str().to_owned()),
        Destination::Phone(number) => Address::PhoneNumber(number.as_str().to_owned()),
    };
    let shown = message.transaction.iter().flat_map(|transaction| {
        [("amount", transaction.amount().to_owned()), ("payee", transaction.payee().to_owned())]
    });
    let variables = [
        ("organisation", message.organisation.clone()),
        ("code", message.code.expose().to_owned()),
        ("minutes", message.minutes.to_string()),
    ];
    wire::SendNotificationRequest {
        tenant_id: message.tenant.to_string(),
        request_id: message.id.hyphenated().to_string(),
        message: Some(wire::OutgoingMessage {
            destination: Some(wire::Destination { address: Some(address) }),
            template: message.template.to_owned(),
            locale: message.locale.as_ref().map(ToString::to_string).unwrap_or_default(),
            variables: variables
                .into_iter()
                .chain(shown)
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            lane: wire::Lane::Critical.into(),
            not_after_time: Some(time::timestamp(message.not_after.unix_micros())),
            reference: message.verification.to_string(),
            decoy: message.decoy,
        }),
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::contact::Channel;

    use super::*;

    #[test]
    fn a_message_expires_with_its_code_and_travels_in_the_critical_lane() {
        let message = CodeMessage {
            tenant: TenantId::from_uuid(Uuid::from_u128(1)),
            id: Uuid::from_u128(2),
            verification: VerificationId::from_uuid(Uuid::from_u128(3)),
            template: "payment_code",
            destination: Destination::parse(Channel::Email, "anna@example.com").unwrap(),
            locale: Locale::parse("de").ok(),
            organisation: "Contoso".to_owned(),
            transaction: Transaction::parse("12.00 EUR", "Berta").ok(),
            code: Code::parse("123456").unwrap(),
            minutes: 10,
            not_after: Timestamp::from_unix_micros(1_500_000),
            decoy: true,
        };

        let sent = request(&message).message.unwrap();

        assert_eq!(sent.not_after_time, Some(prost_types::Timestamp { seconds: 1, nanos: 500_000_000 }));
        assert_eq!((sent.lane(), sent.decoy), (wire::Lane::Critical, true));
        assert_eq!(sent.variables.len(), 5);
        assert_eq!((&*sent.variables["amount"], &*sent.variables["payee"]), ("12.00 EUR", "Berta"));
        assert_eq!(sent.variables["code"], "123456");
        assert_eq!(sent.reference, message.verification.to_string());
    }
}
