//! Tenants: creating one, and finding those that the caller reaches.
//!
//! Whether a tenant exists is told only to callers that may name it; to others it is not there.

use rekey_primitives::id::{RequestId, TenantId};
use uuid::Uuid;

use super::once::{Call, Settled};
use super::pages::{AskedPage, List, Page};
use super::shown::ShownTenant;
use super::{Caller, Context, Error, Identity};
use crate::domain::audit::{Actor, EventKind, Outcome};
use crate::domain::policy::{Policy, PolicyRevision};
use crate::domain::refusal::Refusal;
use crate::domain::tenant::{DomainName, Handle, Tenant};
use crate::store::accounts::{TenantKey, TenantTaken};

/// The tenants that a caller may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Every one, also those that do not exist yet.
    Everywhere,
    /// These.
    Only(Vec<TenantId>),
}

/// A tenant to create.
#[derive(Debug, Clone)]
pub(crate) struct NewTenant {
    /// The short unique name.
    pub handle: Handle,
    /// The name people read.
    pub display_name: String,
    /// Its mail domains.
    pub domains: Vec<DomainName>,
    /// Seats for self-service reset; `None` for any number.
    pub licensed_accounts: Option<u32>,
    /// Names the call.
    pub request_id: RequestId,
}

/// How a tenant is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TenantName {
    /// By its handle.
    Handle(Handle),
    /// By the domain of an address.
    Domain(DomainName),
}

impl Identity {
    /// Creates a tenant with the default policy. Only callers that reach every tenant may: a new one is on nobody's
    /// list.
    pub(crate) async fn create_tenant(
        &self,
        caller: &Caller,
        reach: &Reach,
        new: NewTenant,
        context: &Context,
    ) -> Result<ShownTenant, Error> {
        if *reach != Reach::Everywhere {
            return Err(Refusal::CallerNotAllowed.into());
        }
        let now = self.now();
        let call = Call {
            rpc: "CreateTenant",
            who: caller.name(),
            // The tenant is not there yet; the store keeps such answers under the nil tenant, too.
            tenant_id: TenantId::from_uuid(Uuid::nil()),
            request_id: new.request_id,
        };
        let seats = new.licensed_accounts.unwrap_or(0).to_be_bytes();
        let mut content = vec![new.handle.as_str().as_bytes(), new.display_name.as_bytes(), &seats];
        content.extend(new.domains.iter().map(|domain| domain.as_str().as_bytes()));
        let call = self.repeatable(call, &content, now);
        let tenant = Tenant {
            id: TenantId::generate(&*self.entropy, now),
            handle: new.handle,
            display_name: new.display_name,
            domains: new.domains,
            licensed_accounts: new.licensed_accounts,
            help_mailbox: None,
            help_url: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let policy = PolicyRevision {
            tenant_id: tenant.id,
            version: 1,
            policy: Policy::default(),
            changed_by: None,
            changed_at: now,
        };
        let event = self
            .event(tenant.id, EventKind::TenantCreated, Outcome::Success, now)
            .by(Actor::Service)
            .through(caller)
            .from(context);
        let answer = |tenant: &Tenant| self.seal_answer(&call, &ShownTenant::from(tenant));
        let step =
            self.store.create_tenant(&tenant, &policy, &event.done(), Some(call.once(&answer))).await?;
        match self.settle(&call, step)? {
            Settled::Done(tenant) => Ok(ShownTenant::from(&tenant)),
            Settled::Repeated(first) => Ok(first),
            Settled::Refused(TenantTaken) => Err(Refusal::TenantTaken.into()),
        }
    }

    /// Shows a tenant.
    pub(crate) async fn get_tenant(
        &self,
        caller: &Caller,
        tenant_id: TenantId,
    ) -> Result<ShownTenant, Error> {
        let scope = caller.scope(tenant_id)?;
        let found = self.store.find_tenant(&TenantKey::Id(scope.tenant_id())).await?;
        Ok(ShownTenant::from(&found.ok_or(Refusal::TenantNotFound)?))
    }

    /// Lists the tenants that the caller reaches, oldest first.
    pub(crate) async fn list_tenants(
        &self,
        caller: &Caller,
        reach: &Reach,
        asked: &AskedPage,
    ) -> Result<Page<ShownTenant>, Error> {
        let now = self.now();
        let list = List { name: "tenants", arguments: &[caller.name().as_bytes()] };
        let after = self.page_begins_after(list, asked, now)?.map(TenantId::from_uuid);
        let only = match reach {
            Reach::Everywhere => None,
            Reach::Only(tenants) => Some(tenants.as_slice()),
        };
        let read = self.store.list_tenants(only, after, asked.limit()).await?;
        let read = read.iter().map(ShownTenant::from).collect();
        Ok(self.page(list, asked, read, |tenant| tenant.tenant_id, now))
    }

    /// Finds a tenant by its handle or a domain.
    pub(crate) async fn look_up_tenant(
        &self,
        caller: &Caller,
        name: TenantName,
    ) -> Result<ShownTenant, Error> {
        let key = match name {
            TenantName::Handle(handle) => TenantKey::Handle(handle),
            TenantName::Domain(domain) => TenantKey::Domain(domain),
        };
        let found = self.store.find_tenant(&key).await?;
        let reached = found.filter(|tenant| caller.scope(tenant.id).is_ok());
        Ok(ShownTenant::from(&reached.ok_or(Refusal::TenantNotFound)?))
    }
}
