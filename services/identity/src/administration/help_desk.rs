//! Help requests, seen, taken and settled by administrators, and those whose time is over.

use rekey_primitives::id::{AccountId, HelpRequestId, RequestId, TenantId};

use super::Administration;
use crate::domain::audit::{Actor, EventKind, Subject};
use crate::domain::authority::{Needs, Permission};
use crate::domain::help::{HelpAct, HelpFilter, HelpRequest, HelpState, moved};
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::operation::idempotency::{Answer, Request};
use crate::operation::{Administrator, Error, Failed, JUDGED_AT_MOST, Operation, Repeatable, Rpc};
use crate::store::accounts::AccountKey;
use crate::store::resets::MoveHelp;
use crate::store::{Failure, StepOutcome};
use crate::tokens::{AskedPage, List, Page};
use crate::views::HelpRequestView;

// Whoever reads leaves no event but a denial.
const LIST: Rpc = Rpc { name: "ListHelpRequests", event: EventKind::PermissionDenied };

pub(crate) const PERMISSION: Permission = Permission::HandleHelpRequests;

/// How many requests whose time is over are closed before the others get a turn.
const EXPIRED_AT_ONCE: u32 = 100;

/// Which help request, and by which call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HelpTarget {
    pub tenant_id: TenantId,
    pub id: HelpRequestId,
    /// The version that the caller read, if it says so.
    pub version: Option<i64>,
    pub request_id: RequestId,
}

impl HelpAct {
    pub(crate) const fn rpc(self) -> Rpc {
        let name = match self {
            Self::Claim => "ClaimHelpRequest",
            Self::Resolve => "ResolveHelpRequest",
            Self::Deny => "DenyHelpRequest",
        };
        Rpc { name, event: EventKind::HelpHandled }
    }
}

impl Administration {
    /// Help requests of a tenant, newest first.
    pub(crate) async fn list_help(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        filter: HelpFilter,
        asked: &AskedPage,
    ) -> Result<Page<HelpRequest>, Error> {
        let operation = self.authorisation.operation(LIST, administrator, tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, PERMISSION).await?;
        let (tenant, account) = (tenant_id.as_uuid(), filter.account_id.map(AccountId::as_uuid));
        let state = filter.state.map_or("", HelpState::as_str);
        let account = account.as_ref().map_or(&[][..], |id| id.as_bytes());
        let arguments = [tenant.as_bytes().as_slice(), state.as_bytes(), account];
        let list = List { name: "help requests", arguments: &arguments };
        let before = self.tokens.page_begins_after(list, asked, operation.now)?;
        let before = before.map(HelpRequestId::from_uuid);
        let read = self.store.list_help(&operation.scope, filter, before, asked.limit()).await?;
        Ok(self.tokens.page(list, asked, read, |request| request.id.as_uuid(), operation.now))
    }

    /// Takes or settles a help request; gives it as it stands then.
    pub(crate) async fn move_help(
        &self,
        administrator: &Administrator,
        target: HelpTarget,
        act: HelpAct,
    ) -> Result<HelpRequestView, Error> {
        let operation = self.authorisation.operation(act.rpc(), administrator, target.tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, PERMISSION).await?;
        let (who, id) = (administrator.name(), target.id.as_uuid());
        let version = target.version.map(i64::to_be_bytes).unwrap_or_default();
        let named = Request { who: &who, id: target.request_id, content: &[id.as_bytes(), &version] };
        let operation = self.idempotency.named(operation, named);
        let work = self.move_once(&operation, administrator, target, act);
        // Whether they still may is judged before an earlier answer is given.
        self.idempotency.run_unrecalled(&operation, work).await
    }

    async fn move_once(
        &self,
        operation: &Repeatable<'_>,
        administrator: &Administrator,
        target: HelpTarget,
        act: HelpAct,
    ) -> Result<Answer<HelpRequestView>, Error> {
        let by = administrator.person.as_ref().map(|person| person.account_id);
        for _ in 0..JUDGED_AT_MOST {
            let request = self.reached_request(operation, administrator, target.id).await?;
            if target.version.is_some_and(|version| version != request.version) {
                return Err(Refusal::EtagMismatch.into());
            }
            let to = moved(&request, act, by, operation.now)?;
            let event = self.audit.event(operation).on(request.account_id).because(to.as_str()).done();
            let (id, version, now) = (request.id, request.version, operation.now);
            let step = MoveHelp { id, version, to, handled_by: by, event, now };
            let answering =
                self.idempotency.answering(operation.key, |after: &HelpRequest| HelpRequestView::from(after));
            let step = self.store.move_help(&operation.scope, &step, Some(answering.once())).await?;
            if let Ok(answer) = answering.settle(step)? {
                return Ok(answer);
            }
        }
        Err(Failed::Contended.into())
    }

    /// The request, if there is one and the administrator reaches whose it is.
    async fn reached_request(
        &self,
        operation: &Operation<'_>,
        administrator: &Administrator,
        id: HelpRequestId,
    ) -> Result<HelpRequest, Error> {
        let found = self.store.find_help(&operation.scope, id).await?;
        let request = found.ok_or(Refusal::HelpRequestNotFound)?;
        let key = AccountKey::Id(request.account_id);
        let whose = self.store.find_account(&operation.scope, &key).await?;
        // A deleted account needs no help any more.
        let whose = whose.ok_or(Refusal::HelpRequestNotFound)?;
        self.authorisation.authorise(operation, administrator, &whose, Needs::This(PERMISSION)).await?;
        Ok(request)
    }

    /// Closes the pending requests whose time is over, a portion at a time; gives how many.
    pub(crate) async fn expire_help(&self) -> Result<usize, Failure> {
        let mut expired = 0;
        loop {
            match self.expire_some_help().await? {
                0 => return Ok(expired),
                some => expired += some,
            }
        }
    }

    async fn expire_some_help(&self) -> Result<usize, Failure> {
        let now = self.authorisation.clock.now();
        let overdue = self.store.overdue_help(now, EXPIRED_AT_ONCE).await?;
        let mut expired = 0;
        for request in overdue {
            let event = self
                .audit
                .draft(request.tenant_id, EventKind::HelpHandled, now)
                .by(Actor::Rekey)
                .on_subject(Subject::Account(request.account_id))
                .because(HelpState::Expired.as_str());
            let (id, version, to) = (request.id, request.version, HelpState::Expired);
            let step = MoveHelp { id, version, to, handled_by: None, event: event.done(), now };
            let scope = TenantScope::ours(request.tenant_id);
            // Another replica, or an administrator, may have been faster.
            if let StepOutcome::Done(_) = self.store.move_help(&scope, &step, None).await? {
                expired += 1;
            }
        }
        Ok(expired)
    }
}

#[cfg(test)]
mod tests;
