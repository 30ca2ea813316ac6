//! What travels with people and callers: sealed tokens, refresh tokens, access tokens.
//!
//! Sealed ones (resets, challenges, repudiation links, page tokens) are bound to their kind by the context of the
//! seal, so one never passes for another; each says itself when it dies. A reset's has one size. A refresh token
//! names its session in the plain and is good for what it hashes to; an access token is a signed JWT.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::{Entropy, array, uuid_v4};
use rekey_primitives::id::{AccountId, SessionId, TenantId};
use rekey_primitives::secret::{ExposeSecret, SecretString, Zeroizing};
use rekey_sealing::{digest, jwt};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::keys::Keys;
use crate::config;
use crate::domain::account::CredentialEpoch;
use crate::domain::authority::{Role, RoleSet};
use crate::domain::reset::{ResetState, token};
use crate::domain::session::{AccessClaims, Session};

mod challenge;

pub(crate) use challenge::{Challenge, ChallengeKind};

/// The kinds of sealed tokens with a JSON body.
pub(crate) trait SealedToken: Serialize + DeserializeOwned {
    /// Tells kinds apart under one key.
    const KIND: &'static str;
}

/// The link "this was not me".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Repudiation {
    /// Whose directory.
    pub tenant_id: Uuid,
    /// Whose account.
    pub account_id: Uuid,
    /// The epoch that the reset began.
    pub epoch: i64,
    /// When it dies, in microseconds since the epoch.
    pub expires_at: i64,
}

/// Where a list goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Page {
    /// Which list.
    pub list: String,
    /// Digest of the arguments, which must be the same again.
    pub arguments: [u8; 32],
    /// The last thing shown.
    pub after: String,
    /// When it dies, in microseconds since the epoch.
    pub expires_at: i64,
}

impl SealedToken for Repudiation {
    const KIND: &'static str = "repudiation";
}

impl SealedToken for Page {
    const KIND: &'static str = "page";
}

/// A refresh token that somebody showed.
pub(crate) struct ShownRefresh {
    /// The tenant it names.
    pub tenant_id: TenantId,
    /// The session it names.
    pub session_id: SessionId,
    /// What the store keeps of it.
    pub hash: [u8; 32],
}

impl Keys {
    /// Seals a reset; every token has the same size.
    pub(crate) fn seal_reset(&self, entropy: &dyn Entropy, state: &ResetState) -> SecretString {
        text(&self.tokens.seal(entropy, b"reset", &token::encode(state)))
    }

    /// Opens a reset; `None` for anything that is none of ours.
    pub(crate) fn open_reset(&self, shown: &SecretString) -> Option<ResetState> {
        let plain = self.tokens.open(b"reset", &bytes(shown)?).ok()?;
        token::decode(&plain).ok()
    }

    /// Seals a token.
    pub(crate) fn seal_token<T: SealedToken>(&self, entropy: &dyn Entropy, token: &T) -> SecretString {
        let json =
            serde_json::to_vec(token).expect("tokens are plain structs, which always have a JSON form");
        text(&self.tokens.seal(entropy, T::KIND.as_bytes(), &json))
    }

    /// Opens a token of that kind; `None` for anything that is none of ours. Its life is the caller's to judge.
    pub(crate) fn open_token<T: SealedToken>(&self, shown: &SecretString) -> Option<T> {
        let plain = self.tokens.open(T::KIND.as_bytes(), &bytes(shown)?).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    /// Signs an access token.
    pub(crate) fn sign_access(
        &self,
        tokens: &config::Tokens,
        entropy: &dyn Entropy,
        claims: &AccessClaims,
    ) -> SecretString {
        let claims = WireClaims {
            iss: tokens.issuer.clone(),
            aud: tokens.audience.clone(),
            sub: claims.account_id.as_uuid(),
            tid: claims.tenant_id.as_uuid(),
            sid: claims.session_id.as_uuid(),
            epoch: claims.epoch.0,
            roles: claims.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            auth_time: claims.auth_time.unix_seconds(),
            jti: uuid_v4(entropy),
            iat: claims.issued_at.unix_seconds(),
            exp: claims.expires_at.unix_seconds(),
        };
        let json = serde_json::to_string(&claims).expect("claims are a plain struct, which has a JSON form");
        SecretString::from(jwt::sign(&self.access_token, &json))
    }

    /// The claims of an access token that is ours, for our audience and alive; whether its session lives is the
    /// store's to say.
    pub(crate) fn read_access(
        &self,
        tokens: &config::Tokens,
        shown: &SecretString,
        now: Timestamp,
    ) -> Option<AccessClaims> {
        let json = jwt::verify(&self.access_token_public, shown.expose_secret()).ok()?;
        let claims: WireClaims = serde_json::from_str(&json).ok()?;
        let claims = claims.meant_for(tokens)?;
        (!now.has_reached(claims.expires_at)).then_some(claims)
    }
}

/// Refresh tokens: tenant, session, 256 random bits, and a tag by which a token is known to be ours. A token that is
/// ours and neither the current nor the previous one of its session was stolen or replayed and ends the session; one
/// that somebody made up from a session id must not.
impl Keys {
    /// A new refresh token for a session, and what the store keeps of it.
    pub(crate) fn new_refresh(
        &self,
        entropy: &dyn Entropy,
        tenant_id: TenantId,
        session_id: SessionId,
    ) -> (SecretString, [u8; 32]) {
        let secret = Zeroizing::new(array::<32>(entropy));
        let mut token = Zeroizing::new(Vec::with_capacity(REFRESH_BYTES));
        token.extend_from_slice(tenant_id.as_uuid().as_bytes());
        token.extend_from_slice(session_id.as_uuid().as_bytes());
        token.extend_from_slice(secret.as_slice());
        let tag = self.login_hash.tag(REFRESH, &[token.as_slice()]);
        token.extend_from_slice(&tag);
        (text(&token), refresh_hash(&token))
    }

    /// Reads a refresh token; `None` for what we did not make.
    pub(crate) fn read_refresh(&self, shown: &SecretString) -> Option<ShownRefresh> {
        let token: [u8; REFRESH_BYTES] = bytes(shown)?.try_into().ok()?;
        let (body, tag) = token.split_last_chunk::<32>()?;
        if !self.login_hash.accepted().any(|key| self.login_hash.verify(key, REFRESH, &[body], tag)) {
            return None;
        }
        let (tenant, rest) = body.split_first_chunk::<16>()?;
        let session = rest.first_chunk::<16>()?;
        Some(ShownRefresh {
            tenant_id: TenantId::from_uuid(Uuid::from_bytes(*tenant)),
            session_id: SessionId::from_uuid(Uuid::from_bytes(*session)),
            hash: refresh_hash(&token),
        })
    }
}

const REFRESH: &str = "refresh token";

/// Tenant, session, secret and tag.
const REFRESH_BYTES: usize = 16 + 16 + 32 + 32;

/// A refresh token holds 256 random bits, so a bare digest is as good as a keyed one.
fn refresh_hash(token: &[u8]) -> [u8; 32] {
    digest(&[b"refresh token", token])
}

/// What a flow hands out for a session.
#[derive(Debug, Clone)]
pub(crate) struct SessionTokens {
    /// Good for five minutes, checked offline.
    pub access_token: SecretString,
    /// When it dies.
    pub access_expires_at: Timestamp,
    /// Good once.
    pub refresh_token: SecretString,
    /// The session.
    pub session_id: SessionId,
    /// When the session ends, however often it is refreshed.
    pub session_expires_at: Timestamp,
    /// Who signed in.
    pub account_id: AccountId,
}

impl SessionTokens {
    /// The tokens of a session whose refresh token is at hand.
    pub(crate) fn issue(
        keys: &Keys,
        tokens: &config::Tokens,
        entropy: &dyn Entropy,
        (session, roles): (&Session, RoleSet),
        refresh_token: SecretString,
        now: Timestamp,
    ) -> Self {
        let claims = AccessClaims::issue(session, roles, now);
        Self {
            access_token: keys.sign_access(tokens, entropy, &claims),
            access_expires_at: claims.expires_at,
            refresh_token,
            session_id: session.id,
            session_expires_at: session.expires_at,
            account_id: session.account_id,
        }
    }
}

/// [`SessionTokens`] as they are kept, sealed, for a repeated request.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KeptTokens {
    access_token: String,
    access_expires_at: i64,
    refresh_token: String,
    session_id: Uuid,
    session_expires_at: i64,
    account_id: Uuid,
}

impl From<&SessionTokens> for KeptTokens {
    fn from(tokens: &SessionTokens) -> Self {
        Self {
            access_token: tokens.access_token.expose_secret().to_owned(),
            access_expires_at: tokens.access_expires_at.unix_micros(),
            refresh_token: tokens.refresh_token.expose_secret().to_owned(),
            session_id: tokens.session_id.as_uuid(),
            session_expires_at: tokens.session_expires_at.unix_micros(),
            account_id: tokens.account_id.as_uuid(),
        }
    }
}

impl From<KeptTokens> for SessionTokens {
    fn from(kept: KeptTokens) -> Self {
        Self {
            access_token: SecretString::from(kept.access_token),
            access_expires_at: Timestamp::from_unix_micros(kept.access_expires_at),
            refresh_token: SecretString::from(kept.refresh_token),
            session_id: SessionId::from_uuid(kept.session_id),
            session_expires_at: Timestamp::from_unix_micros(kept.session_expires_at),
            account_id: AccountId::from_uuid(kept.account_id),
        }
    }
}

/// The claims as RFC 9068 and RFC 7519 spell them; times in seconds.
#[derive(Serialize, Deserialize)]
struct WireClaims {
    iss: String,
    aud: String,
    sub: Uuid,
    tid: Uuid,
    sid: Uuid,
    epoch: i64,
    roles: Vec<String>,
    auth_time: i64,
    jti: Uuid,
    iat: i64,
    exp: i64,
}

impl WireClaims {
    fn meant_for(self, tokens: &config::Tokens) -> Option<AccessClaims> {
        let seconds = |at: i64| Timestamp::from_unix_micros(at.saturating_mul(1_000_000));
        (self.iss == tokens.issuer && self.aud == tokens.audience).then(|| AccessClaims {
            account_id: AccountId::from_uuid(self.sub),
            tenant_id: TenantId::from_uuid(self.tid),
            session_id: SessionId::from_uuid(self.sid),
            epoch: CredentialEpoch(self.epoch),
            roles: self.roles.iter().filter_map(|name| Role::parse(name)).collect(),
            auth_time: seconds(self.auth_time),
            issued_at: seconds(self.iat),
            expires_at: seconds(self.exp),
        })
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

impl std::fmt::Debug for ShownRefresh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShownRefresh").field("session_id", &self.session_id).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for KeptTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeptTokens(..)")
    }
}

#[cfg(test)]
mod tests;
