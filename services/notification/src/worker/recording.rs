//! Telling the store how a try ended, as stubbornly as it takes: a delivery that is not recorded would be made twice.

use std::future::Future;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::NotificationId;

use super::dispatch::{Dispatcher, Tried};
use super::measures;
use crate::domain::delivery::Outcome;
use crate::domain::delivery_event::DeliveryEvent;
use crate::domain::destination::Destination;
use crate::domain::fallback::Reason;
use crate::domain::lane::Lane;
use crate::domain::state::{FailureClass, State};
use crate::domain::template::TemplateName;
use crate::payload::{EventPayload, Payload, PayloadRow};
use crate::store::{Advance, Claim, Failure, QueuedEvent, Recorded, in_time};

/// The first pause between tries to record, doubled from try to try.
const FIRST_RECORD_PAUSE: Duration = Duration::from_millis(100);
/// The longest: well below a lease, which is how long nobody else takes the message once the store is back.
const LONGEST_RECORD_PAUSE: Duration = Duration::from_millis(800);
/// What somebody could not record within so many tries is left to the lease, and the place is free again.
const RECORD_TRIES: u32 = 60;

impl Dispatcher {
    /// Records how a try ended. One that waits is looked at no later than its next step is due; one that was delivered, or a decoy
    /// that ends as if it were, is told of where its sender asked for it.
    pub(super) async fn record(&self, claim: &Claim, tried: &Tried<'_>) {
        let outcome = tried.outcome.no_later_than(claim.fallback_at);
        match self.told_of(claim, outcome) {
            Some(told) => self.record_delivered(claim, &told, tried.provider).await,
            None => self.record_outcome(claim, outcome, tried.provider).await,
        }
    }

    /// What is told of a message that ends so.
    fn told_of(&self, claim: &Claim, outcome: Outcome) -> Option<DeliveryEvent> {
        if outcome.state(claim.lease.in_doubt) != State::Delivered {
            return None;
        }
        let payload = self.payload_of(claim)?;
        payload.delivery_event_after(claim.fallbacks_used).cloned()
    }

    async fn record_delivered(&self, claim: &Claim, told: &DeliveryEvent, provider: &str) {
        // However often it takes to record it: the id of a row holds the moment at which it was made.
        let now = self.clock.now();
        let event = self.queued_event(claim, told, now);
        if stubbornly(|| self.store.record_delivered(claim.lease, provider, &event, now)).await {
            measures::accepted_event(Lane::Transactional);
            self.wake_up.wake(Lane::Transactional);
        }
    }

    fn queued_event(&self, claim: &Claim, told: &DeliveryEvent, now: Timestamp) -> QueuedEvent {
        let entropy = self.entropy.as_ref();
        let row = PayloadRow { tenant_id: claim.lease.tenant_id, id: NotificationId::generate(entropy, now) };
        let destination = Destination::Webhook(told.endpoint.clone());
        let payload = EventPayload { destination, event: told.event.at(now) };
        QueuedEvent {
            id: row.id,
            endpoint: told.endpoint.as_str().to_owned(),
            payload: payload.seal(&self.keys, entropy, row),
            not_after: now.plus(self.event_life),
        }
    }

    async fn record_outcome(&self, claim: &Claim, outcome: Outcome, provider: &str) {
        stubbornly(|| self.store.record(claim.lease, outcome, provider, self.clock.now())).await;
    }

    /// Moves a message to its next destination, where it is due at once.
    pub(super) async fn fall_back(&self, lane: Lane, claim: &Claim, tried: &Tried<'_>, reason: Reason) {
        let Some(payload) = self.payload_of(claim) else {
            tracing::error!("cannot read where the message goes next");
            // Due again only after a wait: its step is due all the time.
            let outcome = match reason {
                Reason::TimeOver => self.after(claim, FailureClass::Provider, None),
                Reason::Ended(_) | Reason::Suppressed => tried.outcome,
            };
            return self.record_outcome(claim, outcome, tried.provider).await;
        };
        let Some(step) = payload.fallbacks.step(claim.fallbacks_used, self.clock.now()) else {
            tracing::error!("a step is due, and there is none");
            return self.record_outcome(claim, tried.outcome, tried.provider).await;
        };
        let advance = Advance {
            channel: step.destination.channel(),
            masked_destination: step.destination.masked(),
            next_at: step.next_at,
            last_failure: reason.last_failure(),
            provider: tried.provider,
        };
        tracing::warn!(channel = advance.channel.as_str(), reason = reason.as_str(), "falls back");
        stubbornly(|| self.store.advance(claim.lease, &advance, self.clock.now())).await;
        self.wake_up.wake(lane);
    }

    fn payload_of(&self, claim: &Claim) -> Option<Payload> {
        let row = PayloadRow { tenant_id: claim.lease.tenant_id, id: claim.lease.id };
        Payload::open(&self.keys, row, TemplateName::parse(&claim.template)?, &claim.payload).ok()
    }
}

/// Repeats a step until the store has taken it or somebody else has the message. Whether the store has said that it took it.
async fn stubbornly<F>(step: impl Fn() -> F) -> bool
where
    F: Future<Output = Result<Recorded, Failure>>,
{
    let mut pause = FIRST_RECORD_PAUSE;
    for _ in 0..RECORD_TRIES {
        match in_time(step()).await {
            Ok(Recorded::Yes) => return true,
            Ok(Recorded::TooLate) => {
                tracing::warn!("held too long: somebody else has claimed the message");
                return false;
            }
            Err(failure) => {
                tracing::warn!(error = %failure, "cannot record yet");
                tokio::time::sleep(pause).await;
                pause = (2 * pause).min(LONGEST_RECORD_PAUSE);
            }
        }
    }
    tracing::error!("could not record; the lease decides");
    false
}
