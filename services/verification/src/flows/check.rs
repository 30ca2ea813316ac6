//! Trying a code.
//!
//! One step of the store decides; the grant is signed after it, so a wrong code costs no signature. The step keeps
//! the grant's id and time as the answer, and since the rest stands in the verification and Ed25519 draws no chance,
//! a repeated call gets the same grant again (under the key of that day, should it have changed in between).

use rekey_primitives::id::{GrantId, RequestId};

use super::keys::GivenGrant;
use super::{Error, Flows, LOOKS};
use crate::domain::code::Code;
use crate::domain::grant::{Grant, class_of};
use crate::domain::names::{Purpose, Subject};
use crate::domain::scope::Place;
use crate::domain::tag::Request;
use crate::store::{Check, Checked, Failure, Passed};

/// What somebody typed, and for what.
#[derive(Debug, Clone)]
pub(crate) struct CheckOrder {
    /// The verification.
    pub(crate) place: Place,
    /// The call's id.
    pub(crate) request: RequestId,
    /// What was typed.
    pub(crate) code: Code,
    /// What the caller takes it to be for.
    pub(crate) purpose: Purpose,
    /// Whom the caller takes it to be about.
    pub(crate) subject: Subject,
}

/// Whether it was right.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    /// It was, and this is the evidence.
    Passed(GivenGrant),
    /// Wrong, expired, spent, out of tries or unknown: never said which.
    Rejected,
}

impl Flows {
    /// Counts, compares and consumes in one step of the store.
    #[tracing::instrument(skip_all, fields(tenant = %order.place.scope.tenant, verification = %order.place.id))]
    pub(crate) async fn check(&self, order: &CheckOrder) -> Result<Verdict, Error> {
        let now = self.clock.now();
        let content = self.keys.content(&[
            b"check",
            order.place.id.as_uuid().as_bytes(),
            order.code.expose().as_bytes(),
            order.purpose.as_str().as_bytes(),
            order.subject.as_str().as_bytes(),
        ]);
        let generation = self.store.likely_generation(order.place.scope.tenant);
        let mut check = Check {
            request: Request { id: order.request, content },
            place: order.place.clone(),
            purpose: order.purpose.clone(),
            subject: order.subject.clone(),
            typed: self.keys.typed(order, &generation),
            generation,
            grant: GrantId::generate(&*self.entropy, now),
            failures: self.rules.failures,
            answer_life: self.rules.answer_life,
        };
        for _ in 0..LOOKS {
            match self.store.check(&check, now).await? {
                Checked::Passed(passed) => {
                    return Ok(Verdict::Passed(self.keys.give(&self.grant_for(&order.place, *passed))));
                }
                Checked::Rejected => return Ok(Verdict::Rejected),
                Checked::Refused(refusal) => return Err(refusal.into()),
                Checked::Moved(generation) => {
                    check.typed = self.keys.typed(order, &generation);
                    check.generation = generation;
                }
            }
        }
        Err(Failure::Restless.into())
    }

    fn grant_for(&self, place: &Place, passed: Passed) -> Grant {
        let Passed { grant, at, verification } = passed;
        Grant {
            id: grant,
            tenant: place.scope.tenant,
            caller: place.scope.caller.clone(),
            audience: verification.audience,
            verification: place.id,
            purpose: verification.purpose,
            subject: verification.subject,
            channel: verification.channel,
            class: class_of(verification.channel),
            binding: verification.binding,
            generation: verification.generation,
            passed_at: at,
            expires_at: at.plus(self.rules.grant_life),
        }
    }
}
