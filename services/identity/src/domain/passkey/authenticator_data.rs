//! What the authenticator says, and signs (section 6.1): a hash of the domain, flags, a counter, and of a new credential its
//! id and key.

use super::PasskeyRefused;
use super::key::{self, PublicKey};

/// Most bytes of a credential's id (7.1 step 25).
pub(super) const CREDENTIAL_ID_MAX: usize = 1_023;

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const ATTESTED: u8 = 1 << 6;
const EXTENSIONS: u8 = 1 << 7;

/// Authenticator data, taken apart.
#[derive(Debug)]
pub(super) struct AuthenticatorData {
    relying_party_hash: [u8; 32],
    flags: u8,
    pub(super) counter: u32,
    /// Of a new credential.
    pub(super) attested: Option<Attested>,
}

/// A new credential (section 6.5.1).
#[derive(Debug)]
pub(super) struct Attested {
    pub(super) credential_id: Vec<u8>,
    pub(super) key: PublicKey,
    /// The key as it came.
    pub(super) key_bytes: Vec<u8>,
}

impl AuthenticatorData {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, PasskeyRefused> {
        let torn = PasskeyRefused::AuthenticatorData;
        let (hash, rest) = bytes.split_first_chunk::<32>().ok_or(torn)?;
        let (flags, rest) = rest.split_first().ok_or(torn)?;
        let (counter, mut rest) = rest.split_first_chunk::<4>().ok_or(torn)?;
        let attested = if flags & ATTESTED != 0 { Some(Attested::read(&mut rest)?) } else { None };
        if flags & EXTENSIONS != 0 {
            // None was asked for, so whatever it says means nothing here.
            key::skip_map(&mut rest).ok_or(torn)?;
        }
        if !rest.is_empty() {
            return Err(torn);
        }
        Ok(Self { relying_party_hash: *hash, flags: *flags, counter: u32::from_be_bytes(*counter), attested })
    }

    /// Steps 14 to 17 of 7.1 and of 7.2: whose domain, who is there, and whether the flags agree with each other.
    pub(super) fn check(&self, relying_party_hash: &[u8; 32]) -> Result<(), PasskeyRefused> {
        [
            (self.relying_party_hash != *relying_party_hash, PasskeyRefused::RelyingParty),
            (!self.has(USER_PRESENT), PasskeyRefused::UserNotPresent),
            (!self.has(USER_VERIFIED), PasskeyRefused::UserNotVerified),
            (self.is_backed_up() && !self.is_backup_eligible(), PasskeyRefused::BackupState),
        ]
        .into_iter()
        .find(|(is_so, _)| *is_so)
        .map_or(Ok(()), |(_, why)| Err(why))
    }

    pub(super) const fn is_backup_eligible(&self) -> bool {
        self.has(BACKUP_ELIGIBLE)
    }

    pub(super) const fn is_backed_up(&self) -> bool {
        self.has(BACKED_UP)
    }

    const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

impl Attested {
    /// Reads it off the front: a model's id, which nobody reads here, the id with its length, the key.
    fn read(rest: &mut &[u8]) -> Result<Self, PasskeyRefused> {
        let torn = PasskeyRefused::AuthenticatorData;
        let (_model, after) = rest.split_first_chunk::<16>().ok_or(torn)?;
        let (length, after) = after.split_first_chunk::<2>().ok_or(torn)?;
        let length = usize::from(u16::from_be_bytes(*length));
        if !(1..=CREDENTIAL_ID_MAX).contains(&length) {
            return Err(PasskeyRefused::CredentialId);
        }
        let (credential_id, mut after) = after.split_at_checked(length).ok_or(torn)?;
        let key_and_rest = after;
        let key = PublicKey::read(&mut after)?;
        let key_bytes = key_and_rest[..key_and_rest.len() - after.len()].to_vec();
        *rest = after;
        Ok(Self { credential_id: credential_id.to_vec(), key, key_bytes })
    }
}
