//! Erasing an account: it is deleted at once if it lives, and from then on it cannot be brought back, its purge is due, and what is
//! sealed of it names it no more.

use rekey_database::{Connection, FOR_NO_KEY_UPDATE, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, TenantId};

use super::changes;
use super::deletion::{self, DeletionRefused, Judged};
use crate::domain::account::Account;
use crate::domain::audit::erasure::ErasedAccount;
use crate::domain::audit::{AccountHash, AuditEvent};
use crate::domain::scope::TenantScope;
use crate::store::columns::ACCOUNT_COLUMNS;
use crate::store::rows::AccountRow;
use crate::store::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency};

/// An account to erase, under the version that was judged.
#[derive(Debug, Clone)]
pub(crate) struct EraseAccount {
    pub(crate) account: ErasedAccount,
    pub(crate) version: i64,
    pub(crate) event: AuditEvent,
    pub(crate) now: Timestamp,
}

statements! {
    const ERASABLE =
        "select ", ACCOUNT_COLUMNS,
        " from accounts a where a.tenant_id = $1 and a.account_id = $2 and not exists (
            select 1 from erasures e where e.tenant_id = a.tenant_id and e.account_id = a.account_id)";

    /// Whoever purges holds the row until there is none.
    const DELETED_VERSION = "
        select version from accounts where tenant_id = $1 and account_id = $2 and deleted_at is not null", FOR_NO_KEY_UPDATE;

    /// Whoever brings it back meanwhile under the version before is too late.
    const RAISE_VERSION = "
        update accounts set version = version + 1, updated_at = $4
        where tenant_id = $1 and account_id = $2 and version = $3 and deleted_at is not null";

    const ERASE = "
        insert into erasures (tenant_id, account_hash, account_id, erased_at) values ($1, $2, $3, $4)
        on conflict do nothing";
}

impl Store {
    /// Finds an account that is there and not being erased, deleted or not.
    pub(crate) async fn find_erasable_account(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
    ) -> Result<Option<Account>, Failure> {
        let values = values![scope.tenant_id(), account_id];
        let found: Option<AccountRow> = self.database.optional(ERASABLE, values).await?;
        found.map(AccountRow::account).transpose()
    }

    /// Erases an account. The last global administrator stays, counted under a lock on the tenant. What is left to do is found
    /// by [`Store::erasures_under_way`].
    pub(crate) async fn erase_account(
        &self,
        scope: &TenantScope,
        erase: &EraseAccount,
        idempotency: IdempotentRequest<'_, AccountHash>,
    ) -> Result<StepOutcome<AccountHash, DeletionRefused>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), Some(&idempotency));
        let hash = erase.account.hash;
        let make = self.database.step(|mut tx| async move {
            let claimed = idempotency::claim(&mut tx, tenant_id, idempotency, erase.now).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            if let Err(refused) = apply(&mut tx, tenant_id, erase).await? {
                return Ok(tx.roll_back(StepOutcome::Refused(refused)));
            }
            idempotency::store_answer(&mut tx, tenant_id, idempotency, &hash).await?;
            audit::append(&mut tx, &erase.event).await?;
            Ok(tx.commit(StepOutcome::Done(hash)))
        });
        make.await
    }
}

async fn apply(
    tx: &mut Connection,
    tenant_id: TenantId,
    EraseAccount { account, version, now, .. }: &EraseAccount,
) -> Result<Result<(), DeletionRefused>, Failure> {
    changes::lock_tenant(tx, tenant_id).await?;
    if changes::state(tx, tenant_id, account.id).await?.is_some() {
        let deleted =
            deletion::apply(tx, tenant_id, Judged { account_id: account.id, version: *version, now: *now })
                .await?;
        if let Err(refused) = deleted {
            return Ok(Err(refused));
        }
    } else {
        let found: Option<(i64,)> = tx.optional(DELETED_VERSION, values![tenant_id, account.id]).await?;
        match found {
            None => return Ok(Err(DeletionRefused::Unknown)),
            Some((found,)) if found != *version => return Ok(Err(DeletionRefused::Stale)),
            Some(_) => {
                tx.execute(RAISE_VERSION, values![tenant_id, account.id, *version, *now]).await?;
            }
        }
    }
    let values = values![tenant_id, account.hash.as_uuid(), account.id, *now];
    let is_first = tx.execute(ERASE, values).await? == 1;
    Ok(if is_first { Ok(()) } else { Err(DeletionRefused::Unknown) })
}
