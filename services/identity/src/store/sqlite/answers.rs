//! Kept answers: what makes a repeated request harmless.
//!
//! A step claims its request first and writes the answer last, in one transaction: of two equal requests at once one
//! claims, and the other finds the answer. A step whose answer is known beforehand writes it as it claims. Where the
//! answer is not known yet when a try is counted, the request is begun: its row is empty until a later step claims it.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Row as _, Sqlite, SqliteConnection};

use crate::store::{Failure, Once, Recalled};

/// Begins the request, unless it came before; see [`taking`].
macro_rules! begin_request {
    () => {
        "insert into answers (tenant_id, request_key, content, answer, expires_at) values ($1, $2, $3, $4, $5)
         on conflict (tenant_id, request_key) do update
         set content = excluded.content, answer = excluded.answer, expires_at = excluded.expires_at
         where answers.expires_at <= $6"
    };
}
pub(super) use begin_request;

/// Claims the request: also takes what was begun with the same content and not answered. `taken` tells whether it did.
macro_rules! claim_request {
    () => {
        concat!(
            $crate::store::sqlite::answers::begin_request!(),
            " or (answers.answer = x'' and answers.content = excluded.content);
         select changes() as taken"
        )
    };
}
pub(super) use claim_request;

const CLAIM: &str = claim_request!();

const KEEP: &str = "update answers set answer = $3 where tenant_id = $1 and request_key = $2";

const RECALL: &str = "
    select content, answer from answers where tenant_id = $1 and request_key = $2 and expires_at > $3";

/// Claims the request, unless it was answered before.
pub(super) async fn claim<T>(
    tx: &mut SqliteConnection,
    tenant_id: TenantId,
    once: Option<&Once<'_, T>>,
    now: Timestamp,
) -> Result<Recalled, Failure> {
    match once {
        Some(once) => take(tx, tenant_id, (once, b""), now).await,
        None => Ok(Recalled::New),
    }
}

/// Claims the request and writes its answer, which is known beforehand, unless it was answered before.
pub(super) async fn settle<T>(
    tx: &mut SqliteConnection,
    tenant_id: TenantId,
    once: Option<&Once<'_, T>>,
    outcome: &T,
    now: Timestamp,
) -> Result<Recalled, Failure> {
    match once {
        Some(once) => take(tx, tenant_id, (once, &(once.answer)(outcome)), now).await,
        None => Ok(Recalled::New),
    }
}

/// A statement that begins with [`begin_request`] or [`claim_request`], with their six arguments.
pub(super) fn taking<'q, T>(
    statement: &'static str,
    tenant_id: TenantId,
    (once, answer): (&'q Once<'_, T>, &'q [u8]),
    now: Timestamp,
) -> Query<'q, Sqlite, SqliteArguments> {
    sqlx::query(statement)
        .bind(tenant_id.as_uuid())
        .bind(&once.key[..])
        .bind(&once.content[..])
        .bind(answer)
        .bind(once.expires_at.unix_micros())
        .bind(now.unix_micros())
}

/// What a statement that takes a request came to, by the row that tells whether it did.
pub(super) async fn taken<T>(
    tx: &mut SqliteConnection,
    tenant_id: TenantId,
    once: &Once<'_, T>,
    row: &SqliteRow,
    now: Timestamp,
) -> Result<Recalled, Failure> {
    match row.try_get::<i64, _>("taken")? {
        1 => Ok(Recalled::New),
        _ => recall(tx, tenant_id, &once.key, &once.content, now).await,
    }
}

async fn take<T>(
    tx: &mut SqliteConnection,
    tenant_id: TenantId,
    (once, answer): (&Once<'_, T>, &[u8]),
    now: Timestamp,
) -> Result<Recalled, Failure> {
    let row = taking(CLAIM, tenant_id, (once, answer), now).fetch_one(&mut *tx).await?;
    taken(tx, tenant_id, once, &row, now).await
}

/// Writes the answer of a claimed request.
pub(super) async fn keep<T>(
    tx: &mut SqliteConnection,
    tenant_id: TenantId,
    once: Option<&Once<'_, T>>,
    outcome: &T,
) -> Result<(), Failure> {
    let Some(once) = once else { return Ok(()) };
    sqlx::query(KEEP)
        .bind(tenant_id.as_uuid())
        .bind(&once.key[..])
        .bind((once.answer)(outcome))
        .execute(tx)
        .await?;
    Ok(())
}

/// What is kept of a request.
pub(super) async fn recall(
    connection: &mut SqliteConnection,
    tenant_id: TenantId,
    key: &[u8; 32],
    content: &[u8; 32],
    now: Timestamp,
) -> Result<Recalled, Failure> {
    let kept: Option<(Vec<u8>, Vec<u8>)> = sqlx::query_as(RECALL)
        .bind(tenant_id.as_uuid())
        .bind(&key[..])
        .bind(now.unix_micros())
        .fetch_optional(connection)
        .await?;
    Ok(match kept {
        None => Recalled::New,
        Some((kept_content, _)) if kept_content != content => Recalled::OtherContent,
        Some((_, answer)) if answer.is_empty() => Recalled::UnderWay,
        Some((_, answer)) => Recalled::Answer(answer),
    })
}
