//! Trying a code.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{GrantId, RequestId};

use super::keys::GivenGrant;
use super::{Error, Flows, LOOKS};
use crate::domain::code::Code;
use crate::domain::grant::{Grant, class_of};
use crate::domain::names::{Purpose, Subject};
use crate::domain::scope::{Generation, Place};
use crate::domain::tag::{Request, Tags};
use crate::domain::verification::Verification;
use crate::store::{Check, Checked, Failure, Sight};

/// What somebody typed, and for what.
#[derive(Debug, Clone)]
pub struct CheckOrder {
    /// The verification.
    pub place: Place,
    /// The call's id.
    pub request: RequestId,
    /// What was typed.
    pub code: Code,
}

/// Whether it was right.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// It was, and this is the evidence.
    Passed(GivenGrant),
    /// Wrong, expired, spent, out of tries or unknown: never said which.
    Rejected,
}

impl Flows {
    /// Counts, compares and consumes in one step of the store.
    #[tracing::instrument(skip_all, fields(tenant = %order.place.scope.tenant, verification = %order.place.id))]
    pub async fn check(&self, order: &CheckOrder) -> Result<Verdict, Error> {
        let now = self.clock.now();
        let content = self.keys.content(&[
            b"check",
            order.place.id.as_uuid().as_bytes(),
            order.code.expose().as_bytes(),
        ]);
        let request = Request { id: order.request, content };
        for _ in 0..LOOKS {
            let sight = self.store.look(&order.place).await?;
            let check = self.check_step(order, &request, sight, now);
            match self.store.check(&check, now).await? {
                Checked::Passed(sealed) => {
                    return Ok(Verdict::Passed(self.keys.open_grant(&order.place, &sealed)?));
                }
                Checked::Rejected => return Ok(Verdict::Rejected),
                Checked::Refused(refusal) => return Err(refusal.into()),
                Checked::Moved => {}
            }
        }
        Err(Failure::Restless.into())
    }

    fn check_step(&self, order: &CheckOrder, request: &Request, sight: Sight, now: Timestamp) -> Check {
        let Sight { generation, verification: seen } = sight;
        let (typed, sealed_grant) = match &seen {
            Some(seen) => {
                let typed =
                    self.keys.typed(&order.code, &order.place, &seen.purpose, &seen.subject, &generation);
                // Signed before it is known to be deserved: the step that finds out keeps it as the answer.
                let grant = self.grant_for(&order.place, seen, &generation, now);
                (typed, self.keys.seal_grant(&*self.entropy, &order.place, &grant))
            }
            None => (self.typed_for_nothing(order, &generation), Vec::new()),
        };
        Check {
            request: request.clone(),
            place: order.place.clone(),
            seen,
            generation,
            typed,
            sealed_grant,
            failures: self.rules.failures,
            answer_life: self.rules.answer_life,
        }
    }

    /// What was typed, for a verification that does not exist: the same work, and never compared.
    fn typed_for_nothing(&self, order: &CheckOrder, generation: &Generation) -> Tags {
        let purpose = Purpose::parse("none").expect("it fits the rule of purposes");
        let subject = Subject::parse("none").expect("it fits the rule of subjects");
        self.keys.typed(&order.code, &order.place, &purpose, &subject, generation)
    }

    fn grant_for(
        &self,
        place: &Place,
        seen: &Verification,
        generation: &Generation,
        now: Timestamp,
    ) -> Grant {
        Grant {
            id: GrantId::generate(&*self.entropy, now),
            tenant: place.scope.tenant,
            caller: place.scope.caller.clone(),
            audience: seen.audience.clone(),
            verification: place.id,
            purpose: seen.purpose.clone(),
            subject: seen.subject.clone(),
            channel: seen.channel,
            class: class_of(seen.channel),
            binding: seen.binding,
            generation: generation.clone(),
            passed_at: now,
            expires_at: now.plus(self.rules.grant_life),
        }
    }
}
