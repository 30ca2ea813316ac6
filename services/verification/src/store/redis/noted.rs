//! When it was last noted in Redis that a tenant has events, so that not every step notes it again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;

use super::outbox::NOTED_EVERY;

/// More tenants than this are noted more often than they need to be, and nothing else comes of it.
const MOST: usize = 10_000;

#[derive(Default)]
pub(super) struct NotedTenants(Mutex<HashMap<TenantId, Timestamp>>);

impl NotedTenants {
    pub(super) fn is_due(&self, tenant: TenantId, now: Timestamp) -> bool {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.get(&tenant).is_none_or(|at| !at.plus(NOTED_EVERY).is_ahead(NOTED_EVERY, now))
    }

    pub(super) fn note(&self, tenant: TenantId, now: Timestamp) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() >= MOST {
            noted.clear();
        }
        noted.insert(tenant, now);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_tenant_is_noted_once_a_minute() {
        let noted = NotedTenants::default();
        let tenant = TenantId::from_uuid(Uuid::from_u128(1));
        let begin = Timestamp::from_unix_micros(1_785_000_000_000_000);
        let later = |seconds| begin.plus(Duration::from_secs(seconds));

        assert!(noted.is_due(tenant, begin));
        noted.note(tenant, begin);

        assert!(!noted.is_due(tenant, later(59)));
        assert!(noted.is_due(tenant, later(60)));
        assert!(noted.is_due(TenantId::from_uuid(Uuid::from_u128(2)), begin));
    }
}
