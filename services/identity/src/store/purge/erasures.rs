//! What is left to do of an erasure once its account is purged: records that name the account get its keyed hash in place of its id,
//! and at last the erasure itself forgets it. The log is `audit::erasing`'s.

use rekey_database::{FOR_UPDATE_SKIP_LOCKED, Sql, statements, values};
use rekey_primitives::id::{AccountId, TenantId};
use uuid::Uuid;

use super::{Purge, ROWS_AT_ONCE};
use crate::domain::audit::AccountHash;
use crate::domain::audit::erasure::ErasedAccount;
use crate::domain::scope::TenantScope;
use crate::store::{Failure, Store};

/// An erasure that is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DueErasure {
    pub(crate) tenant_id: TenantId,
    pub(crate) account: ErasedAccount,
}

statements! {
    const UNDER_WAY = "
        select tenant_id, account_id, account_hash from erasures
        where account_id is not null and (tenant_id, account_id) > ($1, $2)
        order by tenant_id, account_id limit $3";

    const IS_PURGED = "
        select 1 from erasures e where e.tenant_id = $1 and e.account_id = $2 and not exists (
            select 1 from accounts a where a.tenant_id = e.tenant_id and a.account_id = e.account_id)";

    const TAKE = "
        select 1 from erasures where tenant_id = $1 and account_hash = $2 and account_id is not null", FOR_UPDATE_SKIP_LOCKED;

    const POLICIES = "
        update policies set changed_by = $3 where (tenant_id, version) in (
            select tenant_id, version from policies where tenant_id = $1 and changed_by = $2 limit $4)";

    const HELP_REQUESTS = "
        update help_requests set handled_by = $3 where (tenant_id, help_request_id) in (
            select tenant_id, help_request_id from help_requests where tenant_id = $1 and handled_by = $2 limit $4)";

    const BULK_RESETS = "
        update bulk_resets set actor_id = $3, ip_address = null where (tenant_id, bulk_reset_id) in (
            select tenant_id, bulk_reset_id from bulk_resets where tenant_id = $1 and actor_id = $2 limit $4)";

    /// A job has an account once.
    const BULK_RESET_ACCOUNTS = "
        update bulk_reset_accounts set account_id = $3 where (tenant_id, bulk_reset_id, number) in (
            select a.tenant_id, a.bulk_reset_id, a.number from bulk_resets b join bulk_reset_accounts a
            on a.tenant_id = b.tenant_id and a.bulk_reset_id = b.bulk_reset_id and a.account_id = $2
            where b.tenant_id = $1 limit $4)";

    const DONE = "update erasures set account_id = null where tenant_id = $1 and account_hash = $2";
}

/// Records that name an account, each a portion a step.
const NAMING: [Sql; 4] = [POLICIES, HELP_REQUESTS, BULK_RESETS, BULK_RESET_ACCOUNTS];

impl Store {
    /// Erasures that are not done, behind one that was looked at.
    pub(crate) async fn erasures_under_way(
        &self,
        after: Option<DueErasure>,
        limit: u32,
    ) -> Result<Vec<DueErasure>, Failure> {
        let (tenant, account) = after.map_or((Uuid::nil(), Uuid::nil()), |after| {
            (after.tenant_id.as_uuid(), after.account.id.as_uuid())
        });
        let due: Vec<(Uuid, Uuid, Uuid)> =
            self.database.all(UNDER_WAY, values![tenant, account, limit]).await?;
        let erasure = |(tenant, id, hash)| DueErasure {
            tenant_id: TenantId::from_uuid(tenant),
            account: ErasedAccount { id: AccountId::from_uuid(id), hash: AccountHash::from_uuid(hash) },
        };
        Ok(due.into_iter().map(erasure).collect())
    }

    /// Whether nothing of an account that is being erased is left but what names it.
    pub(crate) async fn is_purged_for_erasure(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
    ) -> Result<bool, Failure> {
        let values = values![scope.tenant_id(), account_id];
        let found: Option<(i32,)> = self.database.optional(IS_PURGED, values).await?;
        Ok(found.is_some())
    }

    /// Takes the id of an account whose events are erased out of a portion of what else names it; when nothing does, out of the
    /// erasure too, of which the hash stays: whatever is sealed later finds the account erased.
    pub(crate) async fn forget_erased_account(
        &self,
        scope: &TenantScope,
        account: ErasedAccount,
    ) -> Result<Purge, Failure> {
        let (tenant_id, hash) = (scope.tenant_id(), account.hash.as_uuid());
        let forget = self.database.step(|mut tx| async move {
            if !tx.exists(TAKE, values![tenant_id, hash]).await? {
                return Ok(tx.roll_back(Purge::NotMine));
            }
            for sql in NAMING {
                let renamed = tx.execute(sql, values![tenant_id, account.id, hash, ROWS_AT_ONCE]).await?;
                if renamed == ROWS_AT_ONCE.unsigned_abs() {
                    return Ok(tx.commit(Purge::More));
                }
            }
            tx.execute(DONE, values![tenant_id, hash]).await?;
            Ok(tx.commit(Purge::Done))
        });
        forget.await
    }
}
