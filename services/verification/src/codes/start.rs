//! Starting a verification.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::RequestId;

use super::SentCode;
use super::budgets::{CountedMessage, Requester};
use super::encoding::{encode_route_as_content, encode_transaction};
use super::keys::{CodeBinding, binding_digest};
use super::{Codes, Error, MAX_ROUNDS};
use crate::domain::mac::MacSet;
use crate::domain::names::{Binding, CallerName, Purpose, Subject};
use crate::domain::refusal::Refusal;
use crate::domain::route::Route;
use crate::domain::scope::ScopedId;
use crate::domain::verification::{Verification, VerificationState};
use crate::store::{Failure, Snapshot, StartStep};

#[derive(Debug, Clone)]
pub(crate) struct StartRequest {
    pub(crate) id: ScopedId,
    pub(crate) request_id: RequestId,
    pub(crate) purpose: Purpose,
    pub(crate) subject: Subject,
    pub(crate) route: Route,
    /// Who may redeem the grant.
    pub(crate) audience: CallerName,
    /// What the grant is bound to.
    pub(crate) binding: Binding,
    /// Whose budget is spent.
    pub(crate) requester: Requester,
    /// Whether failures are counted here.
    pub(crate) counts_failures: bool,
}

impl Codes {
    /// Draws a code and hands it over; repeats of the same are free.
    #[tracing::instrument(skip_all, fields(tenant = %request.id.scope.tenant, verification = %request.id.verification))]
    pub(crate) async fn start(&self, request: &StartRequest) -> Result<SentCode, Error> {
        let now = self.clock.now();
        // A decoy costs nothing wherever it would go, and the numbers made up for decoys are of no country.
        if !request.route.decoy && !self.rules.may_send_to(&request.route.destinations) {
            return Err(Refusal::ChannelNotAllowed.into());
        }
        let content = self.content("verification", request);
        for _ in 0..MAX_ROUNDS {
            let snapshot = self.store.snapshot(&request.id).await?;
            let step = self.start_step(request, &content, &snapshot, now);
            let seen_sends = step.limits.seen_sends;
            let counted = CountedMessage { id: &request.id, seen_sends, repeats_code: None };
            let reservation = self.reservation(&counted, &request.route, &request.requester);
            let act = |reserved| {
                let limits = self.with_reserved(&step.limits, reserved, &request.route);
                let step = StartStep { limits, ..step.clone() };
                async move { self.store.start(&step, now).await }
            };
            let is_free = is_free(&snapshot, &content, now);
            let outcome = reservation.around(&*self.throttle, is_free, now, act).await?;
            let delivered = self.deliver(outcome, &request.id, &request.purpose, &snapshot.run_id).await?;
            if let Some(sent) = delivered {
                return Ok(sent);
            }
        }
        Err(Failure::Contended.into())
    }

    fn start_step(
        &self,
        request: &StartRequest,
        content: &MacSet,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> StartStep {
        let StartRequest { id, purpose, subject, route, .. } = request;
        let run_id = &snapshot.run_id;
        let seen_sends = snapshot.verification.as_ref().map_or(0, |seen| seen.sends);
        let limits = self.send_limits(seen_sends, route, now);
        StartStep {
            idempotency: self.idempotency(request.request_id, self.content("start", request)),
            id: id.clone(),
            verification: Verification {
                content: content.active.clone(),
                purpose: purpose.clone(),
                subject: subject.clone(),
                channel: route.destinations.channel(),
                audience: request.audience.clone(),
                binding: binding_digest(&request.binding),
                counts_failures: request.counts_failures,
                run_id: run_id.clone(),
                created_at: now,
                expires_at: now.plus(self.rules.code_life),
                resolution: None,
                attempts_left: self.rules.attempts,
                sends: 0,
                acknowledged: 0,
                sent_at: now,
                next_send_at: limits.next_send_at,
                withheld: limits.withheld,
                sealed_route: self.keys.seal_route(&*self.entropy, id, route),
            },
            content: content.clone(),
            code: self.draw_code(
                &CodeBinding { id, purpose, subject, transaction: route.transaction.as_ref(), run_id },
                route,
            ),
            limits,
        }
    }

    /// MACs of all that makes it this verification, or this call, and no other. Where the person is may change between
    /// two repeats and is no part of it.
    fn content(&self, what: &str, request: &StartRequest) -> MacSet {
        let transaction = request.route.transaction.as_ref().map(encode_transaction);
        let route = encode_route_as_content(&request.route);
        let counts_failures = [u8::from(request.counts_failures)];
        let verification = request.id.verification.as_uuid();
        let always: [&[u8]; 8] = [
            what.as_bytes(),
            verification.as_bytes(),
            request.purpose.as_str().as_bytes(),
            request.subject.as_str().as_bytes(),
            &route,
            request.audience.as_str().as_bytes(),
            request.binding.as_bytes(),
            &counts_failures,
        ];
        self.keys.content_macs(&always.into_iter().chain(transaction.as_deref()).collect::<Vec<_>>())
    }
}

/// Whether the snapshot needs no new message, as it seems from outside.
fn is_free(snapshot: &Snapshot, content: &MacSet, now: Timestamp) -> bool {
    snapshot.verification.as_ref().is_some_and(|seen| {
        !seen.is_void(&snapshot.run_id)
            || seen.state(now) != VerificationState::Pending
            || !content.contains(&seen.content)
    })
}
