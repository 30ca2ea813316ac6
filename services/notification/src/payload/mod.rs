//! What is sealed at rest: the destination and the variables, and nothing that a list shows.
//!
//! A payload is bound to its tenant and its notification, so that it cannot be moved to another row, and to the version
//! of its layout: a replica of older code cannot open what it could not read, and leaves it to a newer one.

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

pub(crate) use self::event::EventPayload;
use crate::domain::destination::{Channel, Destination};
use crate::domain::fallback::{Fallback, Fallbacks};
use crate::domain::message::Variables;
use crate::domain::template::TemplateName;

pub(crate) use self::keys::PayloadKeys;

/// The layout of [`Record`]. Version 1 is in `legacy`.
const VERSION: u8 = 2;
/// The layout of a [`Record`] with its [`StepRecord`]s. Without any a payload is written as the version before reads it.
const VERSION_WITH_FALLBACKS: u8 = 4;

/// What a worker needs and nobody else sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payload {
    pub(crate) destination: Destination,
    pub(crate) variables: Variables,
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
    /// Seals it for its row.
    pub(crate) fn seal(&self, keys: &AeadKeys, entropy: &dyn Entropy, row: PayloadRow) -> Vec<u8> {
        if self.fallbacks.is_empty() {
            return keys.seal(entropy, &row.binding(), &codec::encode(VERSION, &self.record()));
        }
        let steps: Vec<StepRecord> = self.fallbacks.iter().map(StepRecord::of).collect();
        let bytes = codec::encode(VERSION_WITH_FALLBACKS, &(self.record(), steps));
        keys.seal(entropy, &row.binding_with_fallbacks(), &bytes)
    }

    /// Opens what was sealed for that row and template.
    pub(crate) fn open(
        keys: &AeadKeys,
        row: PayloadRow,
        template: TemplateName,
        sealed: &[u8],
    ) -> Result<Self, Unusable> {
        if let Ok(bytes) = keys.open(&row.binding(), sealed) {
            let record = codec::decode(VERSION, &bytes).map_err(|_| Unusable::Unreadable)?;
            return Self::of_record(record, template).ok_or(Unusable::Unreadable);
        }
        if let Ok(bytes) = keys.open(&row.binding_with_fallbacks(), sealed) {
            let read: Result<(Record, Vec<StepRecord>), _> = codec::decode(VERSION_WITH_FALLBACKS, &bytes);
            let (record, steps) = read.map_err(|_| Unusable::Unreadable)?;
            let steps: Option<Vec<Fallback>> = steps.into_iter().map(StepRecord::step).collect();
            let fallbacks = Fallbacks::trusted(steps.ok_or(Unusable::Unreadable)?);
            let payload = Self::of_record(record, template).ok_or(Unusable::Unreadable)?;
            return Ok(Self { fallbacks, ..payload });
        }
        let bytes = keys.open(&legacy::binding(row), sealed).map_err(|_| Unusable::Closed)?;
        legacy::read(template, &bytes).ok_or(Unusable::Unreadable)
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
        Some(Self { destination, variables: Variables::trusted(taken), fallbacks: Fallbacks::default() })
    }

    /// Where the message is after so many steps.
    pub(crate) fn destination_after(&self, used: usize) -> &Destination {
        self.fallbacks.destination_after(used).unwrap_or(&self.destination)
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

    fn step(self) -> Option<Fallback> {
        let channel = Channel::parse(&self.channel)?;
        let destination = Destination::from_stored(channel, self.destination);
        Some(Fallback { destination, after: Duration::from_micros(self.after_micros) })
    }
}

impl PayloadRow {
    fn binding(self) -> Vec<u8> {
        let (tenant_id, id) = (self.tenant_id.as_uuid(), self.id.as_uuid());
        [b"notification payload 2".as_slice(), tenant_id.as_bytes(), id.as_bytes()].concat()
    }

    /// Older code cannot open what it could not read.
    fn binding_with_fallbacks(self) -> Vec<u8> {
        let (tenant_id, id) = (self.tenant_id.as_uuid(), self.id.as_uuid());
        [b"notification payload 4".as_slice(), tenant_id.as_bytes(), id.as_bytes()].concat()
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::id::RequestId;

    use super::*;
    use crate::fixtures::{NOW, entropy, fitting, keys, tenant};

    const TEMPLATE: TemplateName = TemplateName::PasswordResetCode;

    fn payload() -> Payload {
        let destination = Destination::parse(Channel::Email, "anna@example.com").unwrap();
        Payload { destination, variables: fitting(TEMPLATE), fallbacks: Fallbacks::default() }
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

    #[test]
    fn a_payload_with_fallbacks_reads_back_and_says_where_the_message_is() {
        let phone = Destination::parse(Channel::Sms, "+4915112345642").unwrap();
        let step = Fallback { destination: phone.clone(), after: Duration::from_secs(30) };
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
        let sealed = |bytes: &[u8]| keys().seal(entropy().as_ref(), &row().binding(), bytes);
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
