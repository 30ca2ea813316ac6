//! Sessions: how long a sign-in lasts, and what ends it early.
//!
//! A refresh token is used once. Using one again is answered with the same successor for a few seconds,
//! because replies get lost; after that it means two parties hold it, and the whole family ends.
//! An access token is believed offline for its five minutes; [`judge_access`] is the online answer.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, SessionId, TenantId};
use rekey_primitives::secret::same;
use strum::{EnumString, IntoStaticStr};

use super::account::{Account, CredentialEpoch};
use super::authority::RoleSet;
use super::policy::SessionRules;

/// Life of an access token: how far an offline check may lag behind a block or a reset.
pub(crate) const ACCESS_TOKEN_LIFE: Duration = Duration::from_secs(5 * 60);

/// How long a rotated refresh token still gets the answer it got: the retries of a client with a deadline.
pub(crate) const REUSE_GRACE: Duration = Duration::from_secs(10);

/// Most replaced tokens that a session knows beside the last one. Who has rotated as often within [`REUSE_GRACE`] keeps the
/// token: one more would be forgotten too early and then look stolen.
pub(crate) const EARLIER_MAX: usize = 8;

/// One sign-in of an account, and the family of refresh tokens that came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Session {
    /// Names it within the tenant.
    pub id: SessionId,
    pub tenant_id: TenantId,
    pub account_id: AccountId,
    /// The account's epoch at sign-in; an older one than today's is dead.
    pub epoch: CredentialEpoch,
    /// When the person last proved themselves in this session.
    pub auth_time: Timestamp,
    /// Whether a second factor was passed, which shortens its life.
    pub strong: bool,
    /// The one refresh token that is good, and those before it.
    pub refresh: RefreshRecord,
    /// What kind of program signed in, for the person's list of sessions.
    pub user_agent_family: String,
    /// The backend that signed the person in, by its caller's name: its tokens are for it. Empty in rows of an older release.
    pub backend: String,
    pub created_at: Timestamp,
    /// When it was last refreshed.
    pub refreshed_at: Timestamp,
    /// When it ends whatever happens.
    pub expires_at: Timestamp,
    /// When and why it ended early.
    pub ended: Option<(Timestamp, Ending)>,
}

impl Session {
    /// Whether its refresh tokens are this backend's to show.
    pub(crate) fn serves(&self, backend: &str) -> bool {
        self.backend.is_empty() || self.backend == backend
    }
}

/// The hashes of the refresh tokens of a session: the current one, and those that were current a moment ago.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RefreshRecord {
    /// Hash of the token that is good.
    pub current: [u8; 32],
    /// Hash of the one it replaced.
    pub previous: Option<[u8; 32]>,
    /// When it was replaced.
    pub rotated_at: Timestamp,
    /// Those replaced before that one, newest first, while their answers may still be asked for.
    pub earlier: Vec<Replaced>,
}

/// A refresh token that another one took the place of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Replaced {
    /// Its hash.
    pub hash: [u8; 32],
    /// When it was replaced.
    pub at: Timestamp,
}

/// What ended a session before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(crate) enum Ending {
    /// The person left it: signed out of it, or ended it from itself.
    SignedOut,
    /// The person or an administrator ended it from elsewhere.
    Revoked,
    /// A rotated refresh token was used again.
    TokenReused,
}

/// Why a session does not serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionOver {
    /// Ended early.
    Ended(Ending),
    /// Its life or its idle time is over.
    Expired,
    /// The password changed since.
    OlderEpoch,
    /// The account is blocked, frozen or deleted.
    AccountClosed,
    /// It belongs to another account or tenant than the token says.
    NotTheirs,
}

/// Whether an access token is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenState {
    Live,
    /// Its time is over, and its session serves.
    Expired,
    /// It died with its session, which its person has left, or by a change of the password that its session outlived.
    Dead,
}

/// What a presented refresh token leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RefreshVerdict {
    /// It is the current one: rotate.
    Rotate,
    /// It is the current one, and as many as a session knows were replaced just before: it stays.
    Stay,
    /// It was rotated a moment ago: give the answer that was given then.
    Repeat,
    /// It was rotated long ago: end the family.
    EndFamily,
    /// The session does not serve any more.
    Over(SessionOver),
}

/// What an access token says; encoded as claims `iss aud client_id sub tid sid epoch roles auth_time jti iat exp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccessClaims {
    /// `aud` and `client_id`: the backend that signed the person in.
    pub backend: String,
    /// `sub`.
    pub account_id: AccountId,
    /// `tid`.
    pub tenant_id: TenantId,
    /// `sid`.
    pub session_id: SessionId,
    /// `epoch`.
    pub epoch: CredentialEpoch,
    /// `roles`, by name.
    pub roles: RoleSet,
    /// `auth_time`.
    pub auth_time: Timestamp,
    /// `iat`.
    pub issued_at: Timestamp,
    /// `exp`.
    pub expires_at: Timestamp,
}

impl Ending {
    /// The name in rows and events.
    pub(crate) const fn as_str(self) -> &'static str {
        self.into_str()
    }

    /// Reads the name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        name.parse().ok()
    }
}

impl AccessClaims {
    /// The claims of a token issued now; never outliving the session.
    pub(crate) fn issue(session: &Session, roles: RoleSet, now: Timestamp) -> Self {
        Self {
            backend: session.backend.clone(),
            account_id: session.account_id,
            tenant_id: session.tenant_id,
            session_id: session.id,
            epoch: session.epoch,
            roles,
            auth_time: session.auth_time,
            issued_at: now,
            expires_at: now.plus(ACCESS_TOKEN_LIFE).min(session.expires_at),
        }
    }
}

impl RefreshRecord {
    /// The record of a session that begins now.
    pub(crate) const fn first(current: [u8; 32], now: Timestamp) -> Self {
        Self { current, previous: None, rotated_at: now, earlier: Vec::new() }
    }

    /// The record once the current token is replaced.
    #[must_use]
    pub(crate) fn rotated(&self, successor: [u8; 32], now: Timestamp) -> Self {
        let previous = self.previous.map(|hash| Replaced { hash, at: self.rotated_at });
        let replaced = previous.into_iter().chain(self.earlier.iter().copied());
        let earlier = replaced.filter(|token| is_recent(token.at, now)).take(EARLIER_MAX).collect();
        Self { current: successor, previous: Some(self.current), rotated_at: now, earlier }
    }

    /// Whether that is the hash of the token that serves.
    pub(crate) fn is_current(&self, hash: &[u8; 32]) -> bool {
        same(&self.current, hash)
    }

    /// Whether one more rotation would push out a token that may still be shown.
    fn is_full(&self, now: Timestamp) -> bool {
        let recent = self.earlier.iter().filter(|token| is_recent(token.at, now)).count();
        self.previous.is_some() && is_recent(self.rotated_at, now) && recent >= EARLIER_MAX
    }

    /// When the token of that hash was replaced, if that is still known.
    fn replaced_at(&self, hash: &[u8; 32]) -> Option<Timestamp> {
        if self.previous.is_some_and(|previous| same(&previous, hash)) {
            return Some(self.rotated_at);
        }
        self.earlier.iter().find(|token| same(&token.hash, hash)).map(|token| token.at)
    }
}

/// Whether something happened a moment ago. A clock that was set back since makes nothing recent again.
fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    now.since(at) <= REUSE_GRACE && at.since(now) <= REUSE_GRACE
}

/// When a session that begins now ends.
pub(crate) fn ends_at(rules: &SessionRules, strong: bool, now: Timestamp) -> Timestamp {
    let hours = if strong { rules.strong_life_hours } else { rules.life_hours };
    now.plus(Duration::from_secs(3600 * u64::from(hours)))
}

/// What to do with a refresh token that was presented, by the hash of it.
pub(crate) fn judge_refresh(
    session: &Session,
    account: &Account,
    presented: &[u8; 32],
    rules: &SessionRules,
    now: Timestamp,
) -> RefreshVerdict {
    if let Err(over) = judge_access(session, account, rules, now) {
        return RefreshVerdict::Over(over);
    }
    if session.refresh.is_current(presented) {
        let is_full = session.refresh.is_full(now);
        return if is_full { RefreshVerdict::Stay } else { RefreshVerdict::Rotate };
    }
    match session.refresh.replaced_at(presented) {
        Some(replaced_at) if is_recent(replaced_at, now) => RefreshVerdict::Repeat,
        _ => RefreshVerdict::EndFamily,
    }
}

/// Whether an access token is good; `None` for one that nobody may show for anything.
pub(crate) fn token_state(
    claims: &AccessClaims,
    session: &Session,
    account: &Account,
    rules: &SessionRules,
    now: Timestamp,
) -> Option<TokenState> {
    if session.account_id != claims.account_id {
        return None;
    }
    // The step that changes a password takes the session that asks along into the next epoch.
    let has_outlived_it = session.epoch == claims.epoch.next();
    match judge_access(session, account, rules, now) {
        Ok(()) if has_outlived_it => Some(TokenState::Dead),
        Err(SessionOver::Ended(Ending::SignedOut)) if session.epoch == claims.epoch => Some(TokenState::Dead),
        Ok(()) if session.epoch != claims.epoch => None,
        Ok(()) if now.has_reached(claims.expires_at) => Some(TokenState::Expired),
        Ok(()) => Some(TokenState::Live),
        Err(_) => None,
    }
}

/// Whether a session serves now: one judgement of session and account together.
pub(crate) fn judge_access(
    session: &Session,
    account: &Account,
    rules: &SessionRules,
    now: Timestamp,
) -> Result<(), SessionOver> {
    if session.account_id != account.id || session.tenant_id != account.tenant_id {
        return Err(SessionOver::NotTheirs);
    }
    if let Some((_, ending)) = session.ended {
        return Err(SessionOver::Ended(ending));
    }
    if !account.is_open() {
        return Err(SessionOver::AccountClosed);
    }
    if session.epoch != account.epoch {
        return Err(SessionOver::OlderEpoch);
    }
    let idle = Duration::from_secs(60 * u64::from(rules.strong_idle_minutes));
    let idled_out = session.strong && now.since(session.refreshed_at) >= idle;
    if now.has_reached(session.expires_at) || idled_out {
        return Err(SessionOver::Expired);
    }
    Ok(())
}

impl std::fmt::Debug for RefreshRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RefreshRecord").field("rotated_at", &self.rotated_at).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Replaced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replaced").field("at", &self.at).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
