//! Hands events over to notification, which delivers them to the endpoints of whoever listens.
//!
//! Each replica looks at every tenant that had events of late, and one of them has its turn at a tenant. An event is forgotten when
//! notification has it, and its id is that of the message: an event that is handed over twice is one message.

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::{SharedClock, Timestamp};
use rekey_primitives::id::TenantId;
use rekey_runtime::shutdown::Shutdown;

use crate::domain::event::{EventRules, EventText};
use crate::metrics;
use crate::peers::{self, AddressedEvent, EventReceiver, Receipt};
use crate::store::{self, StepEvents, Store, Turn};

/// Events of one call: as many as notification takes at once.
const BATCH: u32 = 100;

/// The most batches of one turn: a tenant that is always busy must not hold up the others. It goes on in the next pass, which with a
/// poll of 250 ms makes up to 4,000 events a second.
const MOST_BATCHES: u32 = 10;

/// How long a replica has its turn: longer than a call to notification may take.
const LEASE: Duration = Duration::from_secs(30);

/// How long a tenant is looked at after a start: a replica notes it once a minute, and the last thing that happens to a verification is
/// the end of its life, ten minutes at most.
const QUIET_AFTER: Duration = Duration::from_secs(20 * 60);

/// The pause after something failed, so that a neighbour that is away does not fill the log.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// Why events wait.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the store failed")]
    Store(#[from] store::Failure),
    #[error("notification did not take them")]
    Receiver(#[from] peers::Failure),
}

/// The loop.
pub(crate) struct EventRelay {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) receiver: Arc<dyn EventReceiver>,
    pub(crate) rules: EventRules,
    pub(crate) clock: SharedClock,
    /// A name of this replica that no other has.
    pub(crate) holder: String,
    pub(crate) poll: Duration,
}

impl EventRelay {
    /// Hands over until told to stop. What is away is tried again.
    ///
    /// # Errors
    /// Never: whatever breaks is logged and tried again.
    pub(crate) async fn run(self, stop: Shutdown) -> Result<(), std::convert::Infallible> {
        if self.rules.endpoints.is_empty() {
            stop.begun().await;
            return Ok(());
        }
        let mut pause = self.poll;
        while stop.pause(pause).await {
            let all_went_well = self.pass(&stop).await;
            pause = if all_went_well { self.poll } else { self.poll.max(AFTER_FAILURE) };
        }
        Ok(())
    }

    /// Looks at all tenants once. False where one of them failed.
    pub(crate) async fn pass(&self, stop: &Shutdown) -> bool {
        let tenants = match self.store.listened_tenants().await {
            Ok(tenants) => tenants,
            Err(failure) => {
                warn(&failure.into());
                return false;
            }
        };
        let mut all_went_well = true;
        for (tenant, noted_at) in tenants {
            if stop.has_begun() {
                break;
            }
            if let Err(failure) = self.turn(tenant, noted_at, stop).await {
                warn(&failure);
                all_went_well = false;
            }
        }
        all_went_well
    }

    /// Hands over what waits in a tenant, or the most of one turn, and forgets a tenant in which nothing happens any more.
    async fn turn(&self, tenant: TenantId, noted_at: Timestamp, stop: &Shutdown) -> Result<(), Failure> {
        let most_waiting = self.rules.most_waiting;
        let events = StepEvents { most_waiting, ..StepEvents::default() };
        for _ in 0..MOST_BATCHES {
            if stop.has_begun() {
                break;
            }
            let ended = self.store.record_expired(tenant, BATCH, &events, self.clock.now()).await?;
            let turn = Turn { tenant, holder: self.holder.clone(), lease: LEASE, most: BATCH };
            let taken = self.store.take(&turn, self.clock.now()).await?;
            if taken.waiting >= u64::from(most_waiting) {
                tracing::warn!(%tenant, waiting = taken.waiting, "events wait: the oldest are dropped for new ones");
            }
            if !taken.texts.is_empty() {
                self.hand_over(tenant, &taken.texts).await?;
                self.store.confirm(tenant, &taken.texts).await?;
            }
            // What came meanwhile waits for the next pass.
            if ended < BATCH && taken.texts.len() < BATCH as usize {
                return self.forget_if_quiet(tenant, noted_at, taken.waiting).await;
            }
        }
        Ok(())
    }

    async fn forget_if_quiet(
        &self,
        tenant: TenantId,
        noted_at: Timestamp,
        waiting: u64,
    ) -> Result<(), Failure> {
        let horizon = self.clock.now().minus(QUIET_AFTER);
        if waiting == 0 && horizon.has_reached(noted_at) {
            self.store.forget_listener(tenant, horizon).await?;
        }
        Ok(())
    }

    /// Hands over those that have an endpoint. The others, and those that notification refuses, are dropped with a word.
    async fn hand_over(&self, tenant: TenantId, texts: &[EventText]) -> Result<(), Failure> {
        let addressed: Vec<_> = texts.iter().filter_map(|text| self.addressed(text)).collect();
        let unaddressed = texts.len() - addressed.len();
        if unaddressed > 0 {
            tracing::warn!(%tenant, count = unaddressed, "events of a caller without an endpoint are dropped");
        }
        let mut refused = 0;
        if !addressed.is_empty() {
            let receipts = self.receiver.hand_over(tenant, &addressed).await?;
            refused = receipts.iter().filter(|receipt| **receipt == Receipt::Refused).count();
        }
        if refused > 0 {
            tracing::error!(%tenant, count = refused, "notification refused events: is the endpoint among its webhooks?");
        }
        let dropped = unaddressed + refused;
        metrics::EVENTS.add((texts.len() - dropped) as u64, ["handed_over"]);
        metrics::EVENTS.add(dropped as u64, ["dropped"]);
        Ok(())
    }

    fn addressed(&self, text: &EventText) -> Option<AddressedEvent> {
        let head = text.head()?;
        let endpoint = self.rules.endpoint(&head.verification.scope.caller)?.to_owned();
        let verification = head.verification.verification;
        Some(AddressedEvent { id: head.id, endpoint, verification, text: text.clone() })
    }
}

fn warn(failure: &Failure) {
    let cause = std::error::Error::source(failure).map(ToString::to_string).unwrap_or_default();
    tracing::warn!(error = %failure, cause, "events wait");
}

#[cfg(test)]
mod tests;
