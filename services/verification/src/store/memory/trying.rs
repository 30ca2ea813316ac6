//! The steps that try, end, redeem and forgive.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;

use super::shelf::{Answer, Shelf};
use crate::domain::names::{Purpose, Subject};
use crate::domain::refusal::Refusal;
use crate::domain::scope::{Generation, Place, TenantScope};
use crate::domain::tag::Request;
use crate::domain::verification::{Ending, State};
use crate::store::{Cancelled, Check, Checked, Passed, Redeem, Redeemed, Released};

impl Shelf {
    pub(super) fn check(&mut self, check: &Check, generation: &Generation, now: Timestamp) -> Checked {
        let scope = &check.place.scope;
        match self.answered(scope, &check.request, now) {
            Err(refusal) => return Checked::Refused(refusal),
            Ok(Some(Answer::Check(Some(passed)))) => return Checked::Passed(passed),
            Ok(Some(Answer::Check(None))) => return Checked::Rejected,
            Ok(Some(_)) => return Checked::Refused(Refusal::RequestIdReused),
            Ok(None) => {}
        }
        if check.generation != *generation {
            return Checked::Moved(generation.clone());
        }
        let kept = self.verifications.get(&check.place).map(|kept| &kept.verification);
        let live = kept.filter(|kept| kept.purpose == check.purpose && kept.subject == check.subject);
        let live = live.filter(|kept| kept.is_live(generation, now));
        if let Some(live) = live.filter(|live| live.counts_failures)
            && let Err(refusal) = self.standing(scope, live, &check.failures, now)
        {
            return Checked::Refused(refusal);
        }
        let is_live = live.is_some();
        let passed = if is_live { self.try_code(check, now) } else { None };
        let (answer, until) = (Answer::Check(passed.clone()), now.plus(check.answer_life));
        self.offer_answer(is_live, scope, &check.request, answer, until);
        passed.map_or(Checked::Rejected, Checked::Passed)
    }

    /// Counts a try on a live verification and compares. What is over has no code any more.
    fn try_code(&mut self, check: &Check, now: Timestamp) -> Option<Box<Passed>> {
        let kept = self.verifications.get_mut(&check.place)?;
        let verification = &mut kept.verification;
        verification.tries_left -= 1;
        let passed = kept.code.as_ref().is_some_and(|code| check.typed.include(&code.tag));
        if passed {
            verification.ending = Some(Ending::Passed);
        }
        if passed || verification.tries_left == 0 {
            kept.code = None;
        }
        if verification.counts_failures {
            let key = (check.place.scope.clone(), verification.purpose.clone(), verification.subject.clone());
            if passed {
                self.failures.remove(&key);
            } else {
                let failures = self.failures.entry(key).or_default();
                *failures = check.failures.after_one(failures, now);
            }
        }
        passed.then(|| Box::new(Passed { grant: check.grant, at: now, verification: verification.clone() }))
    }

    pub(super) fn cancel(
        &mut self,
        request: &Request,
        place: &Place,
        answer_life: Duration,
        now: Timestamp,
    ) -> Cancelled {
        match self.answered(&place.scope, request, now) {
            Err(refusal) => return Cancelled::Refused(refusal),
            Ok(Some(Answer::State(state))) => return Cancelled::Now(state),
            Ok(Some(_)) => return Cancelled::Refused(Refusal::RequestIdReused),
            Ok(None) => {}
        }
        let Some(kept) = self.verifications.get_mut(place) else {
            return Cancelled::Refused(Refusal::VerificationNotFound);
        };
        let ends = kept.verification.state(now) == State::Pending;
        if ends {
            kept.verification.ending = Some(Ending::Cancelled);
            kept.code = None;
        }
        let state = kept.verification.state(now);
        self.offer_answer(ends, &place.scope, request, Answer::State(state), now.plus(answer_life));
        Cancelled::Now(state)
    }

    pub(super) fn redeem(&mut self, redeem: &Redeem, generation: &Generation, now: Timestamp) -> Redeemed {
        match self.answered(&redeem.scope, &redeem.request, now) {
            Err(refusal) => return Redeemed::Refused(refusal),
            Ok(Some(Answer::Done)) => return Redeemed::Spent,
            Ok(Some(_)) => return Redeemed::Refused(Refusal::RequestIdReused),
            Ok(None) => {}
        }
        let key = (redeem.scope.tenant, redeem.grant);
        let is_dead = redeem.generation != *generation || now.has_reached(redeem.expires_at);
        if is_dead || self.spent_grants.contains_key(&key) {
            return Redeemed::Refused(Refusal::GrantInvalid);
        }
        self.spent_grants.insert(key, redeem.expires_at);
        self.keep_answer(&redeem.scope, &redeem.request, Answer::Done, now.plus(redeem.answer_life));
        Redeemed::Spent
    }

    pub(super) fn release(
        &mut self,
        request: &Request,
        scope: &TenantScope,
        purpose: &Purpose,
        subject: &Subject,
        answer_life: Duration,
        now: Timestamp,
    ) -> Released {
        match self.answered(scope, request, now) {
            Err(refusal) => return Released::Refused(refusal),
            Ok(Some(Answer::Done)) => return Released::Done,
            Ok(Some(_)) => return Released::Refused(Refusal::RequestIdReused),
            Ok(None) => {}
        }
        let forgot = self.failures.remove(&(scope.clone(), purpose.clone(), subject.clone())).is_some();
        self.offer_answer(forgot, scope, request, Answer::Done, now.plus(answer_life));
        Released::Done
    }
}
