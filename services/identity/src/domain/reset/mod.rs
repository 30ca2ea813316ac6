//! A reset of a forgotten password, from the first question to the new password.
//!
//! A reset is not a row but a [`ResetState`] that travels sealed with the person: nothing is written before
//! something is proved. [`token`] gives it one size, [`offer`] decides which methods are shown, [`recipients`]
//! whom a code of a kind goes to; [`decoy`] and [`shares`] invent the methods of accounts that do not exist.
//! [`proofs`] counts what was passed, and [`complete`] judges everything again before the password changes.

pub(crate) mod complete;
pub(crate) mod decoy;
pub(crate) mod offer;
pub(crate) mod proofs;
pub(crate) mod recipients;
pub(crate) mod shares;
pub(crate) mod token;

use std::net::IpAddr;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, ResetId, TenantId};
use rekey_primitives::locale::Locale;
use rekey_primitives::method::MethodKind;
use uuid::Uuid;

use self::decoy::Seed;
use self::offer::Offer;
use self::proofs::Proofs;
use super::account::{CredentialEpoch, RecoveryVersion};
use super::attempts::AttemptOrigin;

/// Everything a reset remembers between its steps.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ResetState {
    /// Names the reset; random, so it tells nothing.
    pub reset_id: ResetId,
    /// Hash of the name of the caller that started it: nobody else may go on.
    pub caller: [u8; 32],
    pub tenant_id: TenantId,
    /// The account, or `None` where the login is unknown.
    pub account_id: Option<AccountId>,
    /// Whether it began at a familiar place of the login.
    pub from: AttemptOrigin,
    /// Every message of this reset is dropped: the account is unknown or may not reset.
    pub is_silent: bool,
    /// The account's epoch at the start.
    pub epoch: CredentialEpoch,
    /// The account's recovery version at the start.
    pub recovery_version: RecoveryVersion,
    /// Keyed hash of tenant and login, from which decoys are made.
    pub seed: Seed,
    /// The methods offered, by position.
    pub offer: Offer,
    /// The tenant's number of proofs when it began; never more than [`proofs::PROOFS_MAX`].
    pub proofs_required: u8,
    /// The proofs passed so far.
    pub proofs: Proofs,
    /// Where the person is, as the caller said.
    pub ip_address: Option<IpAddr>,
    /// The language they read.
    pub locale: Option<Locale>,
    pub started_at: Timestamp,
    pub expires_at: Timestamp,
}

/// The position of a method in one reset, counted from 1; its text is the `method_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Position(u8);

impl Position {
    /// The position of the method at this index.
    pub(crate) fn of_index(index: usize) -> Option<Self> {
        u8::try_from(index)
            .ok()
            .filter(|index| usize::from(*index) < offer::OFFERED_MAX)
            .map(|index| Self(index + 1))
    }

    /// Reads a `method_id`; only the one spelling that [`Self::to_method_id`] writes is taken.
    pub(crate) fn parse(method_id: &str) -> Option<Self> {
        (0..offer::OFFERED_MAX)
            .filter_map(Self::of_index)
            .find(|position| position.to_method_id() == method_id)
    }

    /// The index, counted from 0.
    pub(crate) fn index(self) -> usize {
        usize::from(self.0 - 1)
    }

    /// The `method_id` that the API shows.
    pub(crate) fn to_method_id(self) -> String {
        self.0.to_string()
    }
}

/// What to hash, in parts, for the id of the verification behind a method. A repeated send then continues
/// the same verification, and no other reset shares its code or its attempts.
pub(crate) fn verification_parts(reset_id: ResetId, position: Position) -> [Vec<u8>; 2] {
    [reset_id.as_uuid().as_bytes().to_vec(), vec![position.0]]
}

/// The account's place in keyed counters of attempts: the entry for a real method, account and kind where kinds are what is
/// offered, numbers made of the seed where there is nothing behind, so that all are counted by the same statement.
///
/// One code of a kind goes to every address of it, so wrong ones are held against the kind: it pauses and ends as one method
/// does, and what is disabled then is every entry that got the code. Confirming any entry of the kind begins a new count.
pub(crate) fn attempts_key(state: &ResetState, position: Position) -> Option<Uuid> {
    match state.offer.get(position)?.target {
        offer::Target::Entry(id) => Some(id.as_uuid()),
        offer::Target::Decoy(_) => Some(state.seed.decoy_number(position)),
        offer::Target::Kind(_) => {
            let kind = state.offer.get(position)?.kind;
            let of_nobody = || state.seed.kind_number(kind);
            Some(state.account_id.map_or_else(of_nobody, |id| kind_attempts_key(id, kind)))
        }
    }
}

/// Where the attempts at a kind of an account are counted.
pub(crate) fn kind_attempts_key(account: AccountId, kind: MethodKind) -> Uuid {
    decoy::kind_counter(account.as_uuid(), kind)
}

/// Where the attempts at a second factor of an account are counted: not those of resets, which strangers can use up.
pub(crate) fn sign_in_attempts_key(account: AccountId, kind: MethodKind) -> Uuid {
    decoy::sign_in_counter(account.as_uuid(), kind)
}

/// Names the reset and nothing else: whether it is a decoy's must not reach a log.
impl std::fmt::Debug for ResetState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResetState").field("reset_id", &self.reset_id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
