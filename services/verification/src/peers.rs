//! What this service needs of others: of notification, that it accepts a message with a code; of a gateway, what it knows of
//! SIMs (`sim_history`).

mod sim_history;

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

pub(crate) use self::sim_history::{SimGateway, SimHistories};
use crate::domain::code::Code;
use crate::domain::event::EventText;
use crate::domain::route::Fallback;
use crate::domain::transaction::Transaction;

#[derive(Debug, Clone)]
pub(crate) struct CodeMessage {
    pub(crate) tenant: TenantId,
    /// Handing over the same id twice sends one message.
    pub(crate) id: Uuid,
    pub(crate) verification: VerificationId,
    pub(crate) template: &'static str,
    pub(crate) destination: Destination,
    /// Where it goes when the channel does not carry it.
    pub(crate) fallback: Option<Fallback>,
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
    /// What is told of its delivery; none where nobody listens.
    pub(crate) delivery_events: Option<DeliveryEvents>,
}

/// What notification tells when it has delivered a message, and whom. The texts lack their time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeliveryEvents {
    /// The endpoint, as notification knows it.
    pub(crate) endpoint: String,
    pub(crate) text: EventText,
    /// Of a delivery by the channel that it falls back to.
    pub(crate) fallback_text: Option<EventText>,
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

impl Failure {
    /// It answered, and not as it should.
    fn unclear(reason: &str) -> Self {
        Self { code: GrpcCode::Unavailable, reason: reason.to_owned(), source: None }
    }
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

/// An event for the endpoint of whoever listens.
#[derive(Debug, Clone)]
pub(crate) struct AddressedEvent {
    /// Handing over the same id twice sends one message.
    pub(crate) id: Uuid,
    /// The endpoint, as notification knows it.
    pub(crate) endpoint: String,
    pub(crate) verification: VerificationId,
    pub(crate) text: EventText,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Receipt {
    /// It is durable there.
    Accepted,
    /// It will never be taken.
    Refused,
}

#[async_trait]
pub(crate) trait EventReceiver: Send + Sync + 'static {
    /// Hands over at most 100 events of a tenant; says of each what became of it, in their order.
    async fn hand_over(&self, tenant: TenantId, events: &[AddressedEvent]) -> Result<Vec<Receipt>, Failure>;
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
        let mut answer = client.send_notification(request(message)).await;
        // Whoever listens, a code that somebody waits for goes out: settings that do not fit together cost the event alone.
        if message.delivery_events.is_some() && answer.as_ref().is_err_and(may_refuse_events) {
            tracing::error!(
                "notification refused to tell of a delivery: is the endpoint among its webhooks?"
            );
            let untold = CodeMessage { delivery_events: None, ..message.clone() };
            answer = client.send_notification(request(&untold)).await;
        }
        match answer {
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

#[async_trait]
impl EventReceiver for NotificationPeer {
    async fn hand_over(&self, tenant: TenantId, events: &[AddressedEvent]) -> Result<Vec<Receipt>, Failure> {
        use wire::batch_send_result::Result as Sent;

        let mut client = wire::notification_service_client::NotificationServiceClient::new(self.0.clone());
        let request = wire::BatchSendNotificationsRequest {
            tenant_id: tenant.to_string(),
            requests: events.iter().map(|event| event_request(tenant, event)).collect(),
        };
        let response = client.batch_send_notifications(request).await.map_err(|status| {
            let problem = Problem::of(&status);
            Failure { code: problem.code, reason: problem.reason, source: Some(status) }
        })?;
        let results = response.into_inner().results;
        if results.len() != events.len() {
            return Err(Failure::unclear("as many results as events were expected"));
        }
        results
            .into_iter()
            .map(|sent| match sent.result {
                Some(Sent::Accepted(_)) => Ok(Receipt::Accepted),
                Some(Sent::Refused(refused)) if refused.reason() == wire::ErrorReason::QueueFull => {
                    Err(Failure::unclear("QUEUE_FULL"))
                }
                Some(Sent::Refused(_)) => Ok(Receipt::Refused),
                None => Err(Failure::unclear("a result is missing")),
            })
            .collect()
    }
}

/// Whether a message may be refused for what is to be told of it.
fn may_refuse_events(status: &Status) -> bool {
    let reason = Problem::of(status).published();
    matches!(reason, Some(wire::ErrorReason::WebhookEndpointNotFound | wire::ErrorReason::CallerNotAllowed))
}

fn event_request(tenant: TenantId, event: &AddressedEvent) -> wire::SendNotificationRequest {
    let address = wire::destination::Address::WebhookEndpoint(event.endpoint.clone());
    wire::SendNotificationRequest {
        tenant_id: tenant.to_string(),
        request_id: event.id.hyphenated().to_string(),
        message: Some(wire::OutgoingMessage {
            destination: Some(wire::Destination { address: Some(address) }),
            lane: wire::Lane::Transactional.into(),
            reference: event.verification.to_string(),
            event: event.text.as_str().to_owned(),
            ..wire::OutgoingMessage::default()
        }),
    }
}

fn to(destination: &Destination) -> Option<wire::Destination> {
    use wire::destination::Address;

    let address = match destination {
        Destination::Email(address) => Address::EmailAddress(address.as_str().to_owned()),
        Destination::Phone(number) => Address::PhoneNumber(number.as_str().to_owned()),
    };
    Some(wire::Destination { address: Some(address) })
}

fn request(message: &CodeMessage) -> wire::SendNotificationRequest {
    let told = message.delivery_events.as_ref();
    let event = |events: &DeliveryEvents, text: &EventText| wire::DeliveryEvent {
        webhook_endpoint: events.endpoint.clone(),
        event: text.as_str().to_owned(),
    };
    let step = |fallback: &Fallback| wire::Fallback {
        destination: to(&fallback.destination),
        after: Some(time::duration(fallback.after)),
        delivery_event: told.and_then(|events| Some(event(events, events.fallback_text.as_ref()?))),
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
            destination: to(&message.destination),
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
            delivery_event: told.map(|events| event(events, &events.text)),
            fallbacks: message.fallback.iter().map(step).collect(),
            ..wire::OutgoingMessage::default()
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
            fallback: Some(Fallback {
                destination: Destination::parse(Channel::Sms, "+4915112345642").unwrap(),
                after: std::time::Duration::from_secs(30),
            }),
            locale: Locale::parse("de").ok(),
            organisation: "Contoso".to_owned(),
            transaction: Transaction::parse("12.00 EUR", "Berta").ok(),
            code: Code::parse("123456").unwrap(),
            minutes: 10,
            not_after: Timestamp::from_unix_micros(1_500_000),
            decoy: true,
            delivery_events: Some(DeliveryEvents {
                endpoint: "shop-hooks".to_owned(),
                text: EventText::stored("by mail".to_owned()),
                fallback_text: Some(EventText::stored("by text message".to_owned())),
            }),
        };

        let sent = request(&message).message.unwrap();

        assert_eq!(sent.not_after_time, Some(prost_types::Timestamp { seconds: 1, nanos: 500_000_000 }));
        assert_eq!((sent.lane(), sent.decoy), (wire::Lane::Critical, true));
        assert_eq!(sent.variables.len(), 5);
        assert_eq!((&*sent.variables["amount"], &*sent.variables["payee"]), ("12.00 EUR", "Berta"));
        assert_eq!(sent.variables["code"], "123456");
        assert_eq!(sent.reference, message.verification.to_string());
        let after = Some(prost_types::Duration { seconds: 30, nanos: 0 });
        assert_eq!((sent.fallbacks.len(), sent.fallbacks[0].after), (1, after));
        let told = |event: &str| {
            Some(wire::DeliveryEvent { webhook_endpoint: "shop-hooks".to_owned(), event: event.to_owned() })
        };
        assert_eq!(sent.delivery_event, told("by mail"));
        assert_eq!(sent.fallbacks[0].delivery_event, told("by text message"));
    }
}
