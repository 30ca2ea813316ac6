//! Signing in and changing a known password.

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, SessionId};
use rekey_primitives::login::Login;

use super::accounts::ACCOUNT_BY_LOGIN;
use super::columns::{policy_columns, tenant_columns};
use super::passwords::NewPassword;
use super::{PostgresStore, answers, audit, changes, lockouts, notices, passwords, retried, sessions};
use crate::domain::account::{Account, Sealed};
use crate::domain::audit::AuditEvent;
use crate::domain::scope::TenantScope;
use crate::domain::session::Session;
use crate::store::rows::{AccountRow, KnownRow};
use crate::store::sign_ins::{
    Admission, ChangePassword, EndSessions, Known, LoginKey, NotRefreshed, OpenSession, PasswordTry,
    PlaceKey, Refresh, SessionsEnded, SignIns, Stale,
};
use crate::store::{Failure, Once, Recalled, Step, decide};

const KNOWN: &str = concat!(
    "select ",
    tenant_columns!(),
    ", ",
    policy_columns!(),
    " from tenants t join policies p on p.tenant_id = t.tenant_id
      where t.tenant_id = $1
        and p.version = (select max(newest.version) from policies newest where newest.tenant_id = $1)"
);

#[async_trait]
impl SignIns for PostgresStore {
    async fn find_login(&self, scope: &TenantScope, login: Option<&Login>) -> Result<Option<Known>, Failure> {
        let tenant_id = scope.tenant_id().as_uuid();
        // No transaction around the two: a policy that is younger than the account does no harm, and each of its ends
        // would be another round trip.
        let mut connection = self.pool.acquire().await?;
        let known: Option<KnownRow> =
            sqlx::query_as(KNOWN).bind(tenant_id).fetch_optional(&mut *connection).await?;
        // Nobody's login is empty, so what is no login is looked for like one.
        let account: Option<AccountRow> = sqlx::query_as(ACCOUNT_BY_LOGIN)
            .bind(tenant_id)
            .bind(login.map_or("", Login::as_str))
            .fetch_optional(&mut *connection)
            .await?;
        let Some((tenant, policy)) = known.map(KnownRow::parts).transpose()? else { return Ok(None) };
        Ok(Some(Known { tenant, policy, account: account.map(AccountRow::account).transpose()? }))
    }

    async fn is_familiar(
        &self,
        scope: &TenantScope,
        login: &LoginKey,
        place: &PlaceKey,
    ) -> Result<bool, Failure> {
        let mut connection = self.pool.acquire().await?;
        lockouts::is_familiar(&mut connection, scope.tenant_id(), login, place).await
    }

    async fn admit_password(
        &self,
        scope: &TenantScope,
        attempt: &PasswordTry,
        once: Once<'_, Admission>,
        now: Timestamp,
    ) -> Result<Step<Admission, ()>, Failure> {
        retried!(lockouts::admit(self, scope.tenant_id(), attempt, &once, now))
    }

    async fn open_session(
        &self,
        scope: &TenantScope,
        open: &OpenSession,
        once: Once<'_, Session>,
    ) -> Result<Step<Session, Stale>, Failure> {
        let (tenant_id, session) = (scope.tenant_id(), &open.session);
        let now = session.created_at;
        retried!(async {
            let mut tx = self.begin().await?;
            if let Some(ended) = answers::settle(&mut tx, tenant_id, Some(&once), session, now).await?.ended()
            {
                return Ok(ended);
            }
            let state = changes::state(&mut tx, tenant_id, session.account_id).await?;
            if !state.is_some_and(|state| decide::may_open(&state, open)) {
                return Ok(Step::Refused(Stale));
            }
            if let Some(answered) = &open.answers
                && !changes::answered(&mut tx, tenant_id, session.account_id, answered, now).await?
            {
                return Ok(Step::Refused(Stale));
            }
            if let Some(rehashed) = &open.rehashed
                && !passwords::rehash(&mut tx, tenant_id, session.account_id, &open.verified, rehashed)
                    .await?
            {
                return Ok(Step::Refused(Stale));
            }
            sessions::insert(&mut tx, session, session.epoch.0).await?;
            lockouts::signed_in(&mut tx, tenant_id, &open.login, open.place.as_ref(), now).await?;
            audit::append(&mut tx, &open.event).await?;
            tx.commit().await?;
            Ok(Step::Done(session.clone()))
        })
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
        retried!(async {
            let mut tx = self.begin().await?;
            if let Some(ended) = answers::claim(&mut tx, tenant_id, once.as_ref(), change.now).await?.ended()
            {
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
            audit::append(&mut tx, &change.event).await?;
            tx.commit().await?;
            Ok(Step::Done(SessionsEnded(ended)))
        })
    }

    async fn last_passwords(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
        limit: u32,
    ) -> Result<Vec<Sealed>, Failure> {
        let mut connection = self.pool.acquire().await?;
        passwords::last(&mut connection, scope.tenant_id(), account_id, limit).await
    }

    async fn refresh_session(
        &self,
        scope: &TenantScope,
        refresh: &Refresh,
        request: Once<'_, ()>,
        once: Once<'_, (Session, Account)>,
    ) -> Result<Step<(Session, Account), NotRefreshed>, Failure> {
        retried!(sessions::refresh(self, scope.tenant_id(), refresh, &request, &once))
    }

    async fn find_session(
        &self,
        scope: &TenantScope,
        session_id: SessionId,
    ) -> Result<Option<(Session, Account)>, Failure> {
        let mut connection = self.pool.acquire().await?;
        sessions::with_account(&mut connection, scope.tenant_id(), session_id).await
    }

    async fn list_sessions(
        &self,
        scope: &TenantScope,
        account_id: AccountId,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<Session>, Failure> {
        let mut connection = self.pool.acquire().await?;
        sessions::live(&mut connection, scope.tenant_id(), account_id, limit, now).await
    }

    async fn end_sessions(
        &self,
        scope: &TenantScope,
        ends: &EndSessions,
        once: Once<'_, SessionsEnded>,
    ) -> Result<Step<SessionsEnded, Stale>, Failure> {
        retried!(sessions::end(self, scope.tenant_id(), ends, &once))
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
        retried!(async {
            let mut tx = self.begin().await?;
            if let Some(ended) = answers::settle(&mut tx, tenant_id, Some(&once), &(), now).await?.ended() {
                return Ok(ended);
            }
            lockouts::clear(&mut tx, tenant_id, login).await?;
            audit::append(&mut tx, event).await?;
            tx.commit().await?;
            Ok(Step::Done(()))
        })
    }

    async fn recall(
        &self,
        scope: &TenantScope,
        key: &[u8; 32],
        content: &[u8; 32],
        now: Timestamp,
    ) -> Result<Recalled, Failure> {
        let mut connection = self.pool.acquire().await?;
        answers::recall(&mut connection, scope.tenant_id(), key, content, now).await
    }

    async fn forgive(&self, scope: &TenantScope, login: &LoginKey) -> Result<(), Failure> {
        lockouts::clear(&mut *self.pool.acquire().await?, scope.tenant_id(), login).await
    }

    async fn keep_answer(
        &self,
        scope: &TenantScope,
        once: Once<'_, ()>,
        now: Timestamp,
    ) -> Result<Step<(), ()>, Failure> {
        // One statement, so it needs no transaction around it.
        retried!(async {
            let mut connection = self.pool.acquire().await?;
            let settled = answers::settle(&mut connection, scope.tenant_id(), Some(&once), &(), now).await?;
            Ok(settled.ended().unwrap_or(Step::Done(())))
        })
    }
}
