//! Trading a refresh token for the next one.

use rekey_database::{Connection, FOR_UPDATE, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{SessionId, TenantId};

use super::sessions;
use crate::domain::account::Account;
use crate::domain::audit::AuditEvent;
use crate::domain::policy::SessionRules;
use crate::domain::scope::TenantScope;
use crate::domain::session::{Ending, RefreshVerdict, Session, SessionOver, judge_refresh};
use crate::store::rows::replaced_bytes;
use crate::store::{EarlierRequest, Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency};

/// A refresh token that was shown.
#[derive(Debug, Clone)]
pub(crate) struct Refresh {
    /// The session it names.
    pub(crate) session_id: SessionId,
    /// Its hash.
    pub(crate) presented: [u8; 32],
    /// The hash of its successor.
    pub(crate) successor: [u8; 32],
    /// Who asks: the session is theirs from now on, if it is nobody's.
    pub(crate) backend: String,
    pub(crate) rules: SessionRules,
    /// Written if the family ends because a spent token came back.
    pub(crate) reused_event: AuditEvent,
    pub(crate) now: Timestamp,
}

/// Why a refresh gives no tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotRefreshed {
    /// No such session.
    Unknown,
    /// The session does not serve any more.
    Over(SessionOver),
    /// The token was spent before; the session has now ended, with its event.
    FamilyEnded,
}

statements! {
    /// Whoever refreshes comes through here one after the other.
    const LOCK = "select 1 from sessions where tenant_id = $1 and session_id = $2", FOR_UPDATE;

    const ROTATE = "
        update sessions
        set refresh_hash = $4, previous_refresh_hash = refresh_hash, rotated_at = $5, refreshed_at = $5,
            earlier_refreshes = $6, backend = case when backend = '' then $7 else backend end
        where tenant_id = $1 and session_id = $2 and refresh_hash = $3 and ended_at is null";
}

impl Store {
    /// Rotates a refresh token by `domain::session::judge_refresh`, under a lock on the session. What a token was traded
    /// for is kept under its own hash, so `idempotency.key` is that of the presented token, and is `Repeated` for whoever shows
    /// it again a moment later. `request` binds the request id to the token: under that id the answer is `Repeated` for
    /// as long as it is kept. `Done` with a session whose current token is the one that was shown means that it stays.
    pub(crate) async fn refresh_session(
        &self,
        scope: &TenantScope,
        refresh: &Refresh,
        request: IdempotentRequest<'_, ()>,
        idempotency: IdempotentRequest<'_, (Session, Account)>,
    ) -> Result<StepOutcome<(Session, Account), NotRefreshed>, Failure> {
        let (tenant_id, now) = (scope.tenant_id(), refresh.now);
        let (request, idempotency) = (&request, &idempotency);
        let trade = self.database.step(|mut tx| async move {
            tx.execute(LOCK, values![tenant_id, refresh.session_id]).await?;
            let found = sessions::with_account(&mut tx, tenant_id, refresh.session_id).await?;
            let Some((session, account)) = found else {
                return Ok(tx.roll_back(StepOutcome::Refused(NotRefreshed::Unknown)));
            };
            let verdict = judge_refresh(&session, &account, &refresh.presented, &refresh.rules, now);
            if let RefreshVerdict::Over(over) = verdict {
                return Ok(tx.roll_back(StepOutcome::Refused(NotRefreshed::Over(over))));
            }
            let came_before =
                idempotency::claim_with_answer(&mut tx, tenant_id, Some(request), &(), now).await?;
            match (came_before, verdict) {
                (EarlierRequest::OtherContent, _) => Ok(tx.roll_back(StepOutcome::OtherContent)),
                (_, RefreshVerdict::Stay) => Ok(tx.commit(StepOutcome::Done((session, account)))),
                (EarlierRequest::Answered(_), _) => {
                    let first = first_answer(&mut tx, tenant_id, idempotency, now).await?;
                    Ok(tx.roll_back(first))
                }
                (_, RefreshVerdict::Repeat) => {
                    let first = first_answer(&mut tx, tenant_id, idempotency, now).await?;
                    Ok(tx.commit(first))
                }
                (_, RefreshVerdict::Rotate) => {
                    match rotate(&mut tx, tenant_id, &session, refresh, idempotency).await? {
                        done @ StepOutcome::Done(_) => Ok(tx.commit(done)),
                        not_done => Ok(tx.roll_back(not_done)),
                    }
                }
                (_, RefreshVerdict::EndFamily | RefreshVerdict::Over(_)) => {
                    sessions::end_one(&mut tx, &session, Ending::TokenReused, now).await?;
                    audit::append(&mut tx, &refresh.reused_event).await?;
                    Ok(tx.commit(StepOutcome::Refused(NotRefreshed::FamilyEnded)))
                }
            }
        });
        trade.await
    }
}

/// What a token was traded for.
async fn first_answer(
    tx: &mut Connection,
    tenant_id: TenantId,
    idempotency: &IdempotentRequest<'_, (Session, Account)>,
    now: Timestamp,
) -> Result<StepOutcome<(Session, Account), NotRefreshed>, Failure> {
    let kept = idempotency::find(tx, tenant_id, &idempotency.key, &idempotency.content, now).await?;
    Ok(kept.ended().unwrap_or(StepOutcome::Refused(NotRefreshed::Unknown)))
}

/// Replaces the token, if it is the current one of a session that goes on, and keeps what it was traded for.
async fn rotate(
    tx: &mut Connection,
    tenant_id: TenantId,
    session: &Session,
    refresh: &Refresh,
    idempotency: &IdempotentRequest<'_, (Session, Account)>,
) -> Result<StepOutcome<(Session, Account), NotRefreshed>, Failure> {
    if idempotency::claim(tx, tenant_id, Some(idempotency), refresh.now).await?
        == EarlierRequest::OtherContent
    {
        return Ok(StepOutcome::OtherContent);
    }
    let after = session.refresh.rotated(refresh.successor, refresh.now);
    let values = values![
        tenant_id,
        refresh.session_id,
        &refresh.presented,
        &after.current,
        after.rotated_at,
        replaced_bytes(&after.earlier),
        &refresh.backend,
    ];
    if tx.execute(ROTATE, values).await? != 1 {
        return Ok(StepOutcome::Refused(NotRefreshed::Unknown));
    }
    let Some(rotated) = sessions::with_account(tx, tenant_id, refresh.session_id).await? else {
        return Ok(StepOutcome::Refused(NotRefreshed::Unknown));
    };
    idempotency::store_answer(tx, tenant_id, Some(idempotency), &rotated).await?;
    Ok(StepOutcome::Done(rotated))
}
