//! Attempts: at the code of a method, and to complete a reset.

use rekey_database::{Connection, FOR_UPDATE, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, ResetId, TenantId};
use rekey_primitives::method::MethodKind;
use uuid::Uuid;

use crate::domain::attempts::{AttemptOrigin, MethodUnavailable, WINDOW};
use crate::domain::audit::AuditEvent;
use crate::domain::policy::ResetRules;
use crate::domain::reset::{kind_attempts_key, sign_in_attempts_key};
use crate::domain::scope::TenantScope;
use crate::store::accounts::{PassedCode, held_codes};
use crate::store::columns::{EMPTY, LISTED};
use crate::store::rows::{self, AttemptsRow};
use crate::store::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency};

/// Names the counter of a method's attempts: the security info, or the decoy's number.
pub(crate) type MethodKey = Uuid;

/// What counting an attempt did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttemptCounted {
    /// It counts.
    Counted,
    /// This very request was counted before.
    CountedBefore,
    /// No code is live, so nothing was guessed and nothing counted.
    NoLiveCode,
    /// The method takes no attempt.
    Stopped(MethodUnavailable),
}

/// A code about to be checked.
#[derive(Clone, Copy)]
pub(crate) struct CodeAttempt<'a> {
    pub(crate) method: MethodKey,
    /// What kind of place the reset began at.
    pub(crate) from: AttemptOrigin,
    /// The fingerprint of the request: a repeat is no second attempt.
    pub(crate) request: &'a [u8; 32],
    pub(crate) rules: &'a ResetRules,
    pub(crate) codes: CodeSource,
}

/// Where the codes of a method come from, which decides when one could be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeSource {
    /// We send them: an attempt counts while one is live.
    Sent,
    /// The person has them, so that there always is one.
    Held,
}

/// A proof of a reset that was found right.
#[derive(Debug, Clone)]
pub(crate) struct AcceptedProof {
    /// The counter of the method, which has nothing against it any more.
    pub(crate) method: MethodKey,
    /// The code that is spent by it, of a kind that the person has already.
    pub(crate) spent: Option<PassedCode>,
    pub(crate) event: AuditEvent,
}

statements! {
    const CODE_SENT = "
        insert into method_tries (tenant_id, method_key, recent, in_a_row, live_until)
        values ($1, $2, ", EMPTY, ", 0, $3)
        on conflict (tenant_id, method_key) do update
        set live_until = ", (postgres: "greatest", sqlite: "max"), "(method_tries.live_until, excluded.live_until)";

    const COUNTED_BEFORE = "
        select 1 from counted_tries where tenant_id = $1 and method_key = $2 and request_key = $3";

    const READ = "
        select case when $3 then familiar_recent else recent end as recent,
            case when $3 then familiar_in_a_row else in_a_row end as in_a_row, live_until
        from method_tries where tenant_id = $1 and method_key = $2", FOR_UPDATE;

    const PEEK = "
        select recent, in_a_row, live_until from method_tries where tenant_id = $1 and method_key = $2";

    const WRITE = "
        update method_tries set recent = $3, in_a_row = $4 where tenant_id = $1 and method_key = $2";

    const WRITE_FAMILIAR = "
        update method_tries set familiar_recent = $3, familiar_in_a_row = $4
        where tenant_id = $1 and method_key = $2";

    /// Once: a row that is there already stays.
    const REMEMBER_REQUEST = "
        insert into counted_tries (tenant_id, method_key, request_key, counted_at) values ($1, $2, $3, $4)
        on conflict (tenant_id, method_key, request_key) do nothing";

    const CLEAR = "
        update method_tries set recent = ", EMPTY, ", in_a_row = 0, familiar_recent = ", EMPTY, ", familiar_in_a_row = 0
        where tenant_id = $1 and method_key = $2";

    const CLEAR_ACCOUNT = "
        update method_tries set recent = ", EMPTY, ", in_a_row = 0, familiar_recent = ", EMPTY, ", familiar_in_a_row = 0
        where tenant_id = $1 and method_key in (
            select security_info_id from security_info where tenant_id = $1 and account_id = $2
        )";

    const CLEAR_LISTED = "
        update method_tries set recent = ", EMPTY, ", in_a_row = 0, familiar_recent = ", EMPTY, ", familiar_in_a_row = 0
        where tenant_id = $1 and method_key ", LISTED;

    const COUNT_ATTEMPT = "
        insert into reset_attempts (tenant_id, reset_id, attempts, expires_at) values ($1, $2, 1, $3)
        on conflict (tenant_id, reset_id) do update set attempts = reset_attempts.attempts + $4
        returning attempts - 1";
}

impl Store {
    /// Remembers that a code of this method is live until then, so that attempts count. Decoys alike.
    pub(crate) async fn code_sent(
        &self,
        scope: &TenantScope,
        method: MethodKey,
        live_until: Timestamp,
    ) -> Result<(), Failure> {
        self.database.execute(CODE_SENT, values![scope.tenant_id(), method, live_until]).await?;
        Ok(())
    }

    /// Counts an attempt by `domain::attempts` while a code is live, once per request, beside those of the same kind of place.
    pub(crate) async fn count_code_attempt(
        &self,
        scope: &TenantScope,
        attempt: &CodeAttempt<'_>,
        now: Timestamp,
    ) -> Result<AttemptCounted, Failure> {
        let CodeAttempt { method, from, request, rules, codes } = *attempt;
        let tenant_id = scope.tenant_id();
        let count = self.database.step(|mut tx| async move {
            if codes == CodeSource::Held {
                tx.execute(CODE_SENT, values![tenant_id, method, now.plus(WINDOW)]).await?;
            }
            let row: Option<AttemptsRow> =
                tx.optional(READ, values![tenant_id, method, from == AttemptOrigin::FamiliarPlace]).await?;
            if tx.exists(COUNTED_BEFORE, values![tenant_id, method, request]).await? {
                return Ok(tx.roll_back(AttemptCounted::CountedBefore));
            }
            let Some(row) = row.filter(|row| !now.has_reached(rows::at(row.live_until))) else {
                return Ok(tx.roll_back(AttemptCounted::NoLiveCode));
            };
            let after = match row.record()?.with_attempt(rules, now) {
                Ok(after) => after,
                Err(stop) => return Ok(tx.roll_back(AttemptCounted::Stopped(stop))),
            };
            let write = match from {
                AttemptOrigin::Anywhere => WRITE,
                AttemptOrigin::FamiliarPlace => WRITE_FAMILIAR,
            };
            tx.execute(write, values![tenant_id, method, after.recent_bytes(), after.in_a_row]).await?;
            tx.execute(REMEMBER_REQUEST, values![tenant_id, method, request, now]).await?;
            Ok(tx.commit(AttemptCounted::Counted))
        });
        count.await
    }

    /// Why a method takes no attempt from anywhere but familiar places, if it does not.
    pub(crate) async fn method_stop(
        &self,
        scope: &TenantScope,
        method: MethodKey,
        rules: &ResetRules,
        now: Timestamp,
    ) -> Result<Option<MethodUnavailable>, Failure> {
        let row: Option<AttemptsRow> =
            self.database.optional(PEEK, values![scope.tenant_id(), method]).await?;
        Ok(row.map(AttemptsRow::record).transpose()?.and_then(|attempts| attempts.stop(rules, now)))
    }

    /// The method was passed: spends the code, forgets its attempts, writes the event and stores the answer. Refused if the
    /// code was spent before.
    pub(crate) async fn proof_accepted(
        &self,
        scope: &TenantScope,
        proof: &AcceptedProof,
        idempotency: IdempotentRequest<'_, ()>,
        now: Timestamp,
    ) -> Result<StepOutcome<(), ()>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), &idempotency);
        let accept = self.database.step(|mut tx| async move {
            if let Some(ended) =
                idempotency::claim_with_answer(&mut tx, tenant_id, Some(idempotency), &(), now).await?.ended()
            {
                return Ok(tx.roll_back(ended));
            }
            if let Some(passed) = &proof.spent
                && !held_codes::pass(&mut tx, tenant_id, passed).await?
            {
                return Ok(tx.roll_back(StepOutcome::Refused(())));
            }
            clear(&mut tx, tenant_id, proof.method).await?;
            audit::append(&mut tx, &proof.event).await?;
            Ok(tx.commit(StepOutcome::Done(())))
        });
        accept.await
    }

    /// Counts an attempt to complete a reset, once per `request`, and returns how many others there were. Two at once
    /// get different numbers.
    pub(crate) async fn count_completion_attempt(
        &self,
        scope: &TenantScope,
        reset_id: ResetId,
        request: &[u8; 32],
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<u32, Failure> {
        let tenant_id = scope.tenant_id();
        let count = self.database.step(|mut tx| async move {
            let remembered = tx.execute(REMEMBER_REQUEST, values![tenant_id, reset_id, request, now]).await?;
            let counted = i64::try_from(remembered).unwrap_or(1);
            let before: i64 =
                tx.scalar(COUNT_ATTEMPT, values![tenant_id, reset_id, expires_at, counted]).await?;
            Ok(tx.commit(u32::try_from(before).unwrap_or(u32::MAX)))
        });
        count.await
    }
}

impl Store {
    /// Holds nothing against a method any more: the code was right, and was spent where it was checked.
    pub(crate) async fn forget_attempts(
        &self,
        scope: &TenantScope,
        method: MethodKey,
    ) -> Result<(), Failure> {
        self.database.execute(CLEAR, values![scope.tenant_id(), method]).await?;
        Ok(())
    }
}

/// Holds nothing against a method any more. A code that is live stays live.
pub(in crate::store) async fn clear(
    tx: &mut Connection,
    tenant_id: TenantId,
    method: MethodKey,
) -> Result<(), Failure> {
    tx.execute(CLEAR, values![tenant_id, method]).await?;
    Ok(())
}

/// Holds nothing against any method of an account any more.
pub(super) async fn clear_account(
    tx: &mut Connection,
    tenant_id: TenantId,
    account_id: AccountId,
) -> Result<(), Failure> {
    tx.execute(CLEAR_ACCOUNT, values![tenant_id, account_id]).await?;
    let of_kind =
        |kind: &MethodKind| [kind_attempts_key, sign_in_attempts_key].map(|key| key(account_id, *kind));
    let counters: Vec<Uuid> = MethodKind::ALL.iter().flat_map(of_kind).collect();
    tx.execute(CLEAR_LISTED, values![tenant_id, counters]).await?;
    Ok(())
}
