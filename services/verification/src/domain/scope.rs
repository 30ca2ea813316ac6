//! Whose verification, and of which run of the store.

use rekey_primitives::id::{TenantId, VerificationId};

use super::names::CallerName;

/// Whose data an operation may touch: a caller's, in one tenant. Verifications and grants exist nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TenantScope {
    /// The tenant.
    pub(crate) tenant: TenantId,
    /// The caller.
    pub(crate) caller: CallerName,
}

/// Where one verification is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// Whose it is.
    pub(crate) scope: TenantScope,
    /// The id its caller chose.
    pub(crate) id: VerificationId,
}

/// Names the run of the store that holds a code: the process of a Redis primary and its promotion, or this process.
/// A code or grant of another run is void, so that a promoted replica cannot revive one that its primary had spent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Generation(String);

impl Generation {
    /// Takes the store's name for its run.
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
