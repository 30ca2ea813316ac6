//! One message from claim to record: open, render, try the providers in turn, decide, record.
//!
//! The payload is opened here and nowhere else, and its memory is wiped when the message is through. Nothing is sent
//! inside a transaction; what was sent and could not be recorded is recorded as soon as the store is back, as long
//! as nobody else has the message by then.

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::{SharedClock, Timestamp};
use rekey_primitives::contact::Destination;
use rekey_primitives::entropy::{self, SharedEntropy};
use rekey_primitives::locale::Locale;
use rekey_sealing::AeadKeys;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::lease::{LeasePolicy, LeasedHandOver};
use super::measures::{self, Ended};
use super::places::{DomainShare, Place};
use crate::domain::content::Rendered;
use crate::domain::delivery::{FailedTry, Outcome, Retries};
use crate::domain::failover::{Conclusion, Round};
use crate::domain::lane::Lane;
use crate::domain::state::FailureClass;
use crate::domain::template::TemplateName;
use crate::payload::{Payload, PayloadRow, Unusable};
use crate::providers::{Admission, ConfiguredProvider, Outgoing, Outlook, Providers, SendFailure};
use crate::store::{Claim, Lease, Recorded, Store, in_time};
use crate::templates::Renderer;

/// The first pause between tries to record, doubled from try to try.
const FIRST_RECORD_PAUSE: Duration = Duration::from_millis(100);
/// The longest: well below a lease, which is how long nobody else takes the message once the store is back.
const LONGEST_RECORD_PAUSE: Duration = Duration::from_millis(800);
/// What somebody could not record within so many tries is left to the lease, and the place is free again.
const RECORD_TRIES: u32 = 60;

/// Sends one message at a time, for any lane.
pub(crate) struct Dispatcher {
    pub(crate) store: Store,
    pub(crate) keys: Arc<AeadKeys>,
    pub(crate) renderer: Arc<Renderer>,
    pub(crate) providers: Providers,
    pub(crate) retries: Retries,
    pub(crate) lease_policy: LeasePolicy,
    pub(crate) clock: SharedClock,
    /// For jitter.
    pub(crate) entropy: SharedEntropy,
}

/// How a try ended, and by whose hand.
struct Tried<'a> {
    outcome: Outcome,
    provider: &'a str,
}

/// Too many messages wait for their domain.
struct Crowded;

impl Dispatcher {
    /// Takes a claimed message through, and keeps it for as long as that takes.
    pub(crate) async fn dispatch(&self, lane: Lane, claim: Claim, place: Place) {
        let span = measures::span(lane, &claim);
        let taking = async {
            tokio::select! {
                biased;
                () = self.take_through(lane, &claim, place) => {}
                () = self.lease_policy.keep(&self.store, claim.lease, &self.clock) => {}
            }
        };
        taking.instrument(span).await;
    }

    async fn take_through(&self, lane: Lane, claim: &Claim, mut place: Place) {
        let started = Instant::now();
        let tried = if claim.is_decoy {
            // It needs no connection: others may have its place.
            let _waits = place.wait_beside();
            self.walk_decoy(lane, claim).await
        } else {
            self.try_to_send(lane, claim, &mut place).await
        };
        match tried.outcome {
            Outcome::Delivered if claim.lease.in_doubt => {
                tracing::warn!(provider = tried.provider, "delivered, perhaps for the second time");
            }
            Outcome::Delivered => tracing::info!(provider = tried.provider, "delivered"),
            Outcome::Unknown => tracing::warn!(provider = tried.provider, "handed over, answer lost"),
            Outcome::Retry { class, at } => {
                tracing::info!(provider = tried.provider, class = class.as_str(), next_try_at = %at, "will try again");
            }
            Outcome::Postponed { at } => {
                tracing::info!(next_try_at = %at, "nobody was asked, will look again");
            }
            Outcome::Dead { class } => {
                tracing::warn!(provider = tried.provider, class = class.as_str(), "dead");
            }
            Outcome::Expired => tracing::info!("expired before it could be sent"),
        }
        let ended = Ended { lane, claim, outcome: tried.outcome };
        ended.measure(started.elapsed(), self.clock.now());
        self.record(claim, &tried).await;
    }

    async fn try_to_send<'a>(&'a self, lane: Lane, claim: &Claim, place: &mut Place) -> Tried<'a> {
        if self.clock.now().has_reached(claim.not_after) {
            return Tried { outcome: Outcome::Expired, provider: "" };
        }
        let mut outgoing = match self.prepare(claim) {
            Ok(outgoing) => outgoing,
            Err(failure) => {
                tracing::error!(%failure, "cannot prepare");
                return Tried { outcome: self.after(claim, failure.class, None), provider: "" };
            }
        };
        let Ok(_share) = self.share(&outgoing.destination, place).await else {
            return Tried { outcome: self.postponed(claim, self.clock.now()), provider: "" };
        };
        let configured = self.providers.of(outgoing.destination.channel());
        let (mut round, mut last) = (Round::default(), "");
        for provider in configured {
            // The provider before may have taken long, and none may keep trying for longer than the message lives.
            outgoing.now = self.clock.now();
            let breaker = provider.breakers.of(lane);
            if let Admission::LeftAlone { until } = breaker.admit(claim.tries <= 1, outgoing.now) {
                round.left_alone(until);
                continue;
            }
            last = &provider.name;
            match self.hand_over(provider, lane, &outgoing, claim.lease).await {
                Ok(()) => return Tried { outcome: Outcome::Delivered, provider: last },
                Err(failure) if failure.class.asks_next() => round.asked(failure.class, failure.retry_after),
                Err(failure) => {
                    let outcome = self.after(claim, failure.class, failure.retry_after);
                    return Tried { outcome, provider: last };
                }
            }
        }
        Tried { outcome: self.concluded(claim, round), provider: last }
    }

    /// Takes a decoy the way a message would go, by what is known of the providers, and sends nothing. What is shown of
    /// it later must not tell it from a message, so it ends as one would and when one would.
    async fn walk_decoy<'a>(&'a self, lane: Lane, claim: &Claim) -> Tried<'a> {
        let now = self.clock.now();
        if now.has_reached(claim.not_after) {
            return Tried { outcome: Outcome::Expired, provider: "" };
        }
        let (mut round, mut last) = (Round::default(), "");
        for provider in self.providers.of(claim.channel) {
            match provider.breakers.of(lane).outlook(now) {
                Outlook::LeftAlone { until } => round.left_alone(until),
                Outlook::Fault => {
                    provider.measure(provider.usually_takes(), Some(FailureClass::Provider));
                    last = &provider.name;
                    round.asked(FailureClass::Provider, None);
                }
                Outlook::Taken => {
                    tokio::time::sleep(provider.usually_takes()).await;
                    provider.measure(provider.usually_takes(), None);
                    return Tried { outcome: Outcome::Delivered, provider: &provider.name };
                }
            }
        }
        Tried { outcome: self.concluded(claim, round), provider: last }
    }

    fn concluded(&self, claim: &Claim, round: Round) -> Outcome {
        match round.conclude() {
            Conclusion::Failed { class, retry_after } => self.after(claim, class, retry_after),
            Conclusion::NobodyAsked { until } => self.postponed(claim, until),
        }
    }

    fn postponed(&self, claim: &Claim, until: Timestamp) -> Outcome {
        self.retries.postponed(until, claim.not_after, self.clock.now(), |bound| self.draw(bound))
    }

    /// The part of its domain's share that a mail needs. Text messages all go to the gateway.
    async fn share(&self, to: &Destination, place: &mut Place) -> Result<Option<DomainShare>, Crowded> {
        match to {
            Destination::Email(address) => match place.for_domain(address.domain()).await {
                Some(share) => Ok(Some(share)),
                None => Err(Crowded),
            },
            Destination::Phone(_) => Ok(None),
        }
    }

    fn prepare(&self, claim: &Claim) -> Result<Outgoing, SendFailure> {
        // A newer replica may have accepted it under a name or a key that is not known here yet: that passes.
        let unknown = |what: &str| SendFailure::before_provider(FailureClass::Provider, what);
        let broken = |what: &str| SendFailure::before_provider(FailureClass::Content, what);
        let template =
            TemplateName::parse(&claim.template).ok_or_else(|| unknown("template not known here"))?;
        let row = PayloadRow { tenant_id: claim.lease.tenant_id, id: claim.lease.id };
        let mut payload = match Payload::open(&self.keys, row, template, &claim.payload) {
            Ok(payload) => payload,
            Err(Unusable::Closed) => return Err(unknown("payload does not open")),
            Err(Unusable::Unreadable) => return Err(broken("payload does not read")),
        };
        payload.variables.age(self.clock.now().since(claim.lease.created_at));
        let locale = Locale::parse(&claim.locale).ok();
        let channel = payload.destination.channel();
        let content = self
            .renderer
            .render(template, locale.as_ref(), &payload.variables, channel)
            .map_err(|_| broken("message does not render"))?;
        Ok(self.outgoing(claim, payload.destination, content))
    }

    fn outgoing(&self, claim: &Claim, destination: Destination, content: Rendered) -> Outgoing {
        Outgoing {
            id: claim.lease.id,
            destination,
            content,
            created_at: claim.lease.created_at,
            now: self.clock.now(),
            not_after: claim.not_after,
        }
    }

    async fn hand_over(
        &self,
        provider: &ConfiguredProvider,
        lane: Lane,
        outgoing: &Outgoing,
        lease: Lease,
    ) -> Result<(), SendFailure> {
        let breaker = provider.breakers.of(lane);
        let hand_over = LeasedHandOver { store: &self.store, lease, clock: &self.clock };
        let started = Instant::now();
        let sent = provider.sender.send(outgoing, &hand_over).await;
        if sent.as_ref().err().is_none_or(|failure| !failure.is_ours) {
            provider.measure(started.elapsed(), sent.as_ref().err().map(|failure| failure.class));
        }
        if sent.is_ok() {
            provider.note_taken(self.clock.now().since(outgoing.now));
        }
        match &sent {
            // An open breaker must not close by it: the next message would wait for a dead provider.
            Err(failure) if failure.is_ours => {
                tracing::info!(provider = provider.name, %failure, "not handed over");
            }
            Err(failure) if failure.class.blames_provider() => {
                tracing::warn!(provider = provider.name, %failure, "provider at fault");
                if breaker.failed(self.clock.now(), failure.retry_after) {
                    provider.show_breaker(lane, true);
                    tracing::error!(provider = provider.name, "provider is left alone for a while");
                }
            }
            Err(failure) => {
                tracing::info!(provider = provider.name, %failure, "refused");
                if breaker.worked() {
                    provider.show_breaker(lane, false);
                }
            }
            Ok(()) if breaker.worked() => {
                provider.show_breaker(lane, false);
                tracing::info!(provider = provider.name, "provider is back");
            }
            Ok(()) => {}
        }
        sent
    }

    fn after(&self, claim: &Claim, class: FailureClass, retry_after: Option<Duration>) -> Outcome {
        let failed = FailedTry { class, tries: claim.tries, not_after: claim.not_after, retry_after };
        self.retries.after_failure(failed, self.clock.now(), |bound| self.draw(bound))
    }

    fn draw(&self, bound: u64) -> u64 {
        entropy::below(self.entropy.as_ref(), bound)
    }

    /// Records, stubbornly: a delivery that is not recorded would be made twice.
    async fn record(&self, claim: &Claim, tried: &Tried<'_>) {
        let mut pause = FIRST_RECORD_PAUSE;
        for _ in 0..RECORD_TRIES {
            let recorded = self.store.record(claim.lease, tried.outcome, tried.provider, self.clock.now());
            match in_time(recorded).await {
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
}
