//! What browsers are asked with: `PublicKeyCredentialCreationOptionsJSON` and `PublicKeyCredentialRequestOptionsJSON`
//! (sections 5.1.9 and 5.1.10).

use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde_json::{Value, json};

use super::key::ALGORITHMS;
use super::{Challenge, Passkey, RelyingParty, UserHandle};

/// What a new passkey is made of.
pub(crate) struct Creation<'a> {
    pub relying_party: &'a RelyingParty,
    pub challenge: &'a Challenge,
    /// How long the browser may wait for the person.
    pub timeout: Duration,
    /// The organisation's name, for people.
    pub organisation: &'a str,
    pub user_handle: &'a UserHandle,
    /// What the person types at sign-in, for telling accounts apart on their device.
    pub login: &'a str,
    pub display_name: &'a str,
    /// Those that the account has: a device that holds one makes no other.
    pub registered: Vec<&'a Passkey>,
}

impl Creation<'_> {
    /// The options as JSON.
    pub(crate) fn to_json(&self) -> String {
        let algorithms = ALGORITHMS.map(|alg| json!({ "type": "public-key", "alg": alg }));
        json!({
            "rp": { "id": self.relying_party.id, "name": self.organisation },
            "user": {
                "id": BASE64_URL_SAFE_NO_PAD.encode(self.user_handle),
                "name": self.login,
                "displayName": self.display_name,
            },
            "challenge": BASE64_URL_SAFE_NO_PAD.encode(self.challenge),
            "pubKeyCredParams": algorithms,
            "timeout": millis(self.timeout),
            "excludeCredentials": descriptors(&self.registered),
            "authenticatorSelection": {
                "residentKey": "required",
                "requireResidentKey": true,
                "userVerification": "required",
            },
            "attestation": "none",
        })
        .to_string()
    }
}

/// What a passkey is asked with. Without any passkeys named, whichever the person has for the domain.
pub(crate) fn request(
    relying_party: &RelyingParty,
    challenge: &Challenge,
    timeout: Duration,
    named: &[&Passkey],
) -> String {
    json!({
        "challenge": BASE64_URL_SAFE_NO_PAD.encode(challenge),
        "timeout": millis(timeout),
        "rpId": relying_party.id,
        "allowCredentials": descriptors(named),
        "userVerification": "required",
    })
    .to_string()
}

fn descriptors(passkeys: &[&Passkey]) -> Vec<Value> {
    let descriptor = |passkey: &&Passkey| {
        let id = BASE64_URL_SAFE_NO_PAD.encode(&passkey.credential_id);
        if passkey.transports.is_empty() {
            json!({ "type": "public-key", "id": id })
        } else {
            json!({ "type": "public-key", "id": id, "transports": passkey.transports })
        }
    };
    passkeys.iter().map(descriptor).collect()
}

fn millis(timeout: Duration) -> u64 {
    u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX)
}
