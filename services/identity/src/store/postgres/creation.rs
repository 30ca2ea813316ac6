//! Writing new tenants and accounts. A name that is taken shows as a row that was not written, so that two who want
//! it at once cannot both get it.

use rekey_primitives::id::{AccountId, TenantId};
use sqlx::PgConnection;

use super::{changes, passwords};
use crate::domain::account::Account;
use crate::domain::policy::PolicyRevision;
use crate::domain::tenant::Tenant;
use crate::store::Failure;
use crate::store::accounts::AccountTaken;

const INSERT_TENANT: &str = "
    insert into tenants (tenant_id, handle, display_name, licensed_accounts, help_mailbox, help_url, created_at,
        updated_at, version)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    on conflict do nothing";

const INSERT_DOMAIN: &str = "
    insert into tenant_domains (tenant_id, domain, position) values ($1, $2, $3) on conflict do nothing";

const INSERT_POLICY: &str = "
    insert into policies (tenant_id, version, document, changed_by, changed_at) values ($1, $2, $3, $4, $5)";

const INSERT_ACCOUNT: &str = "
    insert into accounts (tenant_id, account_id, external_id, display_name, epoch, recovery_version, blocked, frozen,
        managed_elsewhere, roles, reconfirmed_at, created_at, updated_at, deleted_at, version)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    on conflict do nothing";

const INSERT_LOGIN: &str = "
    insert into logins (tenant_id, login, account_id, position) values ($1, $2, $3, $4) on conflict do nothing";

/// Whether handle and domains were free.
pub(super) async fn tenant(tx: &mut PgConnection, tenant: &Tenant) -> Result<bool, Failure> {
    let inserted = sqlx::query(INSERT_TENANT)
        .bind(tenant.id.as_uuid())
        .bind(tenant.handle.as_str())
        .bind(&tenant.display_name)
        .bind(tenant.licensed_accounts.map(i64::from))
        .bind(tenant.help_mailbox.as_ref().map(|address| address.as_str()))
        .bind(tenant.help_url.as_ref().map(|url| url.as_str()))
        .bind(tenant.created_at.unix_micros())
        .bind(tenant.updated_at.unix_micros())
        .bind(tenant.version)
        .execute(&mut *tx)
        .await?;
    let mut free = inserted.rows_affected() == 1;
    for (position, domain) in (0i64..).zip(&tenant.domains) {
        if !free {
            break;
        }
        let inserted = sqlx::query(INSERT_DOMAIN)
            .bind(tenant.id.as_uuid())
            .bind(domain.as_str())
            .bind(position)
            .execute(&mut *tx)
            .await?;
        free = inserted.rows_affected() == 1;
    }
    Ok(free)
}

/// Writes a revision of a policy.
pub(super) async fn policy(tx: &mut PgConnection, policy: &PolicyRevision) -> Result<(), Failure> {
    let document =
        serde_json::to_string(&policy.policy).map_err(|_| Failure::Unreadable { what: "a policy" })?;
    sqlx::query(INSERT_POLICY)
        .bind(policy.tenant_id.as_uuid())
        .bind(policy.version)
        .bind(document)
        .bind(policy.changed_by.map(AccountId::as_uuid))
        .bind(policy.changed_at.unix_micros())
        .execute(tx)
        .await?;
    Ok(())
}

/// Which of its names is taken, if one is.
pub(super) async fn account(
    tx: &mut PgConnection,
    tenant_id: TenantId,
    account: &Account,
) -> Result<Option<AccountTaken>, Failure> {
    let inserted = sqlx::query(INSERT_ACCOUNT)
        .bind(tenant_id.as_uuid())
        .bind(account.id.as_uuid())
        .bind(account.external_id.as_deref())
        .bind(&account.display_name)
        .bind(account.epoch.0)
        .bind(account.recovery_version.0)
        .bind(account.blocked)
        .bind(account.frozen)
        .bind(account.managed_elsewhere)
        .bind(i64::from(account.roles.bits()))
        .bind(account.reconfirmed_at.map(|at| at.unix_micros()))
        .bind(account.created_at.unix_micros())
        .bind(account.updated_at.unix_micros())
        .bind(account.deleted_at.map(|at| at.unix_micros()))
        .bind(account.version)
        .execute(&mut *tx)
        .await?;
    if inserted.rows_affected() == 0 {
        return Ok(Some(AccountTaken::ExternalId));
    }
    for (position, login) in (0i64..).zip(&account.logins) {
        let inserted = sqlx::query(INSERT_LOGIN)
            .bind(tenant_id.as_uuid())
            .bind(login.as_str())
            .bind(account.id.as_uuid())
            .bind(position)
            .execute(&mut *tx)
            .await?;
        if inserted.rows_affected() == 0 {
            return Ok(Some(AccountTaken::Login));
        }
    }
    for entry in &account.security_info {
        changes::insert_security_info(&mut *tx, tenant_id, account.id, entry).await?;
    }
    if let Some(password) = &account.password {
        passwords::write(tx, tenant_id, account.id, password).await?;
    }
    Ok(None)
}
