//! Sessions: writing, reading and ending them.

use rekey_database::{Connection, FOR_UPDATE, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, SessionId, TenantId};
use uuid::Uuid;

use super::{SessionsEnded, Stale, last};
use crate::domain::account::Account;
use crate::domain::audit::AuditEvent;
use crate::domain::scope::TenantScope;
use crate::domain::session::{Ending, Session};
use crate::store::columns::{ACCOUNT_COLUMNS, OF_LIVING_TENANT, SESSION_COLUMNS};
use crate::store::rows::{ReadablePage, SessionAndAccount, SessionRow};
use crate::store::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency};

/// Sessions of an account to end.
#[derive(Debug, Clone)]
pub(crate) struct EndSessions {
    pub(crate) account_id: AccountId,
    pub(crate) by: Ender,
    pub(crate) which: WhichSessions,
    /// What the log tells, and when.
    pub(crate) event: AuditEvent,
}

/// Who ends sessions, on a condition that the step holds to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ender {
    /// A session of the account, if it is live: it is left, the others are revoked.
    Session(SessionId),
    /// An administrator, if the account is still of the version that they were judged on.
    Administrator { version: i64 },
}

/// Live sessions of an account to list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LiveSessions {
    pub(crate) account_id: AccountId,
    /// Only those older than this one.
    pub(crate) before: Option<SessionId>,
    /// How many at most.
    pub(crate) limit: u32,
    pub(crate) now: Timestamp,
}

/// Which sessions of an account to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WhichSessions {
    These(Vec<SessionId>),
    /// All but the one that asks; of an administrator all.
    Others,
}

statements! {
    const INSERT = "
        insert into sessions (tenant_id, session_id, account_id, epoch, authenticated_at, strong, refresh_hash,
            previous_refresh_hash, rotated_at, user_agent_family, backend, created_at, refreshed_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";

    const WITH_ACCOUNT =
        "select ", SESSION_COLUMNS, ", ", ACCOUNT_COLUMNS,
        " from sessions s join accounts a on a.tenant_id = s.tenant_id and a.account_id = s.account_id
          where s.tenant_id = $1 and s.session_id = $2", OF_LIVING_TENANT;

    const LIVE =
        "select ", SESSION_COLUMNS,
        " from sessions s join accounts a
            on a.tenant_id = s.tenant_id and a.account_id = s.account_id and a.epoch = s.epoch
          where s.tenant_id = $1 and s.account_id = $2 and s.ended_at is null and s.expires_at > $3 and s.session_id < $4
          order by s.session_id desc limit $5";

    const IS_LIVE = "
        select 1 from sessions
        where tenant_id = $1 and account_id = $2 and session_id = $3 and ended_at is null and expires_at > $4", FOR_UPDATE;

    const IS_OF_VERSION = "
        select 1 from accounts
        where tenant_id = $1 and account_id = $2 and version = $3 and deleted_at is null", FOR_UPDATE;

    const END_ONE = "
        update sessions set ended_at = $4, ending = $5
        where tenant_id = $1 and account_id = $2 and session_id = $3 and ended_at is null and expires_at > $4";

    const END_OTHERS = "
        update sessions set ended_at = $4, ending = $5
        where tenant_id = $1 and account_id = $2 and session_id <> $3 and ended_at is null and expires_at > $4";

    const KEEP_IN_EPOCH = "
        update sessions set epoch = $4
        where tenant_id = $1 and account_id = $2 and session_id = $3 and ended_at is null";
}

impl Store {
    /// A session and its account, read at one instant on the primary.
    pub(crate) async fn find_session(
        &self,
        scope: &TenantScope,
        session_id: SessionId,
    ) -> Result<Option<(Session, Account)>, Failure> {
        with_account(&mut self.database.reader().await?, scope.tenant_id(), session_id).await
    }

    /// The live sessions of an account by id; ids rise with time, so newest first. A row that does not read is passed over.
    pub(crate) async fn list_sessions(
        &self,
        scope: &TenantScope,
        asked: &LiveSessions,
    ) -> Result<Vec<Session>, Failure> {
        let before = asked.before.map_or(Uuid::max(), SessionId::as_uuid);
        let mut page = ReadablePage::behind(before, asked.limit);
        while let Some(wanted) = page.wanted() {
            let values = values![scope.tenant_id(), asked.account_id, asked.now, page.after, wanted];
            page.take(self.database.all(LIVE, values).await?, SessionRow::id, SessionRow::session);
        }
        Ok(page.into_items())
    }

    /// Ends live sessions of an account. Ids that are not live sessions of it are passed over. Where the
    /// condition of [`Ender`] does not hold, nothing is written: whoever asks holds a dead token, or is to be judged anew.
    pub(crate) async fn end_sessions(
        &self,
        scope: &TenantScope,
        ends: &EndSessions,
        idempotency: IdempotentRequest<'_, SessionsEnded>,
    ) -> Result<StepOutcome<SessionsEnded, Stale>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), &idempotency);
        let (account_id, now) = (ends.account_id, ends.event.at);
        let end = self.database.step(|mut tx| async move {
            if let Some(ended) = idempotency::claim(&mut tx, tenant_id, Some(idempotency), now).await?.ended()
            {
                return Ok(tx.roll_back(ended));
            }
            let still_may = match ends.by {
                Ender::Session(id) => tx.exists(IS_LIVE, values![tenant_id, account_id, id, now]).await?,
                Ender::Administrator { version } => {
                    tx.exists(IS_OF_VERSION, values![tenant_id, account_id, version]).await?
                }
            };
            if !still_may {
                return Ok(tx.roll_back(StepOutcome::Refused(Stale)));
            }
            let ended = SessionsEnded(end_these(&mut tx, tenant_id, ends).await?);
            idempotency::store_answer(&mut tx, tenant_id, Some(idempotency), &ended).await?;
            audit::append(&mut tx, &ends.event).await?;
            Ok(tx.commit(StepOutcome::Done(ended)))
        });
        end.await
    }
}

/// Writes a new session, in the epoch given.
pub(super) async fn insert(tx: &mut Connection, session: &Session, epoch: i64) -> Result<(), Failure> {
    let values = values![
        session.tenant_id,
        session.id,
        session.account_id,
        epoch,
        session.auth_time,
        session.strong,
        &session.refresh.current,
        session.refresh.previous.as_ref(),
        session.refresh.rotated_at,
        &session.user_agent_family,
        &session.backend,
        session.created_at,
        session.refreshed_at,
        session.expires_at,
    ];
    tx.execute(INSERT, values).await?;
    last::signed_in(tx, session).await
}

/// A session and whose it is, deleted or not: judging is the domain's.
pub(super) async fn with_account(
    connection: &mut Connection,
    tenant_id: TenantId,
    session_id: SessionId,
) -> Result<Option<(Session, Account)>, Failure> {
    let row: Option<SessionAndAccount> =
        connection.optional(WITH_ACCOUNT, values![tenant_id, session_id]).await?;
    row.map(SessionAndAccount::parts).transpose()
}

async fn end_these(tx: &mut Connection, tenant_id: TenantId, ends: &EndSessions) -> Result<u32, Failure> {
    let (account_id, now) = (ends.account_id, ends.event.at);
    let WhichSessions::These(ids) = &ends.which else {
        return match ends.by {
            Ender::Session(asking) => end_others(tx, tenant_id, account_id, asking, now).await,
            Ender::Administrator { .. } => end_all(tx, tenant_id, account_id, now).await,
        };
    };
    let mut ended = 0;
    for id in ids {
        let ending = if ends.by == Ender::Session(*id) { Ending::SignedOut } else { Ending::Revoked };
        ended += tx.execute(END_ONE, values![tenant_id, account_id, *id, now, ending.as_str()]).await?;
    }
    Ok(count(ended))
}

/// Ends a session.
pub(super) async fn end_one(
    tx: &mut Connection,
    session: &Session,
    ending: Ending,
    now: Timestamp,
) -> Result<(), Failure> {
    let values = values![session.tenant_id, session.account_id, session.id, now, ending.as_str()];
    tx.execute(END_ONE, values).await?;
    Ok(())
}

/// Ends every live session of an account, and counts them.
pub(in crate::store) async fn end_all(
    tx: &mut Connection,
    tenant_id: TenantId,
    account_id: AccountId,
    now: Timestamp,
) -> Result<u32, Failure> {
    let nobodys = SessionId::from_uuid(Uuid::nil());
    end_others(tx, tenant_id, account_id, nobodys, now).await
}

/// Ends every live session of an account but one, and counts them.
pub(super) async fn end_others(
    tx: &mut Connection,
    tenant_id: TenantId,
    account_id: AccountId,
    kept: SessionId,
    now: Timestamp,
) -> Result<u32, Failure> {
    let values = values![tenant_id, account_id, kept, now, Ending::Revoked.as_str()];
    Ok(count(tx.execute(END_OTHERS, values).await?))
}

/// Lets one session live on in another epoch.
pub(super) async fn keep_in_epoch(
    tx: &mut Connection,
    tenant_id: TenantId,
    account_id: AccountId,
    session_id: SessionId,
    epoch: i64,
) -> Result<(), Failure> {
    tx.execute(KEEP_IN_EPOCH, values![tenant_id, account_id, session_id, epoch]).await?;
    Ok(())
}

fn count(rows: u64) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}
