//! One message from claim to record: open, render, try the providers in turn, decide, record.
//!
//! The payload is opened here and nowhere else, and its memory is wiped when the message is through. Nothing is sent
//! inside a transaction; what was sent and could not be recorded is recorded as soon as the store is back, as long
//! as nobody else has the message by then.

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::{SharedClock, Timestamp};
use rekey_primitives::entropy::{self, SharedEntropy};
use rekey_primitives::locale::Locale;
use rekey_sealing::AeadKeys;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::admission::Admitted;
use super::lease::{LeasePolicy, LeasedHandOver};
use super::measures::{self, Ended};
use super::places::{DomainShare, Place};
use super::suppression::Correspondence;
use super::texts::{Reader, TenantTexts};
use crate::domain::content::Rendered;
use crate::domain::delivery::{FailedTry, Outcome, Retries};
use crate::domain::destination::{Channel, Destination};
use crate::domain::failover::{Behind, Conclusion, Round};
use crate::domain::fallback::advance;
use crate::domain::lane::Lane;
use crate::domain::state::FailureClass;
use crate::domain::template::TemplateName;
use crate::payload::{EventPayload, Payload, PayloadRow, Unusable};
use crate::providers::{ConfiguredProvider, Outgoing, Providers, SendFailure};
use crate::signals::{Returns, WakeUp};
use crate::store::{Claim, Lease, Store};

/// Sends one message at a time, for any lane.
pub(crate) struct Dispatcher {
    pub(crate) store: Store,
    pub(crate) keys: Arc<AeadKeys>,
    pub(crate) texts: TenantTexts,
    pub(crate) providers: Providers,
    pub(crate) retries: Retries,
    pub(crate) lease_policy: LeasePolicy,
    /// How long what is told of a delivery is tried.
    pub(crate) event_life: Duration,
    /// Without its key nothing is suppressed, and nobody is asked to report.
    pub(crate) correspondence: Option<Correspondence>,
    pub(crate) clock: SharedClock,
    /// For jitter.
    pub(crate) entropy: SharedEntropy,
    /// Of what became due here.
    pub(crate) wake_up: WakeUp,
    /// Told when a provider works again.
    pub(crate) returns: Returns,
}

/// How a try ended, and by whose hand.
pub(super) struct Tried<'a> {
    pub(super) outcome: Outcome,
    pub(super) provider: &'a str,
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
        let falls_back = advance(tried.outcome, claim.fallback_at, self.clock.now());
        let ended = Ended { lane, claim, outcome: tried.outcome, falls_back: falls_back.is_some() };
        ended.measure(started.elapsed(), self.clock.now());
        if let Some(reason) = falls_back {
            return self.fall_back(lane, claim, &tried, reason).await;
        }
        log(claim, &tried);
        self.record(claim, &tried).await;
    }

    async fn try_to_send<'a>(&'a self, lane: Lane, claim: &Claim, place: &mut Place) -> Tried<'a> {
        if let Some(over) = self.over_before(claim, self.clock.now()) {
            return over;
        }
        let mut outgoing = match self.prepare(claim).await {
            Ok(outgoing) => outgoing,
            Err(failure) => {
                tracing::error!(%failure, "cannot prepare");
                return Tried { outcome: self.after(claim, failure.class, None), provider: "" };
            }
        };
        if let Some(outcome) = self.stopped(lane, claim, &outgoing.destination).await {
            return Tried { outcome, provider: "" };
        }
        let Ok(_share) = self.share(&outgoing.destination, place).await else {
            return Tried { outcome: self.postponed(claim, self.clock.now()), provider: "" };
        };
        self.try_providers(lane, claim, &mut outgoing).await
    }

    /// Asks one provider after the other, until the message is taken or there is no reason to ask the next.
    async fn try_providers<'a>(&'a self, lane: Lane, claim: &Claim, outgoing: &mut Outgoing) -> Tried<'a> {
        let (mut round, mut last) = (Round::default(), "");
        let towards: Vec<_> = self.providers.towards(&outgoing.destination).collect();
        for (place, &provider) in towards.iter().enumerate() {
            let behind = self.behind(lane, &towards[place + 1..]);
            match self.admit(provider, lane, claim, behind).await {
                Admitted::Yes => {}
                Admitted::Fault(failure) => {
                    last = &provider.name;
                    round.asked(failure.class, failure.retry_after);
                    continue;
                }
                Admitted::LeftAlone { until } => {
                    round.left_alone(until);
                    continue;
                }
                Admitted::NoToken { until } => {
                    round.no_token(until);
                    // A mailing waits for its provider; what somebody waits for takes the next one.
                    if lane == Lane::Bulk {
                        break;
                    }
                    continue;
                }
            }
            self.make_out(outgoing, provider, claim.lease, behind);
            last = &provider.name;
            match self.hand_over(provider, lane, outgoing, claim.lease).await {
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

    /// Makes a message out to a provider. The one before may have taken long, and none may keep trying for longer than the message
    /// lives.
    fn make_out(&self, outgoing: &mut Outgoing, provider: &ConfiguredProvider, lease: Lease, behind: Behind) {
        outgoing.now = self.clock.now();
        outgoing.sender = self.providers.sender(provider, lease.tenant_id);
        outgoing.report_to = self.report_to(lease, provider, &outgoing.destination);
        outgoing.behind = behind;
    }

    /// Where nobody is asked any more: the message has died, or its time on this channel is over.
    pub(super) fn over_before(&self, claim: &Claim, now: Timestamp) -> Option<Tried<'static>> {
        let outcome = if now.has_reached(claim.not_after) {
            Outcome::Expired
        } else if claim.fallback_at.is_some_and(|at| now.has_reached(at)) {
            Outcome::Postponed { at: now }
        } else {
            return None;
        };
        Some(Tried { outcome, provider: "" })
    }

    pub(super) fn concluded(&self, claim: &Claim, round: Round) -> Outcome {
        match round.conclude() {
            Conclusion::Failed { class, retry_after } => self.after(claim, class, retry_after),
            Conclusion::NobodyAsked { until, is_left_alone: false } => self.postponed(claim, until),
            Conclusion::NobodyAsked { until, is_left_alone: true } => {
                let draw = |bound| self.draw(bound);
                self.retries.left_alone(until, claim.not_after, self.clock.now(), draw)
            }
        }
    }

    pub(super) fn postponed(&self, claim: &Claim, until: Timestamp) -> Outcome {
        self.retries.postponed(until, claim.not_after, self.clock.now(), |bound| self.draw(bound))
    }

    /// The part of its domain's share that a mail needs. Text messages all go to the gateway.
    async fn share(&self, to: &Destination, place: &mut Place) -> Result<Option<DomainShare>, Crowded> {
        match to {
            Destination::Email(address) => match place.for_domain(address.domain()).await {
                Some(share) => Ok(Some(share)),
                None => Err(Crowded),
            },
            Destination::Phone(_) | Destination::Webhook(_) => Ok(None),
        }
    }

    async fn prepare(&self, claim: &Claim) -> Result<Outgoing, SendFailure> {
        // A newer replica may have accepted it under a name or a key that is not known here yet: that passes.
        let unknown = |what: &str| SendFailure::before_provider(FailureClass::Provider, what);
        let broken = |what: &str| SendFailure::before_provider(FailureClass::Content, what);
        let row = PayloadRow { tenant_id: claim.lease.tenant_id, id: claim.lease.id };
        if claim.channel == Channel::Webhook {
            return match EventPayload::open(&self.keys, row, &claim.payload) {
                Ok(EventPayload { destination, event }) => {
                    Ok(self.outgoing(claim, destination, Rendered::Event { json: event.into_json() }))
                }
                Err(Unusable::Closed) => Err(unknown("payload does not open")),
                Err(Unusable::Unreadable) => Err(broken("payload does not read")),
            };
        }
        let template =
            TemplateName::parse(&claim.template).ok_or_else(|| unknown("template not known here"))?;
        let mut payload = match Payload::open(&self.keys, row, template, &claim.payload) {
            Ok(payload) => payload,
            Err(Unusable::Closed) => return Err(unknown("payload does not open")),
            Err(Unusable::Unreadable) => return Err(broken("payload does not read")),
        };
        let now = self.clock.now();
        payload.variables.age(now.since(claim.lease.created_at), claim.not_after.since(now));
        let locale = Locale::parse(&claim.locale).ok();
        let destination = payload.destination_after(claim.fallbacks_used).clone();
        let channel = destination.channel();
        let reader = Reader { tenant_id: claim.lease.tenant_id, template, locale: locale.as_ref() };
        let content = self.texts.render(reader, &payload.variables, channel).await;
        let content = content.map_err(|_| broken("message does not render"))?;
        Ok(self.outgoing(claim, destination, content))
    }

    fn outgoing(&self, claim: &Claim, destination: Destination, content: Rendered) -> Outgoing {
        Outgoing {
            id: claim.lease.id,
            destination,
            content,
            sender: None,
            created_at: claim.lease.created_at,
            now: self.clock.now(),
            not_after: claim.not_after,
            report_to: None,
            behind: Behind::Nobody,
        }
    }

    async fn hand_over(
        &self,
        provider: &ConfiguredProvider,
        lane: Lane,
        outgoing: &Outgoing,
        lease: Lease,
    ) -> Result<(), SendFailure> {
        let address_hash = self.reported_address(lease, outgoing);
        let hand_over = LeasedHandOver { store: &self.store, lease, clock: &self.clock, address_hash };
        let started = Instant::now();
        let sent = provider.sender.send(outgoing, &hand_over).await;
        if sent.as_ref().err().is_none_or(|failure| !failure.is_ours) {
            provider.measure(started.elapsed(), sent.as_ref().err().map(|failure| failure.class));
        }
        match &sent {
            Ok(()) => {
                let now = self.clock.now();
                provider.note_taken(lane, now.since(outgoing.now), now);
                self.answered(provider, lane);
            }
            // An open breaker must not close by it: the next message would wait for a dead provider.
            Err(failure) if failure.is_ours => {
                provider.give_token_back();
                tracing::info!(provider = provider.name, %failure, "not handed over");
            }
            Err(failure) => self.failed(provider, lane, failure),
        }
        sent
    }

    /// A provider that was left alone in a lane works again: in all lanes, and for everything that waited for it.
    pub(super) fn note_return(&self, provider: &ConfiguredProvider) {
        for &lane in Lane::ALL {
            if provider.breakers.of(lane).worked(self.clock.now()) {
                provider.show_breaker(lane);
            }
        }
        self.returns.note(&provider.channels);
    }

    pub(super) fn after(&self, claim: &Claim, class: FailureClass, retry_after: Option<Duration>) -> Outcome {
        let failed = FailedTry { class, tries: claim.tries, not_after: claim.not_after, retry_after };
        self.retries.after_failure(failed, self.clock.now(), |bound| self.draw(bound))
    }

    pub(super) fn draw(&self, bound: u64) -> u64 {
        entropy::below(self.entropy.as_ref(), bound)
    }
}

fn log(claim: &Claim, tried: &Tried<'_>) {
    match tried.outcome {
        Outcome::Delivered if claim.lease.in_doubt => {
            tracing::warn!(provider = tried.provider, "delivered, perhaps for the second time");
        }
        Outcome::Delivered => tracing::info!(provider = tried.provider, "delivered"),
        Outcome::Unknown => tracing::warn!(provider = tried.provider, "handed over, answer lost"),
        Outcome::Retry { class, at } => {
            tracing::info!(provider = tried.provider, class = class.as_str(), next_try_at = %at, "will try again");
        }
        Outcome::Postponed { at } | Outcome::LeftAlone { at } => {
            tracing::info!(next_try_at = %at, "nobody was asked, will look again");
        }
        Outcome::Dead { class } => {
            tracing::warn!(provider = tried.provider, class = class.as_str(), "dead");
        }
        Outcome::Expired => tracing::info!("expired before it could be sent"),
        Outcome::Suppressed { reason } => tracing::info!(reason = reason.as_str(), "suppressed"),
    }
}
