//! Tenants: creating one, and finding those that the caller reaches.
//!
//! Whether a tenant exists is told only to callers that may name it; to others it is not there.

use rekey_primitives::id::{RequestId, TenantId};

use super::Directory;
use crate::domain::audit::{Actor, EventKind};
use crate::domain::policy::{Policy, PolicyRevision};
use crate::domain::refusal::Refusal;
use crate::domain::scope::TenantScope;
use crate::domain::tenant::{DomainName, Handle, Tenant};
use crate::operation::idempotency::{Answer, Request};
use crate::operation::{Caller, Context, Error, Operation, Origin, Repeatable, Rpc};
use crate::store::accounts::{TenantKey, TenantTaken};
use crate::tokens::{AskedPage, List, Page};
use crate::views::TenantView;

const CREATE: Rpc = Rpc { name: "CreateTenant", event: EventKind::TenantCreated };

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
    pub display_name: String,
    /// Its mail domains.
    pub domains: Vec<DomainName>,
    /// Seats for self-service reset; `None` for any number.
    pub licensed_accounts: Option<u32>,
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

impl Directory {
    /// Creates a tenant with the default policy. Only callers that reach every tenant may: a new one is on nobody's
    /// list.
    pub(crate) async fn create_tenant(
        &self,
        caller: &Caller,
        reach: &Reach,
        new: NewTenant,
        context: &Context,
    ) -> Result<TenantView, Error> {
        if *reach != Reach::Everywhere {
            return Err(Refusal::CallerNotAllowed { missing: "tenants" }.into());
        }
        let now = self.clock.now();
        let scope = TenantScope::ours(TenantId::generate(&*self.entropy, now));
        let operation = Operation::new(CREATE, scope, Origin { caller, context }, now).by(Actor::Service);
        let seats = new.licensed_accounts.unwrap_or(0).to_be_bytes();
        let mut content = vec![new.handle.as_str().as_bytes(), new.display_name.as_bytes(), &seats];
        content.extend(new.domains.iter().map(|domain| domain.as_str().as_bytes()));
        let named = Request { who: caller.name(), id: new.request_id, content: &content };
        let operation = self.idempotency.named_without_tenant(operation, named);
        self.idempotency.run_unrecalled(&operation, self.create_tenant_once(&operation, &new)).await
    }

    async fn create_tenant_once(
        &self,
        operation: &Repeatable<'_>,
        new: &NewTenant,
    ) -> Result<Answer<TenantView>, Error> {
        let (id, now) = (operation.scope.tenant_id(), operation.now);
        let tenant = Tenant {
            id,
            handle: new.handle.clone(),
            display_name: new.display_name.clone(),
            domains: new.domains.clone(),
            licensed_accounts: new.licensed_accounts,
            help_mailbox: None,
            help_url: None,
            created_at: now,
            updated_at: now,
            deleted_at: None,
            version: 1,
        };
        let policy = PolicyRevision {
            tenant_id: id,
            version: 1,
            policy: Policy::default(),
            changed_by: None,
            changed_at: now,
        };
        let event = self.audit.event(operation).done();
        let answering = self.idempotency.answering(operation.key, |tenant: &Tenant| TenantView::from(tenant));
        let step = self.store.create_tenant(&tenant, &policy, &event, Some(answering.once())).await?;
        answering.settle(step)?.map_err(|TenantTaken| Refusal::TenantTaken.into())
    }

    /// Shows a tenant.
    pub(crate) async fn get_tenant(&self, caller: &Caller, tenant_id: TenantId) -> Result<TenantView, Error> {
        let scope = caller.scope(tenant_id)?;
        let found = self.store.find_tenant(&TenantKey::Id(scope.tenant_id())).await?;
        Ok(TenantView::from(&found.ok_or(Refusal::TenantNotFound)?))
    }

    /// Lists the tenants that the caller reaches, oldest first, with deleted ones or without.
    pub(crate) async fn list_tenants(
        &self,
        caller: &Caller,
        reach: &Reach,
        deleted: bool,
        asked: &AskedPage,
    ) -> Result<Page<TenantView>, Error> {
        let now = self.clock.now();
        let arguments: &[&[u8]] = &[caller.name().as_bytes(), &[u8::from(deleted)]];
        let list = List { name: "tenants", arguments };
        let after = self.tokens.page_begins_after(list, asked, now)?.map(TenantId::from_uuid);
        let only = match reach {
            Reach::Everywhere => None,
            Reach::Only(tenants) => Some(tenants.as_slice()),
        };
        let read = self.store.lagging().list_tenants((only, deleted), after, asked.limit()).await?;
        let read = read.iter().map(TenantView::from).collect();
        Ok(self.tokens.page(list, asked, read, |tenant| tenant.tenant_id, now))
    }

    /// Finds a tenant by its handle or a domain.
    pub(crate) async fn look_up_tenant(
        &self,
        caller: &Caller,
        name: TenantName,
    ) -> Result<TenantView, Error> {
        let key = match name {
            TenantName::Handle(handle) => TenantKey::Handle(handle),
            TenantName::Domain(domain) => TenantKey::Domain(domain),
        };
        let found = self.store.find_tenant(&key).await?;
        let reached = found.filter(|tenant| caller.scope(tenant.id).is_ok());
        Ok(TenantView::from(&reached.ok_or(Refusal::TenantNotFound)?))
    }
}
