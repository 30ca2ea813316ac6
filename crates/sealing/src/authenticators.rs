//! Signatures that people's authenticators make with keys of their own, and the hash that WebAuthn builds on.
//!
//! Only what authenticators of today make: ES256 and EdDSA, and RS256 for the TPMs of older Windows machines. A key is checked
//! to be one by the verification itself.

use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};

/// A public key as an authenticator gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthenticatorKey<'a> {
    /// A point of P-256, uncompressed (SEC 1): `0x04`, x, y. Signatures are ECDSA with SHA-256, in DER.
    Es256(&'a [u8]),
    /// A point of Ed25519 (RFC 8032).
    Ed25519(&'a [u8]),
    /// RSA of 2048 bits at least; signatures are PKCS #1 v1.5 with SHA-256.
    Rs256 {
        /// Big-endian.
        modulus: &'a [u8],
        /// Big-endian.
        exponent: &'a [u8],
    },
}

impl AuthenticatorKey<'_> {
    /// Whether it made this signature of the message. False for anything that is no key or no signature.
    #[must_use]
    pub fn verifies(self, message: &[u8], signature: &[u8]) -> bool {
        let verified =
            match self {
                Self::Es256(point) => {
                    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(message, signature)
                }
                Self::Ed25519(point) => UnparsedPublicKey::new(&ED25519, point).verify(message, signature),
                Self::Rs256 { modulus, exponent } => RsaPublicKeyComponents { n: modulus, e: exponent }
                    .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature),
            };
        verified.is_ok()
    }
}

/// SHA-256 of bytes as they are, for values that another side hashes as well.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};

    use super::*;

    #[test]
    fn what_an_authenticator_signed_verifies_and_nothing_else() {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random);
        let pair = pair.unwrap();
        let signature = pair.sign(&random, b"message").unwrap();
        let key = AuthenticatorKey::Es256(pair.public_key().as_ref());

        assert!(key.verifies(b"message", signature.as_ref()));
        assert!(!key.verifies(b"massage", signature.as_ref()));
        assert!(!key.verifies(b"message", b""));
        assert!(!AuthenticatorKey::Es256(b"no point").verifies(b"message", signature.as_ref()));
    }

    #[test]
    fn edwards_keys_verify() {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        let signature = pair.sign(b"message");
        let key = AuthenticatorKey::Ed25519(pair.public_key().as_ref());

        assert!(key.verifies(b"message", signature.as_ref()));
        assert!(!key.verifies(b"massage", signature.as_ref()));
    }

    #[test]
    fn the_hash_is_sha_256() {
        let hash = sha256(b"abc");

        assert_eq!(hash[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
}
