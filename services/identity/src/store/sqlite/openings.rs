//! Opening a session for a right password, the step that everybody comes through. Statements go together where nothing
//! has to be decided in between: each trip is two changes of thread, beside which SQLite's own work is little.

use rekey_primitives::id::TenantId;
use sqlx::FromRow as _;

use super::answers::claim_request;
use super::audit::audit_head;
use super::changes::account_state;
use super::lockouts::signed_in;
use super::sessions::insert_session;
use super::{SqliteStore, answers, audit, changes, passwords, sessions};
use crate::domain::session::Session;
use crate::store::rows::AccountState;
use crate::store::sign_ins::{OpenSession, Stale};
use crate::store::{Failure, Once, Step, decide};

/// Claims the request, and reads what the decision is made on.
const CLAIM_AND_STATE: &str = concat!(claim_request!(), "; ", account_state!("$7"));

/// Writes the session and what belongs to it, and reads where its event goes.
const WRITE_AND_HEAD: &str =
    concat!(insert_session!(), "; ", signed_in!("$14", "$15", "$11"), "; ", audit_head!());

/// The whole step; see `SignIns::open_session`.
pub(super) async fn open(
    store: &SqliteStore,
    tenant_id: TenantId,
    open: &OpenSession,
    once: &Once<'_, Session>,
) -> Result<Step<Session, Stale>, Failure> {
    let session = &open.session;
    let (account_id, now) = (session.account_id, session.created_at);
    let answer = (once.answer)(session);
    let mut tx = store.begin().await?;
    let rows = answers::taking(CLAIM_AND_STATE, tenant_id, (once, &answer), now)
        .bind(account_id.as_uuid())
        .fetch_all(&mut *tx)
        .await?;
    let Some((claimed, state)) = rows.split_first() else { return Ok(Step::Refused(Stale)) };
    if let Some(ended) = answers::taken(&mut tx, tenant_id, once, claimed, now).await?.ended() {
        return Ok(ended);
    }
    let state = state.first().map(AccountState::from_row).transpose()?;
    if !state.is_some_and(|state| decide::may_open(&state, open)) {
        return Ok(Step::Refused(Stale));
    }
    if let Some(answered) = &open.answers
        && !changes::answered(&mut tx, tenant_id, account_id, answered, now).await?
    {
        return Ok(Step::Refused(Stale));
    }
    if let Some(rehashed) = &open.rehashed
        && !passwords::rehash(&mut tx, tenant_id, account_id, &open.verified, rehashed).await?
    {
        return Ok(Step::Refused(Stale));
    }
    let head = sessions::filled(WRITE_AND_HEAD, session, session.epoch.0)
        .bind(&open.login[..])
        .bind(open.place.as_ref().map(<[u8; 32]>::as_slice))
        .fetch_one(&mut *tx)
        .await?;
    audit::close_behind(tx, &audit::Head::from_row(&head)?, &open.event).await?;
    Ok(Step::Done(session.clone()))
}
