//! What is sealed at rest: the destination and the variables, and nothing that a list shows.
//!
//! A payload is bound to its tenant and its notification, so that it cannot be moved to another row, and to the version
//! of its layout: a replica of older code cannot open what it could not read, and leaves it to a newer one.

mod delivery_events;
mod event;
mod keys;
mod legacy;

use std::collections::BTreeMap;
use std::time::Duration;

use rekey_primitives::entropy::Entropy;
use rekey_primitives::id::{NotificationId, TenantId};
use rekey_primitives::secret::Zeroizing;
use rekey_sealing::{AeadKeys, codec};
use serde::{Deserialize, Serialize};

use self::delivery_events::DeliveryEventRecord;
pub(crate) use self::event::EventPayload;
use crate::domain::delivery_event::DeliveryEvent;
use crate::domain::destination::{Channel, Destination};
use crate::domain::fallback::{Fallback, Fallbacks};
use crate::domain::message::Variables;
use crate::domain::template::TemplateName;

pub(crate) use self::keys::PayloadKeys;

/// The layout of [`Record`]. Version 1 is in `legacy`.
const VERSION: u8 = 2;
/// The layout of a [`Record`] with its [`StepRecord`]s. Without any a payload is written as the version before reads it.
const VERSION_WITH_FALLBACKS: u8 = 4;
/// The same with what is told of hand-overs, at the destination and after each step. Where nothing is told, an older layout does.
const VERSION_WITH_DELIVERY_EVENTS: u8 = 5;

/// What a worker needs and nobody else sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payload {
    pub(crate) destination: Destination,
    pub(crate) variables: Variables,
    /// What is told when it is taken over there, if anything is.
    pub(crate) delivery_event: Option<DeliveryEvent>,
    /// Where it goes when its channel does not carry it.
    pub(crate) fallbacks: Fallbacks,
}

/// The row that a payload belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PayloadRow {
    pub(crate) tenant_id: TenantId,
    pub(crate) id: NotificationId,
}

/// Why there is no payload in what was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    /// No key opens it, or it is another row's, or a newer replica wrote it.
    #[error("the payload does not open")]
    Closed,
    /// The bytes are not a payload of this template.
    #[error("the payload does not read")]
    Unreadable,
}

/// As it is read.
#[derive(Deserialize)]
struct Record {
    is_sms: bool,
    destination: String,
    variables: Vec<(String, String)>,
}

/// As it is written: the same layout, without copies.
#[derive(Serialize)]
struct RecordRef<'a> {
    is_sms: bool,
    destination: &'a str,
    variables: Vec<(&'static str, &'a str)>,
}

/// A step to another channel.
#[derive(Serialize, Deserialize)]
struct StepRecord {
    channel: String,
    destination: String,
    after_micros: u64,
}

impl Payload {
    /// One that goes to one destination, and of which nothing is told.
    pub(crate) fn plain(destination: Destination, variables: Variables) -> Self {
        Self { destination, variables, delivery_event: None, fallbacks: Fallbacks::default() }
    }

    /// Seals it for its row.
    pub(crate) fn seal(&self, keys: &AeadKeys, entropy: &dyn Entropy, row: PayloadRow) -> Vec<u8> {
        let steps: Vec<StepRecord> = self.fallbacks.iter().map(StepRecord::of).collect();
        let told = delivery_events::written(self);
        let (version, bytes) = if told.iter().any(Option::is_some) {
            let version = VERSION_WITH_DELIVERY_EVENTS;
            (version, codec::encode(version, &(self.record(), steps, told)))
        } else if self.fallbacks.is_empty() {
            (VERSION, codec::encode(VERSION, &self.record()))
        } else {
            (VERSION_WITH_FALLBACKS, codec::encode(VERSION_WITH_FALLBACKS, &(self.record(), steps)))
        };
        keys.seal(entropy, &row.binding(version), &bytes)
    }

    /// Opens what was sealed for that row and template.
    pub(crate) fn open(
        keys: &AeadKeys,
        row: PayloadRow,
        template: TemplateName,
        sealed: &[u8],
    ) -> Result<Self, Unusable> {
        let read = if let Ok(bytes) = keys.open(&row.binding(VERSION), sealed) {
            codec::decode(VERSION, &bytes).ok().and_then(|record| Self::of_record(record, template))
        } else if let Ok(bytes) = keys.open(&row.binding(VERSION_WITH_FALLBACKS), sealed) {
            Self::with_fallbacks(&bytes, template)
        } else if let Ok(bytes) = keys.open(&row.binding(VERSION_WITH_DELIVERY_EVENTS), sealed) {
            Self::with_delivery_events(&bytes, template)
        } else {
            let bytes = keys.open(&legacy::binding(row), sealed).map_err(|_| Unusable::Closed)?;
            legacy::read(template, &bytes)
        };
        read.ok_or(Unusable::Unreadable)
    }

    fn with_fallbacks(bytes: &[u8], template: TemplateName) -> Option<Self> {
        let (record, steps): (Record, Vec<StepRecord>) = codec::decode(VERSION_WITH_FALLBACKS, bytes).ok()?;
        let payload = Self::of_record(record, template)?;
        let steps = steps.into_iter().map(|step| step.step(None)).collect::<Option<Vec<_>>>()?;
        Some(Self { fallbacks: Fallbacks::trusted(steps), ..payload })
    }

    fn with_delivery_events(bytes: &[u8], template: TemplateName) -> Option<Self> {
        type Read = (Record, Vec<StepRecord>, Vec<Option<DeliveryEventRecord>>);
        let (record, steps, told): Read = codec::decode(VERSION_WITH_DELIVERY_EVENTS, bytes).ok()?;
        let payload = Self::of_record(record, template)?;
        let mut told = told.into_iter().map(|one| one.map(DeliveryEventRecord::event));
        let delivery_event = told.next()?;
        let steps = steps.into_iter().map(|step| step.step(told.next()?)).collect::<Option<Vec<_>>>()?;
        Some(Self { delivery_event, fallbacks: Fallbacks::trusted(steps), ..payload })
    }

    fn record(&self) -> RecordRef<'_> {
        RecordRef {
            is_sms: self.destination.channel() == Channel::Sms,
            destination: self.destination.as_str(),
            variables: self.variables.iter().collect(),
        }
    }

    fn of_record(record: Record, template: TemplateName) -> Option<Self> {
        // Wiped whatever comes of the rest.
        let variables: Vec<_> =
            record.variables.into_iter().map(|(name, value)| (name, Zeroizing::new(value))).collect();
        let channel = if record.is_sms { Channel::Sms } else { Channel::Email };
        let destination = Destination::from_stored(channel, record.destination);
        let mut taken = BTreeMap::new();
        for (name, value) in variables {
            let known = template.variables().iter().find(|known| **known == name)?;
            taken.insert(*known, value);
        }
        Some(Self::plain(destination, Variables::trusted(taken)))
    }

    /// Where the message is after so many steps.
    pub(crate) fn destination_after(&self, used: usize) -> &Destination {
        self.fallbacks.last_taken(used).map_or(&self.destination, |step| &step.destination)
    }

    /// What is told when it is taken over there, if anything is.
    pub(crate) fn delivery_event_after(&self, used: usize) -> Option<&DeliveryEvent> {
        self.fallbacks.last_taken(used).map_or(&self.delivery_event, |step| &step.delivery_event).as_ref()
    }
}

impl StepRecord {
    fn of(step: &Fallback) -> Self {
        Self {
            channel: step.destination.channel().as_str().to_owned(),
            destination: step.destination.as_str().to_owned(),
            after_micros: u64::try_from(step.after.as_micros()).unwrap_or(u64::MAX),
        }
    }

    fn step(self, delivery_event: Option<DeliveryEvent>) -> Option<Fallback> {
        let channel = Channel::parse(&self.channel)?;
        let destination = Destination::from_stored(channel, self.destination);
        Some(Fallback { destination, after: Duration::from_micros(self.after_micros), delivery_event })
    }
}

impl PayloadRow {
    /// Names the version of the layout: older code cannot open what it could not read.
    fn binding(self, version: u8) -> Vec<u8> {
        let (tenant_id, id) = (self.tenant_id.as_uuid(), self.id.as_uuid());
        let layout = format!("notification payload {version}");
        [layout.as_bytes(), tenant_id.as_bytes(), id.as_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::id::RequestId;

    use super::*;
    use crate::fixtures::{NOW, delivery_event, entropy, fitting, keys, tenant};

    const TEMPLATE: TemplateName = TemplateName::PasswordResetCode;

    fn payload() -> Payload {
        let destination = Destination::parse(Channel::Email, "anna@example.com").unwrap();
        Payload::plain(destination, fitting(TEMPLATE))
    }

    fn row() -> PayloadRow {
        let id = NotificationId::from_uuid(RequestId::generate(entropy().as_ref(), NOW).as_uuid());
        PayloadRow { tenant_id: tenant(), id }
    }

    #[test]
    fn a_payload_reads_back() {
        let sealed = payload().seal(&keys(), entropy().as_ref(), row());

        assert_eq!(Payload::open(&keys(), row(), TEMPLATE, &sealed), Ok(payload()));
    }

    fn to_a_phone(delivery_event: Option<DeliveryEvent>) -> Fallback {
        let destination = Destination::parse(Channel::Sms, "+4915112345642").unwrap();
        Fallback { destination, after: Duration::from_secs(30), delivery_event }
    }

    #[test]
    fn what_is_told_of_a_hand_over_reads_back_with_its_destination() {
        let told = |channel| Some(delivery_event(channel));
        let of_both = Payload {
            delivery_event: told(Channel::Email),
            fallbacks: Fallbacks::trusted(vec![to_a_phone(told(Channel::Sms))]),
            ..payload()
        };
        let of_the_step = Payload { delivery_event: None, ..of_both.clone() };

        for payload in [of_both, of_the_step, Payload { delivery_event: told(Channel::Email), ..payload() }] {
            let sealed = payload.seal(&keys(), entropy().as_ref(), row());

            let opened = Payload::open(&keys(), row(), TEMPLATE, &sealed).unwrap();

            assert_eq!(opened, payload);
            assert_eq!(opened.delivery_event_after(0), payload.delivery_event.as_ref());
            let step = payload.fallbacks.last_taken(1);
            assert_eq!(
                opened.delivery_event_after(1),
                step.map_or(&payload.delivery_event, |step| &step.delivery_event).as_ref()
            );
        }
    }

    #[test]
    fn a_payload_with_fallbacks_reads_back_and_says_where_the_message_is() {
        let phone = to_a_phone(None).destination;
        let step = to_a_phone(None);
        let payload = Payload { fallbacks: Fallbacks::trusted(vec![step]), ..payload() };

        let sealed = payload.seal(&keys(), entropy().as_ref(), row());
        let opened = Payload::open(&keys(), row(), TEMPLATE, &sealed);

        assert_eq!(opened, Ok(payload.clone()));
        assert_eq!(
            (payload.destination_after(0), payload.destination_after(1)),
            (&payload.destination, &phone)
        );
    }

    #[test]
    fn a_payload_of_the_version_before_reads_as_well() {
        let sealed = keys().seal(entropy().as_ref(), &legacy::binding(row()), &legacy::write(&payload()));

        assert_eq!(Payload::open(&keys(), row(), TEMPLATE, &sealed), Ok(payload()));
    }

    #[test]
    fn bytes_of_another_template_or_cut_short_do_not_read() {
        let bytes = codec::encode(VERSION, &payload().record());
        let sealed = |bytes: &[u8]| keys().seal(entropy().as_ref(), &row().binding(VERSION), bytes);
        let open = |template, sealed: &[u8]| Payload::open(&keys(), row(), template, sealed);

        let unreadable = Err(Unusable::Unreadable);
        assert_eq!(open(TemplateName::HelpRequestDigest, &sealed(&bytes)), unreadable);
        assert_eq!(open(TEMPLATE, &sealed(&bytes[..bytes.len() - 1])), unreadable);
        assert_eq!(open(TEMPLATE, &sealed(&[])), unreadable);
    }

    #[test]
    fn a_payload_is_bound_to_its_row() {
        let sealed = payload().seal(&keys(), entropy().as_ref(), row());
        let other_id = PayloadRow { id: NotificationId::from_uuid(uuid::Uuid::from_u128(1)), ..row() };
        let other_tenant = PayloadRow { tenant_id: TenantId::from_uuid(uuid::Uuid::from_u128(1)), ..row() };

        for other in [other_id, other_tenant] {
            assert_eq!(Payload::open(&keys(), other, TEMPLATE, &sealed), Err(Unusable::Closed));
        }
    }
}
