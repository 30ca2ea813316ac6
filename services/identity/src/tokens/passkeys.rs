//! The tokens that carry what a passkey is asked to sign. What it signs is made of the token, which holds chance of its own, so
//! nothing is stored before it is answered.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, TenantId};
use rekey_primitives::secret::{ExposeSecret, SecretString};
use rekey_sealing::digest;
use serde::{Deserialize, Serialize};

use super::SealedToken;
use crate::domain::passkey::Challenge;

/// A registration that waits for the browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PasskeyRegistration {
    pub tenant_id: TenantId,
    pub account_id: AccountId,
    /// Of the account: it registers one passkey, and none once the account is another.
    pub version: i64,
    /// Hash of the name of the caller that may complete it.
    pub caller: [u8; 32],
    pub expires_at: Timestamp,
}

/// A sign-in of nobody yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PasskeySignIn {
    pub tenant_id: TenantId,
    /// Hash of the name of the caller that may complete it.
    pub caller: [u8; 32],
    pub expires_at: Timestamp,
}

impl SealedToken for PasskeyRegistration {
    const KIND: &'static str = "passkey registration";
    const VERSION: u8 = 1;
}

impl SealedToken for PasskeySignIn {
    const KIND: &'static str = "passkey sign-in";
    const VERSION: u8 = 1;
}

/// What a passkey is asked to sign for a token. Every token is sealed under a nonce of 24 random bytes, so none is asked twice.
pub(crate) fn passkey_challenge(token: &SecretString) -> Challenge {
    digest(&[b"passkey challenge", token.expose_secret().as_bytes()])
}
