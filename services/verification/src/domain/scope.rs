//! Whose verification, and in which run of the store.

use rekey_primitives::id::{TenantId, VerificationId};

use super::names::CallerName;

/// Whose data an operation may touch: a caller's, in one tenant. Verifications and grants exist nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TenantScope {
    pub(crate) tenant: TenantId,
    pub(crate) caller: CallerName,
}

/// A verification's id within the scope in which its caller chose it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ScopedId {
    pub(crate) scope: TenantScope,
    pub(crate) verification: VerificationId,
}

/// The run of the store that holds a code: the process of a Redis primary and its promotion, or this process. A code or
/// grant of another run is void, so that a promoted replica cannot revive one that its primary had consumed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RunId(String);

impl RunId {
    pub(crate) fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
