//! The bytes of a [`ResetState`] before they are sealed: one layout, one size.
//!
//! Size is part of the secret: a token must not tell by its length whether there is an account, how many
//! methods it has or what was proved. Every field has its place whether it is used or not; numbers are
//! big-endian. The first byte is the version of the layout, so that a rolling deploy reads both.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, ResetId, SecurityInfoId, TenantId};
use rekey_primitives::locale::Locale;
use rekey_primitives::method::MethodKind;
use uuid::Uuid;

use super::decoy::{Look, Seed};
use super::offer::{OFFERED_MAX, Offer, Offered, Target};
use super::proofs::{PROOFS_MAX, Proof, Proofs};
use super::recipients::Recipients;
use super::{Position, ResetState};
use crate::domain::account::{CredentialEpoch, RecoveryVersion};
use crate::domain::attempts::AttemptOrigin;

/// Bytes of every reset before sealing.
pub(crate) const SIZE: usize =
    1 + 16 + 32 + 16 + 1 + 16 + 8 + 8 + 32 + OFFERED_MAX * 18 + PROOFS_MAX * 2 + 17 + 36 + 8 + 8;

const LAYOUT: u8 = 1;
const LOCALE_MAX: usize = 35;

const HAS_ACCOUNT: u8 = 1;
const IS_SILENT: u8 = 2;
/// Code that does not know the flag takes every place for any place.
const IS_FAMILIAR: u8 = 4;
/// Code that does not know the flag takes the number of today's policy.
const NEEDS_TWO: u8 = 8;

/// The bytes are no reset of a layout known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the bytes of a reset")]
pub(crate) struct NotAReset;

/// Writes a reset; the result always has [`SIZE`] bytes.
pub(crate) fn encode(state: &ResetState) -> Vec<u8> {
    let mut out = Vec::with_capacity(SIZE);
    out.push(LAYOUT);
    out.extend(state.reset_id.as_uuid().as_bytes());
    out.extend(state.caller);
    out.extend(state.tenant_id.as_uuid().as_bytes());
    let has_account = if state.account_id.is_some() { HAS_ACCOUNT } else { 0 };
    let is_silent = if state.is_silent { IS_SILENT } else { 0 };
    let is_familiar = if state.from == AttemptOrigin::FamiliarPlace { IS_FAMILIAR } else { 0 };
    let needs_two = if state.proofs_required > 1 { NEEDS_TWO } else { 0 };
    out.push(has_account | is_silent | is_familiar | needs_two);
    out.extend(state.account_id.map_or(Uuid::nil(), |id| id.as_uuid()).as_bytes());
    out.extend(state.epoch.0.to_be_bytes());
    out.extend(state.recovery_version.0.to_be_bytes());
    out.extend(state.seed.as_bytes());
    for index in 0..OFFERED_MAX {
        out.extend(offered_bytes(Position::of_index(index).and_then(|position| state.offer.get(position))));
    }
    for index in 0..PROOFS_MAX {
        out.extend(state.proofs.iter().nth(index).map_or([0, 0], |proof| {
            [u8::try_from(proof.position.index() + 1).unwrap_or(0), kind_byte(proof.kind)]
        }));
    }
    out.extend(address_bytes(state.ip_address));
    out.extend(locale_bytes(state.locale.as_ref()));
    out.extend(state.started_at.unix_micros().to_be_bytes());
    out.extend(state.expires_at.unix_micros().to_be_bytes());
    debug_assert_eq!(out.len(), SIZE, "the layout and its size belong together");
    out
}

/// Reads what [`encode`] wrote.
pub(crate) fn decode(bytes: &[u8]) -> Result<ResetState, NotAReset> {
    if bytes.len() != SIZE {
        return Err(NotAReset);
    }
    let mut rest = Reader(bytes);
    if rest.byte()? != LAYOUT {
        return Err(NotAReset);
    }
    let reset_id = ResetId::from_uuid(rest.uuid()?);
    let caller = rest.take::<32>()?;
    let tenant_id = TenantId::from_uuid(rest.uuid()?);
    let flags = rest.byte()?;
    let account = rest.uuid()?;
    let epoch = CredentialEpoch(rest.number()?);
    let recovery_version = RecoveryVersion(rest.number()?);
    let seed = Seed::new(rest.take::<32>()?);
    let mut offered = Vec::new();
    for _ in 0..OFFERED_MAX {
        offered.extend(read_offered(rest.take::<18>()?)?);
    }
    let mut proofs = Proofs::default();
    for _ in 0..PROOFS_MAX {
        let [position, kind] = rest.take::<2>()?;
        if let Some(index) = usize::from(position).checked_sub(1) {
            let position = Position::of_index(index).ok_or(NotAReset)?;
            proofs = proofs.with(Proof { position, kind: read_kind(kind)? });
        }
    }
    Ok(ResetState {
        reset_id,
        caller,
        tenant_id,
        account_id: (flags & HAS_ACCOUNT != 0).then(|| AccountId::from_uuid(account)),
        from: if flags & IS_FAMILIAR != 0 { AttemptOrigin::FamiliarPlace } else { AttemptOrigin::Anywhere },
        is_silent: flags & IS_SILENT != 0,
        epoch,
        recovery_version,
        seed,
        offer: Offer::new(offered),
        proofs_required: if flags & NEEDS_TWO != 0 { 2 } else { 1 },
        proofs,
        ip_address: read_address(rest.take::<17>()?),
        locale: read_locale(rest.take::<36>()?),
        started_at: Timestamp::from_unix_micros(rest.number()?),
        expires_at: Timestamp::from_unix_micros(rest.number()?),
    })
}

/// Takes fields off the front.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], NotAReset> {
        let (field, rest) = self.0.split_first_chunk::<N>().ok_or(NotAReset)?;
        self.0 = rest;
        Ok(*field)
    }

    fn byte(&mut self) -> Result<u8, NotAReset> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn uuid(&mut self) -> Result<Uuid, NotAReset> {
        self.take().map(Uuid::from_bytes)
    }

    fn number(&mut self) -> Result<i64, NotAReset> {
        self.take().map(i64::from_be_bytes)
    }
}

/// A tag, the kind, and 16 bytes of id, look or recipients.
fn offered_bytes(offered: Option<&Offered>) -> [u8; 18] {
    let mut out = [0; 18];
    if let Some(offered) = offered {
        out[1] = kind_byte(offered.kind);
        match offered.target {
            Target::Entry(id) => {
                out[0] = 1;
                out[2..].copy_from_slice(id.as_uuid().as_bytes());
            }
            Target::Decoy(look) => {
                out[0] = 2;
                out[2..6].copy_from_slice(&look.to_bytes());
            }
            Target::Kind(recipients) => {
                out[0] = 3;
                out[2..].copy_from_slice(&recipients.to_bytes());
            }
        }
    }
    out
}

fn read_offered(bytes: [u8; 18]) -> Result<Option<Offered>, NotAReset> {
    let [tag, kind, target @ ..] = bytes;
    let target = match tag {
        0 => return Ok(None),
        1 => Target::Entry(SecurityInfoId::from_uuid(Uuid::from_bytes(target))),
        2 => Target::Decoy(Look::from_bytes([target[0], target[1], target[2], target[3]])),
        3 => Target::Kind(Recipients::from_bytes(target)),
        _ => return Err(NotAReset),
    };
    Ok(Some(Offered { kind: read_kind(kind)?, target }))
}

pub(super) const fn kind_byte(kind: MethodKind) -> u8 {
    match kind {
        MethodKind::Email => 1,
        MethodKind::Phone => 2,
        MethodKind::Authenticator => 3,
        MethodKind::RecoveryCode => 4,
        MethodKind::Passkey => 5,
    }
}

fn read_kind(byte: u8) -> Result<MethodKind, NotAReset> {
    MethodKind::ALL.iter().copied().find(|kind| kind_byte(*kind) == byte).ok_or(NotAReset)
}

fn address_bytes(address: Option<IpAddr>) -> [u8; 17] {
    let mut out = [0; 17];
    match address {
        None => {}
        Some(IpAddr::V4(four)) => {
            out[0] = 4;
            out[1..5].copy_from_slice(&four.octets());
        }
        Some(IpAddr::V6(six)) => {
            out[0] = 6;
            out[1..].copy_from_slice(&six.octets());
        }
    }
    out
}

fn read_address(bytes: [u8; 17]) -> Option<IpAddr> {
    let [family, octets @ ..] = bytes;
    match family {
        4 => Some(Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]).into()),
        6 => Some(Ipv6Addr::from(octets).into()),
        _ => None,
    }
}

fn locale_bytes(locale: Option<&Locale>) -> [u8; 36] {
    let mut out = [0; 36];
    let text = locale.map_or("", Locale::as_str).as_bytes();
    if text.len() <= LOCALE_MAX {
        out[0] = u8::try_from(text.len()).unwrap_or(0);
        out[1..=text.len()].copy_from_slice(text);
    }
    out
}

fn read_locale(bytes: [u8; 36]) -> Option<Locale> {
    let text = bytes.get(1..=usize::from(bytes[0]))?;
    Locale::parse(std::str::from_utf8(text).ok()?).ok()
}
