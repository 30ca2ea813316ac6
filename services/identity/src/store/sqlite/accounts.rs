//! Tenants and accounts: creating and finding them.

use async_trait::async_trait;
use rekey_primitives::id::{AccountId, TenantId};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::columns::{account_columns, policy_columns, tenant_columns};
use super::{SqliteStore, answers, audit, changes, passwords};
use crate::domain::account::Account;
use crate::domain::audit::AuditEvent;
use crate::domain::policy::PolicyRevision;
use crate::domain::scope::TenantScope;
use crate::domain::security_info::RemovedAddress;
use crate::domain::tenant::Tenant;
use crate::store::accounts::{
    AccountKey, AccountTaken, Accounts, ChangeAccount, NotChanged, TenantKey, TenantTaken,
};
use crate::store::rows::{AccountRow, PolicyRow, RemovedAddressRow, TenantRow};
use crate::store::{Failure, Once, Step};

/// Requests that make a tenant have none to be kept under.
const SUITE: TenantId = TenantId::from_uuid(Uuid::nil());

const INSERT_TENANT: &str = "
    insert into tenants (tenant_id, handle, display_name, licensed_accounts, help_mailbox, help_url, created_at,
        updated_at, version)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    on conflict do nothing";

const INSERT_DOMAIN: &str = "
    insert into tenant_domains (tenant_id, domain, position) values ($1, $2, $3) on conflict do nothing";

const INSERT_POLICY: &str = "
    insert into policies (tenant_id, version, document, changed_by, changed_at) values ($1, $2, $3, $4, $5)";

const TENANT_BY_ID: &str = concat!("select ", tenant_columns!(), " from tenants t where t.tenant_id = $1");

const TENANT_BY_HANDLE: &str = concat!("select ", tenant_columns!(), " from tenants t where t.handle = $1");

const TENANT_BY_DOMAIN: &str = concat!(
    "select ",
    tenant_columns!(),
    " from tenants t where t.tenant_id = (select tenant_id from tenant_domains where domain = $1)"
);

const TENANTS: &str = concat!(
    "select ",
    tenant_columns!(),
    " from tenants t where t.tenant_id > $1 order by t.tenant_id limit $2"
);

const POLICY: &str = concat!(
    "select ",
    policy_columns!(),
    " from policies p where p.tenant_id = $1 order by p.version desc limit 1"
);

const INSERT_ACCOUNT: &str = "
    insert into accounts (tenant_id, account_id, external_id, display_name, epoch, recovery_version, blocked, frozen,
        managed_elsewhere, roles, reconfirmed_at, created_at, updated_at, deleted_at, version)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    on conflict do nothing";

const INSERT_LOGIN: &str = "
    insert into logins (tenant_id, login, account_id, position) values ($1, $2, $3, $4) on conflict do nothing";

const ACCOUNT_BY_ID: &str = concat!(
    "select ",
    account_columns!(),
    " from accounts a where a.tenant_id = $1 and a.account_id = $2 and a.deleted_at is null"
);

const ACCOUNT_BY_LOGIN: &str = concat!(
    "select ",
    account_columns!(),
    " from logins n join accounts a on a.tenant_id = n.tenant_id and a.account_id = n.account_id
      where n.tenant_id = $1 and n.login = $2 and a.deleted_at is null"
);

const ACCOUNT_BY_EXTERNAL_ID: &str = concat!(
    "select ",
    account_columns!(),
    " from accounts a where a.tenant_id = $1 and a.external_id = $2 and a.deleted_at is null"
);

const ACCOUNTS: &str = concat!(
    "select ",
    account_columns!(),
    " from accounts a where a.tenant_id = $1 and a.account_id > $2 and a.deleted_at is null
      order by a.account_id limit $3"
);

const ADMINISTRATORS: &str = concat!(
    "select ",
    account_columns!(),
    " from accounts a where a.tenant_id = $1 and a.roles <> 0 and a.blocked = 0 and a.frozen = 0
      and a.deleted_at is null order by a.account_id"
);

const REMOVED_ADDRESSES: &str = "
    select channel, address, removed_at from removed_addresses where tenant_id = $1 and account_id = $2
    order by removed_at desc, security_info_id";

const ANY_TENANT: &str = "select count(*) from (select 1 from tenants limit 1) first";

#[async_trait]
impl Accounts for SqliteStore {
    async fn create_tenant(
        &self,
        tenant: &Tenant,
        policy: &PolicyRevision,
        event: &AuditEvent,
        once: Option<Once<'_, Tenant>>,
    ) -> Result<Step<Tenant, TenantTaken>, Failure> {
        let mut tx = self.begin().await?;
        let claimed = answers::claim(&mut tx, SUITE, once.as_ref(), tenant.created_at).await?;
        if let Some(ended) = claimed.ended() {
            return Ok(ended);
        }
        if !insert_tenant(&mut tx, tenant).await? {
            return Ok(Step::Refused(TenantTaken));
        }
        insert_policy(&mut tx, policy).await?;
        answers::keep(&mut tx, SUITE, once.as_ref(), tenant).await?;
        audit::append(&mut tx, event).await?;
        tx.commit().await?;
        Ok(Step::Done(tenant.clone()))
    }

    async fn find_tenant(&self, key: &TenantKey) -> Result<Option<Tenant>, Failure> {
        let found = match key {
            TenantKey::Id(id) => sqlx::query_as::<_, TenantRow>(TENANT_BY_ID).bind(id.as_uuid()),
            TenantKey::Handle(handle) => sqlx::query_as(TENANT_BY_HANDLE).bind(handle.as_str()),
            TenantKey::Domain(domain) => sqlx::query_as(TENANT_BY_DOMAIN).bind(domain.as_str()),
        };
        found.fetch_optional(&self.readers).await?.map(TenantRow::tenant).transpose()
    }

    async fn list_tenants(
        &self,
        only: Option<&[TenantId]>,
        after: Option<TenantId>,
        limit: u32,
    ) -> Result<Vec<Tenant>, Failure> {
        let Some(only) = only else {
            let after = after.unwrap_or(SUITE).as_uuid();
            let page: Vec<TenantRow> =
                sqlx::query_as(TENANTS).bind(after).bind(i64::from(limit)).fetch_all(&self.readers).await?;
            return page.into_iter().map(TenantRow::tenant).collect();
        };
        let mut wanted: Vec<TenantId> =
            only.iter().copied().filter(|id| after.is_none_or(|after| *id > after)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut page = Vec::new();
        for id in wanted {
            if page.len() == usize::try_from(limit).unwrap_or(usize::MAX) {
                break;
            }
            page.extend(self.find_tenant(&TenantKey::Id(id)).await?);
        }
        Ok(page)
    }

    async fn policy(&self, scope: &TenantScope) -> Result<Option<PolicyRevision>, Failure> {
        let row: Option<PolicyRow> =
            sqlx::query_as(POLICY).bind(scope.tenant_id().as_uuid()).fetch_optional(&self.readers).await?;
        row.map(PolicyRow::revision).transpose()
    }

    async fn create_account(
        &self,
        scope: &TenantScope,
        account: &Account,
        event: &AuditEvent,
        once: Option<Once<'_, Account>>,
    ) -> Result<Step<Account, AccountTaken>, Failure> {
        let tenant_id = scope.tenant_id();
        let mut tx = self.begin().await?;
        let claimed = answers::claim(&mut tx, tenant_id, once.as_ref(), account.created_at).await?;
        if let Some(ended) = claimed.ended() {
            return Ok(ended);
        }
        if let Some(taken) = insert_account(&mut tx, tenant_id, account).await? {
            return Ok(Step::Refused(taken));
        }
        answers::keep(&mut tx, tenant_id, once.as_ref(), account).await?;
        audit::append(&mut tx, event).await?;
        tx.commit().await?;
        Ok(Step::Done(account.clone()))
    }

    async fn find_account(&self, scope: &TenantScope, key: &AccountKey) -> Result<Option<Account>, Failure> {
        let tenant_id = scope.tenant_id().as_uuid();
        let found = match key {
            AccountKey::Id(id) => {
                sqlx::query_as::<_, AccountRow>(ACCOUNT_BY_ID).bind(tenant_id).bind(id.as_uuid())
            }
            AccountKey::Login(login) => sqlx::query_as(ACCOUNT_BY_LOGIN).bind(tenant_id).bind(login.as_str()),
            AccountKey::ExternalId(id) => sqlx::query_as(ACCOUNT_BY_EXTERNAL_ID).bind(tenant_id).bind(id),
        };
        found.fetch_optional(&self.readers).await?.map(AccountRow::account).transpose()
    }

    async fn list_accounts(
        &self,
        scope: &TenantScope,
        after: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<Account>, Failure> {
        let page: Vec<AccountRow> = sqlx::query_as(ACCOUNTS)
            .bind(scope.tenant_id().as_uuid())
            .bind(after.map_or(Uuid::nil(), AccountId::as_uuid))
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await?;
        page.into_iter().map(AccountRow::account).collect()
    }

    async fn change_account(
        &self,
        scope: &TenantScope,
        change: &ChangeAccount,
        once: Option<Once<'_, Account>>,
    ) -> Result<Step<Account, NotChanged>, Failure> {
        changes::change_account(self, scope.tenant_id(), change, once.as_ref()).await
    }

    async fn administrators(&self, scope: &TenantScope) -> Result<Vec<Account>, Failure> {
        let found: Vec<AccountRow> =
            sqlx::query_as(ADMINISTRATORS).bind(scope.tenant_id().as_uuid()).fetch_all(&self.readers).await?;
        found.into_iter().map(AccountRow::account).collect()
    }

    async fn removed_addresses(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
    ) -> Result<Vec<RemovedAddress>, Failure> {
        let found: Vec<RemovedAddressRow> = sqlx::query_as(REMOVED_ADDRESSES)
            .bind(scope.tenant_id().as_uuid())
            .bind(account_id.as_uuid())
            .fetch_all(&self.readers)
            .await?;
        found.into_iter().map(RemovedAddressRow::removed_address).collect()
    }

    async fn is_empty(&self) -> Result<bool, Failure> {
        let (tenants,): (i64,) = sqlx::query_as(ANY_TENANT).fetch_one(&self.readers).await?;
        Ok(tenants == 0)
    }
}

/// Reads an account within a step.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    tenant_id: TenantId,
    account_id: AccountId,
) -> Result<Option<Account>, Failure> {
    let row: Option<AccountRow> = sqlx::query_as(ACCOUNT_BY_ID)
        .bind(tenant_id.as_uuid())
        .bind(account_id.as_uuid())
        .fetch_optional(connection)
        .await?;
    row.map(AccountRow::account).transpose()
}

/// Whether handle and domains were free.
async fn insert_tenant(tx: &mut SqliteConnection, tenant: &Tenant) -> Result<bool, Failure> {
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

async fn insert_policy(tx: &mut SqliteConnection, policy: &PolicyRevision) -> Result<(), Failure> {
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
async fn insert_account(
    tx: &mut SqliteConnection,
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
