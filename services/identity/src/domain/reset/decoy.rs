//! What a method that does not exist looks like.
//!
//! A decoy is made from a keyed hash of tenant and login and from nothing else that changes soon, so asking again shows the
//! same. Its destination is undeliverable by construction: a name under `.invalid` (RFC 6761 section 6.4) or a number under a
//! country code that is not assigned, so even a fault on the way could not reach a stranger.

use rekey_primitives::contact::{Destination, EmailAddress, PhoneNumber};
use rekey_primitives::method::MethodKind;
use uuid::Uuid;

use super::Position;

/// What shows of a decoy's destination: the first letters of an address, the last digits of a number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    local: u8,
    domain: u8,
    digits: [u8; 2],
}

/// A keyed hash of tenant and login, under a key that does not rotate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seed([u8; 32]);

impl Seed {
    /// Wraps the hash.
    pub(crate) const fn new(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// The hash, for the token.
    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A number that stands for a kind in counters of attempts, where there is no account.
    pub(super) fn kind_number(&self, kind: MethodKind) -> Uuid {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.0[..16]);
        kind_counter(Uuid::from_bytes(bytes), kind)
    }

    /// A number that stands for the decoy at a position in counters of attempts.
    pub(crate) fn decoy_number(&self, position: Position) -> Uuid {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.0[16..]);
        bytes[0] ^= u8::try_from(position.index()).unwrap_or(0);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }

    /// A number for one choice, the same for the same choice (the finalizer of SplitMix64). Choices are numbered, so that what
    /// changes one leaves the others. The seed is a secret of each login's own, so nothing is learned from one for another.
    pub(super) fn choice(&self, number: u64) -> u64 {
        let mut word = [0; 8];
        word.copy_from_slice(&self.0[..8]);
        let mut mixed =
            u64::from_be_bytes(word).wrapping_add(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Look {
    pub(super) const fn new(local: u8, domain: u8, digits: [u8; 2]) -> Self {
        Self { local, domain, digits }
    }

    /// The bytes, for the token.
    pub(super) const fn to_bytes(self) -> [u8; 4] {
        [self.local, self.domain, self.digits[0], self.digits[1]]
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub(super) const fn from_bytes([local, domain, tens, units]: [u8; 4]) -> Self {
        Self { local, domain, digits: [tens, units] }
    }

    /// The destination, which shows the same mask as a real one would and can reach nobody.
    pub(crate) fn destination(self, kind: MethodKind, seed: &Seed) -> Option<Destination> {
        let number = u32::from_be_bytes([seed.0[28], seed.0[29], seed.0[30], seed.0[31]]);
        match kind {
            MethodKind::Email => {
                let (local, domain) = (char::from(self.local), char::from(self.domain));
                EmailAddress::parse(&format!("{local}{number:08x}@{domain}.invalid"))
                    .ok()
                    .map(Destination::Email)
            }
            MethodKind::Phone => {
                let [tens, units] = self.digits.map(char::from);
                let middle = number % 10_000_000;
                PhoneNumber::parse(&format!("+999{middle:07}{tens}{units}")).ok().map(Destination::Phone)
            }
            MethodKind::Authenticator | MethodKind::RecoveryCode | MethodKind::Passkey => None,
        }
    }
}

/// The counter of a kind's attempts, made of whose it is. It is of a version of UUID that no id of ours has.
pub(super) fn kind_counter(whose: Uuid, kind: MethodKind) -> Uuid {
    let mut bytes = whose.into_bytes();
    bytes[15] ^= super::token::kind_byte(kind) << 5;
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// The counter of a kind's attempts at sign-in: no counter of resets has its bit.
pub(super) fn sign_in_counter(whose: Uuid, kind: MethodKind) -> Uuid {
    let mut bytes = kind_counter(whose, kind).into_bytes();
    bytes[15] ^= 1;
    Uuid::from_bytes(bytes)
}

/// A destination that reaches nobody, for a method that is gone since it was offered, or that the account never had.
pub(crate) fn nowhere(kind: MethodKind, seed: &Seed) -> Option<Destination> {
    Look { local: b'x', domain: b'x', digits: [b'0', b'0'] }.destination(kind, seed)
}
