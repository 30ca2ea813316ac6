//! What happened to a verification, for the caller that listens: CloudEvents 1.0, as thin as they can be.
//!
//! An event names the verification and what it is for. It never holds a code, an address or the subject, so an endpoint that leaks
//! tells nobody whom a caller knows.

use std::collections::BTreeMap;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Channel;
use rekey_primitives::id::{TenantId, VerificationId};
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::names::{CallerName, Purpose};
use super::scope::{ScopedId, TenantScope};

/// What may happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum EventKind {
    /// It was started.
    Created,
    /// Notification has a message with its code.
    Sent,
    /// A provider took such a message over. Notification tells of it, since it alone knows when.
    Delivered,
    /// A code was judged, and was not the right one.
    Checked,
    /// The right code was given.
    Approved,
    /// Its time or its attempts ended without the right code.
    Expired,
    /// A limit or rule stopped a message.
    Blocked,
}

/// An event before it is written down.
#[derive(Debug, Clone)]
pub(crate) struct Event<'a> {
    pub(crate) id: Uuid,
    pub(crate) kind: EventKind,
    /// When it happened; none of what has not happened yet.
    pub(crate) at: Option<Timestamp>,
    pub(crate) verification: &'a ScopedId,
    pub(crate) purpose: &'a Purpose,
    pub(crate) channel: Option<Channel>,
    /// The published reason of what was blocked.
    pub(crate) reason: Option<&'a str>,
}

/// An event as it is stored and handed over: a CloudEvent in JSON.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EventText(String);

/// What the service needs to know again of an event that it wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventHead {
    pub(crate) id: Uuid,
    pub(crate) verification: ScopedId,
}

/// Who listens: the webhook endpoint of each caller that has one, by the name that notification knows it by.
#[derive(Debug, Clone, Default)]
pub(crate) struct EventRules {
    pub(crate) endpoints: BTreeMap<String, String>,
    /// The most events of a tenant that wait; beyond them the oldest are dropped.
    pub(crate) most_waiting: u32,
}

impl EventRules {
    /// Whether somebody listens to the verifications of this caller.
    pub(crate) fn has_listener(&self, caller: &CallerName) -> bool {
        self.endpoint(caller).is_some()
    }

    /// Where the events of this caller's verifications go.
    pub(crate) fn endpoint(&self, caller: &CallerName) -> Option<&str> {
        self.endpoints.get(caller.as_str()).map(String::as_str)
    }
}

impl Event<'_> {
    /// Writes it down.
    pub(crate) fn encode(&self) -> EventText {
        let kind: &str = self.kind.into();
        let ScopedId { scope: TenantScope { tenant, caller }, verification } = self.verification;
        let mut data = json!({
            "tenant_id": tenant.to_string(),
            "verification_id": verification.to_string(),
            "caller": caller.as_str(),
            "purpose": self.purpose.as_str(),
        });
        if let Some(channel) = self.channel {
            data["channel"] = json!(channel_name(channel));
        }
        if let Some(reason) = self.reason {
            data["reason"] = json!(reason);
        }
        let mut event = json!({
            "specversion": "1.0",
            "id": self.id.to_string(),
            "source": format!("urn:rekey:tenant:{tenant}"),
            "type": format!("rekey.verification.{kind}"),
            "subject": verification.to_string(),
            "datacontenttype": "application/json",
            "data": data,
        });
        if let Some(at) = self.at {
            event["time"] = json!(rfc3339(at));
        }
        EventText(event.to_string())
    }
}

impl EventText {
    /// Takes what a store kept; [`Self::head`] tells whether it is an event.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads what is needed of it again; none if it is no event of this service.
    pub(crate) fn head(&self) -> Option<EventHead> {
        #[derive(Deserialize)]
        struct Stored {
            id: Uuid,
            data: Data,
        }
        #[derive(Deserialize)]
        struct Data {
            tenant_id: Uuid,
            verification_id: Uuid,
            caller: String,
        }
        let Stored { id, data } = serde_json::from_str(&self.0).ok()?;
        let caller = CallerName::parse(&data.caller).ok()?;
        let scope = TenantScope { tenant: TenantId::from_uuid(data.tenant_id), caller };
        let verification = VerificationId::from_uuid(data.verification_id);
        Some(EventHead { id, verification: ScopedId { scope, verification } })
    }
}

const fn channel_name(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "email",
        Channel::Sms => "sms",
    }
}

/// To the microsecond, in UTC. An instant that no calendar has stands as the epoch: the field is for people, and no reason to
/// lose the event.
fn rfc3339(at: Timestamp) -> String {
    let nanos = i128::from(at.unix_micros()) * 1_000;
    let moment = OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.format(&Rfc3339).unwrap_or_else(|_| "1970-01-01T00:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> ScopedId {
        ScopedId {
            scope: TenantScope {
                tenant: TenantId::from_uuid(Uuid::from_u128(1)),
                caller: CallerName::parse("the \"shop\"").unwrap(),
            },
            verification: VerificationId::from_uuid(Uuid::from_u128(2)),
        }
    }

    fn event(kind: EventKind, reason: Option<&str>) -> EventText {
        let purpose = Purpose::parse("sign_up").unwrap();
        let at = Some(Timestamp::from_unix_micros(1_785_000_000_123_456));
        let channel = Some(Channel::Sms);
        Event { id: Uuid::from_u128(3), kind, at, verification: &id(), purpose: &purpose, channel, reason }
            .encode()
    }

    #[test]
    fn an_event_is_a_cloud_event_that_names_the_verification_alone() {
        let text = event(EventKind::Blocked, Some("DESTINATION_LIMITED"));

        let read: serde_json::Value = serde_json::from_str(text.as_str()).unwrap();
        assert_eq!(
            read,
            json!({
                "specversion": "1.0",
                "id": "00000000-0000-0000-0000-000000000003",
                "source": "urn:rekey:tenant:00000000-0000-0000-0000-000000000001",
                "type": "rekey.verification.blocked",
                "subject": "00000000-0000-0000-0000-000000000002",
                "time": "2026-07-25T17:20:00.123456Z",
                "datacontenttype": "application/json",
                "data": {
                    "tenant_id": "00000000-0000-0000-0000-000000000001",
                    "verification_id": "00000000-0000-0000-0000-000000000002",
                    "caller": "the \"shop\"",
                    "purpose": "sign_up",
                    "channel": "sms",
                    "reason": "DESTINATION_LIMITED",
                },
            })
        );
    }

    #[test]
    fn what_was_written_is_known_again_and_what_was_not_is_no_event() {
        let head = event(EventKind::Created, None).head().unwrap();

        assert_eq!(head, EventHead { id: Uuid::from_u128(3), verification: id() });
        assert_eq!(EventText::stored("{}".to_owned()).head(), None);
        assert_eq!(EventText::stored("nonsense".to_owned()).head(), None);
    }

    #[test]
    fn only_a_caller_with_an_endpoint_is_listened_to() {
        let endpoints = BTreeMap::from([("shop".to_owned(), "shop-hooks".to_owned())]);
        let rules = EventRules { endpoints, most_waiting: 10 };

        let [shop, bank] = ["shop", "bank"].map(|name| CallerName::parse(name).unwrap());
        assert!(rules.has_listener(&shop) && !rules.has_listener(&bank));
        assert_eq!((rules.endpoint(&shop), rules.endpoint(&bank)), (Some("shop-hooks"), None));
    }
}
