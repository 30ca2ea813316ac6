//! Telling the store how a try ended, as stubbornly as it takes: a delivery that is not recorded would be made twice.

use std::future::Future;
use std::time::Duration;

use super::dispatch::{Dispatcher, Tried};
use crate::domain::delivery::Outcome;
use crate::domain::fallback::Reason;
use crate::domain::lane::Lane;
use crate::domain::state::FailureClass;
use crate::domain::template::TemplateName;
use crate::payload::{Payload, PayloadRow};
use crate::store::{Advance, Claim, Failure, Recorded, in_time};

/// The first pause between tries to record, doubled from try to try.
const FIRST_RECORD_PAUSE: Duration = Duration::from_millis(100);
/// The longest: well below a lease, which is how long nobody else takes the message once the store is back.
const LONGEST_RECORD_PAUSE: Duration = Duration::from_millis(800);
/// What somebody could not record within so many tries is left to the lease, and the place is free again.
const RECORD_TRIES: u32 = 60;

impl Dispatcher {
    /// Records how a try ended. One that waits is looked at no later than its next step is due.
    pub(super) async fn record(&self, claim: &Claim, tried: &Tried<'_>) {
        let outcome = tried.outcome.no_later_than(claim.fallback_at);
        self.record_outcome(claim, outcome, tried.provider).await;
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

/// Repeats a step until the store has taken it or somebody else has the message.
async fn stubbornly<F>(step: impl Fn() -> F)
where
    F: Future<Output = Result<Recorded, Failure>>,
{
    let mut pause = FIRST_RECORD_PAUSE;
    for _ in 0..RECORD_TRIES {
        match in_time(step()).await {
            Ok(Recorded::Yes) => return,
            Ok(Recorded::TooLate) => {
                tracing::warn!("held too long: somebody else has claimed the message");
                return;
            }
            Err(failure) => {
                tracing::warn!(error = %failure, "cannot record yet");
                tokio::time::sleep(pause).await;
                pause = (2 * pause).min(LONGEST_RECORD_PAUSE);
            }
        }
    }
    tracing::error!("could not record; the lease decides");
}
