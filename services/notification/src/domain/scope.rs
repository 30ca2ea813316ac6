//! The right to touch one tenant's messages, as a value.
//!
//! Store methods demand a [`TenantScope`], and the only way to get one is to say that the caller reaches that
//! tenant: forgetting the check does not compile.

use rekey_primitives::id::TenantId;

/// Proof that the caller of this operation may reach the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TenantScope {
    tenant_id: TenantId,
}

impl TenantScope {
    /// The scope, if the caller reaches the tenant.
    pub(crate) fn of(caller_reaches: bool, tenant_id: TenantId) -> Option<Self> {
        caller_reaches.then_some(Self { tenant_id })
    }

    pub(crate) fn tenant_id(self) -> TenantId {
        self.tenant_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_that_does_not_reach_the_tenant_gets_no_scope() {
        let tenant = TenantId::from_uuid(uuid::Uuid::from_u128(7));

        assert_eq!(TenantScope::of(false, tenant), None);
        assert_eq!(TenantScope::of(true, tenant).map(TenantScope::tenant_id), Some(tenant));
    }
}
