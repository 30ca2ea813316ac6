//! Tenants and accounts: the steps that make them, and finding them.

use async_trait::async_trait;
use rekey_primitives::id::{AccountId, TenantId};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::columns::{account_by_login, account_columns, policy_columns, tenant_columns};
use super::{SqliteStore, answers, audit, changes, creation};
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

const ACCOUNT_BY_ID: &str = concat!(
    "select ",
    account_columns!(),
    " from accounts a where a.tenant_id = $1 and a.account_id = $2 and a.deleted_at is null"
);

const ACCOUNT_BY_LOGIN: &str = account_by_login!();

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
        if !creation::tenant(&mut tx, tenant).await? {
            return Ok(Step::Refused(TenantTaken));
        }
        creation::policy(&mut tx, policy).await?;
        answers::keep(&mut tx, SUITE, once.as_ref(), tenant).await?;
        audit::close(tx, event).await?;
        Ok(Step::Done(tenant.clone()))
    }

    async fn find_tenant(&self, key: &TenantKey) -> Result<Option<Tenant>, Failure> {
        let found = match key {
            TenantKey::Id(id) => sqlx::query_as::<_, TenantRow>(TENANT_BY_ID).bind(id.as_uuid()),
            TenantKey::Handle(handle) => sqlx::query_as(TENANT_BY_HANDLE).bind(handle.as_str()),
            TenantKey::Domain(domain) => sqlx::query_as(TENANT_BY_DOMAIN).bind(domain.as_str()),
        };
        found.fetch_optional(&mut *self.reader().await?).await?.map(TenantRow::tenant).transpose()
    }

    async fn list_tenants(
        &self,
        only: Option<&[TenantId]>,
        after: Option<TenantId>,
        limit: u32,
    ) -> Result<Vec<Tenant>, Failure> {
        let Some(only) = only else {
            let after = after.unwrap_or(SUITE).as_uuid();
            let page: Vec<TenantRow> = sqlx::query_as(TENANTS)
                .bind(after)
                .bind(i64::from(limit))
                .fetch_all(&mut *self.reader().await?)
                .await?;
            return page.into_iter().map(TenantRow::tenant).collect();
        };
        let mut wanted: Vec<TenantId> =
            only.iter().copied().filter(|id| after.is_none_or(|after| *id > after)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        // A caller's own list is short, and SQLite takes no list as one value.
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
        let row: Option<PolicyRow> = sqlx::query_as(POLICY)
            .bind(scope.tenant_id().as_uuid())
            .fetch_optional(&mut *self.reader().await?)
            .await?;
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
        if let Some(taken) = creation::account(&mut tx, tenant_id, account).await? {
            return Ok(Step::Refused(taken));
        }
        answers::keep(&mut tx, tenant_id, once.as_ref(), account).await?;
        audit::close(tx, event).await?;
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
        found.fetch_optional(&mut *self.reader().await?).await?.map(AccountRow::account).transpose()
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
            .fetch_all(&mut *self.reader().await?)
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
        let found: Vec<AccountRow> = sqlx::query_as(ADMINISTRATORS)
            .bind(scope.tenant_id().as_uuid())
            .fetch_all(&mut *self.reader().await?)
            .await?;
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
            .fetch_all(&mut *self.reader().await?)
            .await?;
        found.into_iter().map(RemovedAddressRow::removed_address).collect()
    }

    async fn is_empty(&self) -> Result<bool, Failure> {
        let (tenants,): (i64,) = sqlx::query_as(ANY_TENANT).fetch_one(&mut *self.reader().await?).await?;
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
