//! Starting a verification.

use std::net::IpAddr;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::RequestId;

use super::keys::binding_digest;
use super::{Error, Flows, LOOKS};
use crate::domain::names::{Binding, CallerName, Purpose, Subject};
use crate::domain::refusal::Refusal;
use crate::domain::route::Route;
use crate::domain::scope::Place;
use crate::domain::tag::{Request, Tags};
use crate::domain::verification::{State, Times, Verification};
use crate::store::{Charge, Dispatch, Failure, Sight, Start};

/// What a caller asks for.
#[derive(Debug, Clone)]
pub(crate) struct StartOrder {
    /// The verification's id, and whose it is.
    pub(crate) place: Place,
    /// The call's id.
    pub(crate) request: RequestId,
    /// What the code is for.
    pub(crate) purpose: Purpose,
    /// Whom it is about.
    pub(crate) subject: Subject,
    /// Where it goes.
    pub(crate) route: Route,
    /// Who may redeem the grant.
    pub(crate) audience: CallerName,
    /// What the grant is bound to.
    pub(crate) binding: Binding,
    /// Where the person is.
    pub(crate) network: Option<IpAddr>,
    /// Whether failures are counted here.
    pub(crate) counts_failures: bool,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Started {
    /// When the code dies and the next message may go.
    pub(crate) times: Times,
    /// Whether a message went out for this request.
    pub(crate) sent: bool,
}

impl Flows {
    /// Draws a code and hands it over; repeats of the same are free.
    #[tracing::instrument(skip_all, fields(tenant = %order.place.scope.tenant, verification = %order.place.id))]
    pub(crate) async fn start(&self, order: &StartOrder) -> Result<Started, Error> {
        let now = self.clock.now();
        // A decoy costs nothing wherever it would go, and the numbers made up for decoys are of no country.
        if !order.route.decoy && !self.rules.serve(&order.route.destination) {
            return Err(Refusal::ChannelNotAllowed.into());
        }
        let content = self.content_of("verification", order);
        let request = Request { id: order.request, content: self.content_of("start", order) };
        for _ in 0..LOOKS {
            let sight = self.store.look(&order.place).await?;
            let seen_sends = sight.verification.as_ref().map_or(0, |seen| seen.sends);
            let reserve = self.reserve(&order.place, seen_sends, order.network, &order.route);
            let step = |funded| {
                let start = self.start_step(order, &request, &content, &sight, funded, now);
                async move { self.store.start(&start, now).await }
            };
            match self.with_reserve(&reserve, is_free(&sight, &content, now), now, step).await? {
                Dispatch::Charged(sending) | Dispatch::Owed(sending) => {
                    self.hand_over(&order.place, &order.purpose, &sight.generation, &sending).await?;
                    return Ok(Started { times: sending.times, sent: true });
                }
                Dispatch::Settled { times, sent } => return Ok(Started { times, sent }),
                Dispatch::Refused(refusal) => return Err(refusal.into()),
                Dispatch::Unfunded | Dispatch::Moved => {}
            }
        }
        Err(Failure::Restless.into())
    }

    fn start_step(
        &self,
        order: &StartOrder,
        request: &Request,
        content: &Tags,
        sight: &Sight,
        funded: bool,
        now: Timestamp,
    ) -> Start {
        let rules = &self.rules;
        let entropy = &*self.entropy;
        let test_code = rules.test_code(&order.route.destination).filter(|_| !order.route.decoy).cloned();
        let code = test_code.unwrap_or_else(|| rules.shape.draw(entropy));
        let names = (&order.purpose, &order.subject);
        let seen_sends = sight.verification.as_ref().map_or(0, |seen| seen.sends);
        let next_send_at = rules.ladder.next(seen_sends + 1, now);
        Start {
            request: request.clone(),
            place: order.place.clone(),
            verification: Verification {
                content: content.active.clone(),
                purpose: order.purpose.clone(),
                subject: order.subject.clone(),
                channel: order.route.destination.channel(),
                audience: order.audience.clone(),
                binding: binding_digest(&order.binding),
                counts_failures: order.counts_failures,
                generation: sight.generation.clone(),
                created_at: now,
                expires_at: now.plus(rules.code_life),
                ending: None,
                tries_left: rules.tries,
                sends: 0,
                acknowledged: 0,
                sent_at: now,
                next_send_at,
                sealed_route: self.keys.seal_route(entropy, &order.place, &order.route),
            },
            content: content.clone(),
            code: self.keys.keep(&code, order.route.decoy, &order.place, names, &sight.generation, entropy),
            charge: Charge {
                seen_sends,
                most_sends: rules.ladder.sends(),
                next_send_at,
                spends: rules.limits.spends(&order.route),
                funded,
                failures: rules.failures,
            },
            answer_life: rules.answer_life,
        }
    }

    /// All that makes it this verification, or this call, and no other. Where the person is may change between two
    /// tries and is no part of it.
    fn content_of(&self, what: &str, order: &StartOrder) -> Tags {
        self.keys.content(&[
            what.as_bytes(),
            order.place.id.as_uuid().as_bytes(),
            order.purpose.as_str().as_bytes(),
            order.subject.as_str().as_bytes(),
            &order.route.encode(),
            order.audience.as_str().as_bytes(),
            order.binding.as_bytes(),
            &[u8::from(order.counts_failures)],
        ])
    }
}

/// Whether what was looked at needs no new message, as it seems from outside.
fn is_free(sight: &Sight, content: &Tags, now: Timestamp) -> bool {
    sight.verification.as_ref().is_some_and(|seen| {
        !seen.is_void(&sight.generation)
            || seen.state(now) != State::Pending
            || !content.include(&seen.content)
    })
}
