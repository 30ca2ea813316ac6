//! Steps of resetting a forgotten password, of undoing it and of asking for help.

use std::collections::BTreeSet;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, HelpRequestId, ResetId, TenantId};
use uuid::Uuid;

use super::outbox::Notice;
use super::sign_ins::{LoginKey, SessionsEnded, Stale};
use super::{Failure, Once, Step};
use crate::domain::account::{Account, CredentialEpoch, PasswordRecord, RecoveryVersion};
use crate::domain::audit::AuditEvent;
use crate::domain::group::GroupId;
use crate::domain::help::{Filing, HelpRequest};
use crate::domain::policy::ResetRules;
use crate::domain::scope::TenantScope;
use crate::domain::tries::{TakesNoTry, TriedFrom};

/// What eligibility asks beyond the account itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Every group the account is in, through any nesting.
    pub groups: BTreeSet<GroupId>,
    /// Whether the tenant has a seat for it: its accounts in order of creation take the seats.
    pub has_seat: bool,
}

/// Names the counter of a method's tries: the security info, or the decoy's number.
pub type MethodKey = Uuid;

/// What counting a try did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TryCounted {
    /// It counts.
    Counted,
    /// This very request was counted before.
    CountedBefore,
    /// No code is live, so nothing was guessed and nothing counted.
    NothingLive,
    /// The method takes no try.
    Stopped(TakesNoTry),
}

/// A new password by reset, with everything that belongs to it.
#[derive(Debug, Clone)]
pub struct CompleteReset {
    /// Whose.
    pub account_id: AccountId,
    /// The epoch of the reset.
    pub epoch: CredentialEpoch,
    /// The recovery version of the reset.
    pub recovery_version: RecoveryVersion,
    /// The new password.
    pub password: PasswordRecord,
    /// How many old hashes to keep for the rule of history.
    pub history: u32,
    /// The lockout to clear.
    pub login: LoginKey,
    /// What the log tells.
    pub event: AuditEvent,
    /// Whom it is told.
    pub notices: Vec<Notice>,
    /// When.
    pub now: Timestamp,
}

/// "This was not me", with everything that belongs to it.
#[derive(Debug, Clone)]
pub struct Repudiate {
    /// Whose account.
    pub account_id: AccountId,
    /// The epoch that the reset began, which the notice named.
    pub epoch: CredentialEpoch,
    /// What the log tells.
    pub event: AuditEvent,
    /// Whom it is told.
    pub notices: Vec<Notice>,
    /// When.
    pub now: Timestamp,
}

/// Stands for the account of a login that nobody has, where the same is to be done as for one.
pub const NOBODY: AccountId = AccountId::from_uuid(Uuid::nil());

/// Steps of resets and of what surrounds them.
#[async_trait]
pub trait Resets: Send + Sync {
    /// What eligibility asks of an account beyond itself.
    async fn standing(&self, scope: &TenantScope, account_id: AccountId) -> Result<Standing, Failure>;

    /// Remembers that a code of this method is live until then, so that tries count. Decoys alike.
    async fn code_sent(
        &self,
        scope: &TenantScope,
        method: MethodKey,
        live_until: Timestamp,
        now: Timestamp,
    ) -> Result<(), Failure>;

    /// Counts a try by `domain::tries` while a code is live, once per `request`, beside those of the same kind of place.
    async fn count_try(
        &self,
        scope: &TenantScope,
        method: MethodKey,
        from: TriedFrom,
        request: &[u8; 32],
        rules: &ResetRules,
        now: Timestamp,
    ) -> Result<TryCounted, Failure>;

    /// The method was passed: forgets its tries, writes the event and keeps the answer.
    async fn proof_accepted(
        &self,
        scope: &TenantScope,
        method: MethodKey,
        event: &AuditEvent,
        once: Once<'_, ()>,
        now: Timestamp,
    ) -> Result<Step<(), ()>, Failure>;

    /// Counts an attempt to complete a reset, once per `request`, and returns how many others there were. Two at once
    /// get different numbers.
    async fn count_attempt(
        &self,
        scope: &TenantScope,
        reset_id: ResetId,
        request: &[u8; 32],
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<u32, Failure>;

    /// Sets the password under one condition: epoch and recovery version are the reset's and the account is neither
    /// blocked, frozen nor deleted; exactly one row changes. Raises the epoch, ends every session, pushes the old hash
    /// into history, clears lockout and tries, closes an open help request, writes event and notices.
    async fn complete_reset(
        &self,
        scope: &TenantScope,
        reset: &CompleteReset,
        once: Option<Once<'_, SessionsEnded>>,
    ) -> Result<Step<SessionsEnded, Stale>, Failure>;

    /// Undoes a reset under the epoch it began: raises the epoch, removes the password, freezes the account, raises
    /// the recovery version, ends every session, writes event and notices.
    async fn repudiate_reset(
        &self,
        scope: &TenantScope,
        repudiate: &Repudiate,
        once: Option<Once<'_, SessionsEnded>>,
    ) -> Result<Step<SessionsEnded, Stale>, Failure>;

    /// Files a help request by `domain::help::filing` against the open one, with its notices if it was filed or
    /// replaces one; a dropped one, and one of [`NOBODY`], writes only the event, by the same statements. A repeat writes
    /// nothing, not even the event.
    async fn file_help(
        &self,
        scope: &TenantScope,
        request: &HelpRequest,
        event: &AuditEvent,
        notices: &[Notice],
        once: Option<Once<'_, ()>>,
    ) -> Result<Step<Filing, ()>, Failure>;

    /// Tenants with unproved requests older than `before` that no digest has told of, by id from behind `after`, at
    /// most `limit`.
    async fn tenants_with_undigested_help(
        &self,
        before: Timestamp,
        after: Option<TenantId>,
        limit: u32,
    ) -> Result<Vec<TenantId>, Failure>;

    /// The undigested requests of a tenant, at most 100, with the account of each.
    async fn undigested_help(&self, scope: &TenantScope) -> Result<Vec<(HelpRequest, Account)>, Failure>;

    /// Marks requests as told and queues the digests; those that another replica told of meanwhile make it do
    /// nothing and return false.
    async fn help_digested(
        &self,
        scope: &TenantScope,
        told: &[HelpRequestId],
        notices: &[Notice],
        now: Timestamp,
    ) -> Result<bool, Failure>;
}
