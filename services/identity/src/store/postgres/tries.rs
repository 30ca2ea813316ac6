//! Tries of methods and attempts of resets.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, ResetId, TenantId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::PostgresStore;
use crate::domain::policy::ResetRules;
use crate::domain::tries::TriedFrom;
use crate::store::resets::{MethodKey, TryCounted};
use crate::store::rows::TriesRow;
use crate::store::{Failure, rows};

const CODE_SENT: &str = "
    insert into method_tries (tenant_id, method_key, recent, in_a_row, live_until) values ($1, $2, $3, 0, $4)
    on conflict (tenant_id, method_key) do update
    set live_until = greatest(method_tries.live_until, excluded.live_until)";

const COUNTED_BEFORE: &str = "
    select 1 from counted_tries where tenant_id = $1 and method_key = $2 and request_key = $3";

const READ: &str = "
    select case when $3 then familiar_recent else recent end as recent,
        case when $3 then familiar_in_a_row else in_a_row end as in_a_row, live_until
    from method_tries where tenant_id = $1 and method_key = $2
    for update";

const WRITE: &str = "
    update method_tries set recent = $3, in_a_row = $4 where tenant_id = $1 and method_key = $2";

const WRITE_FAMILIAR: &str = "
    update method_tries set familiar_recent = $3, familiar_in_a_row = $4
    where tenant_id = $1 and method_key = $2";

/// Once: a row that is there already stays.
const REMEMBER_REQUEST: &str = "
    insert into counted_tries (tenant_id, method_key, request_key, counted_at) values ($1, $2, $3, $4)
    on conflict (tenant_id, method_key, request_key) do nothing";

const CLEAR: &str = "
    update method_tries set recent = $3, in_a_row = 0, familiar_recent = $3, familiar_in_a_row = 0
    where tenant_id = $1 and method_key = $2";

const CLEAR_ACCOUNT: &str = "
    update method_tries set recent = $3, in_a_row = 0, familiar_recent = $3, familiar_in_a_row = 0
    where tenant_id = $1 and method_key in (
        select security_info_id from security_info where tenant_id = $1 and account_id = $2
    )";

const COUNT_ATTEMPT: &str = "
    insert into reset_attempts (tenant_id, reset_id, attempts, expires_at) values ($1, $2, 1, $3)
    on conflict (tenant_id, reset_id) do update set attempts = reset_attempts.attempts + $4
    returning attempts - 1";

/// Remembers until when a code is live.
pub(super) async fn code_sent(
    store: &PostgresStore,
    tenant_id: TenantId,
    method: MethodKey,
    live_until: Timestamp,
) -> Result<(), Failure> {
    sqlx::query(CODE_SENT)
        .bind(tenant_id.as_uuid())
        .bind(method)
        .bind(&b""[..])
        .bind(live_until.unix_micros())
        .execute(&store.pool)
        .await?;
    Ok(())
}

/// The whole step; see `Resets::count_try`.
pub(super) async fn count(
    store: &PostgresStore,
    tenant_id: TenantId,
    (method, from): (MethodKey, TriedFrom),
    request: &[u8; 32],
    rules: &ResetRules,
    now: Timestamp,
) -> Result<TryCounted, Failure> {
    let mut tx = store.begin().await?;
    let row: Option<TriesRow> = sqlx::query_as(READ)
        .bind(tenant_id.as_uuid())
        .bind(method)
        .bind(from == TriedFrom::FamiliarPlace)
        .fetch_optional(&mut *tx)
        .await?;
    if was_counted(&mut tx, tenant_id, method, request).await? {
        return Ok(TryCounted::CountedBefore);
    }
    let Some(row) = row.filter(|row| !now.has_reached(rows::at(row.live_until))) else {
        return Ok(TryCounted::NothingLive);
    };
    let after = match row.record()?.with_try(rules, now) {
        Ok(after) => after,
        Err(stop) => return Ok(TryCounted::Stopped(stop)),
    };
    let write = match from {
        TriedFrom::Anywhere => WRITE,
        TriedFrom::FamiliarPlace => WRITE_FAMILIAR,
    };
    sqlx::query(write)
        .bind(tenant_id.as_uuid())
        .bind(method)
        .bind(after.recent_bytes())
        .bind(i64::from(after.in_a_row))
        .execute(&mut *tx)
        .await?;
    sqlx::query(REMEMBER_REQUEST)
        .bind(tenant_id.as_uuid())
        .bind(method)
        .bind(&request[..])
        .bind(now.unix_micros())
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(TryCounted::Counted)
}

async fn was_counted(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    method: MethodKey,
    request: &[u8; 32],
) -> Result<bool, Failure> {
    let found = sqlx::query(COUNTED_BEFORE)
        .bind(tenant_id.as_uuid())
        .bind(method)
        .bind(&request[..])
        .fetch_optional(tx)
        .await?;
    Ok(found.is_some())
}

/// Holds nothing against a method any more. A code that is live stays live.
pub(super) async fn clear(tx: &mut PgConnection, tenant_id: TenantId, method: Uuid) -> Result<(), Failure> {
    sqlx::query(CLEAR).bind(tenant_id.as_uuid()).bind(method).bind(&b""[..]).execute(tx).await?;
    Ok(())
}

/// Holds nothing against any method of an account any more.
pub(super) async fn clear_account(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    account_id: AccountId,
) -> Result<(), Failure> {
    sqlx::query(CLEAR_ACCOUNT)
        .bind(tenant_id.as_uuid())
        .bind(account_id.as_uuid())
        .bind(&b""[..])
        .execute(tx)
        .await?;
    Ok(())
}

/// The whole step; see `Resets::count_attempt`.
pub(super) async fn count_attempt(
    store: &PostgresStore,
    tenant_id: TenantId,
    reset_id: ResetId,
    request: &[u8; 32],
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<u32, Failure> {
    let mut tx = store.begin().await?;
    let remembered = sqlx::query(REMEMBER_REQUEST)
        .bind(tenant_id.as_uuid())
        .bind(reset_id.as_uuid())
        .bind(&request[..])
        .bind(now.unix_micros())
        .execute(&mut *tx)
        .await?;
    let (before,): (i64,) = sqlx::query_as(COUNT_ATTEMPT)
        .bind(tenant_id.as_uuid())
        .bind(reset_id.as_uuid())
        .bind(expires_at.unix_micros())
        .bind(i64::try_from(remembered.rows_affected()).unwrap_or(1))
        .fetch_one(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(u32::try_from(before).unwrap_or(u32::MAX))
}
