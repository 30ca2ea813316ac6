//! The policy in force.

use rekey_primitives::id::TenantId;

use super::administrator::Administrator;
use super::{Error, Identity};
use crate::domain::audit::Subject;
use crate::domain::authority::Permission;
use crate::domain::policy::PolicyRevision;
use crate::domain::refusal::Refusal;

impl Identity {
    /// Shows the policy in force.
    pub(crate) async fn get_policy(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
    ) -> Result<PolicyRevision, Error> {
        let now = self.now();
        let scope = self.scope_of(administrator, tenant_id, "GetPolicy", now)?;
        let needs = ("GetPolicy", Permission::ReadPolicy);
        self.authorise_in_tenant(&scope, administrator, Subject::Tenant, needs, now).await?;
        Ok(self.store.policy(&scope).await?.ok_or(Refusal::TenantNotFound)?)
    }
}
