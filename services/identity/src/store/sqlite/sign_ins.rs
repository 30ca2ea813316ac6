//! Signing in and changing a known password.

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, SessionId};
use rekey_primitives::login::Login;
use sqlx::FromRow as _;

use super::columns::{account_by_login, account_columns, policy_columns, tenant_columns};
use super::passwords::NewPassword;
use super::{SqliteStore, answers, audit, lockouts, notices, openings, passwords, sessions};
use crate::domain::account::{Account, Sealed};
use crate::domain::audit::AuditEvent;
use crate::domain::scope::TenantScope;
use crate::domain::session::Session;
use crate::store::rows::{AccountRow, KnownRow};
use crate::store::sign_ins::{
    Admission, ChangePassword, EndSessions, Known, LoginKey, NotRefreshed, OpenSession, PasswordTry,
    PlaceKey, Refresh, SessionsEnded, SignIns, Stale,
};
use crate::store::{Failure, Once, Recalled, Step};

/// The tenant with its policy, and after it the account of a login there, in one go: each statement costs two changes
/// of thread.
const KNOWN: &str = concat!(
    "select ",
    tenant_columns!(),
    ", ",
    policy_columns!(),
    " from tenants t join policies p on p.tenant_id = t.tenant_id
      where t.tenant_id = $1
        and p.version = (select max(newest.version) from policies newest where newest.tenant_id = $1); ",
    account_by_login!()
);

#[async_trait]
impl SignIns for SqliteStore {
    async fn find_login(&self, scope: &TenantScope, login: Option<&Login>) -> Result<Option<Known>, Failure> {
        let tenant_id = scope.tenant_id().as_uuid();
        // Nobody's login is empty, so what is no login is looked for like one.
        let login = login.map_or("", Login::as_str);
        let known = sqlx::query(KNOWN).bind(tenant_id).bind(login);
        let rows = match self.writer.free_turn() {
            Some(mut turn) => known.fetch_all(&mut *turn).await?,
            None => known.fetch_all(&mut *self.reader().await?).await?,
        };
        let mut rows = rows.into_iter();
        let known = rows.next().as_ref().map(KnownRow::from_row).transpose()?;
        let account = rows.next().as_ref().map(AccountRow::from_row).transpose()?;
        let Some((tenant, policy)) = known.map(KnownRow::parts).transpose()? else { return Ok(None) };
        Ok(Some(Known { tenant, policy, account: account.map(AccountRow::account).transpose()? }))
    }

    async fn is_familiar(
        &self,
        scope: &TenantScope,
        login: &LoginKey,
        place: &PlaceKey,
    ) -> Result<bool, Failure> {
        let mut connection = self.reader().await?;
        lockouts::is_familiar(&mut connection, scope.tenant_id(), login, place).await
    }

    async fn admit_password(
        &self,
        scope: &TenantScope,
        attempt: &PasswordTry,
        once: Once<'_, Admission>,
        now: Timestamp,
    ) -> Result<Step<Admission, ()>, Failure> {
        lockouts::admit(self, scope.tenant_id(), attempt, &once, now).await
    }

    async fn open_session(
        &self,
        scope: &TenantScope,
        open: &OpenSession,
        once: Once<'_, Session>,
    ) -> Result<Step<Session, Stale>, Failure> {
        openings::open(self, scope.tenant_id(), open, &once).await
    }

    async fn change_password(
        &self,
        scope: &TenantScope,
        change: &ChangePassword,
        once: Option<Once<'_, SessionsEnded>>,
    ) -> Result<Step<SessionsEnded, Stale>, Failure> {
        let (tenant_id, account_id) = (scope.tenant_id(), change.account_id);
        let next_epoch = change.epoch.next().0;
        let new = NewPassword {
            account_id,
            epoch: change.epoch.0,
            recovery_version: None,
            password: &change.password,
            history: change.history,
            now: change.now,
        };
        let mut tx = self.begin().await?;
        if let Some(ended) = answers::claim(&mut tx, tenant_id, once.as_ref(), change.now).await?.ended() {
            return Ok(ended);
        }
        if !passwords::replace(&mut tx, tenant_id, &new).await? {
            return Ok(Step::Refused(Stale));
        }
        let ended = match change.keep {
            Some(kept) => {
                sessions::keep_in_epoch(&mut tx, tenant_id, account_id, kept, next_epoch).await?;
                sessions::end_others(&mut tx, tenant_id, account_id, kept, change.now).await?
            }
            None => sessions::end_all(&mut tx, tenant_id, account_id, change.now).await?,
        };
        if let Some(session) = &change.open {
            sessions::insert(&mut tx, session, next_epoch).await?;
        }
        lockouts::clear(&mut tx, tenant_id, &change.login).await?;
        notices::queue(&mut tx, &change.notices, change.now).await?;
        answers::keep(&mut tx, tenant_id, once.as_ref(), &SessionsEnded(ended)).await?;
        audit::close(tx, &change.event).await?;
        Ok(Step::Done(SessionsEnded(ended)))
    }

    async fn last_passwords(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
        limit: u32,
    ) -> Result<Vec<Sealed>, Failure> {
        let mut connection = self.reader().await?;
        passwords::last(&mut connection, scope.tenant_id(), account_id, limit).await
    }

    async fn refresh_session(
        &self,
        scope: &TenantScope,
        refresh: &Refresh,
        request: Once<'_, ()>,
        once: Once<'_, (Session, Account)>,
    ) -> Result<Step<(Session, Account), NotRefreshed>, Failure> {
        sessions::refresh(self, scope.tenant_id(), refresh, &request, &once).await
    }

    async fn find_session(
        &self,
        scope: &TenantScope,
        session_id: SessionId,
    ) -> Result<Option<(Session, Account)>, Failure> {
        let mut connection = self.reader().await?;
        sessions::with_account(&mut connection, scope.tenant_id(), session_id).await
    }

    async fn list_sessions(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<Session>, Failure> {
        let mut connection = self.reader().await?;
        sessions::live(&mut connection, scope.tenant_id(), account_id, limit, now).await
    }

    async fn end_sessions(
        &self,
        scope: &TenantScope,
        ends: &EndSessions,
        once: Once<'_, SessionsEnded>,
    ) -> Result<Step<SessionsEnded, Stale>, Failure> {
        sessions::end(self, scope.tenant_id(), ends, &once).await
    }

    async fn clear_lockout(
        &self,
        scope: &TenantScope,
        login: &LoginKey,
        event: &AuditEvent,
        once: Once<'_, ()>,
        now: Timestamp,
    ) -> Result<Step<(), ()>, Failure> {
        let tenant_id = scope.tenant_id();
        let mut tx = self.begin().await?;
        if let Some(ended) = answers::settle(&mut tx, tenant_id, Some(&once), &(), now).await?.ended() {
            return Ok(ended);
        }
        lockouts::clear(&mut tx, tenant_id, login).await?;
        audit::close(tx, event).await?;
        Ok(Step::Done(()))
    }

    async fn recall(
        &self,
        scope: &TenantScope,
        key: &[u8; 32],
        content: &[u8; 32],
        now: Timestamp,
    ) -> Result<Recalled, Failure> {
        let mut connection = self.reader().await?;
        answers::recall(&mut connection, scope.tenant_id(), key, content, now).await
    }

    async fn forgive(&self, scope: &TenantScope, login: &LoginKey) -> Result<(), Failure> {
        lockouts::clear(&mut *self.turn().await?, scope.tenant_id(), login).await
    }

    async fn keep_answer(
        &self,
        scope: &TenantScope,
        once: Once<'_, ()>,
        now: Timestamp,
    ) -> Result<Step<(), ()>, Failure> {
        // One statement, so it needs no transaction around it.
        let mut connection = self.turn().await?;
        let settled = answers::settle(&mut connection, scope.tenant_id(), Some(&once), &(), now).await?;
        Ok(settled.ended().unwrap_or(Step::Done(())))
    }
}
