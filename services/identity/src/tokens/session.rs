//! The tokens of a session: refresh tokens, good once, and access tokens, believed offline for five minutes.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::{array, uuid_v4};
use rekey_primitives::id::{AccountId, SessionId, TenantId};
use rekey_primitives::secret::{ExposeSecret, SecretString, Zeroizing};
use rekey_sealing::{PublicKey, digest, jwt};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Tokens, bytes, text};
use crate::config;
use crate::domain::account::{Account, CredentialEpoch};
use crate::domain::authority::Role;
use crate::domain::policy::SessionRules;
use crate::domain::session::{AccessClaims, RefreshRecord, Session, ends_at};
use crate::operation::Origin;
use crate::operation::idempotency::sealed_secret;

const REFRESH: &str = "refresh token";

/// Tenant, session, secret and tag.
const REFRESH_BYTES: usize = 16 + 16 + 32 + 32;

/// What a use case hands out for a session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SessionTokens {
    /// Good for five minutes, checked offline.
    #[serde(with = "sealed_secret")]
    pub access_token: SecretString,
    pub access_expires_at: Timestamp,
    /// Good once.
    #[serde(with = "sealed_secret")]
    pub refresh_token: SecretString,
    pub session_id: SessionId,
    /// When the session ends, however often it is refreshed.
    pub session_expires_at: Timestamp,
    pub account_id: AccountId,
    /// The integrator's own id of the account. Absent in answers kept by an older release.
    #[serde(default)]
    pub external_id: Option<String>,
}

/// A session to open.
pub(crate) struct NewSession<'a> {
    pub account: &'a Account,
    /// The account's epoch once the session is open.
    pub epoch: CredentialEpoch,
    pub rules: &'a SessionRules,
    /// The backend that signs the person in, and what it says of them.
    pub origin: Origin<'a>,
    /// When the person gave their password.
    pub proved_at: Timestamp,
    /// Whether a second factor was passed.
    pub strong: bool,
    pub now: Timestamp,
}

/// A refresh token that somebody showed.
#[derive(derive_more::Debug)]
pub(crate) struct PresentedRefreshToken {
    pub tenant_id: TenantId,
    pub session_id: SessionId,
    /// What the store keeps of it.
    #[debug(skip)]
    pub hash: [u8; 32],
}

/// A new refresh token.
pub(crate) struct NewRefresh {
    pub token: SecretString,
    /// What the store keeps of it.
    pub hash: [u8; 32],
}

impl Tokens {
    /// A session that begins now, and its first tokens.
    pub(crate) fn new_session(&self, new: &NewSession<'_>) -> (Session, SessionTokens) {
        let NewSession { account, now, .. } = *new;
        let id = SessionId::generate(&*self.entropy, now);
        let refresh = self.new_refresh(account.tenant_id, id);
        let session = Session {
            id,
            tenant_id: account.tenant_id,
            account_id: account.id,
            epoch: new.epoch,
            auth_time: new.proved_at,
            strong: new.strong,
            refresh: RefreshRecord::first(refresh.hash, now),
            user_agent_family: new.origin.context.user_agent_family().to_owned(),
            backend: new.origin.caller.name().to_owned(),
            created_at: now,
            refreshed_at: now,
            expires_at: ends_at(new.rules, new.strong, now),
            ended: None,
        };
        let tokens = self.of_session(&session, account, refresh.token, now);
        (session, tokens)
    }

    /// The tokens of a session whose refresh token is at hand.
    pub(crate) fn of_session(
        &self,
        session: &Session,
        account: &Account,
        refresh_token: SecretString,
        now: Timestamp,
    ) -> SessionTokens {
        let claims = AccessClaims::issue(session, account.roles, now);
        SessionTokens {
            access_token: self.sign_access(&claims),
            access_expires_at: claims.expires_at,
            refresh_token,
            session_id: session.id,
            session_expires_at: session.expires_at,
            account_id: session.account_id,
            external_id: account.external_id.clone(),
        }
    }

    /// The next access token of a session whose refresh token stays as it is.
    pub(crate) fn next_access(&self, session: &Session, account: &Account, now: Timestamp) -> SessionTokens {
        self.of_session(session, account, SecretString::from(""), now)
    }

    /// The public keys that may have signed a live access token, or will soon.
    pub(crate) fn signing_keys(&self) -> Vec<PublicKey> {
        self.keys.access_token.public_keys()
    }

    /// The claims of an access token that is ours and alive; whether its session lives is the store's to say, and who may
    /// carry it the access check's.
    pub(crate) fn read_access(&self, shown: &SecretString, now: Timestamp) -> Option<AccessClaims> {
        self.read_any_access(shown).filter(|claims| !now.has_reached(claims.expires_at))
    }

    /// The same of a token that may have expired.
    pub(crate) fn read_any_access(&self, shown: &SecretString) -> Option<AccessClaims> {
        let json = jwt::verify(&self.keys.access_token, shown.expose_secret()).ok()?;
        let claims: WireClaims = serde_json::from_str(&json).ok()?;
        claims.issued_by(&self.settings)
    }

    pub(super) fn sign_access(&self, claims: &AccessClaims) -> SecretString {
        let claims = WireClaims {
            iss: self.settings.issuer.clone(),
            aud: claims.backend.clone(),
            client_id: claims.backend.clone(),
            sub: claims.account_id.as_uuid(),
            tid: claims.tenant_id.as_uuid(),
            sid: claims.session_id.as_uuid(),
            epoch: claims.epoch.0,
            roles: claims.roles.iter().map(|role| role.as_str().to_owned()).collect(),
            auth_time: claims.auth_time.unix_seconds(),
            jti: uuid_v4(&*self.entropy),
            iat: claims.issued_at.unix_seconds(),
            exp: claims.expires_at.unix_seconds(),
        };
        let json = serde_json::to_string(&claims).expect("claims are a plain struct, which has a JSON form");
        SecretString::from(jwt::sign(&self.keys.access_token, &json))
    }
}

/// Refresh tokens: tenant, session, 256 random bits, and a tag by which a token is known to be ours. A token that is
/// ours and neither the current nor the previous one of its session was stolen or replayed and ends the session; one
/// that somebody made up from a session id must not.
impl Tokens {
    pub(crate) fn new_refresh(&self, tenant_id: TenantId, session_id: SessionId) -> NewRefresh {
        let secret = Zeroizing::new(array::<32>(&*self.entropy));
        let mut token = Zeroizing::new(Vec::with_capacity(REFRESH_BYTES));
        token.extend_from_slice(tenant_id.as_uuid().as_bytes());
        token.extend_from_slice(session_id.as_uuid().as_bytes());
        token.extend_from_slice(secret.as_slice());
        let tag = self.keys.login_hash.tag(REFRESH, &[token.as_slice()]);
        token.extend_from_slice(&tag);
        NewRefresh { token: text(&token), hash: refresh_hash(&token) }
    }

    /// Reads a refresh token; `None` for what we did not make.
    pub(crate) fn read_refresh(&self, shown: &SecretString) -> Option<PresentedRefreshToken> {
        let token: [u8; REFRESH_BYTES] = bytes(shown)?.try_into().ok()?;
        let (body, tag) = token.split_last_chunk::<32>()?;
        if !self.keys.login_hash.verify_any(REFRESH, &[body], tag) {
            return None;
        }
        let (tenant, rest) = body.split_first_chunk::<16>()?;
        let session = rest.first_chunk::<16>()?;
        Some(PresentedRefreshToken {
            tenant_id: TenantId::from_uuid(Uuid::from_bytes(*tenant)),
            session_id: SessionId::from_uuid(Uuid::from_bytes(*session)),
            hash: refresh_hash(&token),
        })
    }
}

/// A refresh token holds 256 random bits, so a bare digest is as good as a keyed one.
fn refresh_hash(token: &[u8]) -> [u8; 32] {
    digest(&[b"refresh token", token])
}

/// The claims as RFC 9068 and RFC 7519 spell them; times in seconds.
#[derive(Serialize, Deserialize)]
struct WireClaims {
    iss: String,
    aud: String,
    #[serde(default)]
    client_id: String,
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
    fn issued_by(self, tokens: &config::Tokens) -> Option<AccessClaims> {
        let seconds = |at: i64| Timestamp::from_unix_micros(at.saturating_mul(1_000_000));
        (self.iss == tokens.issuer).then(|| AccessClaims {
            backend: self.aud,
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
