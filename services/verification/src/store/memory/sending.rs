//! The steps that charge messages.

use rekey_primitives::clock::Timestamp;

use super::shelf::{Answer, Kept, Shelf};
use crate::domain::limits::{FailureRule, Standing};
use crate::domain::refusal::Refusal;
use crate::domain::scope::{Generation, Place, TenantScope};
use crate::domain::tag::Request;
use crate::domain::verification::{State, Times, Verification};
use crate::store::{Charge, Dispatch, Failure, KeptCode, Resend, Sending, Start};

impl Shelf {
    pub(super) fn start(
        &mut self,
        start: &Start,
        generation: &Generation,
        now: Timestamp,
    ) -> Result<Dispatch, Failure> {
        let scope = &start.place.scope;
        let until = now.plus(start.answer_life);
        if let Some(settled) = self.repeated(scope, &start.request, &start.place, generation, now) {
            return Ok(settled);
        }
        self.make_room(&start.charge.failures, now)?;
        let mut verification = start.verification.clone();
        if let Some(Kept { verification: kept, code }) = self.verifications.get(&start.place) {
            if !start.content.include(&kept.content) {
                return Ok(Dispatch::Refused(Refusal::VerificationDiffers));
            }
            if kept.state(now) != State::Pending {
                return Ok(Dispatch::Refused(Refusal::VerificationOver));
            }
            if !kept.is_void(generation) {
                let times = times(kept);
                let owed = owed(kept, code.as_ref(), generation);
                let answer = Answer::Message { times, sent: owed.is_some() };
                self.keep_answer(scope, &start.request, answer, until);
                return Ok(owed.unwrap_or(Dispatch::Settled { times, sent: false }));
            }
            verification = Verification {
                content: verification.content,
                generation: verification.generation,
                ..kept.clone()
            };
        } else {
            verification.sends = 0;
        }
        if start.verification.generation != *generation {
            return Ok(Dispatch::Moved);
        }
        let code = Some(start.code.clone());
        Ok(self.charge(&start.request, &start.place, Kept { verification, code }, &start.charge, until, now))
    }

    pub(super) fn resend(&mut self, resend: &Resend, generation: &Generation, now: Timestamp) -> Dispatch {
        let scope = &resend.place.scope;
        let until = now.plus(resend.answer_life);
        if let Some(settled) = self.repeated(scope, &resend.request, &resend.place, generation, now) {
            return settled;
        }
        let Some(Kept { verification: kept, code }) = self.verifications.get(&resend.place) else {
            return Dispatch::Refused(Refusal::VerificationNotFound);
        };
        if kept.state(now) != State::Pending {
            return Dispatch::Refused(Refusal::VerificationOver);
        }
        if kept.content != resend.seen.content || resend.generation != *generation {
            return Dispatch::Moved;
        }
        if let Some(owed) = owed(kept, code.as_ref(), generation) {
            let answer = Answer::Message { times: times(kept), sent: true };
            self.offer_answer(false, scope, &resend.request, answer, until);
            return owed;
        }
        if kept.sends >= resend.charge.most_sends {
            return Dispatch::Refused(Refusal::SendsExhausted);
        }
        let is_void = kept.is_void(generation);
        if let Some(next) = kept.next_send_at.filter(|next| !is_void && !now.has_reached(*next)) {
            return Dispatch::Refused(Refusal::ResendTooSoon(next.since(now)));
        }
        let fresh = is_void || resend.rotate;
        let code = if fresh { Some(resend.code.clone()) } else { code.clone() };
        let verification = Verification { generation: generation.clone(), ..kept.clone() };
        let kept = Kept { verification, code };
        self.charge(&resend.request, &resend.place, kept, &resend.charge, until, now)
    }

    /// Judges the limits, and if they allow, keeps `kept` with one more message.
    fn charge(
        &mut self,
        request: &Request,
        place: &Place,
        mut kept: Kept,
        charge: &Charge,
        until: Timestamp,
        now: Timestamp,
    ) -> Dispatch {
        let scope = &place.scope;
        let verification = &mut kept.verification;
        if verification.counts_failures
            && let Err(refusal) = self.standing(scope, verification, &charge.failures, now)
        {
            return Dispatch::Refused(refusal);
        }
        if verification.sends >= charge.most_sends {
            return Dispatch::Refused(Refusal::SendsExhausted);
        }
        if verification.sends != charge.seen_sends {
            return Dispatch::Moved;
        }
        if !charge.funded {
            return Dispatch::Unfunded;
        }
        let is_quiet = match self.spend(scope, &verification.subject, &charge.spends, now) {
            Ok(is_quiet) => is_quiet,
            Err(refusal) => return Dispatch::Refused(refusal),
        };
        verification.sends += 1;
        verification.sent_at = now;
        verification.next_send_at = charge.next_send_at;
        if is_quiet {
            verification.acknowledged = verification.sends;
        }
        let sending = sending(verification, kept.code.as_ref(), is_quiet);
        let answer = Answer::Message { times: sending.times, sent: true };
        self.keep_answer(scope, request, answer, until);
        self.verifications.insert(place.clone(), kept);
        Dispatch::Charged(sending)
    }

    /// What a request that was made before gets: its message again while that is owed, then the first answer.
    fn repeated(
        &self,
        scope: &TenantScope,
        request: &Request,
        place: &Place,
        generation: &Generation,
        now: Timestamp,
    ) -> Option<Dispatch> {
        match self.answered(scope, request, now) {
            Err(refusal) => Some(Dispatch::Refused(refusal)),
            Ok(Some(Answer::Message { times, sent })) => {
                let kept =
                    self.verifications.get(place).filter(|kept| kept.verification.is_live(generation, now));
                let owed = kept.and_then(|kept| owed(&kept.verification, kept.code.as_ref(), generation));
                Some(owed.filter(|_| sent).unwrap_or(Dispatch::Settled { times, sent }))
            }
            Ok(Some(_)) => Some(Dispatch::Refused(Refusal::RequestIdReused)),
            Ok(None) => None,
        }
    }

    /// Whether the subject's failures let it be asked.
    pub(super) fn standing(
        &self,
        scope: &TenantScope,
        verification: &Verification,
        rule: &FailureRule,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let key = (scope.clone(), verification.purpose.clone(), verification.subject.clone());
        let failures = self.failures.get(&key);
        match failures.map_or(Standing::Free, |failures| rule.standing(failures, now)) {
            Standing::Free => Ok(()),
            Standing::Paused(until) => Err(Refusal::SubjectPaused(until.since(now))),
            Standing::Stopped => Err(Refusal::SubjectStopped),
        }
    }
}

fn times(verification: &Verification) -> Times {
    Times { expires_at: verification.expires_at, next_send_at: verification.next_send_at }
}

fn owed(verification: &Verification, code: Option<&KeptCode>, generation: &Generation) -> Option<Dispatch> {
    verification.owes_a_message(generation).then(|| Dispatch::Owed(sending(verification, code, false)))
}

fn sending(verification: &Verification, code: Option<&KeptCode>, is_quiet: bool) -> Sending {
    Sending {
        number: verification.sends,
        sent_at: verification.sent_at,
        sealed_code: code.map(|code| code.sealed.clone()).unwrap_or_default(),
        sealed_route: verification.sealed_route.clone(),
        times: times(verification),
        is_quiet,
    }
}
