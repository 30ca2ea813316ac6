//! Changing a tenant, deleting it and bringing it back.
//!
//! A tenant's own administrators change what is the tenant's alone. Names that are unique in the suite, seats, and whether there is a
//! tenant at all are the operator's: backends in their own name say them.

use rekey_primitives::id::{RequestId, TenantId};

use super::Directory;
use super::deletion::Deleted;
use crate::domain::audit::{Actor, EventKind};
use crate::domain::authority::Permission;
use crate::domain::refusal::Refusal;
use crate::domain::tenant::Tenant;
use crate::domain::tenant_edit::TenantEdit;
use crate::operation::idempotency::{Answer, Request};
use crate::operation::{
    Administrator, Caller, Context, Error, Failed, JUDGED_AT_MOST, Operation, Origin, Repeatable, Rpc,
};
use crate::store::accounts::{ChangeTenant, TenantChange, TenantKey, TenantRefused};
use crate::views::TenantView;

const UPDATE: Rpc = Rpc { name: "UpdateTenant", event: EventKind::TenantUpdated };
const DELETE: Rpc = Rpc { name: "DeleteTenant", event: EventKind::TenantDeleted };
const UNDELETE: Rpc = Rpc { name: "UndeleteTenant", event: EventKind::TenantUndeleted };

/// What it takes to change one's own tenant.
const PERMISSION: Permission = Permission::ManageTenant;

/// Which tenant, in which version, by which call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TenantTarget {
    pub tenant_id: TenantId,
    /// The version it was read in; `None` for whatever it is now.
    pub version: Option<i64>,
    pub request_id: RequestId,
}

impl Directory {
    /// Changes a tenant, if the administrator may; gives it as it is then. A change of nothing writes nothing.
    pub(crate) async fn update_tenant(
        &self,
        administrator: &Administrator,
        target: TenantTarget,
        edit: &TenantEdit,
    ) -> Result<TenantView, Error> {
        let operation = self.authorisation.operation(UPDATE, administrator, target.tenant_id)?;
        self.authorisation.authorise_in_tenant(&operation, administrator, PERMISSION).await?;
        if edit.is_for_operators() && administrator.person.is_some() {
            self.authorisation.note_denied(&operation, "operators_fields");
            return Err(Refusal::CallerNotAllowed { missing: "in_own_name" }.into());
        }
        let who = administrator.name();
        let content = content(target.version, edit);
        let content: Vec<&[u8]> = content.iter().map(Vec::as_slice).collect();
        let named = Request { who: &who, id: target.request_id, content: &content };
        let operation = self.idempotency.named(operation, named);
        let work = self.update_tenant_once(&operation, target, edit);
        self.idempotency.run_unrecalled(&operation, work).await
    }

    async fn update_tenant_once(
        &self,
        operation: &Repeatable<'_>,
        target: TenantTarget,
        edit: &TenantEdit,
    ) -> Result<Answer<TenantView>, Error> {
        for _ in 0..JUDGED_AT_MOST {
            let tenant = self.living_tenant(operation, target).await?;
            let (after, changed) = edit.apply(&tenant);
            if changed.is_empty() {
                return Ok(Answer::to_store(TenantView::from(&tenant)));
            }
            let change = TenantChange::Edit(Box::new(after));
            let written =
                self.write_tenant(operation, tenant.version, change, Some(changed.join(" "))).await?;
            if let Some(answer) = written {
                return Ok(answer);
            }
        }
        Err(Failed::Contended.into())
    }

    /// Deletes a tenant: whoever signs in, resets or shows a token there is told that there is no such tenant.
    pub(crate) async fn delete_tenant(
        &self,
        caller: &Caller,
        target: TenantTarget,
        context: &Context,
    ) -> Result<Deleted<TenantView>, Error> {
        let operation = self.of_operator(DELETE, (caller, context), target)?;
        let work = async {
            for _ in 0..JUDGED_AT_MOST {
                let tenant = self.living_tenant(&operation, target).await?;
                let written =
                    self.write_tenant(&operation, tenant.version, TenantChange::Delete, None).await?;
                if let Some(answer) = written {
                    return Ok(answer);
                }
            }
            Err(Failed::Contended.into())
        };
        let view: TenantView = self.idempotency.run_unrecalled(&operation, work).await?;
        let deleted_at = view.deleted_at.unwrap_or(operation.now.unix_micros());
        Ok(Deleted { view, purged_at: self.deleted_life.purged_at(deleted_at) })
    }

    /// Brings a deleted tenant back, with everybody in it.
    pub(crate) async fn undelete_tenant(
        &self,
        caller: &Caller,
        target: TenantTarget,
        context: &Context,
    ) -> Result<TenantView, Error> {
        let operation = self.of_operator(UNDELETE, (caller, context), target)?;
        let lost_until = self.deleted_life.lost_until(operation.now);
        let work = async {
            for _ in 0..JUDGED_AT_MOST {
                let found = self.store.find_deleted_tenant(&operation.scope, lost_until).await?;
                let tenant = found.ok_or(Refusal::TenantNotFound)?;
                let change = TenantChange::Undelete { lost_until };
                if let Some(answer) = self.write_tenant(&operation, tenant.version, change, None).await? {
                    return Ok(answer);
                }
            }
            Err(Failed::Contended.into())
        };
        self.idempotency.run_unrecalled(&operation, work).await
    }

    /// The operation of a backend in its own name on a tenant that it reaches.
    fn of_operator<'a>(
        &self,
        rpc: Rpc,
        (caller, context): (&'a Caller, &'a Context),
        target: TenantTarget,
    ) -> Result<Repeatable<'a>, Error> {
        // Also of one that is at home elsewhere: here it is a name, and a name that is not needed goes.
        let scope = caller.scope_by_name(target.tenant_id)?;
        let origin = Origin { caller, context };
        let operation = Operation::new(rpc, scope, origin, self.clock.now()).by(Actor::Service);
        let version = target.version.unwrap_or(i64::MIN).to_be_bytes();
        let named = Request { who: caller.name(), id: target.request_id, content: &[&version] };
        Ok(self.idempotency.named(operation, named))
    }

    /// The tenant, if there is one in that version.
    async fn living_tenant(&self, operation: &Operation<'_>, target: TenantTarget) -> Result<Tenant, Error> {
        let found = self.store.find_tenant(&TenantKey::Id(operation.scope.tenant_id())).await?;
        let tenant = found.ok_or(Refusal::TenantNotFound)?;
        if target.version.is_some_and(|version| version != tenant.version) {
            return Err(Refusal::EtagMismatch.into());
        }
        Ok(tenant)
    }

    /// Writes a change; `None` if the tenant has changed and is to be judged anew.
    async fn write_tenant(
        &self,
        operation: &Repeatable<'_>,
        version: i64,
        change: TenantChange,
        changed: Option<String>,
    ) -> Result<Option<Answer<TenantView>>, Error> {
        let event = self.audit.event(operation);
        let event = match changed {
            Some(fields) => event.because(fields),
            None => event,
        };
        let change = ChangeTenant { version, change, event: event.done(), now: operation.now };
        let answering = self.idempotency.answering(operation.key, |tenant: &Tenant| TenantView::from(tenant));
        let step = self.store.change_tenant(&operation.scope, &change, answering.once()).await?;
        match answering.settle(step)? {
            Ok(answer) => Ok(Some(answer)),
            Err(TenantRefused::Stale) => Ok(None),
            Err(TenantRefused::Unknown) => Err(Refusal::TenantNotFound.into()),
            Err(TenantRefused::Taken) => Err(Refusal::TenantTaken.into()),
        }
    }
}

/// What a repeat has again, field by field, so that no two edits are alike.
fn content(version: Option<i64>, edit: &TenantEdit) -> Vec<Vec<u8>> {
    let TenantEdit { handle, display_name, domains, licensed_accounts, help_mailbox, help_url } = edit;
    let text = |text: Option<&str>| text.map_or(vec![], |text| [b"=", text.as_bytes()].concat());
    let mailbox = help_mailbox.as_ref().map(|to| to.as_ref().map_or("", |address| address.as_str()));
    let url = help_url.as_ref().map(|url| url.as_ref().map_or("", |url| url.as_str()));
    let seats = licensed_accounts.map_or(vec![], |seats| seats.unwrap_or(0).to_be_bytes().to_vec());
    let count = domains.as_ref().map_or(u64::MAX, |domains| domains.len() as u64);
    let mut content = vec![
        version.unwrap_or(i64::MIN).to_be_bytes().to_vec(),
        text(handle.as_ref().map(|handle| handle.as_str())),
        text(display_name.as_deref()),
        seats,
        text(mailbox),
        text(url),
        count.to_be_bytes().to_vec(),
    ];
    content.extend(domains.iter().flatten().map(|domain| domain.as_str().as_bytes().to_vec()));
    content
}

#[cfg(test)]
mod tests;
