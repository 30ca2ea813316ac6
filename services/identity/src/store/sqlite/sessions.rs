//! Sessions: opening, refreshing, reading and ending them.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, SessionId, TenantId};
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, SqliteConnection};
use uuid::Uuid;

use super::columns::{account_columns, session_columns};
use super::{SqliteStore, answers, audit};
use crate::domain::account::Account;
use crate::domain::session::{Ending, RefreshVerdict, Session, judge_refresh};
use crate::store::rows::{SessionAndAccount, SessionRow, replaced_bytes};
use crate::store::sign_ins::{EndSessions, NotRefreshed, Refresh, SessionsEnded, Stale, Which};
use crate::store::{Failure, Once, Recalled, Step};

/// Writes a new session; see [`filled`].
macro_rules! insert_session {
    () => {
        "insert into sessions (tenant_id, session_id, account_id, epoch, authenticated_at, strong, refresh_hash,
             previous_refresh_hash, rotated_at, user_agent_family, created_at, refreshed_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
    };
}
pub(super) use insert_session;

const INSERT: &str = insert_session!();

const WITH_ACCOUNT: &str = concat!(
    "select ",
    session_columns!(),
    ", ",
    account_columns!(),
    " from sessions s join accounts a on a.tenant_id = s.tenant_id and a.account_id = s.account_id
      where s.tenant_id = $1 and s.session_id = $2"
);

const LIVE: &str = concat!(
    "select ",
    session_columns!(),
    " from sessions s join accounts a
        on a.tenant_id = s.tenant_id and a.account_id = s.account_id and a.epoch = s.epoch
      where s.tenant_id = $1 and s.account_id = $2 and s.ended_at is null and s.expires_at > $3
      order by s.created_at desc, s.session_id desc limit $4"
);

const ROTATE: &str = "
    update sessions
    set refresh_hash = $4, previous_refresh_hash = refresh_hash, rotated_at = $5, refreshed_at = $5, earlier_refreshes = $6
    where tenant_id = $1 and session_id = $2 and refresh_hash = $3 and ended_at is null";

const IS_LIVE: &str = "
    select 1 from sessions
    where tenant_id = $1 and account_id = $2 and session_id = $3 and ended_at is null and expires_at > $4";

const END_ONE: &str = "
    update sessions set ended_at = $4, ending = $5
    where tenant_id = $1 and account_id = $2 and session_id = $3 and ended_at is null and expires_at > $4";

const END_OTHERS: &str = "
    update sessions set ended_at = $4, ending = $5
    where tenant_id = $1 and account_id = $2 and session_id <> $3 and ended_at is null and expires_at > $4";

const KEEP_IN_EPOCH: &str = "
    update sessions set epoch = $4
    where tenant_id = $1 and account_id = $2 and session_id = $3 and ended_at is null";

/// Writes a new session, in the epoch given.
pub(super) async fn insert(tx: &mut SqliteConnection, session: &Session, epoch: i64) -> Result<(), Failure> {
    filled(INSERT, session, epoch).execute(tx).await?;
    Ok(())
}

/// A statement that begins with [`insert_session`], with its 13 arguments.
pub(super) fn filled<'q>(
    statement: &'static str,
    session: &'q Session,
    epoch: i64,
) -> Query<'q, Sqlite, SqliteArguments> {
    sqlx::query(statement)
        .bind(session.tenant_id.as_uuid())
        .bind(session.id.as_uuid())
        .bind(session.account_id.as_uuid())
        .bind(epoch)
        .bind(session.auth_time.unix_micros())
        .bind(session.strong)
        .bind(&session.refresh.current[..])
        .bind(session.refresh.previous.as_ref().map(<[u8; 32]>::as_slice))
        .bind(session.refresh.rotated_at.unix_micros())
        .bind(&session.user_agent_family)
        .bind(session.created_at.unix_micros())
        .bind(session.refreshed_at.unix_micros())
        .bind(session.expires_at.unix_micros())
}

/// The whole step; see `SignIns::refresh_session`.
pub(super) async fn refresh(
    store: &SqliteStore,
    tenant_id: TenantId,
    refresh: &Refresh,
    request: &Once<'_, ()>,
    once: &Once<'_, (Session, Account)>,
) -> Result<Step<(Session, Account), NotRefreshed>, Failure> {
    let mut tx = store.begin().await?;
    let Some((session, account)) = with_account(&mut tx, tenant_id, refresh.session_id).await? else {
        return Ok(Step::Refused(NotRefreshed::Unknown));
    };
    let now = refresh.now;
    let verdict = judge_refresh(&session, &account, &refresh.presented, &refresh.rules, now);
    if let RefreshVerdict::Over(over) = verdict {
        return Ok(Step::Refused(NotRefreshed::Over(over)));
    }
    let came_before = answers::settle(&mut tx, tenant_id, Some(request), &(), now).await?;
    match (came_before, verdict) {
        (Recalled::OtherContent, _) => Ok(Step::OtherContent),
        (Recalled::Answer(_), _) => first_answer(&mut tx, tenant_id, once, now).await,
        (_, RefreshVerdict::Repeat) => {
            let first = first_answer(&mut tx, tenant_id, once, now).await?;
            tx.commit().await?;
            Ok(first)
        }
        (_, RefreshVerdict::Rotate) => {
            if answers::claim(&mut tx, tenant_id, Some(once), now).await? == Recalled::OtherContent {
                return Ok(Step::OtherContent);
            }
            if !rotate(&mut tx, tenant_id, &session, refresh).await? {
                return Ok(Step::Refused(NotRefreshed::Unknown));
            }
            let Some(rotated) = with_account(&mut tx, tenant_id, refresh.session_id).await? else {
                return Ok(Step::Refused(NotRefreshed::Unknown));
            };
            answers::keep(&mut tx, tenant_id, Some(once), &rotated).await?;
            tx.commit().await?;
            Ok(Step::Done(rotated))
        }
        (_, RefreshVerdict::EndFamily | RefreshVerdict::Over(_)) => {
            end_one(&mut tx, tenant_id, account.id, session.id, Ending::TokenReused, now).await?;
            audit::close(tx, &refresh.reused_event).await?;
            Ok(Step::Refused(NotRefreshed::FamilyEnded))
        }
    }
}

/// What a token was traded for.
async fn first_answer(
    tx: &mut SqliteConnection,
    tenant_id: TenantId,
    once: &Once<'_, (Session, Account)>,
    now: Timestamp,
) -> Result<Step<(Session, Account), NotRefreshed>, Failure> {
    let kept = answers::recall(tx, tenant_id, &once.key, &once.content, now).await?;
    Ok(kept.ended().unwrap_or(Step::Refused(NotRefreshed::Unknown)))
}

/// Replaces the token; false if it is not the current one of a session that goes on.
async fn rotate(
    tx: &mut SqliteConnection,
    tenant_id: TenantId,
    session: &Session,
    refresh: &Refresh,
) -> Result<bool, Failure> {
    let after = session.refresh.rotated(refresh.successor, refresh.now);
    let rotated = sqlx::query(ROTATE)
        .bind(tenant_id.as_uuid())
        .bind(refresh.session_id.as_uuid())
        .bind(&refresh.presented[..])
        .bind(&after.current[..])
        .bind(after.rotated_at.unix_micros())
        .bind(replaced_bytes(&after.earlier))
        .execute(tx)
        .await?;
    Ok(rotated.rows_affected() == 1)
}

/// A session and whose it is, deleted or not: judging is the domain's.
pub(super) async fn with_account(
    connection: &mut SqliteConnection,
    tenant_id: TenantId,
    session_id: SessionId,
) -> Result<Option<(Session, Account)>, Failure> {
    let row: Option<SessionAndAccount> = sqlx::query_as(WITH_ACCOUNT)
        .bind(tenant_id.as_uuid())
        .bind(session_id.as_uuid())
        .fetch_optional(connection)
        .await?;
    row.map(SessionAndAccount::parts).transpose()
}

/// The live sessions of an account, newest first.
pub(super) async fn live(
    connection: &mut SqliteConnection,
    tenant_id: TenantId,
    account_id: AccountId,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<Session>, Failure> {
    let found: Vec<SessionRow> = sqlx::query_as(LIVE)
        .bind(tenant_id.as_uuid())
        .bind(account_id.as_uuid())
        .bind(now.unix_micros())
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await?;
    found.into_iter().map(SessionRow::session).collect()
}

/// The whole step; see `SignIns::end_sessions`.
pub(super) async fn end(
    store: &SqliteStore,
    tenant_id: TenantId,
    ends: &EndSessions,
    once: &Once<'_, SessionsEnded>,
) -> Result<Step<SessionsEnded, Stale>, Failure> {
    let (account_id, now) = (ends.account_id, ends.event.at);
    let mut tx = store.begin().await?;
    if let Some(ended) = answers::claim(&mut tx, tenant_id, Some(once), now).await?.ended() {
        return Ok(ended);
    }
    if !is_live(&mut tx, tenant_id, account_id, ends.asking, now).await? {
        return Ok(Step::Refused(Stale));
    }
    let ended = match &ends.which {
        Which::Others => end_others(&mut tx, tenant_id, account_id, ends.asking, now).await?,
        Which::These(ids) => {
            let mut ended = 0;
            for id in ids {
                let ending = if *id == ends.asking { Ending::SignedOut } else { Ending::Revoked };
                ended += end_one(&mut tx, tenant_id, account_id, *id, ending, now).await?;
            }
            ended
        }
    };
    answers::keep(&mut tx, tenant_id, Some(once), &SessionsEnded(ended)).await?;
    audit::close(tx, &ends.event).await?;
    Ok(Step::Done(SessionsEnded(ended)))
}

async fn is_live(
    tx: &mut SqliteConnection,
    tenant_id: TenantId,
    account_id: AccountId,
    session_id: SessionId,
    now: Timestamp,
) -> Result<bool, Failure> {
    let live = sqlx::query(IS_LIVE)
        .bind(tenant_id.as_uuid())
        .bind(account_id.as_uuid())
        .bind(session_id.as_uuid())
        .bind(now.unix_micros())
        .fetch_optional(tx)
        .await?;
    Ok(live.is_some())
}

/// Ends every live session of an account, and counts them.
pub(super) async fn end_all(
    tx: &mut SqliteConnection,
    tenant_id: TenantId,
    account_id: AccountId,
    now: Timestamp,
) -> Result<u32, Failure> {
    let nobodys = SessionId::from_uuid(Uuid::nil());
    end_others(tx, tenant_id, account_id, nobodys, now).await
}

/// Lets one session live on in another epoch.
pub(super) async fn keep_in_epoch(
    tx: &mut SqliteConnection,
    tenant_id: TenantId,
    account_id: AccountId,
    session_id: SessionId,
    epoch: i64,
) -> Result<(), Failure> {
    sqlx::query(KEEP_IN_EPOCH)
        .bind(tenant_id.as_uuid())
        .bind(account_id.as_uuid())
        .bind(session_id.as_uuid())
        .bind(epoch)
        .execute(tx)
        .await?;
    Ok(())
}

async fn end_one(
    tx: &mut SqliteConnection,
    tenant_id: TenantId,
    account_id: AccountId,
    session_id: SessionId,
    ending: Ending,
    now: Timestamp,
) -> Result<u32, Failure> {
    let ended = sqlx::query(END_ONE)
        .bind(tenant_id.as_uuid())
        .bind(account_id.as_uuid())
        .bind(session_id.as_uuid())
        .bind(now.unix_micros())
        .bind(ending.as_str())
        .execute(tx)
        .await?;
    Ok(u32::try_from(ended.rows_affected()).unwrap_or(u32::MAX))
}

/// Ends every live session of an account but one, and counts them.
pub(super) async fn end_others(
    tx: &mut SqliteConnection,
    tenant_id: TenantId,
    account_id: AccountId,
    kept: SessionId,
    now: Timestamp,
) -> Result<u32, Failure> {
    let ended = sqlx::query(END_OTHERS)
        .bind(tenant_id.as_uuid())
        .bind(account_id.as_uuid())
        .bind(kept.as_uuid())
        .bind(now.unix_micros())
        .bind(Ending::Revoked.as_str())
        .execute(tx)
        .await?;
    Ok(u32::try_from(ended.rows_affected()).unwrap_or(u32::MAX))
}
