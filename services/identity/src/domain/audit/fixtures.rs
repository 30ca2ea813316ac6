//! Events, hashes and commitments for the tests of this room.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, EventId, TenantId};
use uuid::Uuid;

use super::commitment::{Commitments, Part};
use super::{AccountHash, Actor, AuditEvent, Outcome, Subject};

/// No hash, and yet another for every change of a part.
pub(super) fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut state = [7_u8; 32];
    for (index, byte) in parts.iter().flat_map(|part| part.iter()).enumerate() {
        let place = index % 32;
        state[place] = state[place].wrapping_mul(31).wrapping_add(*byte).rotate_left(3);
        state[(place + 1) % 32] ^= state[place];
    }
    state
}

pub(super) fn account(id: u128) -> AccountId {
    AccountId::from_uuid(Uuid::from_u128(id))
}

/// The hash of the account of this number.
pub(super) fn hash(id: u128) -> AccountHash {
    AccountHash((id + 1_000).to_be_bytes())
}

fn hash_of(id: AccountId) -> AccountHash {
    hash(id.as_uuid().as_u128())
}

pub(super) fn event(id: u128) -> AuditEvent<String> {
    AuditEvent {
        id: EventId::from_uuid(Uuid::from_u128(id)),
        tenant_id: TenantId::from_uuid(Uuid::from_u128(9)),
        at: Timestamp::from_unix_micros(3),
        kind: "reset.started".to_owned(),
        outcome: Outcome::Success,
        reason: None,
        actor: Actor::Account(account(1)),
        caller: Some("shop".to_owned()),
        subject: Subject::Account(account(2)),
        accounts: Vec::new(),
        ip_address: None,
        masked_place: None,
        trace_id: None,
        count: 1,
    }
}

/// As sealing makes them, with salts that a test knows.
pub(super) fn commitments(event: &AuditEvent<String>) -> Commitments {
    let subject = match &event.subject {
        Subject::Account(id) => Some(hash_of(*id)),
        Subject::Erased(erased) => Some(*erased),
        Subject::Tenant | Subject::UnknownLogin(_) => None,
    };
    Commitments {
        actor: Part::Whole([1; 16]),
        subject: Part::Whole([2; 16]),
        actor_hash: match event.actor {
            Actor::Account(id) => Some(hash_of(id)),
            Actor::Erased(erased) => Some(erased),
            Actor::Stranger | Actor::Service | Actor::Rekey => None,
        },
        account_hashes: subject.into_iter().chain(event.accounts.iter().map(|id| hash_of(*id))).collect(),
    }
}
