//! The steps that count messages.

use rekey_primitives::clock::Timestamp;

use super::abuse::JudgedMessage;
use super::state::{Consumed, FailureKey, MemoryState, StoredAnswer, StoredVerification};
use crate::domain::abuse::Findings;
use crate::domain::budgets::TenantBudget;
use crate::domain::idempotency::Idempotency;
use crate::domain::refusal::Refusal;
use crate::domain::scope::{RunId, ScopedId, TenantScope};
use crate::domain::verification::{Verification, VerificationState};
use crate::store::{Failure, PendingMessage, ResendStep, SealedCode, SendLimits, SendOutcome, StartStep};

impl MemoryState {
    pub(super) fn start(
        &mut self,
        step: &StartStep,
        run_id: &RunId,
        now: Timestamp,
    ) -> Result<SendOutcome, Failure> {
        if let Some(repeated) = self.repeated(&step.id, &step.idempotency, run_id, now) {
            return Ok(repeated);
        }
        self.make_room(&step.limits.failures, now)?;
        let mut verification = step.verification.clone();
        if let Some(StoredVerification { verification: stored, code, .. }) = self.verifications.get(&step.id)
        {
            if !step.content.contains(&stored.content) {
                return Ok(SendOutcome::Refused(Refusal::VerificationDiffers));
            }
            if stored.state(now) != VerificationState::Pending {
                return Ok(SendOutcome::Refused(Refusal::VerificationOver));
            }
            if !stored.is_void(run_id) {
                let times = stored.times();
                let unacknowledged = unacknowledged(stored, code.as_ref(), run_id);
                let answer = StoredAnswer::Message { times, sent: unacknowledged.is_some() };
                self.store_answer(&step.id.scope, &step.idempotency, answer, now);
                return Ok(unacknowledged.unwrap_or(SendOutcome::NothingToSend { times, sent: false }));
            }
            verification = Verification {
                content: verification.content,
                run_id: verification.run_id,
                standing: verification.standing,
                ..stored.clone()
            };
        } else {
            verification.sends = 0;
        }
        if step.verification.run_id != *run_id {
            return Ok(SendOutcome::Stale);
        }
        let expires_at = verification.expires_at;
        let is_new = !self.verifications.contains_key(&step.id);
        let candidate =
            StoredVerification { verification, code: Some(step.code.clone()), is_converted: false };
        let outcome = self.count_message(&step.id, &step.idempotency, candidate, &step.limits, now);
        if is_new && matches!(outcome, SendOutcome::Counted(_)) {
            self.outbox.record(step.id.scope.tenant, &step.events, 0);
            self.outbox.note_end(step.id.scope.tenant, &step.events, expires_at);
        }
        Ok(outcome)
    }

    pub(super) fn resend(&mut self, step: &ResendStep, run_id: &RunId, now: Timestamp) -> SendOutcome {
        if let Some(repeated) = self.repeated(&step.id, &step.idempotency, run_id, now) {
            return repeated;
        }
        let Some(StoredVerification { verification: stored, code, .. }) = self.verifications.get(&step.id)
        else {
            return SendOutcome::Refused(Refusal::VerificationNotFound);
        };
        if stored.state(now) != VerificationState::Pending {
            return SendOutcome::Refused(Refusal::VerificationOver);
        }
        if stored.content != step.seen.content || step.run_id != *run_id {
            return SendOutcome::Stale;
        }
        if let Some(unacknowledged) = unacknowledged(stored, code.as_ref(), run_id) {
            let answer = StoredAnswer::Message { times: stored.times(), sent: true };
            self.store_answer_if_room(false, &step.id.scope, &step.idempotency, answer, now);
            return unacknowledged;
        }
        if stored.sends >= step.limits.max_sends {
            return SendOutcome::Refused(Refusal::SendsExhausted);
        }
        let is_void = stored.is_void(run_id);
        if let Some(next) = stored.waits_until(now).filter(|_| !is_void) {
            return SendOutcome::Refused(Refusal::ResendTooSoon(next.since(now)));
        }
        let code = if is_void || step.rotate { Some(step.code.clone()) } else { code.clone() };
        let verification = Verification { run_id: run_id.clone(), ..stored.clone() };
        let candidate = StoredVerification { verification, code, is_converted: false };
        self.count_message(&step.id, &step.idempotency, candidate, &step.limits, now)
    }

    /// What the rules against abuse and the budgets of the tenant make of a message: nothing is counted where one refuses. Tells
    /// what was found, and whether the message is dropped.
    fn judge_and_consume(
        &mut self,
        scope: &TenantScope,
        verification: &mut Verification,
        limits: &SendLimits,
        now: Timestamp,
    ) -> Result<(Findings, bool), Refusal> {
        let judged = limits.judged.as_ref();
        let found = judged.map(|judged| self.judge_send(scope.tenant, judged, now)).transpose()?;
        let JudgedMessage { mut findings, standing } = found.unwrap_or_default();
        // Texts to numbers that are cut off do not go out and cost nothing.
        let unsent = judged.map(|judged| judged.countries_of(findings.cut_off)).unwrap_or_default();
        let budgets: Vec<TenantBudget> =
            limits.budgets.iter().filter_map(|budget| budget.without_texts(&unsent)).collect();
        let subject = &verification.subject;
        let Consumed { is_dropped, shadow } = self.consume(scope, subject, &budgets, limits.modes, now)?;
        if let Some(judged) = judged {
            self.count_texts(scope.tenant, judged, findings.cut_off, now);
        }
        if let Some(standing) = standing {
            verification.standing = standing;
        }
        findings.shadow.extend(shadow);
        Ok((findings, is_dropped))
    }

    /// Judges the limits, and if they allow, stores `candidate` with one more message.
    fn count_message(
        &mut self,
        id: &ScopedId,
        idempotency: &Idempotency,
        mut candidate: StoredVerification,
        limits: &SendLimits,
        now: Timestamp,
    ) -> SendOutcome {
        let scope = &id.scope;
        let verification = &mut candidate.verification;
        if verification.counts_failures
            && let Err(refusal) =
                self.judge_failures(&FailureKey::of(scope, verification), &limits.failures, now)
        {
            return SendOutcome::Refused(refusal);
        }
        if verification.sends >= limits.max_sends {
            return SendOutcome::Refused(Refusal::SendsExhausted);
        }
        if verification.sends != limits.seen_sends {
            return SendOutcome::Stale;
        }
        if !limits.is_reserved {
            return SendOutcome::NotReserved;
        }
        let (findings, is_dropped) = match self.judge_and_consume(scope, verification, limits, now) {
            Ok(found) => found,
            Err(refusal) => return SendOutcome::Refused(refusal),
        };
        verification.sends += 1;
        verification.sent_at = now;
        verification.next_send_at = limits.next_send_at;
        verification.withheld = limits.withheld.and(findings.cut_off);
        if is_dropped {
            verification.acknowledged = verification.sends;
        }
        let message =
            PendingMessage { findings, ..message(verification, candidate.code.as_ref(), is_dropped) };
        let answer = StoredAnswer::Message { times: message.times, sent: true };
        self.store_answer(scope, idempotency, answer, now);
        self.verifications.insert(id.clone(), candidate);
        SendOutcome::Counted(message)
    }

    /// What a call that was made before gets: its message again while that is unacknowledged, then the first answer.
    fn repeated(
        &self,
        id: &ScopedId,
        idempotency: &Idempotency,
        run_id: &RunId,
        now: Timestamp,
    ) -> Option<SendOutcome> {
        match self.stored_answer(&id.scope, idempotency, now) {
            Err(refusal) => Some(SendOutcome::Refused(refusal)),
            Ok(Some(StoredAnswer::Message { times, sent })) => {
                let stored =
                    self.verifications.get(id).filter(|stored| stored.verification.is_live(run_id, now));
                let again = stored
                    .and_then(|stored| unacknowledged(&stored.verification, stored.code.as_ref(), run_id));
                Some(again.filter(|_| sent).unwrap_or(SendOutcome::NothingToSend { times, sent }))
            }
            Ok(Some(_)) => Some(SendOutcome::Refused(Refusal::RequestIdReused)),
            Ok(None) => None,
        }
    }
}

fn unacknowledged(
    verification: &Verification,
    code: Option<&SealedCode>,
    run_id: &RunId,
) -> Option<SendOutcome> {
    let again = verification.has_unacknowledged_message(run_id);
    again.then(|| SendOutcome::Unacknowledged(message(verification, code, false)))
}

fn message(verification: &Verification, code: Option<&SealedCode>, is_dropped: bool) -> PendingMessage {
    PendingMessage {
        number: verification.sends,
        sent_at: verification.sent_at,
        sealed_code: code.map(|code| code.sealed.clone()).unwrap_or_default(),
        sealed_route: verification.sealed_route.clone(),
        times: verification.times(),
        withheld: verification.withheld,
        is_dropped,
        findings: Findings::default(),
    }
}
