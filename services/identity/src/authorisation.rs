//! Whether an administrator may do what they ask.
//!
//! A backend is bounded by its settings, which the access check and its reach judge. A person is bounded by roles, which are
//! read anew for every act: a role taken away a second ago must not act any more. Whoever is refused is in the log:
//! who, on whom, which RPC, and what was missing.

use rekey_primitives::clock::SharedClock;
use rekey_primitives::id::{AccountId, TenantId};

use crate::audit::Audit;
use crate::domain::account::Account;
use crate::domain::audit::{Actor, EventKind, Subject};
use crate::domain::authority::{Forbidden, Needs, Permission, RoleHolder, RoleSet};
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::operation::{Administrator, Caller, Context, Error, Operation, Origin, Person, Rpc};
use crate::store::Store;
use crate::store::accounts::{AccountKey, TenantKey};

/// Judges administrators.
#[derive(Clone)]
pub(crate) struct Authorisation {
    pub store: Store,
    pub audit: Audit,
    pub clock: SharedClock,
}

/// Somebody whom the access check stopped, since none of their roles will do for the RPC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WithoutRole<'a> {
    /// Whose access token came along.
    pub tenant_id: TenantId,
    pub account_id: AccountId,
    /// The name of the backend that called.
    pub caller: &'a str,
    /// The RPC, without its service.
    pub rpc: &'a str,
    pub trace_id: Option<[u8; 16]>,
}

impl Authorisation {
    /// The operation of an administrator in a tenant that the caller reaches and, if there is a person, is theirs.
    pub(crate) fn operation<'a>(
        &self,
        rpc: Rpc,
        administrator: &'a Administrator,
        tenant_id: TenantId,
    ) -> Result<Operation<'a>, Error> {
        let now = self.clock.now();
        let of = |scope| Operation::new(rpc, scope, administrator.origin(), now).by(administrator.actor());
        match &administrator.person {
            Some(person) if person.tenant_id != tenant_id => {
                // In the log of their own tenant: the other one has nobody of that id.
                self.note_denied(&of(TenantScope::ours(person.tenant_id)), "other_tenant");
                Err(Refusal::CallerNotAllowed { missing: "tenants" }.into())
            }
            Some(_) | None => Ok(of(administrator.caller.scope(tenant_id)?)),
        }
    }

    /// Whether the administrator may do this to the account.
    pub(crate) async fn authorise(
        &self,
        operation: &Operation<'_>,
        administrator: &Administrator,
        target: &Account,
        needs: Needs,
    ) -> Result<(), Error> {
        let Some(person) = &administrator.person else { return Ok(()) };
        let actor =
            RoleHolder { roles: self.roles_now(&operation.scope, person).await?, id: person.account_id };
        let judged = needs.judge(actor, RoleHolder { roles: target.roles, id: target.id });
        let operation = operation.clone().on(Subject::Account(target.id));
        judged.map_err(|forbidden| self.denied(&operation, forbidden))
    }

    /// Whether the administrator may do this where no account's roles matter, or before it is known whether there is such an
    /// account: who may not must not learn it. There is nothing to do in a tenant that is deleted, for nobody.
    pub(crate) async fn authorise_in_tenant(
        &self,
        operation: &Operation<'_>,
        administrator: &Administrator,
        needs: impl Into<Needs>,
    ) -> Result<(), Error> {
        let Some(person) = &administrator.person else {
            // A person has no roles where the tenant is gone; a backend in its own name has none to lose.
            let tenant = self.store.find_tenant(&TenantKey::Id(operation.scope.tenant_id())).await?;
            return tenant.map(|_| ()).ok_or_else(|| Refusal::TenantNotFound.into());
        };
        let judged = needs.into().granted_by(self.roles_now(&operation.scope, person).await?);
        judged.map_err(|missing| self.denied(operation, Forbidden::Missing(missing)))
    }

    /// Whether the administrator holds a permission that only widens what they are shown. Of a backend in its own name its
    /// entry says so, which the caller of this has read.
    pub(crate) async fn holds(
        &self,
        operation: &Operation<'_>,
        administrator: &Administrator,
        permission: Permission,
        in_own_name: bool,
    ) -> Result<bool, Error> {
        let Some(person) = &administrator.person else { return Ok(in_own_name) };
        Ok(self.roles_now(&operation.scope, person).await?.grants(permission).is_ok())
    }

    /// Notes that an administrator was refused, and what was missing or stands against it.
    pub(crate) fn note_denied(&self, operation: &Operation<'_>, why: &str) {
        let event = self.audit.event_of(operation, EventKind::PermissionDenied);
        self.audit.note(event.refused(format!("{}: {why}", operation.rpc.name)));
    }

    /// Notes whom the access check stopped. Where they are is not known yet: the request was not read.
    pub(crate) fn note_without_role(&self, stopped: WithoutRole<'_>) {
        let caller = Caller::new(stopped.caller, |_| false);
        let context = Context { trace_id: stopped.trace_id, ..Context::default() };
        let event = self
            .audit
            .draft(stopped.tenant_id, EventKind::PermissionDenied, self.clock.now())
            .from(Origin { caller: &caller, context: &context })
            .by(Actor::Account(stopped.account_id));
        self.audit.note(event.refused(format!("{}: missing role", stopped.rpc)));
    }

    fn denied(&self, operation: &Operation<'_>, forbidden: Forbidden) -> Error {
        self.note_denied(operation, &forbidden.in_words());
        Refusal::from(forbidden).into()
    }

    async fn roles_now(&self, scope: &TenantScope, person: &Person) -> Result<RoleSet, Error> {
        self.roles_of(scope, person.account_id).await
    }

    /// The roles a person holds now; none for one who may not sign in any more.
    pub(crate) async fn roles_of(&self, scope: &TenantScope, id: AccountId) -> Result<RoleSet, Error> {
        let own = self.store.find_account(scope, &AccountKey::Id(id)).await?;
        Ok(own.filter(Account::is_open).map_or(RoleSet::EMPTY, |account| account.roles))
    }
}

#[cfg(test)]
mod tests;
