//! Sending once more.

use std::net::IpAddr;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::RequestId;

use super::{Error, Flows, LOOKS};
use crate::domain::refusal::Refusal;
use crate::domain::route::Route;
use crate::domain::scope::Place;
use crate::domain::tag::Request;
use crate::domain::verification::{State, Times, Verification};
use crate::store::{Charge, Dispatch, Failure, Resend, Sight};

/// What a caller asks for.
#[derive(Debug, Clone)]
pub(crate) struct ResendOrder {
    /// The verification.
    pub(crate) place: Place,
    /// The call's id.
    pub(crate) request: RequestId,
    /// Where the person is.
    pub(crate) network: Option<IpAddr>,
}

impl Flows {
    /// Hands the code over again, when the ladder and the budgets allow.
    #[tracing::instrument(skip_all, fields(tenant = %order.place.scope.tenant, verification = %order.place.id))]
    pub(crate) async fn resend(&self, order: &ResendOrder) -> Result<Times, Error> {
        let now = self.clock.now();
        let content = self.keys.content(&[b"resend", order.place.id.as_uuid().as_bytes()]);
        let request = Request { id: order.request, content };
        for _ in 0..LOOKS {
            let sight = self.store.look(&order.place).await?;
            let Some(seen) = &sight.verification else { return Err(Refusal::VerificationNotFound.into()) };
            let route = self.keys.open_route(&order.place, &seen.sealed_route)?;
            let reserve = self.reserve(&order.place, seen.sends, order.network, &route);
            let step = |funded| {
                let resend = self.resend_step(order, &request, &sight, seen, &route, funded, now);
                async move { self.store.resend(&resend, now).await }
            };
            match self.with_reserve(&reserve, is_free(&sight, seen, now), now, step).await? {
                Dispatch::Charged(sending) | Dispatch::Owed(sending) => {
                    self.hand_over(&order.place, &seen.purpose, &sight.generation, &sending).await?;
                    return Ok(sending.times);
                }
                Dispatch::Settled { times, .. } => return Ok(times),
                Dispatch::Refused(refusal) => return Err(refusal.into()),
                Dispatch::Unfunded | Dispatch::Moved => {}
            }
        }
        Err(Failure::Restless.into())
    }

    #[expect(clippy::too_many_arguments, reason = "one step, put together in one place")]
    fn resend_step(
        &self,
        order: &ResendOrder,
        request: &Request,
        sight: &Sight,
        seen: &Verification,
        route: &Route,
        funded: bool,
        now: Timestamp,
    ) -> Resend {
        let rules = &self.rules;
        let entropy = &*self.entropy;
        let test_code = rules.test_code(&route.destination).filter(|_| !route.decoy).cloned();
        let code = test_code.unwrap_or_else(|| rules.shape.draw(entropy));
        let names = (&seen.purpose, &seen.subject);
        Resend {
            request: request.clone(),
            place: order.place.clone(),
            seen: seen.clone(),
            generation: sight.generation.clone(),
            code: self.keys.keep(&code, route.decoy, &order.place, names, &sight.generation, entropy),
            rotate: rules.resend == crate::domain::rules::ResendPolicy::Rotate,
            charge: Charge {
                seen_sends: seen.sends,
                most_sends: rules.ladder.sends(),
                next_send_at: rules.ladder.next(seen.sends + 1, now),
                spends: rules.limits.spends(route),
                funded,
                failures: rules.failures,
            },
            answer_life: rules.answer_life,
        }
    }
}

/// Whether no budget is needed, as it seems from outside: the message is owed, or the answer will be a refusal.
fn is_free(sight: &Sight, seen: &Verification, now: Timestamp) -> bool {
    let is_void = seen.is_void(&sight.generation);
    let is_early = !is_void && !seen.next_send_at.is_some_and(|next| now.has_reached(next));
    seen.owes_a_message(&sight.generation) || seen.state(now) != State::Pending || is_early
}
