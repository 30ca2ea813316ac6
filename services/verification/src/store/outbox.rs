//! Events that wait to be handed over, beside the verifications they are about.
//!
//! An event is stored by the very step that it tells of, so it exists if and only if the step happened. It stays until it was
//! handed over: at least once, in the order of the steps. A step that changes nothing records nothing. So `blocked`, which tells of a
//! step that did not happen, is recorded by one of its own behind the refusal, and may be missing where that failed.

use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;

use super::Failure;
use crate::domain::event::EventText;

/// What a step records if it happens. Empty where nobody listens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StepEvents {
    /// The most that wait in the tenant; the oldest goes for one more.
    pub(crate) most_waiting: u32,
    /// One for each thing that the step may find; each step says which.
    pub(crate) texts: Vec<EventText>,
    /// What is recorded at the end of a verification's life, unless it ended otherwise.
    pub(crate) expiry: Option<EventText>,
}

/// A replica that hands over the events of a tenant, and for how long nobody else does.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    pub(crate) tenant: TenantId,
    pub(crate) holder: String,
    pub(crate) lease: Duration,
    pub(crate) most: u32,
}

/// Events that wait, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TakenEvents {
    pub(crate) texts: Vec<EventText>,
    /// How many wait in all, these included.
    pub(crate) waiting: u64,
}

/// The events of a store.
#[async_trait]
pub(crate) trait EventOutbox: Send + Sync + 'static {
    /// Notes that a tenant has events, before the first of them is stored.
    async fn note_listener(&self, tenant: TenantId, now: Timestamp) -> Result<(), Failure>;

    /// The tenants that may have events, and when that was last noted.
    async fn listened_tenants(&self) -> Result<Vec<(TenantId, Timestamp)>, Failure>;

    /// Forgets a tenant that has no events, unless it was noted since then.
    async fn forget_listener(&self, tenant: TenantId, noted_before: Timestamp) -> Result<(), Failure>;

    /// Records what no other step does.
    async fn record(&self, tenant: TenantId, events: &StepEvents) -> Result<(), Failure>;

    /// Records the end of verifications whose life is over, at most so many, each once. Tells how many there were.
    async fn record_expired(
        &self,
        tenant: TenantId,
        most: u32,
        events: &StepEvents,
        now: Timestamp,
    ) -> Result<u32, Failure>;

    /// The oldest events, unless another replica has its turn. They stay until they are confirmed.
    async fn take(&self, turn: &Turn, now: Timestamp) -> Result<TakenEvents, Failure>;

    /// Forgets events that were handed over. Doing it twice changes nothing.
    async fn confirm(&self, tenant: TenantId, handed_over: &[EventText]) -> Result<(), Failure>;
}
