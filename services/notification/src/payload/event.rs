//! The payload of a webhook's event: the endpoint and the envelope, sealed at rest as other payloads are.
//!
//! It has a layout and a binding of its own, so a replica that knows none of them leaves it to one that does.

use rekey_primitives::entropy::Entropy;
use rekey_primitives::secret::Zeroizing;
use rekey_sealing::{AeadKeys, codec};
use serde::{Deserialize, Serialize};

use super::{PayloadRow, Unusable};
use crate::domain::destination::{Channel, Destination};
use crate::domain::event::Event;

/// The layout of [`Record`]: the third one of payloads.
const VERSION: u8 = 3;

/// What a worker needs and nobody else sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventPayload {
    pub(crate) destination: Destination,
    pub(crate) event: Event,
}

/// As it is read.
#[derive(Deserialize)]
struct Record {
    endpoint: String,
    event: String,
}

/// As it is written: the same layout, without copies.
#[derive(Serialize)]
struct RecordRef<'a> {
    endpoint: &'a str,
    event: &'a str,
}

impl EventPayload {
    /// Seals it for its row.
    pub(crate) fn seal(&self, keys: &AeadKeys, entropy: &dyn Entropy, row: PayloadRow) -> Vec<u8> {
        let record = RecordRef { endpoint: self.destination.as_str(), event: self.event.as_str() };
        keys.seal(entropy, &binding(row), &codec::encode(VERSION, &record))
    }

    /// Opens what was sealed for that row.
    pub(crate) fn open(keys: &AeadKeys, row: PayloadRow, sealed: &[u8]) -> Result<Self, Unusable> {
        let bytes = keys.open(&binding(row), sealed).map_err(|_| Unusable::Closed)?;
        let record: Record = codec::decode(VERSION, &bytes).map_err(|_| Unusable::Unreadable)?;
        let destination = Destination::from_stored(Channel::Webhook, record.endpoint);
        Ok(Self { destination, event: Event::trusted(Zeroizing::new(record.event)) })
    }
}

fn binding(row: PayloadRow) -> Vec<u8> {
    let (tenant_id, id) = (row.tenant_id.as_uuid(), row.id.as_uuid());
    [b"notification payload 3".as_slice(), tenant_id.as_bytes(), id.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use rekey_primitives::id::{NotificationId, TenantId};
    use uuid::Uuid;

    use super::*;
    use crate::fixtures::{entropy, event, keys, tenant};

    fn payload() -> EventPayload {
        let destination = Destination::parse(Channel::Webhook, "shop").unwrap();
        EventPayload { destination, event: event() }
    }

    fn row(tenant_id: TenantId, id: u128) -> PayloadRow {
        PayloadRow { tenant_id, id: NotificationId::from_uuid(Uuid::from_u128(id)) }
    }

    #[test]
    fn an_event_reads_back_in_its_own_row_alone() {
        let sealed = payload().seal(&keys(), entropy().as_ref(), row(tenant(), 7));
        let other_tenant = TenantId::from_uuid(Uuid::from_u128(1));

        assert_eq!(EventPayload::open(&keys(), row(tenant(), 7), &sealed), Ok(payload()));
        for other in [row(tenant(), 8), row(other_tenant, 7)] {
            assert_eq!(EventPayload::open(&keys(), other, &sealed), Err(Unusable::Closed));
        }
    }
}
