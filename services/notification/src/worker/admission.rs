//! Whether a provider may be given a message now: its breaker, its rate, and a probe before a trial; and what its answers do
//! to the breaker.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use tokio::time::Instant;

use super::dispatch::Dispatcher;
use crate::domain::failover::Behind;
use crate::domain::lane::Lane;
use crate::providers::{Admission, ConfiguredProvider, Outlook, SendFailure};
use crate::store::Claim;

/// How long a message waits for a token in its place before it is put back: less would be claimed anew for nothing, more would
/// hold a place that others need.
const TOKEN_WITHIN: Duration = Duration::from_millis(500);

/// Whether a message may be handed to a provider.
pub(super) enum Admitted {
    Yes,
    /// It was asked whether it is back, and is not.
    Fault(SendFailure),
    /// Its breaker is open.
    LeftAlone {
        until: Timestamp,
    },
    /// It is given as much as it may be given.
    NoToken {
        until: Timestamp,
    },
}

impl Dispatcher {
    /// Who of those that come next may be asked now.
    pub(super) fn behind(&self, lane: Lane, next: &[&ConfiguredProvider]) -> Behind {
        let now = self.clock.now();
        let may_be_asked = |provider: &&ConfiguredProvider| {
            let outlook = provider.breakers.of(lane).outlook(now);
            !matches!(outlook, Outlook::LeftAlone { .. }) && provider.token_outlook(lane, now).is_ok()
        };
        if next.iter().any(may_be_asked) { Behind::Another } else { Behind::Nobody }
    }

    /// Asks the rate first: a message that would be put back for want of a token must not be the one trial of a pause.
    pub(super) async fn admit(
        &self,
        provider: &ConfiguredProvider,
        lane: Lane,
        claim: &Claim,
        behind: Behind,
    ) -> Admitted {
        if let Err(until) = self.token(provider, lane).await {
            return Admitted::NoToken { until };
        }
        let breaker = provider.breakers.of(lane);
        match breaker.admit(claim.tries <= 1, self.clock.now()) {
            Admission::Admitted => Admitted::Yes,
            Admission::LeftAlone { until } => {
                provider.give_token_back();
                Admitted::LeftAlone { until }
            }
            Admission::Trial => {
                provider.show_breaker(lane);
                match provider.sender.probe(behind).await {
                    Ok(()) => Admitted::Yes,
                    Err(failure) => {
                        provider.give_token_back();
                        self.failed(provider, lane, &failure);
                        Admitted::Fault(failure)
                    }
                }
            }
        }
    }

    /// Takes a token, and waits for one a while.
    async fn token(&self, provider: &ConfiguredProvider, lane: Lane) -> Result<(), Timestamp> {
        let started = Instant::now();
        loop {
            let now = self.clock.now();
            let Err(until) = provider.take_token(lane, now) else { return Ok(()) };
            let (wait, waited) = (until.since(now), started.elapsed());
            if waited.saturating_add(wait) > TOKEN_WITHIN || waited >= TOKEN_WITHIN {
                return Err(until);
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// What a provider took, or refused, says that it works.
    pub(super) fn answered(&self, provider: &ConfiguredProvider, lane: Lane) {
        if provider.breakers.of(lane).worked(self.clock.now()) {
            provider.show_breaker(lane);
            tracing::info!(provider = provider.name, "provider is back");
            self.note_return(provider);
        }
    }

    /// What failed at a provider may be its fault.
    pub(super) fn failed(&self, provider: &ConfiguredProvider, lane: Lane, failure: &SendFailure) {
        let now = self.clock.now();
        provider.note_failed(lane, failure.class, now);
        if !failure.class.blames_provider() {
            tracing::info!(provider = provider.name, %failure, "refused");
            self.answered(provider, lane);
            return;
        }
        tracing::warn!(provider = provider.name, %failure, "provider at fault");
        let opens = provider.breakers.of(lane).failed(now, failure.retry_after, |bound| self.draw(bound));
        provider.show_breaker(lane);
        if opens {
            tracing::error!(provider = provider.name, "provider is left alone for a while");
        }
    }
}
