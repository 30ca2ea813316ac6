//! Signatures of webhooks, as Standard Webhooks 1.0 says: HMAC-SHA-256 by a secret that sender and receiver share.
//!
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use base64::prelude::{BASE64_STANDARD, Engine as _};
use rekey_primitives::entropy::{Entropy, array};
use rekey_primitives::secret::{SecretString, Zeroizing};
use ring::hmac;

/// How long a new secret is, in bytes; the standard asks for 24 to 64. As long as the hash: more adds nothing.
const SECRET_BYTES: usize = 32;

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
}
