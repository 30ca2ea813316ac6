//! Signatures of webhooks, as Standard Webhooks 1.0 says: HMAC-SHA-256 by a secret that sender and receiver share (`v1`), or
//! Ed25519 by a key of the sender's alone (`v1a`).
//!
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use base64::prelude::{BASE64_STANDARD, Engine as _};
use rekey_primitives::entropy::{Entropy, array};
use rekey_primitives::secret::{SecretString, Zeroizing};
use ring::hmac;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

/// How long a new secret is, in bytes; the standard asks for 24 to 64. As long as the hash: more adds nothing.
const SECRET_BYTES: usize = 32;

/// How long a secret may be that somebody else made.
const SECRET_LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// What a sender signs with and a receiver verifies with.
pub struct WebhookSecret(Zeroizing<Vec<u8>>);

impl WebhookSecret {
    /// A new one.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let drawn = Zeroizing::new(array::<SECRET_BYTES>(entropy));
        Self(Zeroizing::new(drawn.to_vec()))
    }

    /// The one whose bytes these are.
    pub fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// Its bytes, to be sealed.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// As receivers are given it.
    pub fn text(&self) -> SecretString {
        let encoded = Zeroizing::new(BASE64_STANDARD.encode(self.as_bytes()));
        SecretString::from(format!("whsec_{}", *encoded))
    }

    /// The signature of a message, as one word of `webhook-signature`.
    pub fn sign(&self, id: &str, unix_seconds: i64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, self.as_bytes()));
        context.update(format!("{id}.{unix_seconds}.").as_bytes());
        context.update(body);
        format!("v1,{}", BASE64_STANDARD.encode(context.sign()))
    }
}

/// What a sender signs with, of either kind.
pub enum WebhookKey {
    /// `whsec_…`
    Shared(WebhookSecret),
    /// `whsk_…`; receivers are given the public half, `whpk_…`.
    Own(Box<Ed25519KeyPair>),
}

impl WebhookKey {
    /// Reads it as it is written: a prefix and base64. A key of one's own is 32 bytes, or those and their public half. `None` for
    /// anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let decoded = |encoded: &str| BASE64_STANDARD.decode(encoded).ok().map(Zeroizing::new);
        if let Some(encoded) = text.strip_prefix("whsec_") {
            let bytes = decoded(encoded).filter(|bytes| SECRET_LENGTHS.contains(&bytes.len()))?;
            return Some(Self::Shared(WebhookSecret::from_bytes(bytes)));
        }
        let bytes = decoded(text.strip_prefix("whsk_")?)?;
        let (seed, public) = bytes.split_at_checked(32)?;
        let key = if public.is_empty() {
            Ed25519KeyPair::from_seed_unchecked(seed)
        } else {
            Ed25519KeyPair::from_seed_and_public_key(seed, public)
        };
        Some(Self::Own(Box::new(key.ok()?)))
    }

    /// The signature of a message, as one word of `webhook-signature`.
    #[must_use]
    pub fn sign(&self, id: &str, unix_seconds: i64, body: &[u8]) -> String {
        match self {
            Self::Shared(secret) => secret.sign(id, unix_seconds, body),
            Self::Own(key) => {
                let signed = [format!("{id}.{unix_seconds}.").as_bytes(), body].concat();
                format!("v1a,{}", BASE64_STANDARD.encode(key.sign(&signed)))
            }
        }
    }

    /// What receivers verify with, where they may be told by anybody: `whpk_…`. `None` for a shared secret.
    #[must_use]
    pub fn public_text(&self) -> Option<String> {
        match self {
            Self::Shared(_) => None,
            Self::Own(key) => Some(format!("whpk_{}", BASE64_STANDARD.encode(key.public_key()))),
        }
    }
}

impl std::fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookKey(..)")
    }
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::entropy::SeededEntropy;
    use rekey_primitives::secret::ExposeSecret as _;

    use super::*;

    /// What the libraries of the standard are tested with.
    fn published() -> WebhookSecret {
        let bytes = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        WebhookSecret::from_bytes(Zeroizing::new(bytes))
    }

    #[test]
    fn a_signature_is_the_one_that_the_standard_publishes() {
        let signature =
            published().sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);

        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_written_as_receivers_read_it_and_never_shown() {
        let generated = WebhookSecret::generate(&SeededEntropy::new(7));

        assert_eq!(published().text().expose_secret(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        assert_eq!(generated.text().expose_secret().len(), "whsec_".len() + 44);
        assert_eq!(format!("{generated:?}"), "WebhookSecret(..)");
    }

    #[test]
    fn a_key_of_either_kind_reads_as_it_is_written_and_signs() {
        let shared = WebhookKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let own = WebhookKey::parse(&format!("whsk_{}", BASE64_STANDARD.encode([7_u8; 32]))).unwrap();

        let body = br#"{"test": 2432232314}"#;
        let by_secret = shared.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        let signature = own.sign("id", 7, b"body");

        assert_eq!(by_secret, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let public = own.public_text().unwrap();
        let public = BASE64_STANDARD.decode(public.strip_prefix("whpk_").unwrap()).unwrap();
        let signature = BASE64_STANDARD.decode(signature.strip_prefix("v1a,").unwrap()).unwrap();
        let verifier = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, &public);
        assert!(verifier.verify(b"id.7.body", &signature).is_ok());
        let whole = format!("whsk_{}", BASE64_STANDARD.encode([&[7_u8; 32][..], &public[..]].concat()));
        assert_eq!(WebhookKey::parse(&whole).unwrap().public_text(), own.public_text());
        assert_eq!((shared.public_text(), format!("{own:?}")), (None, "WebhookKey(..)".to_owned()));
    }

    #[test]
    fn what_is_no_key_is_none() {
        let short = format!("whsec_{}", BASE64_STANDARD.encode([7_u8; 23]));
        let wrong_half = format!("whsk_{}", BASE64_STANDARD.encode([7_u8; 64]));
        for text in ["", "whsec_", "whsec_???", "whsk_", "whsk_MfKQ9r8G", "secret", &short, &wrong_half] {
            assert!(WebhookKey::parse(text).is_none(), "{text}");
        }
    }
}
