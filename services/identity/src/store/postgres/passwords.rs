//! Setting, replacing and remembering password hashes, all under the row of their account.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, TenantId};
use sqlx::PgConnection;

use crate::domain::account::{PasswordRecord, Sealed};
use crate::store::Failure;

const WRITE: &str = "
    update accounts
    set password_hash = $3, password_set_at = $4, password_must_change = $5, password_temporary_until = $6,
        password_expiry_exempt = $7, password_expiry_counts_from = $8
    where tenant_id = $1 and account_id = $2";

/// The epoch has just been raised, the hash not yet replaced.
const REMEMBER: &str = "
    insert into password_history (tenant_id, account_id, epoch, password_hash)
    select tenant_id, account_id, epoch - 1, password_hash from accounts
    where tenant_id = $1 and account_id = $2 and password_hash is not null";

const FORGET_OLD: &str = "
    delete from password_history
    where tenant_id = $1 and account_id = $2 and epoch not in (
        select epoch from password_history where tenant_id = $1 and account_id = $2
        order by epoch desc limit $3
    )";

const REHASH: &str = "
    update accounts set password_hash = $4 where tenant_id = $1 and account_id = $2 and password_hash = $3";

const LAST: &str = "
    select password_hash from (
        select password_hash, epoch from accounts
        where tenant_id = $1 and account_id = $2 and password_hash is not null
        union all
        select password_hash, epoch from password_history where tenant_id = $1 and account_id = $2
    ) known
    order by epoch desc limit $3";

/// Raises the epoch of an open account that is still in `epoch` and, where it matters, of this recovery version.
const NEXT_EPOCH: &str = "
    update accounts set epoch = epoch + 1, version = version + 1, updated_at = $5
    where tenant_id = $1 and account_id = $2 and epoch = $3 and recovery_version = coalesce($4, recovery_version)
      and not blocked and not frozen and deleted_at is null";

/// What an epoch is left by.
pub(super) struct NewPassword<'a> {
    /// Whose.
    pub(super) account_id: AccountId,
    /// The epoch that must still be.
    pub(super) epoch: i64,
    /// The recovery version that must still be, if it matters.
    pub(super) recovery_version: Option<i64>,
    /// The password of the next epoch.
    pub(super) password: &'a PasswordRecord,
    /// How many old hashes to keep.
    pub(super) history: u32,
    /// When.
    pub(super) now: Timestamp,
}

/// Replaces the password of an open account and raises its epoch; false, with nothing to keep, if the account is not
/// what the decision was made on.
pub(super) async fn replace(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    new: &NewPassword<'_>,
) -> Result<bool, Failure> {
    let (tenant, account) = (tenant_id.as_uuid(), new.account_id.as_uuid());
    let raised = sqlx::query(NEXT_EPOCH)
        .bind(tenant)
        .bind(account)
        .bind(new.epoch)
        .bind(new.recovery_version)
        .bind(new.now.unix_micros())
        .execute(&mut *tx)
        .await?;
    if raised.rows_affected() != 1 {
        return Ok(false);
    }
    sqlx::query(REMEMBER).bind(tenant).bind(account).execute(&mut *tx).await?;
    sqlx::query(FORGET_OLD).bind(tenant).bind(account).bind(i64::from(new.history)).execute(&mut *tx).await?;
    write(tx, tenant_id, new.account_id, new.password).await?;
    Ok(true)
}

/// Writes the password columns of an account.
pub(super) async fn write(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    account_id: AccountId,
    password: &PasswordRecord,
) -> Result<(), Failure> {
    sqlx::query(WRITE)
        .bind(tenant_id.as_uuid())
        .bind(account_id.as_uuid())
        .bind(password.hash.as_bytes())
        .bind(password.set_at.unix_micros())
        .bind(password.must_change)
        .bind(password.temporary_until.map(|until| until.unix_micros()))
        .bind(password.expiry_exempt)
        .bind(password.expiry_counts_from.unix_micros())
        .execute(tx)
        .await?;
    Ok(())
}

/// Writes a fresh hash of the same password over the one that was verified; false if that one is gone.
pub(super) async fn rehash(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    account_id: AccountId,
    verified: &Sealed,
    rehashed: &Sealed,
) -> Result<bool, Failure> {
    let written = sqlx::query(REHASH)
        .bind(tenant_id.as_uuid())
        .bind(account_id.as_uuid())
        .bind(verified.as_bytes())
        .bind(rehashed.as_bytes())
        .execute(tx)
        .await?;
    Ok(written.rows_affected() == 1)
}

/// The last hashes, newest first.
pub(super) async fn last(
    connection: &mut PgConnection,
    tenant_id: TenantId,
    account_id: AccountId,
    limit: u32,
) -> Result<Vec<Sealed>, Failure> {
    let found: Vec<(Vec<u8>,)> = sqlx::query_as(LAST)
        .bind(tenant_id.as_uuid())
        .bind(account_id.as_uuid())
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?;
    Ok(found.into_iter().map(|(hash,)| Sealed::new(hash)).collect())
}
