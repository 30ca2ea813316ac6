//! Keys that sign mails (DKIM): RSA with SHA-256 (RFC 6376, RFC 8301) and Ed25519 with SHA-256 (RFC 8463).
//!
//! What is signed is written elsewhere; here are the two algorithms, and the public keys as DNS publishes them.

use ring::rand::SystemRandom;
use ring::rsa;
use ring::signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256};

use crate::sha256;

/// A private key of a domain.
pub struct DkimKey(Key);

enum Key {
    Rsa(Box<rsa::KeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

/// DER of what stands before the bit string of an RSA key: its algorithm, `rsaEncryption` without parameters.
const RSA_ALGORITHM: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
/// Tags of DER.
const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;

impl DkimKey {
    /// A key in PKCS #8, DER: RSA of 2048 to 4096 bits, or Ed25519. `None` for anything else.
    #[must_use]
    pub fn from_pkcs8(der: &[u8]) -> Option<Self> {
        if let Ok(key) = rsa::KeyPair::from_pkcs8(der) {
            return Some(Self(Key::Rsa(Box::new(key))));
        }
        // OpenSSL writes such a key without its public half.
        let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?;
        Some(Self(Key::Ed25519(Box::new(key))))
    }

    /// The name of the algorithm in a signature.
    #[must_use]
    pub const fn algorithm(&self) -> &'static str {
        match self.0 {
            Key::Rsa(_) => "rsa-sha256",
            Key::Ed25519(_) => "ed25519-sha256",
        }
    }

    /// The signature of these bytes; `None` if the key cannot sign, which a key that was read can.
    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        match &self.0 {
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                // This padding draws nothing.
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes, &mut signature).ok()?;
                Some(signature)
            }
            // RFC 8463, 3: the hash is what is signed.
            Key::Ed25519(key) => Some(key.sign(&sha256(bytes)).as_ref().to_vec()),
        }
    }

    /// The public key as `p=` of its record holds it, before base64. Of an RSA key that is what everybody publishes, a
    /// `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn public_key(&self) -> Vec<u8> {
        match &self.0 {
            Key::Rsa(key) => {
                let bits = [&[0_u8][..], key.public().as_ref()].concat();
                der(SEQUENCE, &[RSA_ALGORITHM.to_vec(), der(BIT_STRING, &bits)].concat())
            }
            Key::Ed25519(key) => key.public_key().as_ref().to_vec(),
        }
    }
}

impl std::fmt::Debug for DkimKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("DkimKey").field(&self.algorithm()).finish()
    }
}

/// A value of DER with its tag and length.
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len().to_be_bytes();
    let significant: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut written = vec![tag];
    match significant[..] {
        [] => written.push(0),
        [short] if short < 0x80 => written.push(short),
        _ => {
            written.push(0x80 | u8::try_from(significant.len()).unwrap_or(u8::MAX));
            written.extend(significant);
        }
    }
    written.extend_from_slice(value);
    written
}

#[cfg(test)]
mod tests {
    use ring::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    #[test]
    fn an_ed25519_key_signs_the_hash_and_shows_its_public_half() {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let key = DkimKey::from_pkcs8(document.as_ref()).unwrap();

        let signature = key.sign(b"signed").unwrap();

        let public = UnparsedPublicKey::new(&ED25519, key.public_key());
        assert!(public.verify(&sha256(b"signed"), &signature).is_ok());
        assert_eq!((key.algorithm(), key.public_key().len()), ("ed25519-sha256", 32));
        assert_eq!(format!("{key:?}"), r#"DkimKey("ed25519-sha256")"#);
    }

    #[test]
    fn what_is_no_key_is_none() {
        assert!(DkimKey::from_pkcs8(b"").is_none());
        assert!(DkimKey::from_pkcs8(&[0x30, 0x03, 0x02, 0x01, 0x00]).is_none());
    }

    #[test]
    fn lengths_of_der_are_short_or_long() {
        assert_eq!(der(SEQUENCE, &[]), [0x30, 0]);
        assert_eq!(der(SEQUENCE, &[7; 0x7f])[..2], [0x30, 0x7f]);
        assert_eq!(der(SEQUENCE, &[7; 0x80])[..3], [0x30, 0x81, 0x80]);
        assert_eq!(der(SEQUENCE, &[7; 0x123])[..4], [0x30, 0x82, 0x01, 0x23]);
    }
}
