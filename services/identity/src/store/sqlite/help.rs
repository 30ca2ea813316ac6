//! Help requests.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, HelpRequestId, TenantId};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::columns::{account_columns, help_columns};
use super::{SqliteStore, answers, audit, notices};
use crate::domain::account::Account;
use crate::domain::audit::AuditEvent;
use crate::domain::help::{Filing, HelpRequest, HelpState};
use crate::store::outbox::Notice;
use crate::store::resets::NOBODY;
use crate::store::rows::{HelpRowWithAccount, PendingHelp};
use crate::store::{Failure, Once, Step, decide};

/// How many requests one digest tells of.
const DIGEST_MAX: i64 = 100;

const PENDING: &str = "
    select proved, expires_at from help_requests
    where tenant_id = $1 and account_id = $2 and state in ('open', 'claimed')";

/// Writes nothing for an account that does not exist.
const INSERT: &str = "
    insert into help_requests (tenant_id, help_request_id, account_id, message, proved, state, handled_by, created_at,
        updated_at, expires_at, version)
    select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
    where exists (select 1 from accounts where tenant_id = $1 and account_id = $3)";

const SETTLE: &str = "
    update help_requests set state = $3, updated_at = $4, version = version + 1
    where tenant_id = $1 and account_id = $2 and state in ('open', 'claimed')";

const TENANTS_WITH_UNDIGESTED: &str = "
    select distinct h.tenant_id from help_requests h
    join accounts a on a.tenant_id = h.tenant_id and a.account_id = h.account_id
    where h.digested_at is null and h.proved = 0 and h.state in ('open', 'claimed') and h.created_at < $1
      and a.deleted_at is null and h.tenant_id > $2
    order by h.tenant_id limit $3";

const UNDIGESTED: &str = concat!(
    "select ",
    help_columns!(),
    ", ",
    account_columns!(),
    " from help_requests h join accounts a on a.tenant_id = h.tenant_id and a.account_id = h.account_id
      where h.tenant_id = $1 and h.digested_at is null and h.proved = 0 and h.state in ('open', 'claimed')
        and a.deleted_at is null
      order by h.created_at, h.help_request_id limit $2"
);

const MARK_TOLD: &str = "
    update help_requests set digested_at = $3
    where tenant_id = $1 and help_request_id = $2 and digested_at is null";

/// The whole step; see `Resets::file_help`.
pub(super) async fn file(
    store: &SqliteStore,
    tenant_id: TenantId,
    request: &HelpRequest,
    event: &AuditEvent,
    notices: &[Notice],
    once: Option<&Once<'_, ()>>,
) -> Result<Step<Filing, ()>, Failure> {
    let now = request.created_at;
    let mut tx = store.begin().await?;
    if let Some(ended) = answers::settle(&mut tx, tenant_id, once, &(), now).await?.ended() {
        return Ok(ended);
    }
    let pending: Option<PendingHelp> = sqlx::query_as(PENDING)
        .bind(tenant_id.as_uuid())
        .bind(request.account_id.as_uuid())
        .fetch_optional(&mut *tx)
        .await?;
    let filing = decide::file(pending.as_ref(), request.proved, now);
    // A request that is dropped, or that nobody can have made, takes the same statements, for nobody.
    let whose = if filing == Filing::Drop { NOBODY } else { request.account_id };
    // Either its time is over or the new one takes its place.
    settle(&mut tx, tenant_id, whose, HelpState::Expired, now).await?;
    insert(&mut tx, tenant_id, whose, request).await?;
    if filing != Filing::Drop {
        notices::queue(&mut tx, notices, now).await?;
    }
    audit::close(tx, event).await?;
    Ok(Step::Done(filing))
}

async fn insert(
    tx: &mut SqliteConnection,
    tenant_id: TenantId,
    whose: AccountId,
    request: &HelpRequest,
) -> Result<(), Failure> {
    sqlx::query(INSERT)
        .bind(tenant_id.as_uuid())
        .bind(request.id.as_uuid())
        .bind(whose.as_uuid())
        .bind(request.message.as_str())
        .bind(request.proved)
        .bind(request.state.as_str())
        .bind(request.handled_by.map(AccountId::as_uuid))
        .bind(request.created_at.unix_micros())
        .bind(request.updated_at.unix_micros())
        .bind(request.expires_at.unix_micros())
        .bind(request.version)
        .execute(tx)
        .await?;
    Ok(())
}

/// Closes the pending request of somebody who got in by themselves.
pub(super) async fn resolve(
    tx: &mut SqliteConnection,
    tenant_id: TenantId,
    account_id: AccountId,
    now: Timestamp,
) -> Result<(), Failure> {
    settle(tx, tenant_id, account_id, HelpState::Resolved, now).await
}

async fn settle(
    tx: &mut SqliteConnection,
    tenant_id: TenantId,
    account_id: AccountId,
    state: HelpState,
    now: Timestamp,
) -> Result<(), Failure> {
    sqlx::query(SETTLE)
        .bind(tenant_id.as_uuid())
        .bind(account_id.as_uuid())
        .bind(state.as_str())
        .bind(now.unix_micros())
        .execute(tx)
        .await?;
    Ok(())
}

/// Tenants that a digest is due for.
pub(super) async fn tenants_with_undigested(
    store: &SqliteStore,
    before: Timestamp,
    after: Option<TenantId>,
    limit: u32,
) -> Result<Vec<TenantId>, Failure> {
    let found: Vec<(Uuid,)> = sqlx::query_as(TENANTS_WITH_UNDIGESTED)
        .bind(before.unix_micros())
        .bind(after.map_or(Uuid::nil(), TenantId::as_uuid))
        .bind(i64::from(limit))
        .fetch_all(&mut *store.reader().await?)
        .await?;
    Ok(found.into_iter().map(|(id,)| TenantId::from_uuid(id)).collect())
}

/// What a tenant's digest has to tell of, oldest first.
pub(super) async fn undigested(
    store: &SqliteStore,
    tenant_id: TenantId,
) -> Result<Vec<(HelpRequest, Account)>, Failure> {
    let found: Vec<HelpRowWithAccount> = sqlx::query_as(UNDIGESTED)
        .bind(tenant_id.as_uuid())
        .bind(DIGEST_MAX)
        .fetch_all(&mut *store.reader().await?)
        .await?;
    found.into_iter().map(HelpRowWithAccount::parts).collect()
}

/// The whole step; see `Resets::help_digested`.
pub(super) async fn digested(
    store: &SqliteStore,
    tenant_id: TenantId,
    told: &[HelpRequestId],
    notices: &[Notice],
    now: Timestamp,
) -> Result<bool, Failure> {
    let mut tx = store.begin().await?;
    for id in told {
        let marked = sqlx::query(MARK_TOLD)
            .bind(tenant_id.as_uuid())
            .bind(id.as_uuid())
            .bind(now.unix_micros())
            .execute(&mut *tx)
            .await?;
        if marked.rows_affected() != 1 {
            return Ok(false);
        }
    }
    notices::queue(&mut tx, notices, now).await?;
    tx.commit().await?;
    Ok(true)
}
