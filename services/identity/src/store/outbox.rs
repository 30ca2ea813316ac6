//! Notices that a step queued, until notification has acknowledged them; and audit events that came in batches.

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use uuid::Uuid;

use super::Failure;
use crate::domain::account::Sealed;
use crate::domain::audit::AuditEvent;

/// A notice on its way to notification. Its content (template, address, variables) is sealed: it holds an address
/// and perhaps a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Names it; also the `request_id` towards notification, so that handing it over twice sends it once.
    pub id: Uuid,
    /// Whose.
    pub tenant_id: TenantId,
    /// Sealed by the flow, bound to tenant and id.
    pub content: Sealed,
    /// After this it need not go out any more.
    pub not_after: Timestamp,
}

/// A notice that a relay holds for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedNotice {
    /// The notice.
    pub notice: Notice,
    /// How often it has been claimed; settling under an older number does nothing.
    pub fence: i64,
}

/// Steps of the relay and of the audit buffer.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Claims up to `limit` due notices until `lease_until`, oldest first, none that another relay holds. Those past
    /// their `not_after` are deleted on the way.
    async fn claim_notices(
        &self,
        limit: u32,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<ClaimedNotice>, Failure>;

    /// Deletes notices that were acknowledged, each only under the fence it was claimed with.
    async fn settle_notices(&self, settled: &[(Uuid, i64)]) -> Result<(), Failure>;

    /// Puts a notice back until `due_at`, only under the fence it was claimed with.
    async fn postpone_notice(&self, id: Uuid, fence: i64, due_at: Timestamp) -> Result<(), Failure>;

    /// Appends events to the logs of their tenants, each chained to the one before it. Appending is the same step
    /// that other methods take their event through; an event whose id is there already is passed over.
    async fn append_events(&self, events: &[AuditEvent]) -> Result<(), Failure>;
}
