//! Who administers: a backend in its own name, or the administrator whose access token came along.
//!
//! A backend is bounded by its settings, which the gate and its reach judge. A person is bounded by roles, which are
//! read anew for every act: a role taken away a second ago must not act any more.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;

use super::{Caller, Context, Error, Identity, Person};
use crate::domain::account::Account;
use crate::domain::audit::{Actor, EventKind, Outcome};
use crate::domain::authority::{Forbidden, Permission, RoleSet, may_act};
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::store::accounts::AccountKey;

/// Who administers.
#[derive(Debug, Clone)]
pub struct Administrator {
    /// The backend that calls.
    pub caller: Caller,
    /// The person behind it; without one it acts in its own name.
    pub person: Option<Person>,
    /// Where the person is.
    pub context: Context,
}

impl Administrator {
    /// The right to touch the tenant: the caller reaches it, and a person is of it.
    pub(crate) fn scope(&self, tenant_id: TenantId) -> Result<TenantScope, Refusal> {
        match &self.person {
            Some(person) if person.tenant_id != tenant_id => Err(Refusal::CallerNotAllowed),
            Some(_) | None => self.caller.scope(tenant_id),
        }
    }

    /// Who asks, for the key of a repeated request: the person, or the caller.
    pub(crate) fn who(&self) -> String {
        match &self.person {
            Some(person) => person.account_id.to_string(),
            None => self.caller.name().to_owned(),
        }
    }

    /// Who acts, for the log.
    pub(crate) fn actor(&self) -> Actor {
        match &self.person {
            Some(person) => Actor::Account(person.account_id),
            None => Actor::Service,
        }
    }
}

impl Identity {
    /// Whether the administrator may do this to the account; a refusal is noted in the log.
    pub(crate) async fn authorise(
        &self,
        scope: &TenantScope,
        administrator: &Administrator,
        target: &Account,
        permission: Permission,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(person) = &administrator.person else { return Ok(()) };
        let roles = self.roles_now(scope, person).await?;
        let judged = may_act(roles, person.account_id, target.roles, target.id, permission);
        judged.map_err(|forbidden| {
            let event = self
                .event(scope.tenant_id(), EventKind::PermissionDenied, Outcome::Refused, now)
                .because(permission_of(forbidden, permission).as_str())
                .by(administrator.actor())
                .on(target.id)
                .through(&administrator.caller)
                .from(&administrator.context);
            self.audit.push(event.done());
            Refusal::from(forbidden).into()
        })
    }

    /// Whether the administrator may do this where it is about no account in particular.
    pub(crate) async fn authorise_in_tenant(
        &self,
        scope: &TenantScope,
        administrator: &Administrator,
        permission: Permission,
    ) -> Result<(), Error> {
        let Some(person) = &administrator.person else { return Ok(()) };
        Ok(self.roles_now(scope, person).await?.grants(permission)?)
    }

    /// The roles a person holds now; none for one who may not sign in any more.
    async fn roles_now(&self, scope: &TenantScope, person: &Person) -> Result<RoleSet, Error> {
        let own = self.store.find_account(scope, &AccountKey::Id(person.account_id)).await?;
        Ok(own.filter(Account::is_open).map_or(RoleSet::EMPTY, |account| account.roles))
    }
}

fn permission_of(forbidden: Forbidden, asked: Permission) -> Permission {
    match forbidden {
        Forbidden::Missing(missing) => missing.permission,
        Forbidden::OnYourself => asked,
    }
}
