//! Sending the code of a verification once more.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::RequestId;

use super::budgets::{CountedMessage, Requester};
use super::delivery::Addressed;
use super::events::EventSubject;
use super::keys::CodeBinding;
use super::screening::Screening;
use super::{Codes, Error, MAX_ROUNDS};
use crate::domain::policies::Policy;
use crate::domain::refusal::Refusal;
use crate::domain::route::Route;
use crate::domain::rules::ResendPolicy;
use crate::domain::scope::{RunId, ScopedId};
use crate::domain::verification::{CodeTimes, Verification, VerificationState};
use crate::store::{Failure, ResendStep, Snapshot};

/// A verification and the run of the store as they were seen.
struct Seen {
    verification: Verification,
    run_id: RunId,
}

#[derive(Debug, Clone)]
pub(crate) struct ResendRequest {
    pub(crate) id: ScopedId,
    pub(crate) request_id: RequestId,
    /// Whose budget is spent.
    pub(crate) requester: Requester,
}

impl Codes {
    /// Hands the code over again, when the ladder and the budgets allow.
    #[tracing::instrument(skip_all, fields(tenant = %request.id.scope.tenant, verification = %request.id.verification))]
    pub(crate) async fn resend(&self, request: &ResendRequest) -> Result<CodeTimes, Error> {
        let (now, policies) = (self.clock.now(), self.policies.get());
        let id = &request.id;
        for _ in 0..MAX_ROUNDS {
            let Snapshot { run_id, verification } = self.store.snapshot(id).await?;
            let seen = verification.ok_or(Refusal::VerificationNotFound)?;
            let policy = policies.of(&self.rules, id.scope.tenant, &seen.purpose);
            let rules = &*policy.rules;
            let is_free = is_free(&seen, &run_id, now);
            let route = self.keys.open_route(id, &seen.sealed_route)?;
            let step = self.resend_step(&policy, request, Seen { verification: seen, run_id }, &route, now);
            let repeats_code =
                (!step.rotate && !step.seen.is_void(&step.run_id)).then_some(step.seen.withheld);
            let counted = CountedMessage { id, seen_sends: step.seen.sends, repeats_code };
            let screening = Screening { codes: self, policy: &policy, route: &route, now };
            let reservation = self.reservation(&counted, screening, &request.requester);
            let act = |reserved| {
                let limits = self.with_reserved(&policy, &step.limits, reserved, &route);
                let step = ResendStep { limits, ..step.clone() };
                async move { self.store.resend(&step, now).await }
            };
            let outcome = reservation.around(&*self.throttle, is_free, now, act).await;
            let addressed = Addressed { id, purpose: &step.seen.purpose, run_id: &step.run_id, rules };
            let result = match outcome {
                Ok(outcome) => {
                    self.report_send(id, &route, &outcome, now);
                    self.deliver(outcome, &addressed).await
                }
                Err(error) => Err(error),
            };
            let channel = Some(step.seen.channel);
            self.record_if_blocked(EventSubject { id, purpose: &step.seen.purpose, channel }, &result, now)
                .await;
            if let Some(sent) = result? {
                return Ok(sent.times);
            }
        }
        Err(Failure::Contended.into())
    }

    fn resend_step(
        &self,
        policy: &Policy,
        request: &ResendRequest,
        Seen { verification: seen, run_id }: Seen,
        route: &Route,
        now: Timestamp,
    ) -> ResendStep {
        let (id, rules) = (&request.id, &*policy.rules);
        let content = self.keys.content_macs(&[b"resend", id.verification.as_uuid().as_bytes()]);
        let binding = CodeBinding {
            id,
            purpose: &seen.purpose,
            subject: &seen.subject,
            transaction: route.transaction.as_ref(),
            run_id: &run_id,
        };
        ResendStep {
            idempotency: self.idempotency(request.request_id, content),
            id: id.clone(),
            code: self.draw_code(rules, &binding, route),
            rotate: rules.resend == ResendPolicy::Rotate,
            limits: self.send_limits(policy, seen.sends, route, None, now),
            seen,
            run_id,
        }
    }
}

/// Whether no budget is needed, as it seems from outside: the message is unacknowledged, or the call will be refused.
fn is_free(seen: &Verification, run_id: &RunId, now: Timestamp) -> bool {
    let may_go = seen.next_send_at.is_some() && seen.waits_until(now).is_none();
    let is_early = !seen.is_void(run_id) && !may_go;
    seen.has_unacknowledged_message(run_id) || seen.state(now) != VerificationState::Pending || is_early
}
