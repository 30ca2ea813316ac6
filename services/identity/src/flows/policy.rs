//! The policy in force.

use rekey_primitives::id::TenantId;

use super::administrator::Administrator;
use super::{Error, Identity};
use crate::domain::authority::Permission;
use crate::domain::policy::PolicyRevision;
use crate::domain::refusal::Refusal;

impl Identity {
    /// Shows the policy in force.
    pub async fn get_policy(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
    ) -> Result<PolicyRevision, Error> {
        let scope = administrator.scope(tenant_id)?;
        self.authorise_in_tenant(&scope, administrator, Permission::ReadPolicy).await?;
        Ok(self.store.policy(&scope).await?.ok_or(Refusal::TenantNotFound)?)
    }
}
