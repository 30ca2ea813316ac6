//! The policies of today, which another thread may replace.

use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::policies::Policies;

/// What operations take their policy from. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct CurrentPolicies(Arc<RwLock<Arc<Policies>>>);

impl CurrentPolicies {
    pub(crate) fn get(&self) -> Arc<Policies> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Operations that begin from now on go by these.
    pub(crate) fn replace(&self, policies: Policies) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policies);
    }
}
