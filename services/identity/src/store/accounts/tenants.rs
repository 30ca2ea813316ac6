//! Tenants and their policies.

use rekey_database::{Connection, Fragment, Sql, Value, fragment, statements, values};
use rekey_primitives::id::{AccountId, TenantId};
use uuid::Uuid;

use crate::domain::audit::AuditEvent;
use crate::domain::policy::PolicyRevision;
use crate::domain::region::Region;
use crate::domain::scope::TenantScope;
use crate::domain::tenant::{DomainName, Handle, Tenant};
use crate::store::columns::{POLICY_COLUMNS, TENANT_COLUMNS};
use crate::store::rows::{PolicyRow, ReadablePage, TenantRow};
use crate::store::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency};

/// How to find a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TenantKey {
    Id(TenantId),
    Handle(Handle),
    /// By a domain of its own.
    Domain(DomainName),
}

/// Which name of a new tenant belongs to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TenantTaken;

/// Requests that make a tenant have none to be kept under.
const SUITE: TenantId = TenantId::from_uuid(Uuid::nil());

/// The tenants of a list.
const LISTED: Fragment =
    fragment!((postgres: "= any($4)", sqlite: "in (select unhex(value) from json_each($4))"));

statements! {
    const BY_ID = "select ", TENANT_COLUMNS, " from tenants t where t.tenant_id = $1 and t.deleted_at is null";

    const BY_HANDLE = "select ", TENANT_COLUMNS, " from tenants t where t.handle = $1 and t.deleted_at is null";

    const BY_DOMAIN =
        "select ", TENANT_COLUMNS,
        " from tenants t
          where t.tenant_id = (select tenant_id from tenant_domains where domain = $1) and t.deleted_at is null";

    const PAGE =
        "select ", TENANT_COLUMNS, " from tenants t
         where t.tenant_id > $1 and (t.deleted_at is null or $3) order by t.tenant_id limit $2";

    const PAGE_OF_SOME =
        "select ", TENANT_COLUMNS, " from tenants t
         where t.tenant_id > $1 and (t.deleted_at is null or $3) and t.tenant_id ", LISTED,
        " order by t.tenant_id limit $2";

    const POLICY =
        "select ", POLICY_COLUMNS, " from policies p join tenants t on t.tenant_id = p.tenant_id
         where p.tenant_id = $1 and t.deleted_at is null order by p.version desc limit 1";

    const ELSEWHERE = "
        select tenant_id, home_region from tenants
        where tenant_id > $1 and home_region is not null and home_region <> $2 order by tenant_id limit $3";

    const INSERT = "
        insert into tenants (tenant_id, handle, display_name, licensed_accounts, help_mailbox, help_url, created_at,
            updated_at, version, home_region)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict do nothing";

    const INSERT_DOMAIN = "
        insert into tenant_domains (tenant_id, domain, position) values ($1, $2, $3) on conflict do nothing";

    const INSERT_POLICY = "
        insert into policies (tenant_id, version, document, changed_by, changed_at) values ($1, $2, $3, $4, $5)";
}

impl Store {
    /// Creates a tenant with revision 1 of its policy. Handle and domains are unique in the suite. The answer is kept
    /// under the nil tenant, since a repeat comes with another id for the tenant it asks for.
    pub(crate) async fn create_tenant(
        &self,
        tenant: &Tenant,
        policy: &PolicyRevision,
        event: &AuditEvent,
        idempotency: Option<IdempotentRequest<'_, Tenant>>,
    ) -> Result<StepOutcome<Tenant, TenantTaken>, Failure> {
        let idempotency = idempotency.as_ref();
        let create = self.database.step(|mut tx| async move {
            if let Some(ended) =
                idempotency::claim(&mut tx, SUITE, idempotency, tenant.created_at).await?.ended()
            {
                return Ok(tx.roll_back(ended));
            }
            if !insert(&mut tx, tenant).await? {
                return Ok(tx.roll_back(StepOutcome::Refused(TenantTaken)));
            }
            insert_policy(&mut tx, policy).await?;
            idempotency::store_answer(&mut tx, SUITE, idempotency, tenant).await?;
            audit::append(&mut tx, event).await?;
            Ok(tx.commit(StepOutcome::Done(tenant.clone())))
        });
        create.await
    }

    /// Finds a tenant.
    pub(crate) async fn find_tenant(&self, key: &TenantKey) -> Result<Option<Tenant>, Failure> {
        let (sql, key): (Sql, Value<'_>) = match key {
            TenantKey::Id(id) => (BY_ID, (*id).into()),
            TenantKey::Handle(handle) => (BY_HANDLE, handle.as_str().into()),
            TenantKey::Domain(domain) => (BY_DOMAIN, domain.as_str().into()),
        };
        let found: Option<TenantRow> = self.database.optional(sql, &[key]).await?;
        found.map(TenantRow::tenant).transpose()
    }

    /// Lists tenants by id, after `after`, with deleted ones or without. `only` bounds it to those; `None` means all. A row that does not read is
    /// passed over.
    pub(crate) async fn list_tenants(
        &self,
        (only, deleted): (Option<&[TenantId]>, bool),
        after: Option<TenantId>,
        limit: u32,
    ) -> Result<Vec<Tenant>, Failure> {
        let mut page = ReadablePage::behind(after.unwrap_or(SUITE).as_uuid(), limit);
        let only: Option<Vec<Uuid>> = only.map(|only| only.iter().map(|id| id.as_uuid()).collect());
        while let Some(wanted) = page.wanted() {
            let found = match only.clone() {
                None => self.database.all(PAGE, values![page.after, wanted, deleted]).await?,
                Some(only) => {
                    self.database.all(PAGE_OF_SOME, values![page.after, wanted, deleted, only]).await?
                }
            };
            page.take(found, TenantRow::id, TenantRow::tenant);
        }
        Ok(page.into_items())
    }

    /// The tenants that are at home in a region other than `here`, by id after `after`, deleted ones as well.
    pub(crate) async fn tenants_elsewhere(
        &self,
        here: Option<&Region>,
        after: Option<TenantId>,
        limit: u32,
    ) -> Result<Vec<(TenantId, Region)>, Failure> {
        // No region is empty, so without one every home is elsewhere.
        let here = here.map_or("", Region::as_str);
        let values = values![after.unwrap_or(SUITE), here, limit];
        let found: Vec<(Uuid, String)> = self.database.all(ELSEWHERE, values).await?;
        let read = |(id, region)| (TenantId::from_uuid(id), Region::from_stored(region));
        Ok(found.into_iter().map(read).collect())
    }

    /// The policy in force, or `None` for an unknown tenant.
    pub(crate) async fn policy(&self, scope: &TenantScope) -> Result<Option<PolicyRevision>, Failure> {
        let row: Option<PolicyRow> = self.database.optional(POLICY, values![scope.tenant_id()]).await?;
        row.map(PolicyRow::revision).transpose()
    }
}

/// Whether handle and domains were free. A name that is taken shows as a row that was not written, so that two who want
/// it at once cannot both get it.
pub(super) async fn insert(tx: &mut Connection, tenant: &Tenant) -> Result<bool, Failure> {
    let values = values![
        tenant.id,
        tenant.handle.as_str(),
        &tenant.display_name,
        tenant.licensed_accounts,
        tenant.help_mailbox.as_ref().map(|address| address.as_str()),
        tenant.help_url.as_ref().map(|url| url.as_str()),
        tenant.created_at,
        tenant.updated_at,
        tenant.version,
        tenant.home_region.as_ref().map(Region::as_str),
    ];
    if tx.execute(INSERT, values).await? != 1 {
        return Ok(false);
    }
    insert_domains(tx, tenant).await
}

/// Whether the domains were free.
pub(super) async fn insert_domains(tx: &mut Connection, tenant: &Tenant) -> Result<bool, Failure> {
    for (position, domain) in (0_i64..).zip(&tenant.domains) {
        if tx.execute(INSERT_DOMAIN, values![tenant.id, domain.as_str(), position]).await? != 1 {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(super) async fn insert_policy(tx: &mut Connection, policy: &PolicyRevision) -> Result<(), Failure> {
    let document =
        serde_json::to_string(&policy.policy).map_err(|_| Failure::Unreadable { what: "a policy" })?;
    let changed_by: Option<AccountId> = policy.changed_by;
    let values = values![policy.tenant_id, policy.version, document, changed_by, policy.changed_at];
    tx.execute(INSERT_POLICY, values).await?;
    Ok(())
}
