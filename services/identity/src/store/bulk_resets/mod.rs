//! Bulk resets: a row for each job and one for each of its accounts.
//!
//! A job is worked on by whoever claimed it last, under its fence. The result of an account is written by the step that resets
//! it, under the job's row: a job that was cancelled or claimed by another process resets nothing more, and no account twice.

pub(super) mod collecting;
pub(super) mod forgetting;
pub(super) mod working;

use rekey_database::{Connection, Fragment, fragment, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;
use uuid::Uuid;

pub(crate) use collecting::{AddChunk, Collected, NotAdded};
pub(crate) use working::{BulkStep, HeldBulkReset, SettledAccount, WaitingAccount};

use super::rows::{BulkResetRow, BulkResultRow, ReadablePage};
use super::{Failure, IdempotentRequest, StepOutcome, Store, audit, idempotency};
use crate::domain::audit::{Actor, AuditEvent};
use crate::domain::bulk_reset::{BulkPlan, BulkReset, BulkResetId, BulkResult, BulkState, BulkStop};
use crate::domain::scope::TenantScope;

/// A job, by names that also say what an update returns.
const COLUMNS: Fragment = fragment!(
    "tenant_id, bulk_reset_id, mode, dry_run, per_second, filter, walked_to, state, stop_reason,
     accounts, accounts_reset, accounts_refused, next_sequence, next_number, worked_to, actor, actor_id,
     caller, ip_address, created_at, updated_at, ended_at, fence"
);

/// A job to start.
#[derive(Debug, Clone)]
pub(crate) struct StartBulkReset {
    pub(crate) id: BulkResetId,
    pub(crate) plan: BulkPlan,
    /// When a process takes it: at once, or when a list was not finished in time.
    pub(crate) due_at: Timestamp,
    pub(crate) event: AuditEvent,
    pub(crate) now: Timestamp,
}

/// A job to end.
#[derive(Debug, Clone)]
pub(crate) struct EndBulkReset {
    pub(crate) id: BulkResetId,
    pub(crate) state: BulkState,
    pub(crate) stop: Option<BulkStop>,
    /// The fence that it is held under; `None` ends it whoever holds it.
    pub(crate) fence: Option<i64>,
    /// When it is forgotten.
    pub(crate) forget_at: Timestamp,
    pub(crate) event: AuditEvent,
    pub(crate) now: Timestamp,
}

/// Another job of the tenant is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AnotherRuns;

/// There is no such job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoSuchJob;

statements! {
    /// Writes nothing while another job of the tenant is alive.
    const INSERT = "
        insert into bulk_resets (tenant_id, bulk_reset_id, mode, dry_run, per_second, filter, walked_to, state, stop_reason,
            accounts, accounts_reset, accounts_refused, next_sequence, next_number, worked_to, actor, actor_id, caller,
            ip_address, created_at, updated_at, ended_at, forget_at, due_at, fence)
        select tenant_id, $2, $3, $4, $5, $6, null, 'collecting', null, 0, 0, 0, 1, 1, 0, $7, $8, $9, $10, $11, $11, null, null,
            $12, 0
        from tenants where tenant_id = $1 and deleted_at is null
        on conflict do nothing";

    const BY_ID =
        "select ", COLUMNS, " from bulk_resets b where b.tenant_id = $1 and b.bulk_reset_id = $2";

    const PAGE =
        "select ", COLUMNS,
        " from bulk_resets b where b.tenant_id = $1 and b.bulk_reset_id < $2 order by b.bulk_reset_id desc limit $3";

    pub(super) const RESULTS = "
        select r.number, r.account_id, r.outcome, r.refused, r.finished_at,
            coalesce((
                select l.login from logins l where l.tenant_id = r.tenant_id and l.account_id = r.account_id
                order by l.position limit 1
            ), r.unknown_name) as login
        from bulk_reset_accounts r
        where r.tenant_id = $1 and r.bulk_reset_id = $2 and r.number > $3
        order by r.number limit $4";

    const END = "
        update bulk_resets set state = $3, stop_reason = $4, ended_at = $5, updated_at = $5, forget_at = $6
        where tenant_id = $1 and bulk_reset_id = $2 and state in ('collecting', 'running')
          and fence = coalesce($7, fence)";
}

impl Store {
    /// Starts a job, unless another one of the tenant is alive.
    pub(crate) async fn start_bulk_reset(
        &self,
        scope: &TenantScope,
        start: &StartBulkReset,
        idempotency: Option<IdempotentRequest<'_, BulkReset>>,
    ) -> Result<StepOutcome<BulkReset, AnotherRuns>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), idempotency.as_ref());
        let StartBulkReset { id, plan, due_at, event, now } = start;
        let filter = plan.filter.as_ref().map(crate::domain::account_filter::AccountFilter::canonical);
        let (actor, actor_id) = match plan.actor {
            Actor::Account(id) => ("account", Some(id)),
            Actor::Stranger | Actor::Service | Actor::Rekey | Actor::Erased(_) => ("service", None),
        };
        let make = self.database.step(|mut tx| {
            let filter = filter.clone();
            async move {
                if let Some(ended) = idempotency::claim(&mut tx, tenant_id, idempotency, *now).await?.ended()
                {
                    return Ok(tx.roll_back(ended));
                }
                let values = values![
                    tenant_id,
                    id.as_uuid(),
                    plan.mode.as_str(),
                    plan.dry_run,
                    plan.per_second,
                    filter,
                    actor,
                    actor_id,
                    plan.caller.as_str(),
                    plan.ip.map(|ip| ip.to_string()),
                    *now,
                    *due_at
                ];
                if tx.execute(INSERT, values).await? != 1 {
                    return Ok(tx.roll_back(StepOutcome::Refused(AnotherRuns)));
                }
                let Some(job) = read(&mut tx, tenant_id, *id).await? else {
                    return Err(Failure::Unreadable { what: "a bulk reset that was just written" });
                };
                idempotency::store_answer(&mut tx, tenant_id, idempotency, &job).await?;
                audit::append(&mut tx, event).await?;
                Ok(tx.commit(StepOutcome::Done(job)))
            }
        });
        make.await
    }

    /// A job.
    pub(crate) async fn find_bulk_reset(
        &self,
        scope: &TenantScope,
        id: BulkResetId,
    ) -> Result<Option<BulkReset>, Failure> {
        read(&mut self.database.reader().await?, scope.tenant_id(), id).await
    }

    /// Jobs by id, newest first, from before `before`.
    pub(crate) async fn list_bulk_resets(
        &self,
        scope: &TenantScope,
        before: Option<BulkResetId>,
        limit: u32,
    ) -> Result<Vec<BulkReset>, Failure> {
        let mut page = ReadablePage::behind(before.map_or(Uuid::max(), BulkResetId::as_uuid), limit);
        while let Some(wanted) = page.wanted() {
            let found = self.database.all(PAGE, values![scope.tenant_id(), page.after, wanted]).await?;
            page.take(found, BulkResetRow::id, BulkResetRow::job);
        }
        Ok(page.into_items())
    }

    /// The accounts of a job by number, from behind `after`.
    pub(crate) async fn bulk_results(
        &self,
        scope: &TenantScope,
        id: BulkResetId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<BulkResult>, Failure> {
        let values = values![scope.tenant_id(), id.as_uuid(), after, limit];
        let found: Vec<BulkResultRow> = self.database.all(RESULTS, values).await?;
        found.into_iter().map(BulkResultRow::result).collect()
    }

    /// Ends a job that is alive, under the fence if one is given; gives it as it stands then, also if it was over before.
    pub(crate) async fn end_bulk_reset(
        &self,
        scope: &TenantScope,
        end: &EndBulkReset,
        idempotency: Option<IdempotentRequest<'_, BulkReset>>,
    ) -> Result<StepOutcome<BulkReset, NoSuchJob>, Failure> {
        let (tenant_id, idempotency) = (scope.tenant_id(), idempotency.as_ref());
        let make = self.database.step(|mut tx| async move {
            if let Some(ended) = idempotency::claim(&mut tx, tenant_id, idempotency, end.now).await?.ended() {
                return Ok(tx.roll_back(ended));
            }
            let (state, stop) = (end.state.as_str(), end.stop.map(BulkStop::as_str));
            let values = values![tenant_id, end.id.as_uuid(), state, stop, end.now, end.forget_at, end.fence];
            let is_ended = tx.execute(END, values).await? == 1;
            let Some(job) = read(&mut tx, tenant_id, end.id).await? else {
                return Ok(tx.roll_back(StepOutcome::Refused(NoSuchJob)));
            };
            idempotency::store_answer(&mut tx, tenant_id, idempotency, &job).await?;
            if is_ended {
                audit::append(&mut tx, &end.event).await?;
            }
            Ok(tx.commit(StepOutcome::Done(job)))
        });
        make.await
    }
}

async fn read(
    connection: &mut Connection,
    tenant_id: TenantId,
    id: BulkResetId,
) -> Result<Option<BulkReset>, Failure> {
    let found: Option<BulkResetRow> = connection.optional(BY_ID, values![tenant_id, id.as_uuid()]).await?;
    found.map(BulkResetRow::job).transpose()
}
