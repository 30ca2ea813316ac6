//! What is sealed at rest: the destination and the variables, and nothing that a list shows.
//!
//! The form is ours and small: a version byte, the channel, then length-prefixed texts. The bytes are wiped, and what
//! they are bound to (tenant and notification) keeps a sealed payload from being moved to another row.

use std::collections::BTreeMap;

use rekey_primitives::contact::{Channel, Destination};
use rekey_primitives::id::{NotificationId, TenantId};
use rekey_primitives::secret::Zeroizing;

use super::message::Variables;
use super::template::TemplateName;

const VERSION: u8 = 1;

/// What a worker needs and nobody else sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payload {
    /// Where it goes.
    pub(crate) destination: Destination,
    /// What is filled in.
    pub(crate) variables: Variables,
}

/// The bytes are not a payload of this template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the payload does not read")]
pub(crate) struct Unreadable;

/// What a sealed payload is bound to.
pub(crate) fn binding(tenant_id: TenantId, id: NotificationId) -> Vec<u8> {
    [b"notification payload".as_slice(), tenant_id.as_uuid().as_bytes(), id.as_uuid().as_bytes()].concat()
}

impl Payload {
    /// The bytes to seal.
    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let texts = self.variables.iter().flat_map(|(name, value)| [name, value]);
        let size =
            64 + self.destination.as_str().len() + texts.clone().map(|text| text.len() + 4).sum::<usize>();
        let mut bytes = Zeroizing::new(Vec::with_capacity(size));
        bytes.push(VERSION);
        bytes.push(match self.destination.channel() {
            Channel::Email => 1,
            Channel::Sms => 2,
        });
        push(&mut bytes, self.destination.as_str());
        texts.for_each(|text| push(&mut bytes, text));
        bytes
    }

    /// Reads what was sealed for this template.
    pub(crate) fn from_bytes(template: TemplateName, bytes: &[u8]) -> Result<Self, Unreadable> {
        let [VERSION, channel, rest @ ..] = bytes else { return Err(Unreadable) };
        let channel = match channel {
            1 => Channel::Email,
            2 => Channel::Sms,
            _ => return Err(Unreadable),
        };
        let mut rest = rest;
        let destination =
            Destination::parse(channel, take(&mut rest).ok_or(Unreadable)?).map_err(|_| Unreadable)?;
        let mut taken = BTreeMap::new();
        while !rest.is_empty() {
            let name = take(&mut rest).ok_or(Unreadable)?;
            let known = template.variables().iter().find(|known| **known == name).ok_or(Unreadable)?;
            let value = take(&mut rest).ok_or(Unreadable)?;
            taken.insert(*known, Zeroizing::new(value.to_owned()));
        }
        Ok(Self { destination, variables: Variables::trusted(taken) })
    }
}

fn push(bytes: &mut Vec<u8>, text: &str) {
    let length = u32::try_from(text.len()).expect("addresses and variables have bounds far below 4 GiB");
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(text.as_bytes());
}

fn take<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (text, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::domain::links::LinkHosts;

    fn payload() -> Payload {
        let sent = [("organisation", "Müller"), ("code", "123456"), ("minutes", "10")];
        let sent: HashMap<_, _> = sent.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let variables =
            Variables::fitting(TemplateName::PasswordResetCode, sent, &LinkHosts::default()).unwrap();
        Payload { destination: Destination::parse(Channel::Email, "anna@example.com").unwrap(), variables }
    }

    #[test]
    fn a_payload_reads_back() {
        let bytes = payload().to_bytes();

        assert_eq!(Payload::from_bytes(TemplateName::PasswordResetCode, &bytes), Ok(payload()));
    }

    #[test]
    fn bytes_of_another_template_or_cut_short_do_not_read() {
        let bytes = payload().to_bytes();

        assert_eq!(Payload::from_bytes(TemplateName::HelpRequestDigest, &bytes), Err(Unreadable));
        assert_eq!(
            Payload::from_bytes(TemplateName::PasswordResetCode, &bytes[..bytes.len() - 1]),
            Err(Unreadable)
        );
        assert_eq!(Payload::from_bytes(TemplateName::PasswordResetCode, &[]), Err(Unreadable));
    }

    #[test]
    fn a_payload_is_bound_to_its_row() {
        let (one, other) = (uuid::Uuid::from_u128(1), uuid::Uuid::from_u128(2));
        let bound = |tenant, id| binding(TenantId::from_uuid(tenant), NotificationId::from_uuid(id));

        assert_ne!(bound(one, other), bound(other, one));
    }
}
