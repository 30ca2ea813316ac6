//! Hashes that other products made: bcrypt, scrypt, PBKDF2 and the scrypt of Firebase. They came with an import and serve until
//! the first right sign-in makes them anew.
//!
//! Here they are computed, by kept libraries; `text` reads their strings. A string is a stranger's word on how much work to do,
//! so it is bounded before any work, as those of Argon2 are in `phc`. The memory of scrypt is its library's own, which does not wipe
//! it.

mod text;

use aes::Aes256;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
use hmac::EagerHash;
use pbkdf2::pbkdf2_hmac;
use rekey_primitives::secret::same;
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use super::job::Answer;
use super::phc::{Limits, Unreadable};

/// What bcrypt looks at of a password, its closing zero byte included. Every other library cuts there as well, so a longer
/// password that was right elsewhere is right here.
const BCRYPT_BYTES: usize = 72;

/// What bcrypt's string holds of its 24 bytes.
const BCRYPT_TAG_BYTES: usize = 23;

/// Bytes of the key that Firebase takes of scrypt.
const FIREBASE_KEY_BYTES: usize = 32;

/// A stored hash of another product.
pub(super) struct Imported {
    scheme: Scheme,
    salt: Vec<u8>,
    tag: Vec<u8>,
}

/// How it was made.
enum Scheme {
    Bcrypt {
        cost: u32,
    },
    Scrypt(scrypt::Params),
    Pbkdf2 {
        digest: Digest,
        rounds: u32,
    },
    /// The key of scrypt encrypts the signer key of the Firebase project; the outcome is the hash.
    Firebase {
        params: scrypt::Params,
        signer_key: Zeroizing<Vec<u8>>,
    },
}

/// What PBKDF2 is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Digest {
    Sha1,
    Sha256,
    Sha512,
}

/// What scrypt is asked for.
#[derive(Debug, Clone, Copy)]
struct ScryptCost {
    log_n: u8,
    r: u32,
    p: u32,
}

impl Imported {
    /// Reads a stored string.
    pub(super) fn parse(text: &str, limits: &Limits) -> Result<Self, Unreadable> {
        text::read(text, limits)
    }

    /// The tag of a password.
    pub(super) fn derive(&self, password: &[u8]) -> Answer {
        let mut tag = Zeroizing::new(vec![0; self.tag.len()]);
        match &self.scheme {
            Scheme::Bcrypt { cost } => tag.copy_from_slice(&*bcrypt(*cost, &self.salt, password)),
            Scheme::Scrypt(params) => scrypt(password, &self.salt, params, &mut tag),
            Scheme::Pbkdf2 { digest, rounds } => {
                let pbkdf2 = match digest {
                    Digest::Sha1 => pbkdf2::<Sha1>,
                    Digest::Sha256 => pbkdf2::<Sha256>,
                    Digest::Sha512 => pbkdf2::<Sha512>,
                };
                pbkdf2(password, &self.salt, *rounds, &mut tag);
            }
            Scheme::Firebase { params, signer_key } => {
                let mut key = Zeroizing::new([0; FIREBASE_KEY_BYTES]);
                scrypt(password, &self.salt, params, &mut *key);
                tag.copy_from_slice(signer_key);
                let zero = [0; 16];
                Ctr128BE::<Aes256>::new((&*key).into(), (&zero).into()).apply_keystream(&mut tag);
            }
        }
        tag
    }

    /// Whether a tag is the one stored, in constant time.
    pub(super) fn is_tag(&self, tag: &[u8]) -> bool {
        same(&self.tag, tag)
    }
}

impl Digest {
    /// Bytes that one run of the rounds gives.
    const fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

impl ScryptCost {
    /// Its parameters, within the limits.
    fn within(self, limits: &Limits) -> Result<scrypt::Params, Unreadable> {
        let blocks = 1_u64.checked_shl(self.log_n.into()).filter(|n| *n > 1).ok_or(Unreadable::Malformed)?;
        let kib = (u128::from(blocks) * u128::from(self.r)).div_ceil(8);
        let work = kib * u128::from(self.p);
        // What stands beside the large block: next to nothing for every real cost, as large for one that is made up.
        let beside = ((u128::from(self.p) + 1) * u128::from(self.r)).div_ceil(8);
        let is_made_up = beside > u128::from(limits.memory_kib) / 16;
        if kib > u128::from(limits.memory_kib) || work > u128::from(limits.scrypt_work) || is_made_up {
            return Err(Unreadable::TooCostly);
        }
        scrypt::Params::new(self.log_n, self.r, self.p).map_err(|_| Unreadable::Malformed)
    }
}

fn bcrypt(cost: u32, salt: &[u8], password: &[u8]) -> Zeroizing<[u8; BCRYPT_TAG_BYTES]> {
    let mut typed = Zeroizing::new(Vec::with_capacity(password.len() + 1));
    typed.extend_from_slice(password);
    typed.push(0);
    typed.truncate(BCRYPT_BYTES);
    let salt = salt.try_into().expect("text reads salts of bcrypt as 16 bytes");
    let whole = Zeroizing::new(bcrypt::bcrypt(cost, salt, &typed));
    let mut tag = Zeroizing::new([0; BCRYPT_TAG_BYTES]);
    tag.copy_from_slice(&whole[..BCRYPT_TAG_BYTES]);
    tag
}

fn scrypt(password: &[u8], salt: &[u8], params: &scrypt::Params, into: &mut [u8]) {
    scrypt::scrypt(password, salt, params, into).expect("no tag is empty or longer than scrypt can make");
}

fn pbkdf2<D: EagerHash>(password: &[u8], salt: &[u8], rounds: u32, into: &mut [u8])
where
    hmac::Hmac<D>: Clone,
{
    pbkdf2_hmac::<D>(password, salt, rounds, into);
}

#[cfg(test)]
mod tests;
