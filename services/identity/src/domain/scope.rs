//! The right to touch one tenant's data, as a value.
//!
//! Store methods demand a [`TenantScope`], and the only way to get one is to say that the caller reaches
//! that tenant. Forgetting the check is then not a hole but a compile error.

use rekey_primitives::id::TenantId;

/// Proof that the caller of this operation may reach the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TenantScope {
    tenant_id: TenantId,
}

/// The caller may not reach the tenant. Whether the tenant exists is not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("caller does not reach the tenant")]
pub(crate) struct OutOfScope;

impl TenantScope {
    /// Makes the scope if the caller reaches the tenant.
    pub(crate) fn of(caller_reaches: bool, tenant_id: TenantId) -> Result<Self, OutOfScope> {
        if caller_reaches { Ok(Self { tenant_id }) } else { Err(OutOfScope) }
    }

    /// The scope of work that no caller asked for: jobs, and judging a token before its tenant is known to be reached.
    pub(crate) fn ours(tenant_id: TenantId) -> Self {
        Self { tenant_id }
    }

    /// The tenant.
    pub(crate) fn tenant_id(&self) -> TenantId {
        self.tenant_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_that_does_not_reach_the_tenant_gets_no_scope() {
        let tenant = TenantId::from_uuid(uuid::Uuid::from_u128(7));

        assert_eq!(TenantScope::of(false, tenant), Err(OutOfScope));
        assert_eq!(TenantScope::of(true, tenant).map(|scope| scope.tenant_id()), Ok(tenant));
    }
}
