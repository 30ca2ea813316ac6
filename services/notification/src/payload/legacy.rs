//! Payloads of version 1, which the code before wrote: a version byte, the channel, then length-prefixed texts. They live
//! as long as their messages; after the longest life of one this file can go.

use std::collections::BTreeMap;

use rekey_primitives::secret::Zeroizing;

use super::{Payload, PayloadRow};
use crate::domain::destination::{Channel, Destination};
use crate::domain::message::Variables;
use crate::domain::template::TemplateName;

const VERSION: u8 = 1;
const EMAIL: u8 = 1;
const SMS: u8 = 2;

pub(super) fn binding(row: PayloadRow) -> Vec<u8> {
    let (tenant_id, id) = (row.tenant_id.as_uuid(), row.id.as_uuid());
    [b"notification payload".as_slice(), tenant_id.as_bytes(), id.as_bytes()].concat()
}

/// Reads what was written for this template.
pub(super) fn read(template: TemplateName, bytes: &[u8]) -> Option<Payload> {
    let [VERSION, channel, rest @ ..] = bytes else { return None };
    let channel = match *channel {
        EMAIL => Channel::Email,
        SMS => Channel::Sms,
        _ => return None,
    };
    let mut rest = rest;
    let destination = Destination::from_stored(channel, take(&mut rest)?.to_owned());
    let mut taken = BTreeMap::new();
    while !rest.is_empty() {
        let name = take(&mut rest)?;
        let known = template.variables().iter().find(|known| **known == name)?;
        taken.insert(*known, Zeroizing::new(take(&mut rest)?.to_owned()));
    }
    Some(Payload::plain(destination, Variables::trusted(taken)))
}

fn take<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (text, rest) = rest.split_at_checked(length)?;
    *bytes = rest;
    std::str::from_utf8(text).ok()
}

/// As the code before wrote it.
#[cfg(test)]
pub(super) fn write(payload: &Payload) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    bytes.push(match payload.destination.channel() {
        Channel::Email => EMAIL,
        Channel::Sms => SMS,
        Channel::Webhook => panic!("the code before knew none"),
    });
    let variables = payload.variables.iter().flat_map(|(name, value)| [name, value]);
    for text in std::iter::once(payload.destination.as_str()).chain(variables) {
        bytes.extend_from_slice(&u32::try_from(text.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}
