//! The runs that tenants' parts of the store were last in, as guesses for the next check.
//!
//! A cluster keeps different tenants on different primaries. Remembering every tenant would need a bound and a way to
//! forget, so tenants share a few slots: one that finds another primary's run there pays a second step, once.

use std::sync::{PoisonError, RwLock};

use rekey_primitives::id::TenantId;

use crate::domain::scope::RunId;

/// An order of magnitude more than a cluster has primaries.
const SLOTS: usize = 256;

pub(super) struct AssumedRunIds([RwLock<RunId>; SLOTS]);

impl Default for AssumedRunIds {
    /// Nothing known: a run without a name, in which no store ever is.
    fn default() -> Self {
        Self(std::array::from_fn(|_| RwLock::new(RunId::new(""))))
    }
}

impl AssumedRunIds {
    pub(super) fn of(&self, tenant: TenantId) -> RunId {
        self.slot(tenant).read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn remember(&self, tenant: TenantId, run_id: &RunId) {
        let slot = self.slot(tenant);
        // Nearly always known already, and readers do not wait for each other.
        if *slot.read().unwrap_or_else(PoisonError::into_inner) != *run_id {
            *slot.write().unwrap_or_else(PoisonError::into_inner) = run_id.clone();
        }
    }

    /// The last byte of an id is random, in every version of UUIDs that tenants have.
    fn slot(&self, tenant: TenantId) -> &RwLock<RunId> {
        &self.0[usize::from(tenant.as_uuid().as_bytes()[15])]
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_run_is_remembered_for_its_tenant_and_not_for_others() {
        let [ours, theirs] = [1, 2].map(|number| TenantId::from_uuid(Uuid::from_u128(number)));
        let run_ids = AssumedRunIds::default();

        run_ids.remember(ours, &RunId::new("one"));
        run_ids.remember(ours, &RunId::new("two"));

        assert_eq!(run_ids.of(ours), RunId::new("two"));
        assert_eq!(run_ids.of(theirs), RunId::new(""));
    }
}
