//! Tenants: creating one, and finding those that the caller reaches.
//!
//! Whether a tenant exists is told only to callers that may name it; to others it is not there.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{RequestId, TenantId};

use super::Directory;
use crate::domain::audit::{Actor, EventKind};
use crate::domain::logo::Logo;
use crate::domain::policy::{Policy, PolicyRevision, PortalRules};
use crate::domain::refusal::Refusal;
use crate::domain::region::{Region, elsewhere};
use crate::domain::scope::TenantScope;
use crate::domain::tenant::{DomainName, Handle, Tenant};
use crate::operation::idempotency::{Answer, Request};
use crate::operation::{Caller, Context, Error, Operation, Origin, Repeatable, Rpc};
use crate::store::accounts::{TenantKey, TenantTaken};
use crate::tokens::{AskedPage, List, Page};
use crate::views::TenantView;

pub(super) const CREATE: Rpc = Rpc { name: "CreateTenant", event: EventKind::TenantCreated };

/// The tenants that a caller may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Every one, also those that do not exist yet.
    Everywhere,
    /// These.
    Only(Vec<TenantId>),
}

/// Where a new tenant is at home.
#[derive(Debug, Clone)]
struct Home {
    region: Option<Region>,
    /// As the caller named it.
    named: Option<Region>,
    /// The id that it has there.
    known: Option<TenantId>,
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
    pub home: NewHome,
    pub request_id: RequestId,
}

/// Where a new tenant is to be at home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NewHome {
    /// In the region of this deployment, if it has one.
    Here,
    /// In a region that is named, which may be this one.
    Named(Region),
    /// In a region that is named, under the id that it has there.
    Known(Region, TenantId),
}

/// A tenant as it shows itself to whoever comes to its pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TenantProfile {
    pub tenant: TenantView,
    /// How its pages look.
    pub portal: PortalRules,
    /// The image of its logo, where it was asked for.
    pub logo: Option<Logo>,
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
        let home = self.home_of(&new.home)?;
        let id = home.known.unwrap_or_else(|| TenantId::generate(&*self.entropy, now));
        let scope = TenantScope::ours(id);
        let operation = Operation::new(CREATE, scope, Origin { caller, context }, now).by(Actor::Service);
        let seats = new.licensed_accounts.unwrap_or(0).to_be_bytes();
        let mut content = vec![new.handle.as_str().as_bytes(), new.display_name.as_bytes(), &seats];
        content.extend(new.domains.iter().map(|domain| domain.as_str().as_bytes()));
        let known = home.known.map(|id| id.as_uuid().into_bytes());
        content.extend(home.named.as_ref().map(|region| region.as_str().as_bytes()));
        content.extend(known.as_ref().map(|id| id.as_slice()));
        let named = Request { who: caller.name(), id: new.request_id, content: &content };
        let operation = self.idempotency.named_without_tenant(operation, named);
        self.idempotency.run_unrecalled(&operation, self.create_tenant_once(&operation, &new, &home)).await
    }

    /// Where it is at home then. Elsewhere it has an id already, under which it is known there; here it gets one.
    fn home_of(&self, new: &NewHome) -> Result<Home, Refusal> {
        let here = self.homes.here();
        let (named, known) = match new {
            NewHome::Here => return Ok(Home { region: here.cloned(), named: None, known: None }),
            NewHome::Named(region) => (region, None),
            NewHome::Known(region, id) => (region, Some(*id)),
        };
        let must_be = match (here, elsewhere(Some(named), here), known) {
            (None, ..) => Some(("home_region", "empty where the deployment has no region")),
            (_, Some(_), None) => Some(("tenant_id", "the id that the tenant has in its home region")),
            (_, None, Some(_)) => Some(("tenant_id", "empty for a tenant that is at home here")),
            _ => None,
        };
        match must_be {
            Some((field, must_be)) => Err(Refusal::field(field, must_be)),
            None => Ok(Home { region: Some(named.clone()), named: Some(named.clone()), known }),
        }
    }

    async fn create_tenant_once(
        &self,
        operation: &Repeatable<'_>,
        new: &NewTenant,
        home: &Home,
    ) -> Result<Answer<TenantView>, Error> {
        let (id, now) = (operation.scope.tenant_id(), operation.now);
        let (tenant, policy) = drafted(new, home.region.clone(), id, now);
        let event = self.audit.event(operation).done();
        let answering = self.idempotency.answering(operation.key, |tenant: &Tenant| TenantView::from(tenant));
        let step = self.store.create_tenant(&tenant, &policy, &event, Some(answering.once())).await?;
        let made = answering.settle(step)?.map_err(|TenantTaken| Refusal::TenantTaken)?;
        if let (Some(_), Some(region)) = (home.known, &home.region) {
            self.homes.learn(id, region.clone());
        }
        Ok(made)
    }

    /// Shows a tenant, with the image of its logo or without.
    pub(crate) async fn get_tenant(
        &self,
        caller: &Caller,
        tenant_id: TenantId,
        with_logo: bool,
    ) -> Result<TenantProfile, Error> {
        let scope = caller.scope(tenant_id)?;
        let found = self.store.find_tenant(&TenantKey::Id(scope.tenant_id())).await?;
        let mut profile = self.profile(&scope, &found.ok_or(Refusal::TenantNotFound)?).await?;
        if let Some(digest) = profile.portal.logo.filter(|_| with_logo) {
            profile.logo = self.store.portal_logo(&scope, digest).await?;
        }
        Ok(profile)
    }

    /// A tenant that has no policy here, since it is at home elsewhere or is just being deleted, looks as the portal does by itself.
    async fn profile(&self, scope: &TenantScope, tenant: &Tenant) -> Result<TenantProfile, Error> {
        let revision = self.store.policy(scope).await?;
        let portal = revision.map(|revision| revision.policy.portal).unwrap_or_default();
        Ok(TenantProfile { tenant: TenantView::from(tenant), portal, logo: None })
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
    ) -> Result<TenantProfile, Error> {
        let key = match name {
            TenantName::Handle(handle) => TenantKey::Handle(handle),
            TenantName::Domain(domain) => TenantKey::Domain(domain),
        };
        let found = self.store.find_tenant(&key).await?.ok_or(Refusal::TenantNotFound)?;
        let scope = caller.scope_by_name(found.id).map_err(|_| Refusal::TenantNotFound)?;
        self.profile(&scope, &found).await
    }
}

/// A tenant with the policy that it begins with.
pub(super) fn drafted(
    new: &NewTenant,
    home_region: Option<Region>,
    id: TenantId,
    now: Timestamp,
) -> (Tenant, PolicyRevision) {
    let tenant = Tenant {
        id,
        handle: new.handle.clone(),
        display_name: new.display_name.clone(),
        domains: new.domains.clone(),
        licensed_accounts: new.licensed_accounts,
        help_mailbox: None,
        help_url: None,
        home_region,
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
    (tenant, policy)
}
