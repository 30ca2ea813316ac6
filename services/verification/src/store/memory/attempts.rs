//! The steps that check codes, end verifications, redeem grants and release subjects.

use rekey_primitives::clock::Timestamp;

use super::state::{FailureKey, MemoryState, StoredAnswer};
use crate::domain::refusal::Refusal;
use crate::domain::scope::RunId;
use crate::domain::verification::{Resolution, VerificationState};
use crate::store::{CancelStep, CheckOutcome, CheckStep, PassedCheck, RedeemStep, ReleaseStep};

impl MemoryState {
    pub(super) fn check(&mut self, step: &CheckStep, run_id: &RunId, now: Timestamp) -> CheckOutcome {
        let scope = &step.id.scope;
        match self.stored_answer(scope, &step.idempotency, now) {
            Err(refusal) => return CheckOutcome::Refused(refusal),
            Ok(Some(StoredAnswer::Check(Some(passed)))) => return CheckOutcome::Passed(passed),
            Ok(Some(StoredAnswer::Check(None))) => return CheckOutcome::Rejected,
            Ok(Some(_)) => return CheckOutcome::Refused(Refusal::RequestIdReused),
            Ok(None) => {}
        }
        if step.run_id != *run_id {
            return CheckOutcome::RunChanged(run_id.clone());
        }
        let stored = self.verifications.get(&step.id).map(|stored| &stored.verification);
        if let Some(judged) = &step.breaker
            && let Err(refusal) = self.judge_check(scope.tenant, judged, stored.map(|one| &one.standing), now)
        {
            return CheckOutcome::Refused(refusal);
        }
        let live = stored.filter(|stored| stored.purpose == step.purpose && stored.subject == step.subject);
        let live = live.filter(|stored| stored.is_live(run_id, now));
        if let Some(live) = live.filter(|live| live.counts_failures)
            && let Err(refusal) = self.judge_failures(&FailureKey::of(scope, live), &step.failures, now)
        {
            return CheckOutcome::Refused(refusal);
        }
        let is_live = live.is_some();
        let passed = if is_live { self.count_attempt(step, now) } else { None };
        let tripped = if is_live { self.count_for_breaker(step, passed.is_some(), now) } else { None };
        let answer = StoredAnswer::Check(passed.clone());
        self.store_answer_if_room(is_live, scope, &step.idempotency, answer, now);
        let rejected = tripped.map_or(CheckOutcome::Rejected, CheckOutcome::Tripped);
        passed.map_or(rejected, CheckOutcome::Passed)
    }

    /// Counts an attempt at a live verification and compares. What is over has no code any more.
    fn count_attempt(&mut self, step: &CheckStep, now: Timestamp) -> Option<Box<PassedCheck>> {
        let stored = self.verifications.get_mut(&step.id)?;
        let verification = &mut stored.verification;
        verification.attempts_left -= 1;
        let passed = stored.code.as_ref().is_some_and(|code| step.typed.contains(&code.mac));
        if passed {
            verification.resolution = Some(Resolution::Passed);
        }
        if passed || verification.attempts_left == 0 {
            stored.code = None;
        }
        self.outbox.record(step.id.scope.tenant, &step.events, usize::from(!passed));
        if verification.counts_failures {
            let key = FailureKey::of(&step.id.scope, verification);
            if passed {
                self.failures.remove(&key);
            } else {
                let failures = self.failures.entry(key).or_default();
                *failures = step.failures.count_one(failures, now);
            }
        }
        passed
            .then(|| Box::new(PassedCheck { grant: step.grant, at: now, verification: verification.clone() }))
    }

    pub(super) fn cancel(&mut self, step: &CancelStep, now: Timestamp) -> Result<VerificationState, Refusal> {
        let scope = &step.id.scope;
        match self.stored_answer(scope, &step.idempotency, now)? {
            Some(StoredAnswer::State(state)) => return Ok(state),
            Some(_) => return Err(Refusal::RequestIdReused),
            None => {}
        }
        let stored = self.verifications.get_mut(&step.id).ok_or(Refusal::VerificationNotFound)?;
        let ends = stored.verification.state(now) == VerificationState::Pending;
        if ends {
            stored.verification.resolution = Some(Resolution::Cancelled);
            stored.code = None;
        }
        let state = stored.verification.state(now);
        self.store_answer_if_room(ends, scope, &step.idempotency, StoredAnswer::State(state), now);
        Ok(state)
    }

    pub(super) fn redeem(
        &mut self,
        step: &RedeemStep,
        run_id: &RunId,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        match self.stored_answer(&step.scope, &step.idempotency, now)? {
            Some(StoredAnswer::Done) => return Ok(()),
            Some(_) => return Err(Refusal::RequestIdReused),
            None => {}
        }
        let key = (step.scope.tenant, step.grant);
        let is_dead = step.run_id != *run_id || now.has_reached(step.expires_at);
        if is_dead || self.redeemed_grants.contains_key(&key) {
            return Err(Refusal::GrantInvalid);
        }
        self.redeemed_grants.insert(key, step.expires_at);
        self.store_answer(&step.scope, &step.idempotency, StoredAnswer::Done, now);
        Ok(())
    }

    pub(super) fn release(&mut self, step: &ReleaseStep, now: Timestamp) -> Result<(), Refusal> {
        match self.stored_answer(&step.scope, &step.idempotency, now)? {
            Some(StoredAnswer::Done) => return Ok(()),
            Some(_) => return Err(Refusal::RequestIdReused),
            None => {}
        }
        let key = FailureKey {
            scope: step.scope.clone(),
            purpose: step.purpose.clone(),
            subject: step.subject.clone(),
        };
        let had_failures = self.failures.remove(&key).is_some();
        self.store_answer_if_room(had_failures, &step.scope, &step.idempotency, StoredAnswer::Done, now);
        Ok(())
    }
}
