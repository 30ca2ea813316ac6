//! Changing an account under its version.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, SecurityInfoId, TenantId};
use sqlx::PgConnection;

use super::{PostgresStore, accounts, answers, audit, notices, sessions, tries};
use crate::domain::account::Account;
use crate::domain::security_info::{RemovedAddress, SecurityInfo, Standing};
use crate::store::accounts::{Change, ChangeAccount, NotChanged};
use crate::store::rows::{AccountState, Held, standing_columns};
use crate::store::sign_ins::AnsweredQuestion;
use crate::store::{Failure, Once, Step, decide};

const STATE: &str = "
    select epoch, version, blocked, frozen, roles, password_hash from accounts
    where tenant_id = $1 and account_id = $2 and deleted_at is null
    for no key update";

/// Held while global administrators are counted, so that two of them cannot go at once.
const LOCK_TENANT: &str = "select 1 from tenants where tenant_id = $1 for no key update";

const OTHER_GLOBAL_ADMINISTRATORS: &str = "
    select count(*) from accounts
    where tenant_id = $1 and account_id <> $2 and roles <> 0 and roles & 1 <> 0 and not blocked and not frozen
      and deleted_at is null";

const CHANGE: &str = "
    update accounts
    set blocked = $4, frozen = $5, roles = $6, recovery_version = recovery_version + $7, version = version + 1,
        updated_at = $8
    where tenant_id = $1 and account_id = $2 and version = $3 and deleted_at is null";

const RECONFIRM: &str = "
    update accounts set reconfirmed_at = $3 where tenant_id = $1 and account_id = $2";

const ANSWER: &str = "
    update accounts
    set reconfirmed_at = case when $4 then $5 else reconfirmed_at end, version = version + 1, updated_at = $5
    where tenant_id = $1 and account_id = $2 and version = $3 and deleted_at is null";

const INSERT_ENTRY: &str = "
    insert into security_info (tenant_id, account_id, security_info_id, kind, address, label, is_default, standing,
        confirmed_at, disabled, is_first, added_at, changed_at, totp_hash, totp_digits, totp_key, totp_last_step,
        codes_remaining)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";

const CONFIRM_ENTRY: &str = "
    update security_info set standing = $4, confirmed_at = $5, changed_at = $6, is_first = $7, disabled = $8
    where tenant_id = $1 and account_id = $2 and security_info_id = $3";

const REMOVE_ENTRY: &str = "
    delete from security_info where tenant_id = $1 and account_id = $2 and security_info_id = $3";

const REMEMBER_ADDRESS: &str = "
    insert into removed_addresses (tenant_id, account_id, security_info_id, channel, address, removed_at)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (tenant_id, account_id, security_info_id)
    do update set channel = excluded.channel, address = excluded.address, removed_at = excluded.removed_at";

const DISABLE_ENTRY: &str = "
    update security_info set disabled = $4
    where tenant_id = $1 and account_id = $2 and security_info_id = $3";

const HAS_ENTRY: &str = "
    select count(*) from security_info where tenant_id = $1 and account_id = $2 and security_info_id = $3";

const MAKE_DEFAULT: &str = "
    update security_info set is_default = (security_info_id = $3) where tenant_id = $1 and account_id = $2";

/// The whole step; see `Accounts::change_account`.
pub(super) async fn change_account(
    store: &PostgresStore,
    tenant_id: TenantId,
    change: &ChangeAccount,
    once: Option<&Once<'_, Account>>,
) -> Result<Step<Account, NotChanged>, Failure> {
    let mut tx = store.begin().await?;
    if let Some(ended) = answers::claim(&mut tx, tenant_id, once, change.now).await?.ended() {
        return Ok(ended);
    }
    if let Some(not_changed) = apply(&mut tx, tenant_id, change).await? {
        return Ok(Step::Refused(not_changed));
    }
    let Some(account) = accounts::read(&mut tx, tenant_id, change.account_id).await? else {
        return Ok(Step::Refused(NotChanged::Unknown));
    };
    notices::queue(&mut tx, &change.notices, change.now).await?;
    answers::keep(&mut tx, tenant_id, once, &account).await?;
    audit::append(&mut tx, &change.event).await?;
    tx.commit().await?;
    Ok(Step::Done(account))
}

/// Why the change is not made, if it is not; what was written until then is rolled back.
async fn apply(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    change: &ChangeAccount,
) -> Result<Option<NotChanged>, Failure> {
    if decide::needs_tenant_lock(&change.change) {
        sqlx::query(LOCK_TENANT).bind(tenant_id.as_uuid()).execute(&mut *tx).await?;
    }
    let Some(state) = state(&mut *tx, tenant_id, change.account_id).await? else {
        return Ok(Some(NotChanged::Unknown));
    };
    if state.version != change.version {
        return Ok(Some(NotChanged::Stale));
    }
    let after = decide::flags_after(&state, &change.change);
    if decide::ends_a_global_administrator(&state, &after)
        && other_global_administrators(&mut *tx, tenant_id, change.account_id).await? == 0
    {
        return Ok(Some(NotChanged::LastGlobalAdministrator));
    }
    let changed = sqlx::query(CHANGE)
        .bind(tenant_id.as_uuid())
        .bind(change.account_id.as_uuid())
        .bind(change.version)
        .bind(after.blocked)
        .bind(after.frozen)
        .bind(after.roles)
        .bind(after.recovery_rise)
        .bind(change.now.unix_micros())
        .execute(&mut *tx)
        .await?;
    if changed.rows_affected() != 1 {
        return Ok(Some(NotChanged::Stale));
    }
    let known = apply_to_parts(tx, tenant_id, change).await?;
    Ok(if known { None } else { Some(NotChanged::Unknown) })
}

/// Writes what a change does beside the account's own row; false if its entry does not exist.
async fn apply_to_parts(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    change: &ChangeAccount,
) -> Result<bool, Failure> {
    let account_id = change.account_id;
    match &change.change {
        Change::Blocked(true) => {
            sessions::end_all(tx, tenant_id, account_id, change.now).await?;
            Ok(true)
        }
        Change::Blocked(false) | Change::Unfrozen | Change::Roles(_) => Ok(true),
        Change::Reconfirmed => {
            let reconfirmed = sqlx::query(RECONFIRM)
                .bind(tenant_id.as_uuid())
                .bind(account_id.as_uuid())
                .bind(change.now.unix_micros())
                .execute(tx)
                .await?;
            Ok(reconfirmed.rows_affected() == 1)
        }
        Change::AddSecurityInfo(entry) => {
            insert_security_info(&mut *tx, tenant_id, account_id, entry).await?;
            if entry.is_default {
                make_default(tx, tenant_id, account_id, entry.id).await?;
            }
            Ok(true)
        }
        Change::ConfirmSecurityInfo { id, tries, standing, changed_at, is_first } => {
            for counter in [id.as_uuid()].iter().chain(tries) {
                tries::clear(&mut *tx, tenant_id, *counter).await?;
            }
            confirm(tx, (tenant_id, account_id, *id), *standing, *changed_at, *is_first).await
        }
        Change::RemoveSecurityInfo { id, removed } => {
            tries::clear(&mut *tx, tenant_id, id.as_uuid()).await?;
            remove(tx, (tenant_id, account_id, *id), removed.as_ref()).await
        }
        Change::DefaultSecurityInfo(id) => {
            let (there,): (i64,) = sqlx::query_as(HAS_ENTRY)
                .bind(tenant_id.as_uuid())
                .bind(account_id.as_uuid())
                .bind(id.as_uuid())
                .fetch_one(&mut *tx)
                .await?;
            make_default(tx, tenant_id, account_id, *id).await?;
            Ok(there == 1)
        }
        Change::DisableSecurityInfo(id) => {
            let disabled = sqlx::query(DISABLE_ENTRY)
                .bind(tenant_id.as_uuid())
                .bind(account_id.as_uuid())
                .bind(id.as_uuid())
                .bind(true)
                .execute(tx)
                .await?;
            Ok(disabled.rows_affected() == 1)
        }
    }
}

/// Reads what a decision needs of an account and locks it, so that it is still so when the step writes.
pub(super) async fn state(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    account_id: AccountId,
) -> Result<Option<AccountState>, Failure> {
    Ok(sqlx::query_as(STATE).bind(tenant_id.as_uuid()).bind(account_id.as_uuid()).fetch_optional(tx).await?)
}

/// Writes what a person answered when a sign-in asked about their security info; false if the account is not the one
/// that was asked about.
pub(super) async fn answered(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    account_id: AccountId,
    answered: &AnsweredQuestion,
    now: Timestamp,
) -> Result<bool, Failure> {
    let written = sqlx::query(ANSWER)
        .bind(tenant_id.as_uuid())
        .bind(account_id.as_uuid())
        .bind(answered.version)
        .bind(answered.is_still_right)
        .bind(now.unix_micros())
        .execute(tx)
        .await?;
    Ok(written.rows_affected() == 1)
}

async fn other_global_administrators(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    account_id: AccountId,
) -> Result<i64, Failure> {
    let (others,): (i64,) = sqlx::query_as(OTHER_GLOBAL_ADMINISTRATORS)
        .bind(tenant_id.as_uuid())
        .bind(account_id.as_uuid())
        .fetch_one(tx)
        .await?;
    Ok(others)
}

/// Writes a new entry.
pub(super) async fn insert_security_info(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    account_id: AccountId,
    entry: &SecurityInfo,
) -> Result<(), Failure> {
    let held = Held::of(entry);
    sqlx::query(INSERT_ENTRY)
        .bind(tenant_id.as_uuid())
        .bind(account_id.as_uuid())
        .bind(entry.id.as_uuid())
        .bind(entry.kind().as_str())
        .bind(held.address)
        .bind(entry.label.as_deref())
        .bind(entry.is_default)
        .bind(held.standing)
        .bind(held.confirmed_at)
        .bind(entry.disabled)
        .bind(entry.is_first)
        .bind(entry.added_at.unix_micros())
        .bind(entry.changed_at.unix_micros())
        .bind(held.totp_hash)
        .bind(held.totp_digits)
        .bind(held.totp_key)
        .bind(held.totp_last_step)
        .bind(held.codes_remaining)
        .execute(tx)
        .await?;
    Ok(())
}

async fn make_default(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    account_id: AccountId,
    id: SecurityInfoId,
) -> Result<(), Failure> {
    sqlx::query(MAKE_DEFAULT)
        .bind(tenant_id.as_uuid())
        .bind(account_id.as_uuid())
        .bind(id.as_uuid())
        .execute(tx)
        .await?;
    Ok(())
}

async fn confirm(
    tx: &mut PgConnection,
    (tenant_id, account_id, id): (TenantId, AccountId, SecurityInfoId),
    standing: Standing,
    changed_at: Timestamp,
    is_first: bool,
) -> Result<bool, Failure> {
    let (standing, confirmed_at) = standing_columns(standing);
    let confirmed = sqlx::query(CONFIRM_ENTRY)
        .bind(tenant_id.as_uuid())
        .bind(account_id.as_uuid())
        .bind(id.as_uuid())
        .bind(standing)
        .bind(confirmed_at)
        .bind(changed_at.unix_micros())
        .bind(is_first)
        .bind(false)
        .execute(tx)
        .await?;
    Ok(confirmed.rows_affected() == 1)
}

async fn remove(
    tx: &mut PgConnection,
    (tenant_id, account_id, id): (TenantId, AccountId, SecurityInfoId),
    address: Option<&RemovedAddress>,
) -> Result<bool, Failure> {
    let removed = sqlx::query(REMOVE_ENTRY)
        .bind(tenant_id.as_uuid())
        .bind(account_id.as_uuid())
        .bind(id.as_uuid())
        .execute(&mut *tx)
        .await?;
    if removed.rows_affected() != 1 {
        return Ok(false);
    }
    if let Some(address) = address {
        sqlx::query(REMEMBER_ADDRESS)
            .bind(tenant_id.as_uuid())
            .bind(account_id.as_uuid())
            .bind(id.as_uuid())
            .bind(address.destination.channel().as_str())
            .bind(address.destination.as_str())
            .bind(address.removed_at.unix_micros())
            .execute(tx)
            .await?;
    }
    Ok(true)
}
