//! After the database came back from a backup: nothing that somebody was given since, or that was taken back since, counts.

use rekey_database::{FOR_UPDATE_SKIP_LOCKED, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::AccountId;
use uuid::Uuid;

use super::{Failure, Store};
use crate::domain::bulk_reset::BulkResetId;
use crate::domain::scope::TenantScope;

/// How many accounts or notices one step takes, so that it never holds a lock for long.
const AT_ONCE: i64 = 1_000;

/// How far epochs and recovery versions rise: further than any account came between the backup and its restore, so that no token
/// of that time fits again.
const RAISED_BY: i64 = 1_000_000;

statements! {
    const PORTION = "
        select account_id from accounts where tenant_id = $1 and account_id > $2 order by account_id limit $3";

    const VOID = "
        update accounts
        set epoch = epoch + $4, recovery_version = recovery_version + $4, version = version + 1, updated_at = $5
        where tenant_id = $1 and account_id > $2 and account_id <= $3";

    /// One at most is alive in a tenant.
    const ALIVE_BULK_RESET = "
        select bulk_reset_id from bulk_resets where tenant_id = $1 and state in ('collecting', 'running')";

    const DROP_NOTICES = "
        delete from outbox where (tenant_id, notice_id) in (
            with gone as materialized (
                select tenant_id, notice_id from outbox order by due_at limit $1", FOR_UPDATE_SKIP_LOCKED, "
            )
            select tenant_id, notice_id from gone
        )";
}

/// A portion of a tenant's accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Voided {
    pub(crate) accounts: u64,
    /// The last of them; `None` if there was none.
    pub(crate) last: Option<AccountId>,
}

impl Store {
    /// Voids sessions, tokens, access passes, links and open resets of the accounts behind one, as a new password does.
    pub(crate) async fn void_accounts(
        &self,
        scope: &TenantScope,
        after: Option<AccountId>,
        now: Timestamp,
    ) -> Result<Voided, Failure> {
        let (tenant_id, after) = (scope.tenant_id(), after.map_or(Uuid::nil(), AccountId::as_uuid));
        let void = self.database.step(|mut tx| async move {
            let portion: Vec<(Uuid,)> = tx.all(PORTION, values![tenant_id, after, AT_ONCE]).await?;
            let Some((last,)) = portion.last().copied() else {
                return Ok(tx.roll_back(Voided { accounts: 0, last: None }));
            };
            let accounts = tx.execute(VOID, values![tenant_id, after, last, RAISED_BY, now]).await?;
            Ok(tx.commit(Voided { accounts, last: Some(AccountId::from_uuid(last)) }))
        });
        void.await
    }

    /// The bulk reset that is under way in a tenant.
    pub(crate) async fn alive_bulk_reset(&self, scope: &TenantScope) -> Result<Option<BulkResetId>, Failure> {
        let found: Option<(Uuid,)> =
            self.database.optional(ALIVE_BULK_RESET, values![scope.tenant_id()]).await?;
        Ok(found.map(|(id,)| BulkResetId::from_uuid(id)))
    }

    /// Drops notices that wait to be handed over, of any tenant; how many went, and 0 when none is left.
    pub(crate) async fn drop_notices(&self) -> Result<u64, Failure> {
        self.database.execute(DROP_NOTICES, values![AT_ONCE]).await
    }
}
