//! Tenants and their policies.

use rekey_primitives::contact::EmailAddress;
use rekey_primitives::id::{AccountId, TenantId};
use uuid::Uuid;

use super::{Failure, at, json, number};
use crate::domain::policy::PolicyRevision;
use crate::domain::region::Region;
use crate::domain::tenant::{DomainName, Handle, HelpUrl, Tenant};

/// A tenant with its domains.
#[derive(sqlx::FromRow)]
pub(in crate::store) struct TenantRow {
    tenant_id: Uuid,
    handle: String,
    display_name: String,
    licensed_accounts: Option<i64>,
    help_mailbox: Option<String>,
    help_url: Option<String>,
    home_region: Option<String>,
    created_at: i64,
    updated_at: i64,
    tenant_deleted_at: Option<i64>,
    version: i64,
    domains: String,
}

/// One revision of a policy.
#[derive(sqlx::FromRow)]
pub(in crate::store) struct PolicyRow {
    policy_tenant_id: Uuid,
    policy_version: i64,
    policy_document: String,
    policy_changed_by: Option<Uuid>,
    policy_changed_at: i64,
}

/// A tenant with the policy in force.
#[derive(sqlx::FromRow)]
pub(in crate::store) struct LoginLookupRow {
    #[sqlx(flatten)]
    tenant: TenantRow,
    #[sqlx(flatten)]
    policy: PolicyRow,
}

impl TenantRow {
    pub(in crate::store) const fn id(&self) -> Uuid {
        self.tenant_id
    }

    pub(in crate::store) fn tenant(self) -> Result<Tenant, Failure> {
        let domains: Vec<String> = json(&self.domains, "domains")?;
        Ok(Tenant {
            id: TenantId::from_uuid(self.tenant_id),
            handle: Handle::from_stored(self.handle),
            display_name: self.display_name,
            domains: domains.into_iter().map(DomainName::from_stored).collect(),
            licensed_accounts: self.licensed_accounts.map(|seats| number(seats, "a tenant")).transpose()?,
            help_mailbox: self.help_mailbox.map(EmailAddress::from_stored),
            // It becomes a link on a page, so one that is none any more is left out.
            help_url: self.help_url.and_then(|url| HelpUrl::parse(&url).ok()),
            home_region: self.home_region.map(Region::from_stored),
            created_at: at(self.created_at),
            updated_at: at(self.updated_at),
            deleted_at: self.tenant_deleted_at.map(at),
            version: self.version,
        })
    }
}

impl PolicyRow {
    pub(in crate::store) fn revision(self) -> Result<PolicyRevision, Failure> {
        Ok(PolicyRevision {
            tenant_id: TenantId::from_uuid(self.policy_tenant_id),
            version: self.policy_version,
            policy: json(&self.policy_document, "a policy")?,
            changed_by: self.policy_changed_by.map(AccountId::from_uuid),
            changed_at: at(self.policy_changed_at),
        })
    }
}

impl LoginLookupRow {
    pub(in crate::store) fn parts(self) -> Result<(Tenant, PolicyRevision), Failure> {
        Ok((self.tenant.tenant()?, self.policy.revision()?))
    }
}
