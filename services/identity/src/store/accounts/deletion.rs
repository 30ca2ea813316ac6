//! Deleting an account and bringing it back. A deleted account keeps its row, its names and all it has but what lets somebody
//! in, until it is purged.

use rekey_database::{Connection, FOR_NO_KEY_UPDATE, Fragment, fragment, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, TenantId};

use super::changes;
use crate::domain::account::Account;
use crate::domain::audit::AuditEvent;
use crate::domain::scope::TenantScope;
use crate::store::columns::ACCOUNT_COLUMNS;
use crate::store::rows::AccountRow;
use crate::store::sign_ins::{access_passes, sessions};
use crate::store::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency, transitions};

/// And nobody erased it.
const NOT_ERASED: Fragment = fragment!(
    " and not exists (select 1 from erasures e where e.tenant_id = a.tenant_id and e.account_id = a.account_id)"
);

/// An account to delete, under the version that was judged.
#[derive(Debug, Clone)]
pub(crate) struct DeleteAccount {
    pub(crate) account_id: AccountId,
    pub(crate) version: i64,
    pub(crate) event: AuditEvent,
    pub(crate) now: Timestamp,
}

/// Which account goes, in which version, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged {
    pub(super) account_id: AccountId,
    pub(super) version: i64,
    pub(super) now: Timestamp,
}

impl DeleteAccount {
    const fn judged(&self) -> Judged {
        Judged { account_id: self.account_id, version: self.version, now: self.now }
    }
}

/// An account to bring back, under the version that was judged.
#[derive(Debug, Clone)]
pub(crate) struct UndeleteAccount {
    pub(crate) account_id: AccountId,
    pub(crate) version: i64,
    /// What was deleted then or earlier is being purged.
    pub(crate) lost_until: Timestamp,
    pub(crate) event: AuditEvent,
    pub(crate) now: Timestamp,
}

/// Why an account was not deleted or brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeletionRefused {
    /// No such account, or none that could be.
    Unknown,
    /// It changed since it was judged.
    Stale,
    /// The tenant would be left without a global administrator who can sign in.
    LastGlobalAdministrator,
}

statements! {
    const DELETED =
        "select ", ACCOUNT_COLUMNS,
        " from accounts a where a.tenant_id = $1 and a.account_id = $2 and a.deleted_at > $3", NOT_ERASED;

    const DELETE = "
        update accounts
        set deleted_at = $4, recovery_version = recovery_version + 1, version = version + 1, updated_at = $4
        where tenant_id = $1 and account_id = $2 and version = $3 and deleted_at is null";

    /// Whoever purges holds the row until there is none.
    const DELETED_VERSION = "
        select a.version from accounts a where a.tenant_id = $1 and a.account_id = $2 and a.deleted_at > $3", NOT_ERASED,
        FOR_NO_KEY_UPDATE;

    const UNDELETE = "
        update accounts
        set deleted_at = null, recovery_version = recovery_version + 1, version = version + 1, updated_at = $4
        where tenant_id = $1 and account_id = $2 and version = $3 and deleted_at is not null";
}

impl Store {
    /// Finds an account that was deleted after `lost_until`.
    pub(crate) async fn find_deleted_account(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
        lost_until: Timestamp,
    ) -> Result<Option<Account>, Failure> {
        let values = values![scope.tenant_id(), account_id, lost_until];
        let found: Option<AccountRow> = self.database.optional(DELETED, values).await?;
        found.map(AccountRow::account).transpose()
    }

    /// Deletes an account: ends its sessions and its access pass and voids its resets. The last global administrator stays,
    /// counted under a lock on the tenant.
    pub(crate) async fn delete_account(
        &self,
        scope: &TenantScope,
        delete: &DeleteAccount,
        idempotency: IdempotentRequest<'_, Account>,
    ) -> Result<StepOutcome<Account, DeletionRefused>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), Some(&idempotency));
        let make = self.database.step(|mut tx| async move {
            let claimed = idempotency::claim(&mut tx, tenant_id, idempotency, delete.now).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            match apply(&mut tx, tenant_id, delete.judged()).await? {
                Ok(account) => {
                    idempotency::store_answer(&mut tx, tenant_id, idempotency, &account).await?;
                    audit::append(&mut tx, &delete.event).await?;
                    Ok(tx.commit(StepOutcome::Done(account)))
                }
                Err(refused) => Ok(tx.roll_back(StepOutcome::Refused(refused))),
            }
        });
        make.await
    }

    /// Brings a deleted account back; sessions and access pass that ended with it stay ended.
    pub(crate) async fn undelete_account(
        &self,
        scope: &TenantScope,
        undelete: &UndeleteAccount,
        idempotency: IdempotentRequest<'_, Account>,
    ) -> Result<StepOutcome<Account, DeletionRefused>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), Some(&idempotency));
        let make = self.database.step(|mut tx| async move {
            let (account_id, now) = (undelete.account_id, undelete.now);
            let claimed = idempotency::claim(&mut tx, tenant_id, idempotency, now).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            let values = values![tenant_id, account_id, undelete.lost_until];
            let version: Option<(i64,)> = tx.optional(DELETED_VERSION, values).await?;
            let refused = match version {
                None => Some(DeletionRefused::Unknown),
                Some((version,)) if version != undelete.version => Some(DeletionRefused::Stale),
                Some(_) => None,
            };
            if let Some(refused) = refused {
                return Ok(tx.roll_back(StepOutcome::Refused(refused)));
            }
            tx.execute(UNDELETE, values![tenant_id, account_id, undelete.version, now]).await?;
            let Some(account) = super::read(&mut tx, tenant_id, account_id).await? else {
                return Ok(tx.roll_back(StepOutcome::Refused(DeletionRefused::Unknown)));
            };
            idempotency::store_answer(&mut tx, tenant_id, idempotency, &account).await?;
            audit::append(&mut tx, &undelete.event).await?;
            Ok(tx.commit(StepOutcome::Done(account)))
        });
        make.await
    }
}

/// Deletes an account that is still in the version that was judged.
pub(super) async fn apply(
    tx: &mut Connection,
    tenant_id: TenantId,
    Judged { account_id, version, now }: Judged,
) -> Result<Result<Account, DeletionRefused>, Failure> {
    changes::lock_tenant(tx, tenant_id).await?;
    let Some(state) = changes::state(tx, tenant_id, account_id).await? else {
        return Ok(Err(DeletionRefused::Unknown));
    };
    if state.version != version {
        return Ok(Err(DeletionRefused::Stale));
    }
    let is_needed = transitions::is_global_administrator(&state)
        && !changes::has_other_global_administrators(tx, tenant_id, account_id).await?;
    if is_needed {
        return Ok(Err(DeletionRefused::LastGlobalAdministrator));
    }
    if tx.execute(DELETE, values![tenant_id, account_id, version, now]).await? != 1 {
        return Ok(Err(DeletionRefused::Stale));
    }
    sessions::end_all(tx, tenant_id, account_id, now).await?;
    access_passes::end(tx, tenant_id, account_id).await?;
    let before = Timestamp::from_unix_micros(now.unix_micros() - 1);
    let row: Option<AccountRow> = tx.optional(DELETED, values![tenant_id, account_id, before]).await?;
    Ok(row.map(AccountRow::account).transpose()?.ok_or(DeletionRefused::Unknown))
}
