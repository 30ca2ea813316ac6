//! What makes a repeated call the same call.

use std::time::Duration;

use rekey_primitives::id::RequestId;

use super::mac::MacSet;

/// Identifies a call, so that its repetition gets the stored answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Idempotency {
    pub(crate) request_id: RequestId,
    /// What the call contains: the same id with other content is refused.
    pub(crate) content: MacSet,
    /// How long the answer is stored.
    pub(crate) answer_life: Duration,
}
