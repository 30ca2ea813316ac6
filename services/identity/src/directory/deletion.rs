//! Deleting accounts, bringing them back, and purging accounts and tenants that nobody brought back in time. Erasing them has a room
//! of its own.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, TenantId};

use super::Directory;
use super::account_edits::CHANGING;
use crate::domain::account::Account;
use crate::domain::audit::{Actor, EventKind, Subject};
use crate::domain::authority::Needs;
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::operation::idempotency::{Answer, Request};
use crate::operation::{Administrator, Error, Failed, JUDGED_AT_MOST, Operation, Repeatable, Rpc, Target};
use crate::store::accounts::{DeleteAccount, DeletionRefused, UndeleteAccount};
use crate::store::purge::Purge;
use crate::store::purge::accounts::{DueAccount, PurgeAccount};
use crate::store::{Failure, in_time};
use crate::views::AccountView;

const DELETE: Rpc = Rpc { name: "DeleteAccount", event: EventKind::AccountDeleted };
const UNDELETE: Rpc = Rpc { name: "UndeleteAccount", event: EventKind::AccountUndeleted };

/// How many accounts to purge are looked up at once.
const LOOKED_UP_AT_ONCE: u32 = 100;

/// What is deleted, and until when it can be brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deleted<V> {
    pub view: V,
    pub purged_at: Timestamp,
}

/// For how long what is deleted can be brought back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DeletedLife(pub Duration);

impl DeletedLife {
    /// What was deleted then or earlier cannot be brought back any more.
    pub(super) fn lost_until(self, now: Timestamp) -> Timestamp {
        now.minus(self.0)
    }

    /// Until when something can be brought back.
    pub(super) fn purged_at(self, deleted_at: i64) -> Timestamp {
        Timestamp::from_unix_micros(deleted_at).plus(self.0)
    }
}

impl Directory {
    /// Deletes an account, if the administrator may.
    pub(crate) async fn delete_account(
        &self,
        administrator: &Administrator,
        target: Target,
        version: Option<i64>,
    ) -> Result<Deleted<AccountView>, Error> {
        let seen = version.unwrap_or(i64::MIN).to_be_bytes();
        let operation = self.lifecycle(DELETE, administrator, target, &seen).await?;
        let work = self.delete_account_once(&operation, administrator, target, version);
        let view = self.idempotency.run_unrecalled(&operation, work).await?;
        let deleted_at = view.deleted_at.unwrap_or(operation.now.unix_micros());
        Ok(Deleted { view, purged_at: self.deleted_life.purged_at(deleted_at) })
    }

    async fn delete_account_once(
        &self,
        operation: &Repeatable<'_>,
        administrator: &Administrator,
        target: Target,
        version: Option<i64>,
    ) -> Result<Answer<AccountView>, Error> {
        for _ in 0..JUDGED_AT_MOST {
            let account = self.account_to_change(operation, administrator, &target, version).await?;
            let event = self.audit.event(operation).done();
            let (account_id, version, now) = (account.id, account.version, operation.now);
            let delete = DeleteAccount { account_id, version, event, now };
            let answering =
                self.idempotency.answering(operation.key, |gone: &Account| AccountView::from(gone));
            let step = self.store.delete_account(&operation.scope, &delete, answering.once()).await?;
            match answering.settle(step)? {
                Ok(answer) => return Ok(answer),
                Err(refused) => self.refused(operation, refused)?,
            }
        }
        Err(Failed::Contended.into())
    }

    /// Brings a deleted account back, if the administrator may.
    pub(crate) async fn undelete_account(
        &self,
        administrator: &Administrator,
        target: Target,
    ) -> Result<AccountView, Error> {
        let operation = self.lifecycle(UNDELETE, administrator, target, &[]).await?;
        let work = self.undelete_account_once(&operation, administrator, target.account_id);
        self.idempotency.run_unrecalled(&operation, work).await
    }

    async fn undelete_account_once(
        &self,
        operation: &Repeatable<'_>,
        administrator: &Administrator,
        account_id: AccountId,
    ) -> Result<Answer<AccountView>, Error> {
        let lost_until = self.deleted_life.lost_until(operation.now);
        for _ in 0..JUDGED_AT_MOST {
            let found = self.store.find_deleted_account(&operation.scope, account_id, lost_until).await?;
            let account = found.ok_or(Refusal::AccountNotFound)?;
            self.authorisation.authorise(operation, administrator, &account, Needs::This(CHANGING)).await?;
            let event = self.audit.event(operation).done();
            let (version, now) = (account.version, operation.now);
            let undelete = UndeleteAccount { account_id, version, lost_until, event, now };
            let answering =
                self.idempotency.answering(operation.key, |back: &Account| AccountView::from(back));
            let step = self.store.undelete_account(&operation.scope, &undelete, answering.once()).await?;
            match answering.settle(step)? {
                Ok(answer) => return Ok(answer),
                Err(refused) => self.refused(operation, refused)?,
            }
        }
        Err(Failed::Contended.into())
    }

    /// The operation on an account of somebody who may do such things in the tenant.
    pub(super) async fn lifecycle<'a>(
        &self,
        rpc: Rpc,
        administrator: &'a Administrator,
        target: Target,
        more: &[u8],
    ) -> Result<Repeatable<'a>, Error> {
        let on = Subject::Account(target.account_id);
        let operation = self.authorisation.operation(rpc, administrator, target.tenant_id)?.on(on);
        self.authorisation.authorise_in_tenant(&operation, administrator, CHANGING).await?;
        let (who, account) = (administrator.name(), target.account_id.as_uuid());
        let content: &[&[u8]] = &[account.as_bytes(), more];
        Ok(self.idempotency.named(operation, Request { who: &who, id: target.request_id, content }))
    }

    /// Nothing where the account is to be judged anew.
    pub(super) fn refused(&self, operation: &Operation<'_>, refused: DeletionRefused) -> Result<(), Refusal> {
        match refused {
            DeletionRefused::Stale => Ok(()),
            DeletionRefused::Unknown => Err(Refusal::AccountNotFound),
            DeletionRefused::LastGlobalAdministrator => {
                self.authorisation.note_denied(operation, "last_global_administrator");
                Err(Refusal::LastGlobalAdministrator)
            }
        }
    }

    /// Purges what nobody brought back in time and what was erased, as long as it `goes_on`; how much went.
    pub(crate) async fn purge(&self, goes_on: impl Fn() -> bool) -> Result<u64, Failure> {
        let deleted = self.purge_tenants(&goes_on).await? + self.purge_accounts(&goes_on).await?;
        Ok(deleted + self.finish_erasures(&goes_on).await?)
    }

    /// Purges the accounts that nobody brought back in time, as long as it `goes_on`; how many went. One that cannot be purged
    /// keeps no other waiting.
    async fn purge_accounts(&self, goes_on: &impl Fn() -> bool) -> Result<u64, Failure> {
        let until = self.deleted_life.lost_until(self.clock.now());
        let (mut after, mut purged) = (None, 0);
        loop {
            let due = in_time(self.store.accounts_to_purge(until, after, LOOKED_UP_AT_ONCE)).await?;
            let Some(last) = due.last().copied() else { return Ok(purged) };
            for account in due {
                if !goes_on() {
                    return Ok(purged);
                }
                let named = Subject::Account(account.account_id);
                match self.purge_account(account, until, named).await {
                    Ok(is_gone) => purged += u64::from(is_gone),
                    Err(failure) if failure.is_unavailable() => return Err(failure),
                    Err(failure) => {
                        let DueAccount { tenant_id, account_id, .. } = account;
                        tracing::error!(%tenant_id, %account_id, %failure, "an account waits to be purged");
                    }
                }
            }
            after = Some(last);
        }
    }

    /// The same for tenants.
    async fn purge_tenants(&self, goes_on: &impl Fn() -> bool) -> Result<u64, Failure> {
        let until = self.deleted_life.lost_until(self.clock.now());
        let (mut after, mut purged) = (None, 0);
        loop {
            let due = in_time(self.store.tenants_to_purge(until, after, LOOKED_UP_AT_ONCE)).await?;
            let Some(last) = due.last().copied() else { return Ok(purged) };
            for tenant_id in due {
                match self.purge_tenant(tenant_id, until, goes_on).await {
                    Ok(is_gone) => purged += u64::from(is_gone),
                    Err(failure) if failure.is_unavailable() => return Err(failure),
                    Err(failure) => tracing::error!(%tenant_id, %failure, "a tenant waits to be purged"),
                }
                if !goes_on() {
                    return Ok(purged);
                }
            }
            after = Some(last);
        }
    }

    /// Its own log goes with it, so this process's log says that it is gone.
    async fn purge_tenant(
        &self,
        tenant_id: TenantId,
        until: Timestamp,
        goes_on: &impl Fn() -> bool,
    ) -> Result<bool, Failure> {
        let scope = TenantScope::ours(tenant_id);
        while goes_on() {
            match in_time(self.store.purge_tenant(&scope, until, self.clock.now())).await? {
                Purge::More => {}
                Purge::NotMine => return Ok(false),
                Purge::Done => {
                    tracing::info!(%tenant_id, "a deleted tenant was purged");
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Purges an account that was deleted at `deleted_until` or earlier, under this name in the log.
    pub(super) async fn purge_account(
        &self,
        due: DueAccount,
        deleted_until: Timestamp,
        named: Subject,
    ) -> Result<bool, Failure> {
        let DueAccount { tenant_id, account_id, .. } = due;
        let scope = TenantScope::ours(tenant_id);
        let logins = in_time(self.store.logins_of(&scope, account_id)).await?;
        let keys = &self.credentials.keys;
        let draft = self.audit.draft(tenant_id, EventKind::AccountPurged, self.clock.now());
        let purge = PurgeAccount {
            account_id,
            deleted_until,
            logins: logins.iter().map(|login| keys.login_key(tenant_id, login)).collect(),
            event: draft.by(Actor::Rekey).on_subject(named).done(),
        };
        loop {
            match in_time(self.store.purge_account(&scope, &purge)).await? {
                Purge::More => {}
                Purge::Done => return Ok(true),
                Purge::NotMine => return Ok(false),
            }
        }
    }
}

#[cfg(test)]
mod tests;
