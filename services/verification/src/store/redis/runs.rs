//! The runs that tenants' parts of the store were last at, as guesses for the next check.
//!
//! A cluster keeps different tenants on different primaries. Remembering every tenant would need a bound and a way to
//! forget, so tenants share a few places: one that finds another primary's run there pays a second step, once.

use std::sync::{PoisonError, RwLock};

use rekey_primitives::id::TenantId;

use crate::domain::scope::Generation;

/// More than a cluster has primaries by an order of magnitude.
const PLACES: usize = 256;

#[derive(Debug)]
pub(super) struct Runs([RwLock<Generation>; PLACES]);

impl Default for Runs {
    /// Nothing known: a run with no name, at which no store ever is.
    fn default() -> Self {
        Self(std::array::from_fn(|_| RwLock::new(Generation::new(""))))
    }
}

impl Runs {
    pub(super) fn of(&self, tenant: TenantId) -> Generation {
        self.place(tenant).read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn remember(&self, tenant: TenantId, generation: &Generation) {
        let place = self.place(tenant);
        // Nearly always known already, and readers do not wait for each other.
        if *place.read().unwrap_or_else(PoisonError::into_inner) != *generation {
            *place.write().unwrap_or_else(PoisonError::into_inner) = generation.clone();
        }
    }

    /// The last byte of an id is chance, in every version of UUIDs that tenants have.
    fn place(&self, tenant: TenantId) -> &RwLock<Generation> {
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
        let runs = Runs::default();

        runs.remember(ours, &Generation::new("one"));
        runs.remember(ours, &Generation::new("two"));

        assert_eq!(runs.of(ours), Generation::new("two"));
        assert_eq!(runs.of(theirs), Generation::new(""));
    }
}
