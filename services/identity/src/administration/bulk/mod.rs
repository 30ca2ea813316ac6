//! Bulk resets: started, fed, followed, and ended by administrators; [`worker`] does the work.

mod worker;

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, RequestId, TenantId};
use rekey_primitives::login::Login;

use super::passwords::PERMISSION;
use super::{Administration, Error};
use crate::domain::account_filter::AccountFilter;
use crate::domain::audit::EventKind;
use crate::domain::bulk_reset::{BulkMode, BulkPlan, BulkReset, BulkResetId, BulkResult, BulkState};
use crate::domain::refusal::Refusal;
use crate::operation::idempotency::{Answer, Request};
use crate::operation::{Administrator, Operation, Repeatable, Rpc};
use crate::store::bulk_resets::{AddChunk, AnotherRuns, EndBulkReset, NoSuchJob, NotAdded, StartBulkReset};
use crate::tokens::{AskedPage, List, Page};
use crate::views::BulkResetView;

const START: Rpc = Rpc { name: "StartBulkReset", event: EventKind::BulkReset };
const ADD: Rpc = Rpc { name: "AddBulkResetAccounts", event: EventKind::BulkReset };
const CANCEL: Rpc = Rpc { name: "CancelBulkReset", event: EventKind::BulkReset };
// Whoever reads leaves no event but a denial.
const READ: Rpc = Rpc { name: "GetBulkReset", event: EventKind::PermissionDenied };

/// A job to start.
#[derive(Debug, Clone)]
pub(crate) struct StartBulk {
    pub tenant_id: TenantId,
    pub mode: BulkMode,
    pub dry_run: bool,
    pub per_second: u32,
    /// Which accounts; `None` where they are listed.
    pub filter: Option<AccountFilter>,
    pub request_id: RequestId,
}

/// A job, and by which call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BulkTarget {
    pub tenant_id: TenantId,
    pub id: BulkResetId,
    pub request_id: RequestId,
}

/// A chunk of a list.
#[derive(Debug, Clone)]
pub(crate) struct BulkChunk {
    pub sequence: i64,
    /// Ids and logins.
    pub accounts: Vec<String>,
    pub is_last: bool,
}

impl Administration {
    /// Starts a job, unless the tenant has one that is not over.
    pub(crate) async fn start_bulk_reset(
        &self,
        administrator: &Administrator,
        start: StartBulk,
    ) -> Result<BulkResetView, Error> {
        let operation = self.authorisation.operation(START, administrator, start.tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, PERMISSION).await?;
        let who = administrator.name();
        let filter = start.filter.as_ref().map(AccountFilter::canonical).unwrap_or_default();
        let numbers = [start.per_second.to_be_bytes(), u32::from(start.dry_run).to_be_bytes()];
        let content = [start.mode.as_str().as_bytes(), filter.as_bytes(), &numbers[0], &numbers[1]];
        let named = Request { who: &who, id: start.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        self.idempotency.run_unrecalled(&operation, self.start_once(&operation, start)).await
    }

    async fn start_once(
        &self,
        operation: &Repeatable<'_>,
        start: StartBulk,
    ) -> Result<Answer<BulkResetView>, Error> {
        let StartBulk { mode, dry_run, per_second, filter, .. } = start;
        let now = operation.now;
        let due_at = if filter.is_some() { now } else { self.abandoned_at(now) };
        let plan = BulkPlan {
            mode,
            dry_run,
            per_second,
            filter,
            actor: operation.actor,
            caller: operation.origin.caller.name().to_owned(),
            ip: operation.origin.context.ip,
        };
        let word = if dry_run { "started_dry_run" } else { "started" };
        let event = self.audit.event(operation).because(word).done();
        let id = BulkResetId::generate(&*self.entropy, now);
        let step = StartBulkReset { id, plan, due_at, event, now };
        let answering = self.idempotency.answering(operation.key, |job: &BulkReset| BulkResetView::from(job));
        let step = self.store.start_bulk_reset(&operation.scope, &step, Some(answering.once())).await?;
        answering.settle(step)?.map_err(|AnotherRuns| Refusal::BulkResetRunning.into())
    }

    /// Adds a chunk to the list of a job.
    pub(crate) async fn add_bulk_accounts(
        &self,
        administrator: &Administrator,
        target: BulkTarget,
        chunk: &BulkChunk,
    ) -> Result<BulkResetView, Error> {
        let operation = self.authorisation.operation(ADD, administrator, target.tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, PERMISSION).await?;
        let (who, id) = (administrator.name(), target.id.as_uuid());
        let (sequence, listed) = (chunk.sequence.to_be_bytes(), chunk.accounts.join("\n"));
        let content = [id.as_bytes().as_slice(), &sequence, listed.as_bytes(), &[u8::from(chunk.is_last)]];
        let named = Request { who: &who, id: target.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        self.idempotency.run_unrecalled(&operation, self.add_once(&operation, target.id, chunk)).await
    }

    async fn add_once(
        &self,
        operation: &Repeatable<'_>,
        id: BulkResetId,
        chunk: &BulkChunk,
    ) -> Result<Answer<BulkResetView>, Error> {
        let now = operation.now;
        let due_at = if chunk.is_last { now } else { self.abandoned_at(now) };
        let (sequence, is_last) = (chunk.sequence, chunk.is_last);
        let mut add = AddChunk {
            id,
            sequence,
            account_ids: Vec::new(),
            logins: Vec::new(),
            unknown: Vec::new(),
            is_last,
            due_at,
            now,
        };
        for name in &chunk.accounts {
            match (AccountId::parse(name), Login::parse(name)) {
                (Ok(id), _) => add.account_ids.push(id),
                (Err(_), Ok(login)) => add.logins.push(login.as_str().to_owned()),
                (Err(_), Err(_)) => add.unknown.push(name.clone()),
            }
        }
        let answering = self.idempotency.answering(operation.key, |job: &BulkReset| BulkResetView::from(job));
        let step = self.store.add_bulk_accounts(&operation.scope, &add, Some(answering.once())).await?;
        answering.settle(step)?.map_err(|why| {
            let refusal = match why {
                NotAdded::NoSuchJob => Refusal::BulkResetNotFound,
                NotAdded::NotCollecting => Refusal::BulkResetNotCollecting,
                NotAdded::Missing => Refusal::BulkResetChunkMissing,
            };
            refusal.into()
        })
    }

    /// A job.
    pub(crate) async fn bulk_reset(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        id: BulkResetId,
    ) -> Result<BulkResetView, Error> {
        let operation = self.may_read_bulk(administrator, tenant_id).await?;
        let found = self.store.find_bulk_reset(&operation.scope, id).await?;
        Ok(BulkResetView::from(&found.ok_or(Refusal::BulkResetNotFound)?))
    }

    /// The jobs of a tenant, newest first.
    pub(crate) async fn list_bulk_resets(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        asked: &AskedPage,
    ) -> Result<Page<BulkResetView>, Error> {
        let operation = self.may_read_bulk(administrator, tenant_id).await?;
        let tenant = tenant_id.as_uuid();
        let list = List { name: "bulk resets", arguments: &[tenant.as_bytes()] };
        let before = self.tokens.page_begins_after(list, asked, operation.now)?;
        let before = before.map(BulkResetId::from_uuid);
        let read = self.store.list_bulk_resets(&operation.scope, before, asked.limit()).await?;
        let read = read.iter().map(BulkResetView::from).collect();
        Ok(self.tokens.page(list, asked, read, |job: &BulkResetView| job.bulk_reset_id, operation.now))
    }

    /// What became of each account of a job, by number.
    pub(crate) async fn list_bulk_results(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        id: BulkResetId,
        asked: &AskedPage,
    ) -> Result<Page<BulkResult>, Error> {
        let operation = self.may_read_bulk(administrator, tenant_id).await?;
        let (tenant, job) = (tenant_id.as_uuid(), id.as_uuid());
        let list = List { name: "bulk reset results", arguments: &[tenant.as_bytes(), job.as_bytes()] };
        let after: Option<i64> = self.tokens.search_goes_on_at(list, asked, operation.now)?;
        if self.store.find_bulk_reset(&operation.scope, id).await?.is_none() {
            return Err(Refusal::BulkResetNotFound.into());
        }
        let after = after.unwrap_or(0);
        let mut items = self.store.bulk_results(&operation.scope, id, after, asked.limit()).await?;
        let size = usize::try_from(asked.size()).unwrap_or(usize::MAX);
        let has_more = items.len() > size;
        items.truncate(size);
        let last = items.last().filter(|_| has_more);
        let next = last.map(|last| self.tokens.search_page_token(list, last.number, operation.now));
        Ok(Page { items, next })
    }

    /// Ends a job; gives it as it stands then.
    pub(crate) async fn cancel_bulk_reset(
        &self,
        administrator: &Administrator,
        target: BulkTarget,
    ) -> Result<BulkResetView, Error> {
        let operation = self.authorisation.operation(CANCEL, administrator, target.tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, PERMISSION).await?;
        let (who, id) = (administrator.name(), target.id.as_uuid());
        let named = Request { who: &who, id: target.request_id, content: &[id.as_bytes()] };
        let operation = self.idempotency.named(operation, named);
        self.idempotency.run_unrecalled(&operation, self.cancel_once(&operation, target.id)).await
    }

    async fn cancel_once(
        &self,
        operation: &Repeatable<'_>,
        id: BulkResetId,
    ) -> Result<Answer<BulkResetView>, Error> {
        let state = BulkState::Cancelled;
        let end = EndBulkReset {
            id,
            state,
            stop: None,
            fence: None,
            forget_at: self.bulk_forgotten_at(operation.now),
            event: self.audit.event(operation).because(state.as_str()).done(),
            now: operation.now,
        };
        let answering = self.idempotency.answering(operation.key, |job: &BulkReset| BulkResetView::from(job));
        let step = self.store.end_bulk_reset(&operation.scope, &end, Some(answering.once())).await?;
        answering.settle(step)?.map_err(|NoSuchJob| Refusal::BulkResetNotFound.into())
    }

    async fn may_read_bulk<'a>(
        &self,
        administrator: &'a Administrator,
        tenant_id: TenantId,
    ) -> Result<Operation<'a>, Error> {
        let operation = self.authorisation.operation(READ, administrator, tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, PERMISSION).await?;
        Ok(operation)
    }

    /// When a list that nobody adds to any more is given up.
    fn abandoned_at(&self, now: Timestamp) -> Timestamp {
        now.plus(Duration::from_secs(self.bulk.abandoned_seconds))
    }

    /// When a job that ends now is forgotten.
    fn bulk_forgotten_at(&self, now: Timestamp) -> Timestamp {
        now.plus(Duration::from_secs(86_400 * self.bulk.kept_days))
    }
}

#[cfg(test)]
mod tests;
