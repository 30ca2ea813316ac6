//! The methods a reset offers, and the decoys that stand in where there is nothing to offer.
//!
//! A decoy is made from a keyed hash of tenant and login and from nothing else that changes, so asking again
//! shows the same. It follows the tenant's policy of today and looks as that tenant's real methods do. Its
//! destination is undeliverable by construction: a name under `.invalid` (RFC 6761 section 6.4) or a number
//! under a country code that is not assigned, so even a fault on the way could not reach a stranger.

use rekey_primitives::contact::{Destination, EmailAddress, PhoneNumber};
use rekey_primitives::id::SecurityInfoId;
use rekey_primitives::login::Login;
use rekey_primitives::method::MethodKind;
use uuid::Uuid;

use super::Position;
use super::recipients::Recipients;
use crate::domain::eligibility::{JudgedAccount, in_offering_order};
use crate::domain::policy::{MethodHints, Policy};
use crate::domain::security_info::{SecurityInfo, most_of};
use crate::domain::tenant::Tenant;

/// Most methods one reset offers. More would not help a person, and the token has a place for each.
pub(crate) const OFFERED_MAX: usize = 8;

/// The methods of one reset, by position.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Offer(Vec<Offered>);

/// One method as offered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offered {
    pub kind: MethodKind,
    /// What stands behind it.
    pub target: Target,
}

/// What stands behind an offered method.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// An entry of the account's security info.
    Entry(SecurityInfoId),
    /// Whatever the account has of the kind, or nothing.
    Kind(Recipients),
    /// Nothing; it only looks like something.
    Decoy(Look),
}

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

impl Offer {
    /// The methods in their order; beyond [`OFFERED_MAX`] they are cut.
    pub(crate) fn new(mut offered: Vec<Offered>) -> Self {
        offered.truncate(OFFERED_MAX);
        Self(offered)
    }

    /// The method at a position.
    pub(crate) fn get(&self, position: Position) -> Option<&Offered> {
        self.0.get(position.index())
    }

    /// Every method with its position.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Position, &Offered)> {
        self.0.iter().enumerate().filter_map(|(index, offered)| Some((Position::of_index(index)?, offered)))
    }
}

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

    /// How many methods an account that does not exist shows: what is required, for one in four one more, and for one
    /// in eight two.
    fn count(&self, policy: &Policy) -> usize {
        let more = match self.0[0] % 8 {
            0 | 1 => 1,
            2 => 2,
            _ => 0,
        };
        usize::from(policy.reset.proofs_required) + more
    }

    /// Whether it shows two of the kind it prefers before any other: some people have two addresses and no phone.
    fn prefers_two(&self) -> bool {
        self.0[0] & 0x60 == 0
    }

    /// The order in which this login prefers kinds: most people have mail first, some a phone.
    fn preference(&self) -> [MethodKind; 4] {
        use MethodKind::{Authenticator, Email, Phone, RecoveryCode};
        match self.0[1] % 8 {
            0..=3 => [Email, Phone, Authenticator, RecoveryCode],
            4 | 5 => [Phone, Email, Authenticator, RecoveryCode],
            6 => [Email, Authenticator, Phone, RecoveryCode],
            _ => [Phone, Authenticator, Email, RecoveryCode],
        }
    }
}

impl Look {
    /// The look of the decoy at an index. Most people's address begins as their login does.
    fn of(seed: &Seed, index: usize, login: &Login, tenant: &Tenant) -> Self {
        let at = 2 + 4 * (index % 4);
        let [pick, letter, domain, digit] = [seed.0[at], seed.0[at + 1], seed.0[at + 2], seed.0[at + 3]];
        let typed = login.as_str().bytes().next().filter(u8::is_ascii_alphanumeric);
        let local =
            typed.filter(|_| pick & 3 != 0).unwrap_or(b"aabcdejjklmmnprsst"[usize::from(letter) % 18]);
        let domains = &tenant.domains;
        let domain = match domains.len() {
            // A private address: the letters of the large providers of mail.
            _ if pick >> 2 & 3 == 0 => b"gggoyhiw"[usize::from(domain) % 8],
            0 => tenant.handle.as_str().as_bytes()[0],
            count => domains[usize::from(domain) % count].as_str().as_bytes()[0],
        };
        Self { local, domain, digits: [b'0' + digit % 10, b'0' + digit / 10 % 10] }
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
            MethodKind::Authenticator | MethodKind::RecoveryCode => None,
        }
    }
}

/// What an offer is made of beside the account.
#[derive(Clone, Copy)]
pub(crate) struct OfferBasis<'a> {
    pub seed: &'a Seed,
    pub login: &'a Login,
    pub tenant: &'a Tenant,
    pub policy: &'a Policy,
}

impl OfferBasis<'_> {
    /// What a reset of this account offers: the kinds that everybody is offered, or what counts for an eligible one and for
    /// any other its own methods, topped up by decoys to what a login that does not exist would show.
    pub(crate) fn for_account(&self, judged: &JudgedAccount) -> Offer {
        let JudgedAccount { account, judgement } = judged;
        if self.policy.reset.method_hints == MethodHints::Kinds {
            let counts = |entry: &&SecurityInfo| judgement.counting.contains(&entry.id);
            let counting: Vec<_> =
                in_offering_order(account, self.policy).into_iter().filter(counts).collect();
            return self.kinds(&counting);
        }
        let own = in_offering_order(account, self.policy)
            .into_iter()
            .filter(|entry| !judgement.is_eligible() || judgement.counting.contains(&entry.id))
            .map(|entry| Offered { kind: entry.kind(), target: Target::Entry(entry.id) })
            .collect();
        if judgement.is_eligible() { Offer::new(own) } else { self.topped_up(own) }
    }

    /// What a reset of a login that does not exist offers.
    pub(crate) fn for_nobody(&self) -> Offer {
        match self.policy.reset.method_hints {
            MethodHints::Kinds => self.kinds(&[]),
            MethodHints::Masked => self.topped_up(Vec::new()),
        }
    }

    /// The kinds that policy allows, in one order for everybody.
    fn kinds(&self, counting: &[&SecurityInfo]) -> Offer {
        let offered = self.policy.reset.allowed_methods.iter().map(|&kind| Offered {
            kind,
            target: Target::Kind(Recipients::of(kind, counting.iter().copied())),
        });
        Offer::new(offered.collect())
    }

    /// Adds decoys of allowed kinds, each kind once before any twice, but that a seed may have its first kind one ahead;
    /// never more of a kind than one may have.
    fn topped_up(&self, mut offered: Vec<Offered>) -> Offer {
        let Self { seed, login, tenant, policy } = *self;
        let mut kinds = seed.preference().to_vec();
        kinds.retain(|kind| policy.reset.allowed_methods.contains(kind));
        let ahead = kinds.first().copied().filter(|_| seed.prefers_two());
        let wanted = seed.count(policy);
        for times in 1..=OFFERED_MAX {
            for &kind in &kinds {
                let most = (times + usize::from(ahead == Some(kind))).min(most_of(kind));
                let held = |offered: &[Offered]| offered.iter().filter(|method| method.kind == kind).count();
                while offered.len() < wanted && held(&offered) < most {
                    let look = Look::of(seed, offered.len(), login, tenant);
                    offered.push(Offered { kind, target: Target::Decoy(look) });
                }
            }
        }
        Offer::new(offered)
    }
}

/// The counter of a kind's attempts, made of whose it is. It is of a version of UUID that no id of ours has.
pub(crate) fn kind_counter(whose: Uuid, kind: MethodKind) -> Uuid {
    let mut bytes = whose.into_bytes();
    bytes[15] ^= super::token::kind_byte(kind) << 5;
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// A destination that reaches nobody, for a method that is gone since it was offered.
pub(crate) fn nowhere(kind: MethodKind, seed: &Seed) -> Option<Destination> {
    Look { local: b'x', domain: b'x', digits: [b'0', b'0'] }.destination(kind, seed)
}

/// Where messages for an offered method go. Nowhere for codes the person already has, for entries that the account no longer
/// holds, and for a kind of which it has nothing.
pub(crate) fn destinations(offered: &Offered, held: &[SecurityInfo], seed: &Seed) -> Vec<Destination> {
    let addresses: Vec<Option<Destination>> = match &offered.target {
        Target::Entry(id) => {
            held.iter().filter(|entry| entry.id == *id).map(SecurityInfo::destination).collect()
        }
        Target::Kind(recipients) => {
            recipients.among(offered.kind, held).map(SecurityInfo::destination).collect()
        }
        Target::Decoy(look) => vec![look.destination(offered.kind, seed)],
    };
    addresses.into_iter().flatten().collect()
}

/// The mask that is shown of an offered method: none of a kind.
pub(crate) fn mask(offered: &Offered, held: &[SecurityInfo], seed: &Seed) -> String {
    match offered.target {
        Target::Kind(_) => String::new(),
        Target::Entry(_) | Target::Decoy(_) => {
            destinations(offered, held, seed).first().map(Destination::masked).unwrap_or_default()
        }
    }
}
