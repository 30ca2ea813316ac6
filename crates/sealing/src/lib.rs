//! The only place that touches a cipher: sealing, keyed digests and signatures, by keys that rotate.
//!
//! A key has an id and a [`KeyState`], so a new one is known everywhere (`accept`) before anybody
//! uses it (`active`), and an old one (`retired`) still opens what it sealed until its line is
//! removed. Which key made something travels with it; which keys exist is in a key text, see
//! [`KeyText`]. What holds keys goes over to a later text of theirs as a whole ([`KeyRing`]), so a
//! rotation needs no restart. Nothing here reads files or draws its own chance, and nothing shows key material.

pub mod codec;
pub mod jwt;

mod aead;
mod authenticators;
mod dkim;
mod form_signature;
mod held;
mod key_ring;
mod key_store;
mod keys;
mod mac;
mod otp;
mod rotation;
mod sign;
mod webhook;

pub use aead::{AeadKeys, NotOpened, OVERHEAD};
pub use authenticators::{AuthenticatorKey, sha256};
pub use dkim::DkimKey;
pub use form_signature::{is_signed_form, sign_form};
pub use held::{HeldKey, KeptCheck, KeyCheck, NotTaken, WrongKeys, hold};
pub use key_ring::KeyRing;
pub use key_store::{KeyStore, KeyStoreFailure};
pub use keys::{InvalidKeyId, KeyError, KeyId, KeyState, KeyText, LineProblem};
pub use mac::MacKeys;
pub use otp::{OtpHash, hotp};
pub use rotation::{NotRotated, Rotation};
pub use sign::{PublicKey, PublicKeys, SigningKeys, Verifier};
pub use webhook::{WebhookKey, WebhookSecret};

/// SHA-256 over `parts`, each with its length before it, so that `["ab", "c"]` and `["a", "bc"]`
/// differ. For values with enough chance in them (tokens); guessable ones need [`MacKeys`].
pub fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    framed(parts, |bytes| context.update(bytes));
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

/// Feeds `parts` so that no two lists of parts give the same bytes.
fn framed(parts: &[&[u8]], mut feed: impl FnMut(&[u8])) {
    for part in parts {
        feed(&(part.len() as u64).to_be_bytes());
        feed(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_tells_where_a_part_ends() {
        assert_eq!(digest(&[b"ab", b"c"]), digest(&[b"ab", b"c"]));
        assert_ne!(digest(&[b"ab", b"c"]), digest(&[b"a", b"bc"]));
        assert_ne!(digest(&[b"ab"]), digest(&[b"ab", b""]));
    }

    #[test]
    fn a_digest_of_nothing_is_sha_256_of_nothing() {
        assert_eq!(digest(&[])[..4], [0xe3, 0xb0, 0xc4, 0x42]);
    }
}

#[cfg(test)]
mod fuzz;
