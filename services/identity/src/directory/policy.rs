//! The policy in force.

use rekey_primitives::id::TenantId;

use super::Directory;
use crate::domain::audit::EventKind;
use crate::domain::authority::Permission;
use crate::domain::policy::PolicyRevision;
use crate::operation::{Administrator, Error, Rpc};

const RPC: Rpc = Rpc { name: "GetPolicy", event: EventKind::PermissionDenied };

impl Directory {
    /// Shows the policy in force.
    pub(crate) async fn get_policy(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
    ) -> Result<PolicyRevision, Error> {
        let operation = self.authorisation.operation(RPC, administrator, tenant_id)?;
        let needs = Permission::ReadPolicy;
        self.authorisation.authorise_in_tenant(&operation, administrator, needs).await?;
        self.policies.revision(&operation.scope).await
    }
}
