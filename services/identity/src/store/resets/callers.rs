//! Codes that callers read back to a helpdesk.

use rekey_database::{statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, HelpRequestId};
use uuid::Uuid;

use super::attempts::{self, MethodKey};
use crate::domain::audit::AuditEvent;
use crate::domain::scope::TenantScope;
use crate::store::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency};

/// What a caller read back, judged.
#[derive(Debug, Clone)]
pub(crate) struct CallerJudged {
    pub(crate) account_id: AccountId,
    pub(crate) matched: bool,
    /// The counter of the method, which a match clears.
    pub(crate) method: Option<MethodKey>,
    pub(crate) event: AuditEvent,
    pub(crate) now: Timestamp,
}

statements! {
    /// The account's pending request, of which there is one at most.
    const MARK_VERIFIED = "
        update help_requests set caller_verified_at = $3, updated_at = $3, version = version + 1
        where tenant_id = $1 and account_id = $2 and state in ('open', 'claimed') and expires_at > $3
        returning help_request_id";
}

impl Store {
    /// Writes the event of a code that was sent, with its answer.
    pub(crate) async fn note_caller_code(
        &self,
        scope: &TenantScope,
        event: &AuditEvent,
        idempotency: Option<IdempotentRequest<'_, ()>>,
        now: Timestamp,
    ) -> Result<StepOutcome<(), ()>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), idempotency.as_ref());
        let make = self.database.step(|mut tx| async move {
            let claimed = idempotency::claim_with_answer(&mut tx, tenant_id, idempotency, &(), now).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            audit::append(&mut tx, event).await?;
            Ok(tx.commit(StepOutcome::Done(())))
        });
        make.await
    }

    /// Writes what a caller's code was judged, with its event. A match clears the counter and marks the account's pending help
    /// request, whose id is given.
    pub(crate) async fn judge_caller(
        &self,
        scope: &TenantScope,
        judged: &CallerJudged,
        idempotency: Option<IdempotentRequest<'_, Option<HelpRequestId>>>,
    ) -> Result<StepOutcome<Option<HelpRequestId>, ()>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), idempotency.as_ref());
        let make = self.database.step(|mut tx| async move {
            if let Some(ended) =
                idempotency::claim(&mut tx, tenant_id, idempotency, judged.now).await?.ended()
            {
                return Ok(tx.roll_back(ended));
            }
            let mut help = None;
            if judged.matched {
                let values = values![tenant_id, judged.account_id, judged.now];
                let marked: Option<(Uuid,)> = tx.optional(MARK_VERIFIED, values).await?;
                help = marked.map(|(id,)| HelpRequestId::from_uuid(id));
                if let Some(method) = judged.method {
                    attempts::clear(&mut tx, tenant_id, method).await?;
                }
            }
            idempotency::store_answer(&mut tx, tenant_id, idempotency, &help).await?;
            audit::append(&mut tx, &judged.event).await?;
            Ok(tx.commit(StepOutcome::Done(help)))
        });
        make.await
    }
}
