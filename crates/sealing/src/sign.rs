//! Signatures (Ed25519, RFC 8032): made by one part, checked by anybody who holds the public keys.

use std::fmt;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::held::{HeldKey, NotTaken};
use crate::key_ring::{KeyRing, Ring, RingKey};
use crate::keys::{KeyError, KeyId, KeyState, KeyText};

/// Keys for signing. The 32 bytes of the key text are the private seed. Clones hold the same ones, later texts included.
#[derive(Clone)]
pub struct SigningKeys(Ring<Ed25519KeyPair>);

fn ready(_: &KeyId, seed: &[u8; 32]) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(seed).expect("any 32 bytes are an Ed25519 seed")
}

impl SigningKeys {
    /// Takes the keys of a key text, see [`crate::KeyText`].
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        Ok(Self(Ring::rotating(&KeyText::parse(text)?, ready)))
    }

    /// Signs by the active key, and says which that is.
    pub fn sign(&self, bytes: &[u8]) -> (KeyId, [u8; 64]) {
        let keys = self.0.now();
        (keys.active().id.clone(), signature(&keys.active().key, bytes))
    }

    /// Signs by the active key a text that is made of its id.
    pub(crate) fn sign_under(&self, write: impl FnOnce(&KeyId) -> String) -> (String, [u8; 64]) {
        let keys = self.0.now();
        let written = write(&keys.active().id);
        let signature = signature(&keys.active().key, written.as_bytes());
        (written, signature)
    }

    /// Whether the named key signed `bytes`.
    pub fn verify(&self, key: &KeyId, bytes: &[u8], signature: &[u8]) -> bool {
        self.verify_by(&|id| id == key, bytes, signature)
    }

    /// What others need to check signatures, the keys not yet or no longer active included.
    pub fn public_keys(&self) -> Vec<PublicKey> {
        let public = |held: &RingKey<Ed25519KeyPair>| {
            let mut bytes = [0; 32];
            bytes.copy_from_slice(held.key.public_key().as_ref());
            PublicKey { id: held.id.clone(), bytes, state: held.state }
        };
        self.0.now().iter().map(public).collect()
    }
}

/// Whoever can check signatures, signers included.
pub trait Verifier {
    /// Whether a key of that kind signed `bytes`: the first that `is_it` says so of.
    fn verify_by(&self, is_it: &dyn Fn(&KeyId) -> bool, bytes: &[u8], signature: &[u8]) -> bool;
}

impl Verifier for SigningKeys {
    fn verify_by(&self, is_it: &dyn Fn(&KeyId) -> bool, bytes: &[u8], signature: &[u8]) -> bool {
        let keys = self.0.now();
        let mut found = keys.iter().filter(|held| is_it(&held.id));
        found.next().is_some_and(|held| is_signed(held.key.public_key().as_ref(), bytes, signature))
    }
}

impl Verifier for PublicKeys {
    fn verify_by(&self, is_it: &dyn Fn(&KeyId) -> bool, bytes: &[u8], signature: &[u8]) -> bool {
        let found = self.0.iter().find(|known| is_it(&known.id));
        found.is_some_and(|known| is_signed(&known.bytes, bytes, signature))
    }
}

impl KeyRing for SigningKeys {
    fn held(&self) -> Vec<HeldKey> {
        self.0.held()
    }

    fn judge(&self, text: &KeyText) -> Result<(), NotTaken> {
        self.0.judge(text)
    }

    fn take(&self, text: &KeyText) -> Result<(), NotTaken> {
        self.0.take(text)
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKeys").field(&self.0).finish()
    }
}

/// The public half of a signing key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// Its name, the `kid` of tokens.
    pub id: KeyId,
    /// The point on the curve, as RFC 8032 writes it.
    pub bytes: [u8; 32],
    /// Where the key is in its life.
    pub state: KeyState,
}

/// The public keys of one signer.
#[derive(Debug, Clone, Default)]
pub struct PublicKeys(Vec<PublicKey>);

impl PublicKeys {
    /// Whether the named key signed `bytes`; an unknown key signed nothing.
    pub fn verify(&self, key: &KeyId, bytes: &[u8], signature: &[u8]) -> bool {
        self.verify_by(&|id| id == key, bytes, signature)
    }

    /// The keys themselves.
    pub fn as_slice(&self) -> &[PublicKey] {
        &self.0
    }

    /// Whether there is none, so that nothing can verify.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<PublicKey>> for PublicKeys {
    fn from(keys: Vec<PublicKey>) -> Self {
        Self(keys)
    }
}

fn signature(key: &Ed25519KeyPair, bytes: &[u8]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature.copy_from_slice(key.sign(bytes).as_ref());
    signature
}

fn is_signed(key: &[u8], bytes: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, key).verify(bytes, signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, 7.1, test 1: seed, public key, and signature of the empty message.
    const SEED: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    const PUBLIC: [u8; 32] = [
        0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e,
        0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
    ];
    const OTHER: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

    fn keys(text: &str) -> SigningKeys {
        SigningKeys::from_text(text).unwrap()
    }

    #[test]
    fn the_vector_of_rfc_8032_holds() {
        let keys = keys(&format!("rfc active {SEED}"));

        let (id, signature) = keys.sign(b"");

        assert_eq!(id.as_str(), "rfc");
        assert_eq!(keys.public_keys()[0].bytes, PUBLIC);
        assert_eq!(signature[..8], [0xe5, 0x56, 0x43, 0x00, 0xc3, 0x60, 0xac, 0x72]);
    }

    #[test]
    fn whoever_holds_the_public_keys_can_check() {
        let signer = keys(&format!("old retired {OTHER}\nnew active {SEED}"));
        let reader = PublicKeys::from(signer.public_keys());

        let (id, mut signature) = signer.sign(b"paid");

        assert!(reader.verify(&id, b"paid", &signature) && signer.verify(&id, b"paid", &signature));
        assert!(!reader.verify(&id, b"unpaid", &signature));
        assert!(!reader.verify(&KeyId::parse("old").unwrap(), b"paid", &signature));
        assert!(!reader.verify(&KeyId::parse("gone").unwrap(), b"paid", &signature));
        assert!(!reader.verify(&id, b"paid", &signature[..63]));
        signature[0] ^= 1;
        assert!(!reader.verify(&id, b"paid", &signature));
        assert!(!PublicKeys::default().verify(&id, b"paid", &signature));
    }

    #[test]
    fn a_key_is_published_before_it_signs() {
        let before = keys(&format!("old active {OTHER}\nnew accept {SEED}"));
        let after = keys(&format!("old retired {OTHER}\nnew active {SEED}"));

        let (id, signature) = after.sign(b"paid");

        assert!(PublicKeys::from(before.public_keys()).verify(&id, b"paid", &signature));
        assert_eq!(before.public_keys()[1].state, KeyState::Accept);
    }

    #[test]
    fn debug_shows_ids_alone() {
        assert_eq!(format!("{:?}", keys(&format!("rfc active {SEED}"))), "SigningKeys({rfc: Active})");
    }
}
