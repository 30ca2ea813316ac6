//! Who administers: a backend in its own name, or the administrator whose access token came along.
//!
//! A backend is bounded by its settings, which the gate and its reach judge. A person is bounded by roles, which are
//! read anew for every act: a role taken away a second ago must not act any more. Whoever is refused is in the log:
//! who, on whom, which RPC, and what was missing.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{AccountId, TenantId};

use super::{Caller, Context, Error, Identity, Person};
use crate::domain::account::Account;
use crate::domain::audit::{Actor, EventKind, Outcome, Subject};
use crate::domain::authority::{Forbidden, Needs, Permission, RoleSet};
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::store::accounts::AccountKey;

/// Who administers.
#[derive(Debug, Clone)]
pub(crate) struct Administrator {
    /// The backend that calls.
    pub caller: Caller,
    /// The person behind it; without one it acts in its own name.
    pub person: Option<Person>,
    /// Where the person is.
    pub context: Context,
}

impl Administrator {
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

/// Somebody whom the gate stopped, since none of their roles will do for the RPC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WithoutRole<'a> {
    /// Whose access token came along.
    pub tenant_id: TenantId,
    /// Their account.
    pub account_id: AccountId,
    /// The name of the backend that called.
    pub caller: &'a str,
    /// The RPC, without its service.
    pub rpc: &'a str,
    /// The trace of the call.
    pub trace_id: Option<[u8; 16]>,
}

impl Identity {
    /// The right to touch the tenant: the caller reaches it, and a person is of it.
    pub(crate) fn scope_of(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        rpc: &'static str,
        now: Timestamp,
    ) -> Result<TenantScope, Error> {
        match &administrator.person {
            Some(person) if person.tenant_id != tenant_id => {
                // In the log of their own tenant: the other one has nobody of that id.
                self.note_denied(
                    administrator,
                    person.tenant_id,
                    Subject::Tenant,
                    (rpc, "other_tenant"),
                    now,
                );
                Err(Refusal::CallerNotAllowed.into())
            }
            Some(_) | None => Ok(administrator.caller.scope(tenant_id)?),
        }
    }

    /// Whether the administrator may do this to the account.
    pub(crate) async fn authorise(
        &self,
        scope: &TenantScope,
        administrator: &Administrator,
        target: &Account,
        (rpc, needs): (&'static str, Needs),
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(person) = &administrator.person else { return Ok(()) };
        let roles = self.roles_now(scope, person).await?;
        let judged = needs.judge((roles, person.account_id), (target.roles, target.id));
        let subject = Subject::Account(target.id);
        self.noted(judged, scope, administrator, subject, rpc, now)
    }

    /// Whether the administrator may do this where no account's roles matter; `about` is for the log.
    pub(crate) async fn authorise_in_tenant(
        &self,
        scope: &TenantScope,
        administrator: &Administrator,
        about: Subject,
        (rpc, permission): (&'static str, Permission),
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(person) = &administrator.person else { return Ok(()) };
        let judged = self.roles_now(scope, person).await?.grants(permission);
        self.noted(judged.map_err(Forbidden::Missing), scope, administrator, about, rpc, now)
    }

    /// Notes whom the gate stopped. Where they are is not known yet: the request was not read.
    pub(crate) fn note_without_role(&self, stopped: WithoutRole<'_>) {
        let event = self
            .event(stopped.tenant_id, EventKind::PermissionDenied, Outcome::Refused, self.now())
            .because(format!("{}: missing role", stopped.rpc))
            .by(Actor::Account(stopped.account_id))
            .through(&Caller::new(stopped.caller, |_| false))
            .from(&Context { trace_id: stopped.trace_id, ..Context::default() });
        self.audit.push(event.done());
    }

    /// Notes that an administrator was refused what no permission gives.
    pub(crate) fn note_denied(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        subject: Subject,
        (rpc, why): (&'static str, &str),
        now: Timestamp,
    ) {
        let event = self
            .event(tenant_id, EventKind::PermissionDenied, Outcome::Refused, now)
            .because(format!("{rpc}: {why}"))
            .by(administrator.actor())
            .on_subject(subject)
            .through(&administrator.caller)
            .from(&administrator.context);
        self.audit.push(event.done());
    }

    fn noted(
        &self,
        judged: Result<(), Forbidden>,
        scope: &TenantScope,
        administrator: &Administrator,
        subject: Subject,
        rpc: &'static str,
        now: Timestamp,
    ) -> Result<(), Error> {
        judged.map_err(|forbidden| {
            let why = forbidden.in_words();
            self.note_denied(administrator, scope.tenant_id(), subject, (rpc, &why), now);
            Refusal::from(forbidden).into()
        })
    }

    /// The roles a person holds now; none for one who may not sign in any more.
    async fn roles_now(&self, scope: &TenantScope, person: &Person) -> Result<RoleSet, Error> {
        let own = self.store.find_account(scope, &AccountKey::Id(person.account_id)).await?;
        Ok(own.filter(Account::is_open).map_or(RoleSet::EMPTY, |account| account.roles))
    }
}
