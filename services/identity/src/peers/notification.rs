//! Notification, as identity needs it: takes a notice and owns it from then on.
//!
//! A [`Message`] is the content of a queued notice in the plain; use cases seal it into the outbox and the relay, which
//! is handed the opener, passes it on here. It holds an address and perhaps a token, so its `Debug` tells neither.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use rekey_client::{Connection, Problem, in_trace, trace_parent};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{Channel, Destination};
use rekey_primitives::id::TenantId;
use rekey_wire::notification::v1 as wire;
use rekey_wire::time;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Failure;

/// The name of the neighbour in failures.
const PEER: &str = "notification";

/// How urgent a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Lane {
    /// Alarms.
    Critical,
    /// Notices to one person about their own doing.
    Transactional,
    /// What goes to many.
    Bulk,
}

/// A message to hand over.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    /// The template's name.
    pub template: String,
    /// `email` or `sms`.
    pub channel: String,
    pub address: String,
    /// The reader's language, if known.
    pub locale: Option<String>,
    /// The template's variables.
    pub variables: BTreeMap<String, String>,
    /// How urgent it is.
    pub lane: Lane,
    /// The call that it follows from, as W3C writes it.
    #[serde(default)]
    pub trace_parent: Option<String>,
}

/// What became of a message that was handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HandedOver {
    /// Notification owns it now.
    Accepted,
    /// Notification will never take it: trying again is pointless.
    Refused,
}

/// Takes messages.
#[async_trait]
pub(crate) trait Notification: Send + Sync {
    /// Hands one message over. The same `request_id` is the same message for 24 hours.
    async fn send(
        &self,
        tenant_id: TenantId,
        request_id: Uuid,
        message: &Message,
        not_after: Timestamp,
    ) -> Result<HandedOver, Failure>;
}

/// Notification over the wire.
#[derive(Clone)]
pub(crate) struct RemoteNotification {
    client: wire::notification_service_client::NotificationServiceClient<Connection>,
}

impl Message {
    /// A message to an address.
    pub(crate) fn to(
        destination: &Destination,
        template: &str,
        lane: Lane,
        variables: BTreeMap<String, String>,
    ) -> Self {
        Self {
            template: template.to_owned(),
            channel: destination.channel().as_str().to_owned(),
            address: destination.as_str().to_owned(),
            locale: None,
            variables,
            lane,
            trace_parent: trace_parent(),
        }
    }
}

impl RemoteNotification {
    /// Speaks over this connection.
    pub(crate) fn new(connection: Connection) -> Self {
        Self { client: wire::notification_service_client::NotificationServiceClient::new(connection) }
    }
}

#[async_trait]
impl Notification for RemoteNotification {
    async fn send(
        &self,
        tenant_id: TenantId,
        request_id: Uuid,
        message: &Message,
        not_after: Timestamp,
    ) -> Result<HandedOver, Failure> {
        let request = wire::SendNotificationRequest {
            tenant_id: tenant_id.to_string(),
            request_id: request_id.hyphenated().to_string(),
            message: Some(outgoing(message, not_after)),
        };
        let mut client = self.client.clone();
        let sending = client.send_notification(request);
        match in_trace(message.trace_parent.as_deref(), sending).await {
            Ok(_) => Ok(HandedOver::Accepted),
            Err(status) => refused_or_failed(status),
        }
    }
}

fn outgoing(message: &Message, not_after: Timestamp) -> wire::OutgoingMessage {
    use wire::destination::Address;
    let address = match Channel::parse(&message.channel) {
        Some(Channel::Sms) => Address::PhoneNumber(message.address.clone()),
        Some(Channel::Email) | None => Address::EmailAddress(message.address.clone()),
    };
    let lane = match message.lane {
        Lane::Critical => wire::Lane::Critical,
        Lane::Transactional => wire::Lane::Transactional,
        Lane::Bulk => wire::Lane::Bulk,
    };
    wire::OutgoingMessage {
        destination: Some(wire::Destination { address: Some(address) }),
        template: message.template.clone(),
        locale: message.locale.clone().unwrap_or_default(),
        variables: message.variables.clone().into_iter().collect(),
        lane: lane.into(),
        not_after_time: Some(time::timestamp(not_after.unix_micros())),
        ..wire::OutgoingMessage::default()
    }
}

/// A message that is too late, or that no provider of its channel could carry, will not do better tomorrow; a
/// template or field that is refused is a mistake of this release, and the failure is logged until it is mended.
fn refused_or_failed(status: tonic::Status) -> Result<HandedOver, Failure> {
    use wire::ErrorReason as Reason;
    match Problem::of(&status).published() {
        Some(Reason::AlreadyExpired | Reason::ChannelNotConfigured) => Ok(HandedOver::Refused),
        Some(
            Reason::Unspecified
            | Reason::CallerUnknown
            | Reason::CallerNotAllowed
            | Reason::AccessTokenMissing
            | Reason::AccessTokenInvalid
            | Reason::RoleMissing
            | Reason::DeadlineExceeded
            | Reason::RequestMalformed
            | Reason::RequestTooLarge
            | Reason::MethodUnknown
            | Reason::Internal
            | Reason::Unavailable
            | Reason::ShuttingDown
            | Reason::FieldInvalid
            | Reason::RequestIdReused
            | Reason::Overloaded
            | Reason::CallCancelled
            | Reason::NotificationNotFound
            | Reason::TemplateNotFound
            | Reason::TemplateVariablesWrong
            | Reason::NotificationNotQueued
            | Reason::NotificationNotReplayable
            | Reason::PageTokenInvalid
            | Reason::ResumeTokenInvalid
            | Reason::ChangesForgotten
            | Reason::WatchersFull
            | Reason::QueueFull
            | Reason::WebhookEndpointNotFound
            | Reason::SuppressionNotFound
            | Reason::SuppressionNotConfigured
            | Reason::TemplatePartsInvalid
            | Reason::TemplateVersionNotFound
            | Reason::EtagMismatch
            | Reason::TemplateNotOverridden
            | Reason::TemplateLocalesFull,
        )
        | None => Err(Failure::of(PEER, status)),
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("template", &self.template).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::contact::EmailAddress;
    use rekey_wire::status::Refusal;
    use tonic::Code;

    use super::*;

    fn refusal(code: Code, reason: wire::ErrorReason) -> tonic::Status {
        Refusal::new(code, reason, "no").into_status()
    }

    #[test]
    fn what_can_never_be_sent_is_refused_and_the_rest_is_tried_again() {
        let late = refused_or_failed(refusal(Code::FailedPrecondition, wire::ErrorReason::AlreadyExpired));
        let full = refused_or_failed(refusal(Code::ResourceExhausted, wire::ErrorReason::QueueFull));
        let wrong =
            refused_or_failed(refusal(Code::InvalidArgument, wire::ErrorReason::TemplateVariablesWrong));

        assert_eq!(late.unwrap(), HandedOver::Refused);
        assert!(full.unwrap_err().is_unavailable());
        assert!(!wrong.unwrap_err().is_unavailable());
    }

    #[test]
    fn a_message_goes_out_as_it_was_queued() {
        let address = Destination::Email(EmailAddress::parse("ada@example.com").unwrap());
        let variables = BTreeMap::from([("name".to_owned(), "Ada".to_owned())]);
        let message = Message::to(&address, "password_changed_notice", Lane::Transactional, variables);

        let sent = outgoing(&message, Timestamp::from_unix_micros(1_500_000));

        assert_eq!(sent.template, "password_changed_notice");
        assert_eq!(sent.variables["name"], "Ada");
        assert_eq!(sent.not_after_time, Some(prost_types::Timestamp { seconds: 1, nanos: 500_000_000 }));
        assert!(!format!("{message:?}").contains("ada"));
    }
}
