//! Steps of signing in, of sessions and of changing a known password.

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, SessionId};
use rekey_primitives::login::Login;

use super::outbox::Notice;
use super::{Failure, Once, Recalled, Step};
use crate::domain::account::{Account, CredentialEpoch, PasswordRecord, Sealed};
use crate::domain::audit::AuditEvent;
use crate::domain::lockout::Fingerprint;
use crate::domain::policy::{LockoutRules, PolicyRevision, SessionRules};
use crate::domain::scope::TenantScope;
use crate::domain::session::{Session, SessionOver};
use crate::domain::tenant::Tenant;

/// A keyed hash of tenant and login; stands for a login, known or not.
pub type LoginKey = [u8; 32];

/// A keyed hash of a login's key, a network and a user agent family; stands for a place.
pub type PlaceKey = [u8; 32];

/// What a sign-in or a reset needs to know, read at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The tenant.
    pub tenant: Tenant,
    /// Its policy in force.
    pub policy: PolicyRevision,
    /// The account of the login, unless nobody has it or it is deleted.
    pub account: Option<Account>,
}

/// A password about to be judged.
#[derive(Debug, Clone)]
pub struct PasswordTry {
    /// Which login.
    pub login: LoginKey,
    /// From where, if the caller said.
    pub place: Option<PlaceKey>,
    /// Keyed hash of the password, to know a repeat by.
    pub fingerprint: Fingerprint,
    /// The tenant's rules.
    pub rules: LockoutRules,
    /// Written if this try locks the login.
    pub locked_event: AuditEvent,
}

/// Whether a password may be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Yes; it has been counted as wrong until it turns out right.
    Admitted,
    /// The login is locked: right and wrong get one answer.
    Locked {
        /// Until when.
        until: Timestamp,
    },
}

/// A session to open for a right password.
#[derive(Debug, Clone)]
pub struct OpenSession {
    /// The session, current refresh hash included.
    pub session: Session,
    /// The sealed hash that was verified: the step fails when the account has another by now.
    pub verified: Sealed,
    /// A fresh hash of the same password, written if the old one was outdated.
    pub rehashed: Option<Sealed>,
    /// The lockout records to clear: this login's own, and this place's.
    pub login: LoginKey,
    /// The place, which is familiar from now on.
    pub place: Option<PlaceKey>,
    /// The question about security info that is answered with it.
    pub answers: Option<AnsweredQuestion>,
    /// What the log tells.
    pub event: AuditEvent,
}

/// What a person said of their security info when a sign-in asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnsweredQuestion {
    /// The account's `version` when it was asked.
    pub version: i64,
    /// Whether all of it is still right, so that it is not asked again for a while.
    pub is_still_right: bool,
}

/// A password to set by somebody who knew the one before.
#[derive(Debug, Clone)]
pub struct ChangePassword {
    /// Whose.
    pub account_id: AccountId,
    /// The epoch the decision was made in.
    pub epoch: CredentialEpoch,
    /// The new password.
    pub password: PasswordRecord,
    /// How many old hashes to keep, beside the current one, for the rule of history.
    pub history: u32,
    /// A session that lives on under the new epoch; all others end.
    pub keep: Option<SessionId>,
    /// A session to open under the new epoch, for an answered challenge.
    pub open: Option<Session>,
    /// The lockout record to clear.
    pub login: LoginKey,
    /// What the log tells.
    pub event: AuditEvent,
    /// Whom it is told.
    pub notices: Vec<Notice>,
    /// When.
    pub now: Timestamp,
}

/// The account is not what the decision was made on: another epoch or hash, blocked or frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stale;

/// How many sessions a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionsEnded(pub u32);

/// A refresh token that was shown.
#[derive(Debug, Clone)]
pub struct Refresh {
    /// The session it names.
    pub session_id: SessionId,
    /// Its hash.
    pub presented: [u8; 32],
    /// The hash of its successor.
    pub successor: [u8; 32],
    /// Rules of session life.
    pub rules: SessionRules,
    /// Written if the family ends because a spent token came back.
    pub reused_event: AuditEvent,
    /// When.
    pub now: Timestamp,
}

/// Why a refresh gives no tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotRefreshed {
    /// No such session.
    Unknown,
    /// The session does not serve any more.
    Over(SessionOver),
    /// The token was spent before; the session has now ended, with its event.
    FamilyEnded,
}

/// Sessions of an account to end from one of them.
#[derive(Debug, Clone)]
pub struct EndSessions {
    /// Whose.
    pub account_id: AccountId,
    /// The session that asks: it is left, the others are revoked.
    pub asking: SessionId,
    /// Which.
    pub which: Which,
    /// What the log tells, and when.
    pub event: AuditEvent,
}

/// Which sessions of an account to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// These.
    These(Vec<SessionId>),
    /// All but the one that asks.
    Others,
}

/// Steps of signing in and of sessions.
#[async_trait]
pub trait SignIns: Send + Sync {
    /// Reads tenant, policy and account of a login at one instant; `None` for an unknown tenant. A `login` of `None`
    /// (not a login at all) finds no account with the same work.
    async fn find_login(&self, scope: &TenantScope, login: Option<&Login>) -> Result<Option<Known>, Failure>;

    /// Whether somebody signed in to this login from this place before.
    async fn is_familiar(
        &self,
        scope: &TenantScope,
        login: &LoginKey,
        place: &PlaceKey,
    ) -> Result<bool, Failure>;

    /// Counts a password as wrong before it is judged, in the record of the place if it is familiar and of the login
    /// otherwise; the rules are `domain::lockout`. Parallel tries are counted one after the other, so no more than
    /// the threshold are admitted. Locking writes the event.
    ///
    /// The same step binds the request to its content, so that a repeat counts no second try and other content under
    /// its id none either. A locked login is answered there and then by `once`. Whoever is admitted is answered by a
    /// later step; until then a repeat is admitted again, uncounted.
    async fn admit_password(
        &self,
        scope: &TenantScope,
        attempt: &PasswordTry,
        once: Once<'_, Admission>,
        now: Timestamp,
    ) -> Result<Step<Admission, ()>, Failure>;

    /// Opens a session, clears the lockout, remembers the place and writes a rehash, under one condition: the account
    /// is open, its epoch is the session's, its hash is still the one that was verified, and where a question about
    /// security info is answered its version is the one that was asked about. An answered question raises the
    /// version, so that it is answered once.
    async fn open_session(
        &self,
        scope: &TenantScope,
        open: &OpenSession,
        once: Once<'_, Session>,
    ) -> Result<Step<Session, Stale>, Failure>;

    /// Sets a password under the epoch that was read and an open account: raises the epoch, ends the sessions, keeps
    /// or opens one, pushes the old hash into history, clears the lockout, writes event and notices.
    async fn change_password(
        &self,
        scope: &TenantScope,
        change: &ChangePassword,
        once: Option<Once<'_, SessionsEnded>>,
    ) -> Result<Step<SessionsEnded, Stale>, Failure>;

    /// The sealed hashes of the account's last passwords, newest first, the current one included.
    async fn last_passwords(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
        limit: u32,
    ) -> Result<Vec<Sealed>, Failure>;

    /// Rotates a refresh token by `domain::session::judge_refresh`, under a lock on the session. What a token was traded
    /// for is kept under its own hash, so `once.key` is that of the presented token, and is `Repeated` for whoever shows
    /// it again a moment later. `request` binds the request id to the token: under that id the answer is `Repeated` for
    /// as long as it is kept.
    async fn refresh_session(
        &self,
        scope: &TenantScope,
        refresh: &Refresh,
        request: Once<'_, ()>,
        once: Once<'_, (Session, Account)>,
    ) -> Result<Step<(Session, Account), NotRefreshed>, Failure>;

    /// A session and its account, read at one instant on the primary.
    async fn find_session(
        &self,
        scope: &TenantScope,
        session_id: SessionId,
    ) -> Result<Option<(Session, Account)>, Failure>;

    /// The live sessions of an account, newest first, at most `limit`.
    async fn list_sessions(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<Session>, Failure>;

    /// Ends live sessions of an account. Ids that are not live sessions of it are passed over. Where the one that asks is
    /// not live, nothing is written: whoever asks holds a dead token.
    async fn end_sessions(
        &self,
        scope: &TenantScope,
        ends: &EndSessions,
        once: Once<'_, SessionsEnded>,
    ) -> Result<Step<SessionsEnded, Stale>, Failure>;

    /// Clears the lockout records of a login, those of its familiar places included.
    async fn clear_lockout(
        &self,
        scope: &TenantScope,
        login: &LoginKey,
        event: &AuditEvent,
        once: Once<'_, ()>,
        now: Timestamp,
    ) -> Result<Step<(), ()>, Failure>;

    /// What is kept of a request, so that costly work is not done again for a repeat.
    async fn recall(
        &self,
        scope: &TenantScope,
        key: &[u8; 32],
        content: &[u8; 32],
        now: Timestamp,
    ) -> Result<Recalled, Failure>;

    /// Forgets what was held against a login, since its password was right though it opened no session.
    async fn forgive(&self, scope: &TenantScope, login: &LoginKey) -> Result<(), Failure>;

    /// Keeps an answer of a step that wrote nothing else. The first one stands.
    async fn keep_answer(
        &self,
        scope: &TenantScope,
        once: Once<'_, ()>,
        now: Timestamp,
    ) -> Result<Step<(), ()>, Failure>;
}
