//! Checking a code.
//!
//! One step of the store decides; the grant is signed after it, so a wrong code costs no signature. The step stores
//! the grant's id and time as the answer. The rest stands in the verification, and Ed25519 is deterministic, so a
//! repeated call gets the same grant again (under the key of that day, should it have changed in between). A code that passed is
//! then counted for where it went: what that was is sealed, so that nobody who reads the store can tell decoys.

use rekey_primitives::id::{GrantId, RequestId};

use super::encoding::encode_transaction;
use super::events::EventSubject;
use super::keys::{CodeBinding, SignedGrant};
use super::{Codes, Error, MAX_ROUNDS};
use crate::domain::code::Code;
use crate::domain::event::EventKind;
use crate::domain::grant::{Grant, class_of};
use crate::domain::mac::MacSet;
use crate::domain::names::{Purpose, Subject};
use crate::domain::refusal::Refusal;
use crate::domain::scope::ScopedId;
use crate::domain::transaction::Transaction;
use crate::store::{CheckOutcome, CheckStep, Failure, PassedCheck};

#[derive(Debug, Clone)]
pub(crate) struct CheckRequest {
    pub(crate) id: ScopedId,
    pub(crate) request_id: RequestId,
    /// The typed code.
    pub(crate) code: Code,
    /// What the caller takes the verification to be for.
    pub(crate) purpose: Purpose,
    /// Whom the caller takes it to be about.
    pub(crate) subject: Subject,
    /// What the caller takes the code to approve.
    pub(crate) transaction: Option<Transaction>,
}

#[derive(Debug, Clone)]
pub(crate) enum CheckVerdict {
    Passed(SignedGrant),
    /// Wrong, expired, consumed, out of attempts or unknown: it is never said which.
    Rejected,
}

impl Codes {
    /// Counts, compares and consumes in one step of the store.
    #[tracing::instrument(skip_all, fields(tenant = %request.id.scope.tenant, verification = %request.id.verification))]
    pub(crate) async fn check(&self, request: &CheckRequest) -> Result<CheckVerdict, Error> {
        let now = self.clock.now();
        let CheckRequest { id, request_id, code, purpose, subject, transaction } = request;
        let transaction = transaction.as_ref();
        let content = self.check_content(request);
        let run_id = self.store.assumed_run_id(id.scope.tenant);
        let mut step = CheckStep {
            idempotency: self.idempotency(*request_id, content),
            id: id.clone(),
            purpose: purpose.clone(),
            subject: subject.clone(),
            typed: self
                .keys
                .code_macs(&CodeBinding { id, purpose, subject, transaction, run_id: &run_id }, code),
            run_id,
            grant: GrantId::generate(&*self.entropy, now),
            failures: self.rules.failures,
            breaker: self.judged_check(id),
            events: self.step_events(
                EventSubject { id, purpose, channel: None },
                &[EventKind::Approved, EventKind::Checked],
                now,
            ),
        };
        for _ in 0..MAX_ROUNDS {
            match self.store.check(&step, now).await? {
                CheckOutcome::Passed(passed) => {
                    self.convert(id, &passed, now).await;
                    return Ok(CheckVerdict::Passed(self.keys.sign_grant(&self.grant(request, *passed)?)));
                }
                CheckOutcome::Rejected => return Ok(CheckVerdict::Rejected),
                CheckOutcome::Tripped(stage) => {
                    self.report_trip(id.scope.tenant, stage);
                    return Ok(CheckVerdict::Rejected);
                }
                CheckOutcome::Refused(refusal) => {
                    if matches!(refusal, Refusal::GuessingLimited(_)) {
                        self.report_limited_check(id.scope.tenant, now);
                    }
                    return Err(refusal.into());
                }
                CheckOutcome::RunChanged(run_id) => {
                    let binding = CodeBinding { id, purpose, subject, transaction, run_id: &run_id };
                    step.typed = self.keys.code_macs(&binding, code);
                    step.run_id = run_id;
                }
            }
        }
        Err(Failure::Contended.into())
    }

    fn check_content(&self, request: &CheckRequest) -> MacSet {
        let transaction = request.transaction.as_ref().map(encode_transaction);
        let verification = request.id.verification.as_uuid();
        let always: [&[u8]; 5] = [
            b"check",
            verification.as_bytes(),
            request.code.expose().as_bytes(),
            request.purpose.as_str().as_bytes(),
            request.subject.as_str().as_bytes(),
        ];
        self.keys.content_macs(&always.into_iter().chain(transaction.as_deref()).collect::<Vec<_>>())
    }

    /// What the passed check is evidence of. The transaction is that of the code, whose MAC it is part of.
    fn grant(&self, request: &CheckRequest, passed: PassedCheck) -> Result<Grant, Error> {
        let PassedCheck { grant, at, verification } = passed;
        let id = &request.id;
        let route = self.keys.open_route(id, &verification.sealed_route)?;
        Ok(Grant {
            id: grant,
            tenant: id.scope.tenant,
            caller: id.scope.caller.clone(),
            audience: verification.audience,
            verification: id.verification,
            purpose: verification.purpose,
            subject: verification.subject,
            transaction: request.transaction.clone(),
            channel: verification.channel,
            fallback_channel: route.fallback.map(|fallback| fallback.destination.channel()),
            class: class_of(verification.channel),
            binding: verification.binding,
            run_id: verification.run_id,
            passed_at: at,
            expires_at: at.plus(self.rules.grant_life),
        })
    }
}
