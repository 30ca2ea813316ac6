//! Stored answers: what makes a repeated request harmless.
//!
//! A step claims its request first and stores the answer last, in one transaction: of two equal requests at once one
//! claims, and the other finds the answer. A step whose answer is known beforehand stores it as it claims. Where an
//! attempt is counted before its answer is known, the request is begun: its row is empty until a later step claims it.

use rekey_database::{Connection, Fragment, Sql, fragment, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;

use super::columns::EMPTY;
use super::{EarlierRequest, Failure, IdempotentRequest, StepOutcome, Store};
use crate::domain::scope::TenantScope;

/// Claims the request if it is new or its time is over.
const IF_FREE: Fragment = fragment!(
    "insert into answers (tenant_id, request_key, content, answer, expires_at) values ($1, $2, $3, $4, $5)
     on conflict (tenant_id, request_key) do update
     set content = excluded.content, answer = excluded.answer, expires_at = excluded.expires_at
     where answers.expires_at <= $6"
);

statements! {
    const BEGIN = IF_FREE;

    /// Also claims what was begun with the same content and not answered.
    const CLAIM = IF_FREE, " or (answers.answer = ", EMPTY, " and answers.content = excluded.content)";

    const STORE = "update answers set answer = $3 where tenant_id = $1 and request_key = $2";

    const FIND = "
        select content, answer from answers where tenant_id = $1 and request_key = $2 and expires_at > $3";
}

impl Store {
    /// What is stored of a request, so that costly work is not done again for a repeat.
    pub(crate) async fn find_answer(
        &self,
        scope: &TenantScope,
        key: &[u8; 32],
        content: &[u8; 32],
        now: Timestamp,
    ) -> Result<EarlierRequest, Failure> {
        find(&mut self.database.reader().await?, scope.tenant_id(), key, content, now).await
    }

    /// Stores the answer of a call that wrote nothing else. The first one stands.
    pub(crate) async fn store_answer(
        &self,
        scope: &TenantScope,
        idempotency: IdempotentRequest<'_, ()>,
        now: Timestamp,
    ) -> Result<StepOutcome<(), ()>, Failure> {
        // One statement, so it needs no transaction around it.
        let mut connection = self.database.writer().await?;
        let claimed =
            claim_with_answer(&mut connection, scope.tenant_id(), Some(&idempotency), &(), now).await?;
        Ok(claimed.ended().unwrap_or(StepOutcome::Done(())))
    }
}

/// Claims the request, unless it was answered before.
pub(super) async fn claim<T>(
    tx: &mut Connection,
    tenant_id: TenantId,
    idempotency: Option<&IdempotentRequest<'_, T>>,
    now: Timestamp,
) -> Result<EarlierRequest, Failure> {
    match idempotency {
        Some(idempotency) => Claim { sql: CLAIM, tenant_id, idempotency, answer: b"" }.make(tx, now).await,
        None => Ok(EarlierRequest::New),
    }
}

/// Claims the request and stores its answer, which is known beforehand, unless it was answered before.
pub(super) async fn claim_with_answer<T>(
    tx: &mut Connection,
    tenant_id: TenantId,
    idempotency: Option<&IdempotentRequest<'_, T>>,
    outcome: &T,
    now: Timestamp,
) -> Result<EarlierRequest, Failure> {
    match idempotency {
        Some(idempotency) => {
            Claim { sql: CLAIM, tenant_id, idempotency, answer: &(idempotency.answer)(outcome) }
                .make(tx, now)
                .await
        }
        None => Ok(EarlierRequest::New),
    }
}

/// Begins the request, unless it came before.
pub(super) async fn begin<T>(
    tx: &mut Connection,
    tenant_id: TenantId,
    idempotency: &IdempotentRequest<'_, T>,
    now: Timestamp,
) -> Result<EarlierRequest, Failure> {
    Claim { sql: BEGIN, tenant_id, idempotency, answer: b"" }.make(tx, now).await
}

/// A claim about to be made.
struct Claim<'a, T> {
    sql: Sql,
    tenant_id: TenantId,
    idempotency: &'a IdempotentRequest<'a, T>,
    answer: &'a [u8],
}

impl<T> Claim<'_, T> {
    async fn make(&self, tx: &mut Connection, now: Timestamp) -> Result<EarlierRequest, Failure> {
        let Self { sql, tenant_id, idempotency, answer } = self;
        loop {
            let values = values![
                *tenant_id,
                &idempotency.key,
                &idempotency.content,
                *answer,
                idempotency.expires_at,
                now
            ];
            if tx.execute(*sql, values).await? == 1 {
                return Ok(EarlierRequest::New);
            }
            let stored = find(tx, *tenant_id, &idempotency.key, &idempotency.content, now).await?;
            // Another replica may have swept it in between: then it is free to take.
            if stored != EarlierRequest::New {
                return Ok(stored);
            }
        }
    }
}

/// Stores the answer of a claimed request.
pub(super) async fn store_answer<T>(
    tx: &mut Connection,
    tenant_id: TenantId,
    idempotency: Option<&IdempotentRequest<'_, T>>,
    outcome: &T,
) -> Result<(), Failure> {
    let Some(idempotency) = idempotency else { return Ok(()) };
    tx.execute(STORE, values![tenant_id, &idempotency.key, (idempotency.answer)(outcome)]).await?;
    Ok(())
}

/// What is stored of a request.
pub(super) async fn find(
    connection: &mut Connection,
    tenant_id: TenantId,
    key: &[u8; 32],
    content: &[u8; 32],
    now: Timestamp,
) -> Result<EarlierRequest, Failure> {
    let stored: Option<(Vec<u8>, Vec<u8>)> = connection.optional(FIND, values![tenant_id, key, now]).await?;
    Ok(match stored {
        None => EarlierRequest::New,
        Some((earlier, _)) if earlier != content => EarlierRequest::OtherContent,
        Some((_, answer)) if answer.is_empty() => EarlierRequest::Unanswered,
        Some((_, answer)) => EarlierRequest::Answered(answer),
    })
}
