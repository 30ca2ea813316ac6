//! What travels with people and callers: sealed tokens, refresh tokens, access tokens.
//!
//! Sealed ones (resets, challenges, links of mails, page tokens) are bound to their kind by the context of the seal, so one
//! never passes for another; each says itself when it dies. A reset's has one size. A refresh token names its session in the
//! plain and is good for what it hashes to; an access token is a signed JWT.

mod challenge;
mod pages;
mod passkeys;
mod session;

use std::sync::Arc;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::id::{AccountId, TenantId};
use rekey_primitives::secret::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub(crate) use challenge::{Challenge, ChallengeKind};
pub(crate) use pages::{AskedPage, List, Page};
pub(crate) use passkeys::{PasskeyRegistration, PasskeySignIn, passkey_challenge};
pub(crate) use session::{NewSession, PresentedRefreshToken, SessionTokens};

use crate::config;
use crate::domain::account::CredentialEpoch;
use crate::domain::caller::CallerCode;
use crate::domain::reset::{ResetState, token};
use crate::domain::reset_link::ResetLink;
use crate::keys::Keys;

/// Makes tokens and reads them.
#[derive(Clone)]
pub(crate) struct Tokens {
    pub keys: Arc<Keys>,
    pub entropy: SharedEntropy,
    pub settings: config::Tokens,
}

/// The kinds of sealed tokens.
pub(crate) trait SealedToken: Serialize + DeserializeOwned {
    /// Tells kinds apart under one key.
    const KIND: &'static str;
    /// The layout of its fields; another number for every change of them.
    const VERSION: u8;
}

/// The link "this was not me".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Repudiation {
    pub tenant_id: TenantId,
    pub account_id: AccountId,
    /// The epoch that the reset began.
    pub epoch: CredentialEpoch,
    pub expires_at: Timestamp,
}

impl SealedToken for Repudiation {
    const KIND: &'static str = "repudiation";
    const VERSION: u8 = 1;
}

impl SealedToken for CallerCode {
    const KIND: &'static str = "caller code";
    const VERSION: u8 = 1;
}

impl SealedToken for ResetLink {
    const KIND: &'static str = "reset link";
    const VERSION: u8 = 1;
}

impl Tokens {
    /// Seals a reset; every token has the same size.
    pub(crate) fn seal_reset(&self, state: &ResetState) -> SecretString {
        text(&self.keys.tokens.seal(&*self.entropy, b"reset", &token::encode(state)))
    }

    /// Opens a reset; `None` for anything that is none of ours.
    pub(crate) fn open_reset(&self, shown: &SecretString) -> Option<ResetState> {
        let plain = self.keys.tokens.open(b"reset", &bytes(shown)?).ok()?;
        token::decode(&plain).ok()
    }

    /// Seals a token.
    pub(crate) fn seal<T: SealedToken>(&self, token: &T) -> SecretString {
        text(&self.keys.seal_value(&*self.entropy, T::KIND.as_bytes(), T::VERSION, token))
    }

    /// Opens a token of that kind; `None` for anything that is none of ours. Its life is the caller's to judge.
    pub(crate) fn open<T: SealedToken>(&self, shown: &SecretString) -> Option<T> {
        self.keys.open_value(T::KIND.as_bytes(), T::VERSION, &bytes(shown)?)
    }
}

fn text(token: &[u8]) -> SecretString {
    SecretString::from(BASE64_URL_SAFE_NO_PAD.encode(token))
}

fn bytes(shown: &SecretString) -> Option<Vec<u8>> {
    /// Nothing we hand out is longer, and what is longer is not worth decoding.
    const LONGEST: usize = 4 * 1024;
    let shown = shown.expose_secret();
    (shown.len() <= LONGEST).then(|| BASE64_URL_SAFE_NO_PAD.decode(shown).ok()).flatten()
}

#[cfg(test)]
mod tests;
