//! Changing a tenant, deleting it and bringing it back. A deleted tenant keeps its row and its names, and nobody gets in: what reads
//! an account or a policy demands a tenant that lives.

use rekey_database::{Connection, FOR_UPDATE, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;

use super::tenants::insert_domains;
use crate::domain::audit::AuditEvent;
use crate::domain::scope::TenantScope;
use crate::domain::tenant::Tenant;
use crate::store::columns::TENANT_COLUMNS;
use crate::store::rows::TenantRow;
use crate::store::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency};

/// What becomes of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TenantChange {
    /// It is to be like this; `version` and times are the step's.
    Edit(Box<Tenant>),
    /// Deleted.
    Delete,
    /// Brought back, if it was deleted after this and no purge began.
    Undelete {
        /// What was deleted then or earlier is lost.
        lost_until: Timestamp,
    },
}

/// A change of a tenant under the version that was judged, with everything that belongs to it.
#[derive(Debug, Clone)]
pub(crate) struct ChangeTenant {
    pub(crate) version: i64,
    pub(crate) change: TenantChange,
    pub(crate) event: AuditEvent,
    pub(crate) now: Timestamp,
}

/// Why a tenant was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TenantRefused {
    /// No such tenant, or none that this can be done to.
    Unknown,
    /// It changed since it was judged.
    Stale,
    /// Its handle or a domain belongs to another one.
    Taken,
}

/// What the two databases answer when a unique index has the value.
const UNIQUE_VIOLATIONS: [&str; 2] = ["23505", "2067"];

statements! {
    const DELETED =
        "select ", TENANT_COLUMNS, " from tenants t
         where t.tenant_id = $1 and t.deleted_at > $2 and t.purge_began_at is null";

    const READ = "select ", TENANT_COLUMNS, " from tenants t where t.tenant_id = $1";

    const LIVING = "select version from tenants where tenant_id = $1 and deleted_at is null", FOR_UPDATE;

    const DEAD = "
        select version from tenants where tenant_id = $1 and deleted_at > $2 and purge_began_at is null", FOR_UPDATE;

    const EDIT = "
        update tenants
        set handle = $2, display_name = $3, licensed_accounts = $4, help_mailbox = $5, help_url = $6,
            version = version + 1, updated_at = $7
        where tenant_id = $1";

    const DROP_DOMAINS = "delete from tenant_domains where tenant_id = $1";

    const MARK = "
        update tenants set deleted_at = $2, version = version + 1, updated_at = $3 where tenant_id = $1";
}

impl Store {
    /// Finds a tenant that was deleted after `lost_until`.
    pub(crate) async fn find_deleted_tenant(
        &self,
        scope: &TenantScope,
        lost_until: Timestamp,
    ) -> Result<Option<Tenant>, Failure> {
        let found: Option<TenantRow> =
            self.database.optional(DELETED, values![scope.tenant_id(), lost_until]).await?;
        found.map(TenantRow::tenant).transpose()
    }

    /// Changes, deletes or brings back a tenant under its version. Handle and domains are unique in the suite.
    pub(crate) async fn change_tenant(
        &self,
        scope: &TenantScope,
        change: &ChangeTenant,
        idempotency: IdempotentRequest<'_, Tenant>,
    ) -> Result<StepOutcome<Tenant, TenantRefused>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), Some(&idempotency));
        let make = self.database.step(|mut tx| async move {
            let claimed = idempotency::claim(&mut tx, tenant_id, idempotency, change.now).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            if let Err(refused) = apply(&mut tx, tenant_id, change).await? {
                return Ok(tx.roll_back(StepOutcome::Refused(refused)));
            }
            let tenant = tx.one::<TenantRow>(READ, values![tenant_id]).await?.tenant()?;
            idempotency::store_answer(&mut tx, tenant_id, idempotency, &tenant).await?;
            audit::append(&mut tx, &change.event).await?;
            Ok(tx.commit(StepOutcome::Done(tenant)))
        });
        make.await
    }
}

async fn apply(
    tx: &mut Connection,
    tenant_id: TenantId,
    change: &ChangeTenant,
) -> Result<Result<(), TenantRefused>, Failure> {
    let found: Option<(i64,)> = match &change.change {
        TenantChange::Undelete { lost_until } => tx.optional(DEAD, values![tenant_id, *lost_until]).await?,
        TenantChange::Edit(_) | TenantChange::Delete => tx.optional(LIVING, values![tenant_id]).await?,
    };
    match found {
        None => return Ok(Err(TenantRefused::Unknown)),
        Some((version,)) if version != change.version => return Ok(Err(TenantRefused::Stale)),
        Some(_) => {}
    }
    let deleted_at = match &change.change {
        TenantChange::Edit(after) => return edit(tx, after, change.now).await,
        TenantChange::Delete => Some(change.now),
        TenantChange::Undelete { .. } => None,
    };
    tx.execute(MARK, values![tenant_id, deleted_at, change.now]).await?;
    Ok(Ok(()))
}

async fn edit(
    tx: &mut Connection,
    after: &Tenant,
    now: Timestamp,
) -> Result<Result<(), TenantRefused>, Failure> {
    let values = values![
        after.id,
        after.handle.as_str(),
        &after.display_name,
        after.licensed_accounts,
        after.help_mailbox.as_ref().map(|address| address.as_str()),
        after.help_url.as_ref().map(|url| url.as_str()),
        now,
    ];
    match tx.execute(EDIT, values).await {
        Ok(_) => {}
        // Of what is written only the handle is unique.
        Err(failure) if failure.code().is_some_and(|code| UNIQUE_VIOLATIONS.contains(&code)) => {
            return Ok(Err(TenantRefused::Taken));
        }
        Err(failure) => return Err(failure),
    }
    tx.execute(DROP_DOMAINS, values![after.id]).await?;
    Ok(if insert_domains(tx, after).await? { Ok(()) } else { Err(TenantRefused::Taken) })
}
