//! Starting a verification.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::RequestId;

use super::SentCode;
use super::budgets::{CountedMessage, Requester};
use super::delivery::Addressed;
use super::encoding::{encode_route_as_content, encode_transaction};
use super::events::EventSubject;
use super::keys::{CodeBinding, binding_digest};
use super::screening::Screening;
use super::{Codes, Error, MAX_ROUNDS};
use crate::domain::mac::MacSet;
use crate::domain::names::{Binding, CallerName, Purpose, Subject};
use crate::domain::policies::Policy;
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
    /// Whether the person solved a challenge of the caller's.
    pub(crate) challenge_passed: bool,
}

impl Codes {
    /// Draws a code and hands it over; repeats of the same are free.
    #[tracing::instrument(skip_all, fields(tenant = %request.id.scope.tenant, verification = %request.id.verification))]
    pub(crate) async fn start(&self, request: &StartRequest) -> Result<SentCode, Error> {
        let now = self.clock.now();
        let channel = Some(request.route.destinations.channel());
        let about = EventSubject { id: &request.id, purpose: &request.purpose, channel };
        if self.rules.events.has_listener(&request.id.scope.caller) {
            self.store.note_listener(request.id.scope.tenant, now).await?;
        }
        let result = self.start_now(request, now).await;
        self.record_if_blocked(about, &result, now).await;
        result
    }

    async fn start_now(&self, request: &StartRequest, now: Timestamp) -> Result<SentCode, Error> {
        let policy = self.policies.get().of(&self.rules, request.id.scope.tenant, &request.purpose);
        let rules = &*policy.rules;
        let content = self.content("verification", request);
        for _ in 0..MAX_ROUNDS {
            let snapshot = self.store.snapshot(&request.id).await?;
            let step = self.start_step(&policy, request, &content, &snapshot, now);
            let seen_sends = step.limits.seen_sends;
            let counted = CountedMessage { id: &request.id, seen_sends, repeats_code: None };
            let screening = Screening { codes: self, policy: &policy, route: &request.route, now };
            let reservation = self.reservation(&counted, screening, &request.requester);
            let act = |reserved| {
                let limits = self.with_reserved(&policy, &step.limits, reserved, &request.route);
                let step = StartStep { limits, ..step.clone() };
                async move { self.store.start(&step, now).await }
            };
            let is_free = is_free(&snapshot, &content, now);
            let outcome = reservation.around(&*self.throttle, is_free, now, act).await?;
            self.report_send(&request.id, &request.route, &outcome, now);
            let StartRequest { id, purpose, .. } = request;
            let addressed = Addressed { id, purpose, run_id: &snapshot.run_id, rules };
            if let Some(sent) = self.deliver(outcome, &addressed).await? {
                return Ok(sent);
            }
        }
        Err(Failure::Contended.into())
    }

    fn start_step(
        &self,
        policy: &Policy,
        request: &StartRequest,
        content: &MacSet,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> StartStep {
        let StartRequest { id, purpose, subject, route, .. } = request;
        let rules = &*policy.rules;
        let run_id = &snapshot.run_id;
        let seen_sends = snapshot.verification.as_ref().map_or(0, |seen| seen.sends);
        let (standing, start) = self.standing(id, route, request.challenge_passed);
        let limits = self.send_limits(policy, seen_sends, route, Some(start), now);
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
                expires_at: now.plus(rules.code_life),
                resolution: None,
                attempts_left: rules.attempts,
                sends: 0,
                acknowledged: 0,
                sent_at: now,
                next_send_at: limits.next_send_at,
                withheld: limits.withheld,
                sealed_route: self.keys.seal_route(&*self.entropy, id, route),
                standing,
            },
            content: content.clone(),
            code: self.draw_code(
                rules,
                &CodeBinding { id, purpose, subject, transaction: route.transaction.as_ref(), run_id },
                route,
            ),
            limits,
            events: self.start_events(
                EventSubject { id, purpose, channel: Some(route.destinations.channel()) },
                now.plus(rules.code_life),
                now,
            ),
        }
    }

    /// MACs of all that makes it this verification, or this call, and no other. Where the person is and whether they solved a
    /// challenge may change between two repeats and is no part of it.
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
