//! Kept answers: what makes a repeated request harmless.
//!
//! A step claims its request first and writes the answer last, in one transaction: of two equal requests at once one
//! claims, and the other finds the answer. A step whose answer is known beforehand writes it as it claims. Where the
//! answer is not known yet when a try is counted, the request is begun: its row is empty until a later step claims it.

use rekey_database::{Connection, Fragment, Sql, fragment, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;

use super::columns::EMPTY;
use super::{Failure, Once, Recalled, Step, Store};
use crate::domain::scope::TenantScope;

/// Takes the request if it is new or its time is over.
const TAKE: Fragment = fragment!(
    "insert into answers (tenant_id, request_key, content, answer, expires_at) values ($1, $2, $3, $4, $5)
     on conflict (tenant_id, request_key) do update
     set content = excluded.content, answer = excluded.answer, expires_at = excluded.expires_at
     where answers.expires_at <= $6"
);

statements! {
    const BEGIN = TAKE;

    /// Also takes what was begun with the same content and not answered.
    const CLAIM = TAKE, " or (answers.answer = ", EMPTY, " and answers.content = excluded.content)";

    const KEEP = "update answers set answer = $3 where tenant_id = $1 and request_key = $2";

    const RECALL = "
        select content, answer from answers where tenant_id = $1 and request_key = $2 and expires_at > $3";
}

impl Store {
    /// What is kept of a request, so that costly work is not done again for a repeat.
    pub(crate) async fn recall(
        &self,
        scope: &TenantScope,
        key: &[u8; 32],
        content: &[u8; 32],
        now: Timestamp,
    ) -> Result<Recalled, Failure> {
        recall(&mut self.database.reader().await?, scope.tenant_id(), key, content, now).await
    }

    /// Keeps an answer of a step that wrote nothing else. The first one stands.
    pub(crate) async fn keep_answer(
        &self,
        scope: &TenantScope,
        once: Once<'_, ()>,
        now: Timestamp,
    ) -> Result<Step<(), ()>, Failure> {
        // One statement, so it needs no transaction around it.
        let mut connection = self.database.writer().await?;
        let settled = settle(&mut connection, scope.tenant_id(), Some(&once), &(), now).await?;
        Ok(settled.ended().unwrap_or(Step::Done(())))
    }
}

/// Claims the request, unless it was answered before.
pub(super) async fn claim<T>(
    tx: &mut Connection,
    tenant_id: TenantId,
    once: Option<&Once<'_, T>>,
    now: Timestamp,
) -> Result<Recalled, Failure> {
    match once {
        Some(once) => Taking { sql: CLAIM, tenant_id, once, answer: b"" }.take(tx, now).await,
        None => Ok(Recalled::New),
    }
}

/// Claims the request and writes its answer, which is known beforehand, unless it was answered before.
pub(super) async fn settle<T>(
    tx: &mut Connection,
    tenant_id: TenantId,
    once: Option<&Once<'_, T>>,
    outcome: &T,
    now: Timestamp,
) -> Result<Recalled, Failure> {
    match once {
        Some(once) => {
            Taking { sql: CLAIM, tenant_id, once, answer: &(once.answer)(outcome) }.take(tx, now).await
        }
        None => Ok(Recalled::New),
    }
}

/// Begins the request, unless it came before.
pub(super) async fn begin<T>(
    tx: &mut Connection,
    tenant_id: TenantId,
    once: &Once<'_, T>,
    now: Timestamp,
) -> Result<Recalled, Failure> {
    Taking { sql: BEGIN, tenant_id, once, answer: b"" }.take(tx, now).await
}

/// A request about to be taken.
struct Taking<'a, T> {
    sql: Sql,
    tenant_id: TenantId,
    once: &'a Once<'a, T>,
    answer: &'a [u8],
}

impl<T> Taking<'_, T> {
    async fn take(&self, tx: &mut Connection, now: Timestamp) -> Result<Recalled, Failure> {
        let Self { sql, tenant_id, once, answer } = self;
        loop {
            let values = values![*tenant_id, &once.key, &once.content, *answer, once.expires_at, now];
            if tx.execute(*sql, values).await? == 1 {
                return Ok(Recalled::New);
            }
            let kept = recall(tx, *tenant_id, &once.key, &once.content, now).await?;
            // Another replica may have swept it in between: then it is free to take.
            if kept != Recalled::New {
                return Ok(kept);
            }
        }
    }
}

/// Writes the answer of a claimed request.
pub(super) async fn keep<T>(
    tx: &mut Connection,
    tenant_id: TenantId,
    once: Option<&Once<'_, T>>,
    outcome: &T,
) -> Result<(), Failure> {
    let Some(once) = once else { return Ok(()) };
    tx.execute(KEEP, values![tenant_id, &once.key, (once.answer)(outcome)]).await?;
    Ok(())
}

/// What is kept of a request.
pub(super) async fn recall(
    connection: &mut Connection,
    tenant_id: TenantId,
    key: &[u8; 32],
    content: &[u8; 32],
    now: Timestamp,
) -> Result<Recalled, Failure> {
    let kept: Option<(Vec<u8>, Vec<u8>)> = connection.optional(RECALL, values![tenant_id, key, now]).await?;
    Ok(match kept {
        None => Recalled::New,
        Some((kept_content, _)) if kept_content != content => Recalled::OtherContent,
        Some((_, answer)) if answer.is_empty() => Recalled::UnderWay,
        Some((_, answer)) => Recalled::Answer(answer),
    })
}
