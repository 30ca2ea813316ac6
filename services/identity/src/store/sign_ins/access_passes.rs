//! Temporary access passes: issued, ended and signed in with.

use rekey_database::{Connection, FOR_UPDATE, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, TenantId};

use super::{LoginKey, PlaceKey, Stale, lockouts, sessions};
use crate::domain::account::CredentialEpoch;
use crate::domain::audit::AuditEvent;
use crate::domain::scope::TenantScope;
use crate::domain::session::Session;
use crate::store::accounts::changes;
use crate::store::outbox::{self, Notice};
use crate::store::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency};

/// A keyed hash of account and pass: a pass is not stored.
pub(crate) type PassHash = [u8; 32];

/// A pass to issue.
#[derive(Debug, Clone)]
pub(crate) struct IssuePass {
    pub(crate) account_id: AccountId,
    /// The `version` that actor and target were judged on.
    pub(crate) version: i64,
    /// A new password ends it.
    pub(crate) epoch: CredentialEpoch,
    pub(crate) hash: PassHash,
    pub(crate) one_time: bool,
    pub(crate) expires_at: Timestamp,
    pub(crate) event: AuditEvent,
    pub(crate) notices: Vec<Notice>,
    pub(crate) now: Timestamp,
}

/// A session to open for a pass.
#[derive(Debug, Clone)]
pub(crate) struct OpenByPass {
    /// The session, current refresh hash included.
    pub(crate) session: Session,
    pub(crate) hash: PassHash,
    /// The lockout records to clear: this login's own, and this place's.
    pub(crate) login: LoginKey,
    /// The place, which is familiar from now on.
    pub(crate) place: Option<PlaceKey>,
    /// Of the pass, and of the sign-in.
    pub(crate) events: [AuditEvent; 2],
}

statements! {
    const WRITE = "
        insert into access_passes (tenant_id, account_id, pass_hash, epoch, one_time, expires_at)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (tenant_id, account_id) do update
        set pass_hash = excluded.pass_hash, epoch = excluded.epoch, one_time = excluded.one_time,
            expires_at = excluded.expires_at";

    const END = "delete from access_passes where tenant_id = $1 and account_id = $2";

    /// The pass that serves, under lock: of two sign-ins with a one-time pass the later one finds none.
    const SERVING = "
        select one_time from access_passes
        where tenant_id = $1 and account_id = $2 and pass_hash = $3 and epoch = $4 and expires_at > $5", FOR_UPDATE;

    /// Whoever signs in with a pass need not be who linked the accounts.
    const SUSPEND_LINKS = "update linked_accounts set epoch = null where tenant_id = $1 and account_id = $2";
}

impl Store {
    /// Issues a pass in place of the one that the account has, under the version that was judged.
    pub(crate) async fn issue_access_pass(
        &self,
        scope: &TenantScope,
        issue: &IssuePass,
        idempotency: IdempotentRequest<'_, ()>,
    ) -> Result<StepOutcome<(), Stale>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), &idempotency);
        let make = self.database.step(|mut tx| async move {
            let claimed =
                idempotency::claim_with_answer(&mut tx, tenant_id, Some(idempotency), &(), issue.now).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            if !is_of_version(&mut tx, tenant_id, issue.account_id, issue.version).await? {
                return Ok(tx.roll_back(StepOutcome::Refused(Stale)));
            }
            let (hash, epoch, expires_at) = (&issue.hash, issue.epoch.0, issue.expires_at);
            let values = values![tenant_id, issue.account_id, hash, epoch, issue.one_time, expires_at];
            tx.execute(WRITE, values).await?;
            outbox::queue(&mut tx, &issue.notices, issue.now).await?;
            audit::append(&mut tx, &issue.event).await?;
            Ok(tx.commit(StepOutcome::Done(())))
        });
        make.await
    }

    /// Ends the pass of an account, under the version that was judged; says whether there was one. Without one there is no
    /// event.
    pub(crate) async fn revoke_access_pass(
        &self,
        scope: &TenantScope,
        (account_id, version): (AccountId, i64),
        event: &AuditEvent,
        idempotency: IdempotentRequest<'_, bool>,
    ) -> Result<StepOutcome<bool, Stale>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), &idempotency);
        let end = self.database.step(|mut tx| async move {
            let claimed = idempotency::claim(&mut tx, tenant_id, Some(idempotency), event.at).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            if !is_of_version(&mut tx, tenant_id, account_id, version).await? {
                return Ok(tx.roll_back(StepOutcome::Refused(Stale)));
            }
            let was_there = tx.execute(END, values![tenant_id, account_id]).await? == 1;
            idempotency::store_answer(&mut tx, tenant_id, Some(idempotency), &was_there).await?;
            if was_there {
                audit::append(&mut tx, event).await?;
            }
            Ok(tx.commit(StepOutcome::Done(was_there)))
        });
        end.await
    }

    /// Opens a session for a pass, under one condition: the account is open and in the epoch of the session, and the pass is
    /// its pass of that epoch and alive. Spends a one-time pass, suspends the links of the account, clears the lockout and
    /// remembers the place.
    pub(crate) async fn open_session_by_pass(
        &self,
        scope: &TenantScope,
        open: &OpenByPass,
        idempotency: IdempotentRequest<'_, Session>,
    ) -> Result<StepOutcome<Session, Stale>, Failure> {
        let (tenant_id, session, idempotency) = (scope.tenant_id(), &open.session, &idempotency);
        let (account_id, now) = (session.account_id, session.created_at);
        let open_it = self.database.step(|mut tx| async move {
            let claimed =
                idempotency::claim_with_answer(&mut tx, tenant_id, Some(idempotency), session, now).await?;
            if let Some(ended) = claimed.ended() {
                return Ok(tx.roll_back(ended));
            }
            let state = changes::state(&mut tx, tenant_id, account_id).await?;
            if !state.is_some_and(|state| state.is_open() && state.epoch == session.epoch.0) {
                return Ok(tx.roll_back(StepOutcome::Refused(Stale)));
            }
            let values = values![tenant_id, account_id, &open.hash, session.epoch.0, now];
            let serving: Option<(bool,)> = tx.optional(SERVING, values).await?;
            let Some((one_time,)) = serving else {
                return Ok(tx.roll_back(StepOutcome::Refused(Stale)));
            };
            if one_time {
                tx.execute(END, values![tenant_id, account_id]).await?;
            }
            tx.execute(SUSPEND_LINKS, values![tenant_id, account_id]).await?;
            sessions::insert(&mut tx, session, session.epoch.0).await?;
            lockouts::signed_in(&mut tx, tenant_id, &open.login, open.place.as_ref(), now).await?;
            for event in &open.events {
                audit::append(&mut tx, event).await?;
            }
            Ok(tx.commit(StepOutcome::Done(session.clone())))
        });
        open_it.await
    }
}

/// Whether the account is the one that was judged; locks it, so that it still is when the step writes.
async fn is_of_version(
    tx: &mut Connection,
    tenant_id: TenantId,
    account_id: AccountId,
    version: i64,
) -> Result<bool, Failure> {
    let state = changes::state(tx, tenant_id, account_id).await?;
    Ok(state.is_some_and(|state| state.version == version))
}

/// Ends the pass of an account, if it has one.
pub(in crate::store) async fn end(
    tx: &mut Connection,
    tenant_id: TenantId,
    account_id: AccountId,
) -> Result<(), Failure> {
    tx.execute(END, values![tenant_id, account_id]).await?;
    Ok(())
}
