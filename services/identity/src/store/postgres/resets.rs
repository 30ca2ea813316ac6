//! Resetting a forgotten password and undoing it.

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, HelpRequestId, ResetId, TenantId};
use uuid::Uuid;

use super::passwords::NewPassword;
use super::{PostgresStore, answers, audit, help, lockouts, notices, passwords, retried, sessions, tries};
use crate::domain::account::Account;
use crate::domain::audit::AuditEvent;
use crate::domain::group::NESTING_MAX;
use crate::domain::help::{Filing, HelpRequest};
use crate::domain::policy::ResetRules;
use crate::domain::scope::TenantScope;
use crate::domain::tries::TriedFrom;
use crate::store::outbox::Notice;
use crate::store::resets::{CompleteReset, MethodKey, Repudiate, Resets, Standing, TryCounted};
use crate::store::sign_ins::{SessionsEnded, Stale};
use crate::store::{Failure, Once, Step, decide};

const GROUPS: &str = "
    with recursive walked (group_id, depth) as (
        select group_id, 1 from group_members where tenant_id = $1 and member_id = $2
        union
        select m.group_id, w.depth + 1 from walked w
        join group_members m on m.tenant_id = $1 and m.member_id = w.group_id
        where w.depth < $3
    )
    select distinct group_id from walked";

/// Seats and how many accounts come before this one, counted no further than matters.
const SEAT: &str = "
    select t.licensed_accounts, (
        select count(*) from (
            select 1 from accounts older
            where older.tenant_id = $1 and older.deleted_at is null
              and (older.created_at, older.account_id) < (a.created_at, a.account_id)
            limit coalesce((select licensed_accounts from tenants where tenant_id = $1), 0)
        ) seated
    )
    from accounts a join tenants t on t.tenant_id = a.tenant_id
    where a.tenant_id = $1 and a.account_id = $2 and a.deleted_at is null";

/// The password that is about to be void, for the rule of history; without it the one before would count as the last.
/// It takes the account's row first, so that of two at once the later one finds another epoch.
const REMEMBER_VOIDED: &str = "
    insert into password_history (tenant_id, account_id, epoch, password_hash)
    select tenant_id, account_id, epoch, password_hash from accounts
    where tenant_id = $1 and account_id = $2 and epoch = $3 and password_hash is not null
    for update";

const REPUDIATE: &str = "
    update accounts
    set epoch = epoch + 1, recovery_version = recovery_version + 1, version = version + 1, frozen = $4,
        updated_at = $5, password_hash = null, password_set_at = null, password_must_change = null,
        password_temporary_until = null, password_expiry_exempt = null, password_expiry_counts_from = null
    where tenant_id = $1 and account_id = $2 and epoch = $3 and deleted_at is null";

#[async_trait]
impl Resets for PostgresStore {
    async fn standing(&self, scope: &TenantScope, account_id: AccountId) -> Result<Standing, Failure> {
        let (tenant, account) = (scope.tenant_id().as_uuid(), account_id.as_uuid());
        let mut connection = self.pool.acquire().await?;
        let seat: Option<(Option<i64>, i64)> =
            sqlx::query_as(SEAT).bind(tenant).bind(account).fetch_optional(&mut *connection).await?;
        let groups: Vec<(Uuid,)> = sqlx::query_as(GROUPS)
            .bind(tenant)
            .bind(account)
            .bind(i64::from(NESTING_MAX))
            .fetch_all(&mut *connection)
            .await?;
        Ok(decide::standing(groups, seat))
    }

    async fn code_sent(
        &self,
        scope: &TenantScope,
        method: MethodKey,
        live_until: Timestamp,
        _now: Timestamp,
    ) -> Result<(), Failure> {
        tries::code_sent(self, scope.tenant_id(), method, live_until).await
    }

    async fn count_try(
        &self,
        scope: &TenantScope,
        method: MethodKey,
        from: TriedFrom,
        request: &[u8; 32],
        rules: &ResetRules,
        now: Timestamp,
    ) -> Result<TryCounted, Failure> {
        retried!(tries::count(self, scope.tenant_id(), (method, from), request, rules, now))
    }

    async fn proof_accepted(
        &self,
        scope: &TenantScope,
        method: MethodKey,
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
            tries::clear(&mut tx, tenant_id, method).await?;
            audit::append(&mut tx, event).await?;
            tx.commit().await?;
            Ok(Step::Done(()))
        })
    }

    async fn count_attempt(
        &self,
        scope: &TenantScope,
        reset_id: ResetId,
        request: &[u8; 32],
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<u32, Failure> {
        retried!(tries::count_attempt(self, scope.tenant_id(), reset_id, request, expires_at, now))
    }

    async fn complete_reset(
        &self,
        scope: &TenantScope,
        reset: &CompleteReset,
        once: Option<Once<'_, SessionsEnded>>,
    ) -> Result<Step<SessionsEnded, Stale>, Failure> {
        let (tenant_id, account_id, now) = (scope.tenant_id(), reset.account_id, reset.now);
        let new = NewPassword {
            account_id,
            epoch: reset.epoch.0,
            recovery_version: Some(reset.recovery_version.0),
            password: &reset.password,
            history: reset.history,
            now,
        };
        retried!(async {
            let mut tx = self.begin().await?;
            if let Some(ended) = answers::claim(&mut tx, tenant_id, once.as_ref(), now).await?.ended() {
                return Ok(ended);
            }
            if !passwords::replace(&mut tx, tenant_id, &new).await? {
                return Ok(Step::Refused(Stale));
            }
            let ended = SessionsEnded(sessions::end_all(&mut tx, tenant_id, account_id, now).await?);
            lockouts::clear(&mut tx, tenant_id, &reset.login).await?;
            tries::clear_account(&mut tx, tenant_id, account_id).await?;
            help::resolve(&mut tx, tenant_id, account_id, now).await?;
            notices::queue(&mut tx, &reset.notices, now).await?;
            answers::keep(&mut tx, tenant_id, once.as_ref(), &ended).await?;
            audit::append(&mut tx, &reset.event).await?;
            tx.commit().await?;
            Ok(Step::Done(ended))
        })
    }

    async fn repudiate_reset(
        &self,
        scope: &TenantScope,
        repudiate: &Repudiate,
        once: Option<Once<'_, SessionsEnded>>,
    ) -> Result<Step<SessionsEnded, Stale>, Failure> {
        let (tenant_id, account_id, now) = (scope.tenant_id(), repudiate.account_id, repudiate.now);
        retried!(async {
            let mut tx = self.begin().await?;
            if let Some(ended) = answers::claim(&mut tx, tenant_id, once.as_ref(), now).await?.ended() {
                return Ok(ended);
            }
            sqlx::query(REMEMBER_VOIDED)
                .bind(tenant_id.as_uuid())
                .bind(account_id.as_uuid())
                .bind(repudiate.epoch.0)
                .execute(&mut *tx)
                .await?;
            let frozen = sqlx::query(REPUDIATE)
                .bind(tenant_id.as_uuid())
                .bind(account_id.as_uuid())
                .bind(repudiate.epoch.0)
                .bind(true)
                .bind(now.unix_micros())
                .execute(&mut *tx)
                .await?;
            if frozen.rows_affected() != 1 {
                return Ok(Step::Refused(Stale));
            }
            let ended = SessionsEnded(sessions::end_all(&mut tx, tenant_id, account_id, now).await?);
            notices::queue(&mut tx, &repudiate.notices, now).await?;
            answers::keep(&mut tx, tenant_id, once.as_ref(), &ended).await?;
            audit::append(&mut tx, &repudiate.event).await?;
            tx.commit().await?;
            Ok(Step::Done(ended))
        })
    }

    async fn file_help(
        &self,
        scope: &TenantScope,
        request: &HelpRequest,
        event: &AuditEvent,
        notices: &[Notice],
        once: Option<Once<'_, ()>>,
    ) -> Result<Step<Filing, ()>, Failure> {
        retried!(help::file(self, scope.tenant_id(), request, event, notices, once.as_ref()))
    }

    async fn tenants_with_undigested_help(
        &self,
        before: Timestamp,
        after: Option<TenantId>,
        limit: u32,
    ) -> Result<Vec<TenantId>, Failure> {
        help::tenants_with_undigested(self, before, after, limit).await
    }

    async fn undigested_help(&self, scope: &TenantScope) -> Result<Vec<(HelpRequest, Account)>, Failure> {
        help::undigested(self, scope.tenant_id()).await
    }

    async fn help_digested(
        &self,
        scope: &TenantScope,
        told: &[HelpRequestId],
        notices: &[Notice],
        now: Timestamp,
    ) -> Result<bool, Failure> {
        retried!(help::digested(self, scope.tenant_id(), told, notices, now))
    }
}
