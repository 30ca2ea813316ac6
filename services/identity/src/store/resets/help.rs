//! Help requests.

use rekey_database::{Connection, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, HelpRequestId, TenantId};
use uuid::Uuid;

use crate::domain::account::Account;
use crate::domain::audit::AuditEvent;
use crate::domain::help::{Filing, HelpRequest, HelpState};
use crate::domain::scope::TenantScope;
use crate::store::accounts::changes;
use crate::store::columns::{ACCOUNT_COLUMNS, HELP_COLUMNS, OF_LIVING_TENANT};
use crate::store::outbox::{self, Notice};
use crate::store::rows::{HelpRowWithAccount, PendingHelp, readable};
use crate::store::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency, transitions};

/// Stands for the account of a login that nobody has, where the same is to be done as for one.
pub(crate) const NOBODY: AccountId = AccountId::from_uuid(Uuid::nil());

/// How many requests one digest lists.
const DIGEST_MAX: i64 = 100;

statements! {
    const PENDING = "
        select proved, expires_at from help_requests
        where tenant_id = $1 and account_id = $2 and state in ('open', 'claimed')";

    /// Writes nothing for an account that does not exist.
    const INSERT = "
        insert into help_requests (tenant_id, help_request_id, account_id, message, proved, state, handled_by, created_at,
            updated_at, expires_at, version)
        select $1, $2, a.account_id, $4, $5, $6, $7, $8, $9, $10, $11
        from accounts a where a.tenant_id = $1 and a.account_id = $3";

    const SETTLE = "
        update help_requests set state = $3, updated_at = $4, version = version + 1
        where tenant_id = $1 and account_id = $2 and state in ('open', 'claimed')";

    const TENANTS_WITH_UNDIGESTED = "
        select distinct h.tenant_id from help_requests h
        join accounts a on a.tenant_id = h.tenant_id and a.account_id = h.account_id
        where h.digested_at is null and not h.proved and h.state in ('open', 'claimed') and h.created_at < $1
          and a.deleted_at is null and h.tenant_id > $2", OF_LIVING_TENANT, "
        order by h.tenant_id limit $3";

    const UNDIGESTED =
        "select ", HELP_COLUMNS, ", ", ACCOUNT_COLUMNS,
        " from help_requests h join accounts a on a.tenant_id = h.tenant_id and a.account_id = h.account_id
          where h.tenant_id = $1 and h.digested_at is null and not h.proved and h.state in ('open', 'claimed')
            and a.deleted_at is null
          order by h.created_at, h.help_request_id limit $2";

    const MARK_DIGESTED = "
        update help_requests set digested_at = $3
        where tenant_id = $1 and help_request_id = $2 and digested_at is null";
}

impl Store {
    /// Files a help request by `domain::help::filing` against the open one, with its notices if it was filed or
    /// replaces one; a dropped one, and one of [`NOBODY`], writes only the event, by the same statements. A repeat writes
    /// nothing, not even the event.
    pub(crate) async fn file_help(
        &self,
        scope: &TenantScope,
        request: &HelpRequest,
        event: &AuditEvent,
        notices: &[Notice],
        idempotency: Option<IdempotentRequest<'_, ()>>,
    ) -> Result<StepOutcome<Filing, ()>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), idempotency.as_ref());
        let (account_id, now) = (request.account_id, request.created_at);
        let file = self.database.step(|mut tx| async move {
            if let Some(ended) =
                idempotency::claim_with_answer(&mut tx, tenant_id, idempotency, &(), now).await?.ended()
            {
                return Ok(tx.roll_back(ended));
            }
            // Under the account's lock, so that two requests at once are judged one after the other.
            changes::state(&mut tx, tenant_id, account_id).await?;
            let pending: Option<PendingHelp> = tx.optional(PENDING, values![tenant_id, account_id]).await?;
            let filing = transitions::file(pending.as_ref(), request.proved, now);
            // A request that is dropped, or that nobody can have made, takes the same statements, for nobody.
            let whose = if filing == Filing::Drop { NOBODY } else { account_id };
            // Either its time is over or the new one takes its place.
            settle(&mut tx, tenant_id, whose, HelpState::Expired, now).await?;
            insert(&mut tx, tenant_id, whose, request).await?;
            if filing != Filing::Drop {
                outbox::queue(&mut tx, notices, now).await?;
            }
            audit::append(&mut tx, event).await?;
            Ok(tx.commit(StepOutcome::Done(filing)))
        });
        file.await
    }

    /// Tenants with unproved requests older than `before` that no digest has listed, by id from behind `after`, at
    /// most `limit`.
    pub(crate) async fn tenants_with_undigested_help(
        &self,
        before: Timestamp,
        after: Option<TenantId>,
        limit: u32,
    ) -> Result<Vec<TenantId>, Failure> {
        let after = after.map_or(Uuid::nil(), TenantId::as_uuid);
        let values = values![before, after, limit];
        let found: Vec<(Uuid,)> = self.database.all(TENANTS_WITH_UNDIGESTED, values).await?;
        Ok(found.into_iter().map(|(id,)| TenantId::from_uuid(id)).collect())
    }

    /// The undigested requests of a tenant, at most 100, oldest first, with the account of each.
    pub(crate) async fn undigested_help(
        &self,
        scope: &TenantScope,
    ) -> Result<Vec<(HelpRequest, Account)>, Failure> {
        let values = values![scope.tenant_id(), DIGEST_MAX];
        let found: Vec<HelpRowWithAccount> = self.database.all(UNDIGESTED, values).await?;
        Ok(readable(found, HelpRowWithAccount::id, HelpRowWithAccount::parts))
    }

    /// Marks requests as digested and queues the digests; one that another replica digested meanwhile makes it do
    /// nothing and return false.
    pub(crate) async fn help_digested(
        &self,
        scope: &TenantScope,
        digested: &[HelpRequestId],
        notices: &[Notice],
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let tenant_id = scope.tenant_id();
        let mark = self.database.step(|mut tx| async move {
            for id in digested {
                if tx.execute(MARK_DIGESTED, values![tenant_id, *id, now]).await? != 1 {
                    return Ok(tx.roll_back(false));
                }
            }
            outbox::queue(&mut tx, notices, now).await?;
            Ok(tx.commit(true))
        });
        mark.await
    }
}

async fn insert(
    tx: &mut Connection,
    tenant_id: TenantId,
    whose: AccountId,
    request: &HelpRequest,
) -> Result<(), Failure> {
    let values = values![
        tenant_id,
        request.id,
        whose,
        request.message.as_str(),
        request.proved,
        request.state.as_str(),
        request.handled_by,
        request.created_at,
        request.updated_at,
        request.expires_at,
        request.version,
    ];
    tx.execute(INSERT, values).await?;
    Ok(())
}

/// Closes the pending request of somebody who got in by themselves.
pub(super) async fn resolve(
    tx: &mut Connection,
    tenant_id: TenantId,
    account_id: AccountId,
    now: Timestamp,
) -> Result<(), Failure> {
    settle(tx, tenant_id, account_id, HelpState::Resolved, now).await
}

async fn settle(
    tx: &mut Connection,
    tenant_id: TenantId,
    account_id: AccountId,
    state: HelpState,
    now: Timestamp,
) -> Result<(), Failure> {
    tx.execute(SETTLE, values![tenant_id, account_id, state.as_str(), now]).await?;
    Ok(())
}
