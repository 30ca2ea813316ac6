//! What this service needs of notification, in its own words: that a message with a code is taken over.

use async_trait::async_trait;
use rekey_client::{Connection, Problem};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Destination;
use rekey_primitives::id::{TenantId, VerificationId};
use rekey_primitives::locale::Locale;
use rekey_wire::notification::v1 as wire;
use tonic::{Code as GrpcCode, Status};
use uuid::Uuid;

use crate::domain::code::Code;

/// A message with a code.
#[derive(Debug, Clone)]
pub(crate) struct CodeMessage {
    /// The tenant it is sent for.
    pub(crate) tenant: TenantId,
    /// Its id: handing over the same one twice sends one message.
    pub(crate) id: Uuid,
    /// The verification it belongs to, to find it again by.
    pub(crate) verification: VerificationId,
    /// Which text.
    pub(crate) template: &'static str,
    /// Where it goes.
    pub(crate) destination: Destination,
    /// In which language; none means English.
    pub(crate) locale: Option<Locale>,
    /// In whose name.
    pub(crate) organisation: String,
    /// The code.
    pub(crate) code: Code,
    /// How many minutes it is said to live.
    pub(crate) minutes: u64,
    /// When the message dies: with its code.
    pub(crate) not_after: Timestamp,
    /// Whether it is accepted like any other and deleted when its turn comes.
    pub(crate) decoy: bool,
}

/// What notification made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandOver {
    /// It is durable there.
    Accepted,
    /// Nobody carries messages of this channel.
    NotCarried,
    /// Its time was over before it arrived.
    TooLate,
}

/// Notification is away, or did not understand. The message may have been accepted all the same.
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

/// Takes messages over.
#[async_trait]
pub(crate) trait Messenger: Send + Sync + 'static {
    /// Hands a message over; `Accepted` means it survives the loss of any process.
    async fn hand_over(&self, message: &CodeMessage) -> Result<HandOver, Failure>;
}

/// Notification over gRPC.
#[derive(Debug, Clone)]
pub(crate) struct NotificationPeer(Connection);

impl NotificationPeer {
    /// Uses this connection.
    pub(crate) fn new(connection: Connection) -> Self {
        Self(connection)
    }
}

#[async_trait]
impl Messenger for NotificationPeer {
    async fn hand_over(&self, message: &CodeMessage) -> Result<HandOver, Failure> {
        let mut client = wire::notification_service_client::NotificationServiceClient::new(self.0.clone());
        match client.send_notification(request(message)).await {
            Ok(_) => Ok(HandOver::Accepted),
            Err(status) => {
                let problem = Problem::of(&status);
                if problem.published() == Some(wire::ErrorReason::ChannelNotConfigured) {
                    Ok(HandOver::NotCarried)
                } else if problem.published() == Some(wire::ErrorReason::AlreadyExpired) {
                    Ok(HandOver::TooLate)
                } else {
                    Err(Failure { code: problem.code, reason: problem.reason, source: Some(status) })
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
    let variables = [
        ("organisation", message.organisation.clone()),
        ("code", message.code.expose().to_owned()),
        ("minutes", message.minutes.to_string()),
    ];
    let micros = message.not_after.unix_micros();
    wire::SendNotificationRequest {
        tenant_id: message.tenant.to_string(),
        request_id: message.id.hyphenated().to_string(),
        message: Some(wire::OutgoingMessage {
            destination: Some(wire::Destination { address: Some(address) }),
            template: message.template.to_owned(),
            locale: message.locale.as_ref().map(ToString::to_string).unwrap_or_default(),
            variables: variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            lane: wire::Lane::Critical.into(),
            not_after: Some(prost_types::Timestamp {
                seconds: micros.div_euclid(1_000_000),
                nanos: i32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap_or(0),
            }),
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
    fn a_message_dies_with_its_code_and_travels_in_the_critical_lane() {
        let message = CodeMessage {
            tenant: TenantId::from_uuid(Uuid::from_u128(1)),
            id: Uuid::from_u128(2),
            verification: VerificationId::from_uuid(Uuid::from_u128(3)),
            template: "verification_code",
            destination: Destination::parse(Channel::Email, "anna@example.com").unwrap(),
            locale: Locale::parse("de").ok(),
            organisation: "Contoso".to_owned(),
            code: Code::typed("123456").unwrap(),
            minutes: 10,
            not_after: Timestamp::from_unix_micros(1_500_000),
            decoy: true,
        };

        let sent = request(&message).message.unwrap();

        assert_eq!(sent.not_after, Some(prost_types::Timestamp { seconds: 1, nanos: 500_000_000 }));
        assert_eq!((sent.lane(), sent.decoy), (wire::Lane::Critical, true));
        assert_eq!(sent.variables.len(), 3);
        assert_eq!(sent.variables["code"], "123456");
        assert_eq!(sent.reference, message.verification.to_string());
    }
}
