//! Steps of resetting a forgotten password and of undoing it.

pub(super) mod administrators;
pub(super) mod attempts;
pub(super) mod callers;
pub(super) mod codes;
pub(super) mod decoy_sends;
pub(super) mod help;
pub(super) mod help_desk;
pub(super) mod shares;
pub(super) mod walk;

use std::collections::BTreeSet;

use rekey_database::{FOR_UPDATE, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::AccountId;
use uuid::Uuid;

use super::outbox::{self, Notice};
use super::sign_ins::passwords::{self, NewPassword};
use super::sign_ins::{LoginKey, SessionsEnded, Stale, lockouts, sessions};
use super::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency, transitions};
use crate::domain::account::{CredentialEpoch, PasswordRecord, RecoveryVersion};
use crate::domain::audit::AuditEvent;
use crate::domain::group::{GroupId, NESTING_MAX};
use crate::domain::scope::TenantScope;

pub(crate) use administrators::{AdministratorReset, PasswordAfter, PasswordReset};
pub(crate) use attempts::{AcceptedProof, AttemptCounted, CodeAttempt, CodeSource, MethodKey};
pub(crate) use callers::CallerJudged;
pub(crate) use decoy_sends::DecoySend;
pub(crate) use help::NOBODY;
pub(crate) use help_desk::MoveHelp;
pub(crate) use shares::StoredShares;
pub(crate) use walk::Seats;

/// What eligibility asks beyond the account itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EligibilityFacts {
    /// Every group the account is in, through any nesting.
    pub(crate) groups: BTreeSet<GroupId>,
    /// Whether the tenant has a seat for it: its accounts in order of creation take the seats.
    pub(crate) has_seat: bool,
}

/// A new password by reset, with everything that belongs to it.
#[derive(Debug, Clone)]
pub(crate) struct CompleteReset {
    pub(crate) account_id: AccountId,
    /// The epoch of the reset.
    pub(crate) epoch: CredentialEpoch,
    /// The recovery version of the reset.
    pub(crate) recovery_version: RecoveryVersion,
    pub(crate) password: PasswordRecord,
    /// How many old hashes to keep for the rule of history.
    pub(crate) history: u32,
    /// The lockout to clear.
    pub(crate) login: LoginKey,
    pub(crate) event: AuditEvent,
    pub(crate) notices: Vec<Notice>,
    pub(crate) now: Timestamp,
}

/// "This was not me", with everything that belongs to it.
#[derive(Debug, Clone)]
pub(crate) struct Repudiate {
    pub(crate) account_id: AccountId,
    /// The epoch that the reset began, which the notice named.
    pub(crate) epoch: CredentialEpoch,
    pub(crate) event: AuditEvent,
    pub(crate) notices: Vec<Notice>,
    pub(crate) now: Timestamp,
}

statements! {
    const GROUPS = "
        with recursive walked (group_id, depth) as (
            select group_id, 1 from group_members where tenant_id = $1 and member_id = $2
            union
            select m.group_id, w.depth + 1 from walked w
            join group_members m on m.tenant_id = $1 and m.member_id = w.group_id
            where w.depth < $3
        )
        select distinct group_id from walked";

    /// Seats and how many accounts come before this one, counted no further than matters.
    const SEAT = "
        select t.licensed_accounts, (
            select count(*) from (
                select 1 from accounts older
                where older.tenant_id = $1 and older.deleted_at is null
                  and (older.created_at, older.account_id) < (a.created_at, a.account_id)
                limit coalesce((select licensed_accounts from tenants where tenant_id = $1), 0)
            ) seated
        )
        from accounts a join tenants t on t.tenant_id = a.tenant_id
        where a.tenant_id = $1 and a.account_id = $2 and a.deleted_at is null";

    /// The password that is about to be void, for the rule of history; without it the one before would count as the
    /// last. It takes the account's row first, so that of two at once the later one finds another epoch.
    const REMEMBER_VOIDED = "
        insert into password_history (tenant_id, account_id, epoch, password_hash)
        select tenant_id, account_id, epoch, password_hash from accounts
        where tenant_id = $1 and account_id = $2 and epoch = $3 and password_hash is not null", FOR_UPDATE;

    const REPUDIATE = "
        update accounts
        set epoch = epoch + 1, recovery_version = recovery_version + 1, version = version + 1, frozen = true,
            updated_at = $4, password_hash = null, password_set_at = null, password_must_change = null,
            password_temporary_until = null, password_expiry_exempt = null, password_expiry_counts_from = null
        where tenant_id = $1 and account_id = $2 and epoch = $3 and deleted_at is null";
}

impl Store {
    /// What eligibility asks of an account beyond itself.
    pub(crate) async fn eligibility_facts(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
    ) -> Result<EligibilityFacts, Failure> {
        let tenant_id = scope.tenant_id();
        let mut connection = self.database.reader().await?;
        let seat: Option<(Option<i64>, i64)> =
            connection.optional(SEAT, values![tenant_id, account_id]).await?;
        let groups: Vec<(Uuid,)> =
            connection.all(GROUPS, values![tenant_id, account_id, i64::from(NESTING_MAX)]).await?;
        Ok(transitions::eligibility_facts(groups, seat))
    }

    /// Sets the password under one condition: epoch and recovery version are the reset's and the account is neither
    /// blocked, frozen nor deleted; exactly one row changes. Raises the epoch, ends every session, pushes the old hash
    /// into history, clears lockout and attempts, closes an open help request, writes event and notices.
    pub(crate) async fn complete_reset(
        &self,
        scope: &TenantScope,
        reset: &CompleteReset,
        idempotency: Option<IdempotentRequest<'_, SessionsEnded>>,
    ) -> Result<StepOutcome<SessionsEnded, Stale>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), idempotency.as_ref());
        let (account_id, now) = (reset.account_id, reset.now);
        let complete = self.database.step(|mut tx| async move {
            if let Some(ended) = idempotency::claim(&mut tx, tenant_id, idempotency, now).await?.ended() {
                return Ok(tx.roll_back(ended));
            }
            if !passwords::replace(&mut tx, tenant_id, &new_password(reset)).await? {
                return Ok(tx.roll_back(StepOutcome::Refused(Stale)));
            }
            let ended = SessionsEnded(sessions::end_all(&mut tx, tenant_id, account_id, now).await?);
            lockouts::clear(&mut tx, tenant_id, &reset.login).await?;
            attempts::clear_account(&mut tx, tenant_id, account_id).await?;
            help::resolve(&mut tx, tenant_id, account_id, now).await?;
            outbox::queue(&mut tx, &reset.notices, now).await?;
            idempotency::store_answer(&mut tx, tenant_id, idempotency, &ended).await?;
            audit::append(&mut tx, &reset.event).await?;
            Ok(tx.commit(StepOutcome::Done(ended)))
        });
        complete.await
    }

    /// Undoes a reset under the epoch it began: raises the epoch, removes the password, freezes the account, raises
    /// the recovery version, ends every session, writes event and notices.
    pub(crate) async fn repudiate_reset(
        &self,
        scope: &TenantScope,
        repudiate: &Repudiate,
        idempotency: Option<IdempotentRequest<'_, SessionsEnded>>,
    ) -> Result<StepOutcome<SessionsEnded, Stale>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), idempotency.as_ref());
        let (account_id, epoch, now) = (repudiate.account_id, repudiate.epoch.0, repudiate.now);
        let undo = self.database.step(|mut tx| async move {
            if let Some(ended) = idempotency::claim(&mut tx, tenant_id, idempotency, now).await?.ended() {
                return Ok(tx.roll_back(ended));
            }
            tx.execute(REMEMBER_VOIDED, values![tenant_id, account_id, epoch]).await?;
            if tx.execute(REPUDIATE, values![tenant_id, account_id, epoch, now]).await? != 1 {
                return Ok(tx.roll_back(StepOutcome::Refused(Stale)));
            }
            let ended = SessionsEnded(sessions::end_all(&mut tx, tenant_id, account_id, now).await?);
            outbox::queue(&mut tx, &repudiate.notices, now).await?;
            idempotency::store_answer(&mut tx, tenant_id, idempotency, &ended).await?;
            audit::append(&mut tx, &repudiate.event).await?;
            Ok(tx.commit(StepOutcome::Done(ended)))
        });
        undo.await
    }
}

const fn new_password(reset: &CompleteReset) -> NewPassword<'_> {
    NewPassword {
        account_id: reset.account_id,
        epoch: reset.epoch.0,
        recovery_version: Some(reset.recovery_version.0),
        password: &reset.password,
        history: reset.history,
        now: reset.now,
    }
}
