//! `rekey.identity.v1.TenantService`.

use rekey_primitives::contact::EmailAddress;
use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::lookup_tenant_request::Key;
use rekey_wire::identity::v1::tenant_service_server::TenantService;
use tonic::{Request, Response, Status};

use super::account_lifecycle::given;
use super::decode::{Asking, Fields};
use super::encode;
use super::refusal::status;
use crate::directory::{Directory, NewHome, NewTenant, TenantName, TenantTarget};
use crate::domain::logo::Logo;
use crate::domain::policy::PortalRules;
use crate::domain::region::Region;
use crate::domain::tenant::{DOMAINS_MAX, DomainName, Handle, HelpUrl};
use crate::domain::tenant_edit::TenantEdit;
use crate::operation::Context;

/// What a handle must be.
pub(crate) const HANDLE: &str = "2 to 63 of a-z, 0-9 and single inner hyphens, beginning with a letter";
/// What a mask names.
const PATHS: [&str; 6] =
    ["handle", "display_name", "domains", "licensed_accounts", "help_mailbox", "help_url"];

const DOMAIN: &str = "a domain name with a dot";

/// What a region must be.
const REGION: &str = "1 to 32 of a-z, 0-9 and inner hyphens, beginning with a letter";

/// Answered by these use cases.
#[derive(Clone)]
pub(super) struct TenantApi {
    pub(super) directory: Directory,
}

#[tonic::async_trait]
impl TenantService for TenantApi {
    async fn create_tenant(
        &self,
        request: Request<wire::CreateTenantRequest>,
    ) -> Result<Response<wire::CreateTenantResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let (new, context) = new_tenant(&asking, sent)?;
        let tenant = self
            .directory
            .create_tenant(&asking.caller(), &asking.reach(), new, &context)
            .await
            .map_err(status)?;
        Ok(Response::new(wire::CreateTenantResponse { tenant: Some(encode::tenant(tenant)) }))
    }

    async fn get_tenant(
        &self,
        request: Request<wire::GetTenantRequest>,
    ) -> Result<Response<wire::GetTenantResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let tenant_id = fields.tenant_id(&sent.tenant_id);
        let tenant_id = fields.finish(|| tenant_id)?;
        let profile = self.directory.get_tenant(&asking.caller(), tenant_id, sent.include_logo).await;
        let profile = profile.map_err(status)?;
        Ok(Response::new(wire::GetTenantResponse {
            portal_look: Some(look(&profile.portal)),
            tenant: Some(encode::tenant(profile.tenant)),
            logo: profile.logo.map(logo),
        }))
    }

    async fn list_tenants(
        &self,
        request: Request<wire::ListTenantsRequest>,
    ) -> Result<Response<wire::ListTenantsResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let asked = fields.page(sent.page_size, sent.page_token);
        let asked = fields.finish(|| asked)?;
        let page =
            self.directory.list_tenants(&asking.caller(), &asking.reach(), sent.show_deleted, &asked).await;
        let page = page.map_err(status)?;
        Ok(Response::new(wire::ListTenantsResponse {
            tenants: page.items.into_iter().map(encode::tenant).collect(),
            next_page_token: encode::page_token(page.next),
        }))
    }

    async fn lookup_tenant(
        &self,
        request: Request<wire::LookupTenantRequest>,
    ) -> Result<Response<wire::LookupTenantResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let name = match &sent.key {
            Some(Key::Handle(text)) => {
                fields.take("handle", Handle::parse(text).ok(), HANDLE).map(TenantName::Handle)
            }
            Some(Key::Domain(text)) => {
                fields.take("domain", DomainName::parse(text).ok(), DOMAIN).map(TenantName::Domain)
            }
            None => fields.take("key", None, "a handle or a domain"),
        };
        let name = fields.finish(|| name)?;
        let profile = self.directory.look_up_tenant(&asking.caller(), name).await.map_err(status)?;
        Ok(Response::new(wire::LookupTenantResponse {
            portal_look: Some(look(&profile.portal)),
            tenant: Some(encode::tenant(profile.tenant)),
        }))
    }

    async fn update_tenant(
        &self,
        request: Request<wire::UpdateTenantRequest>,
    ) -> Result<Response<wire::UpdateTenantResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let (target, edit, context) = edit(&asking, sent)?;
        let administrator = asking.administrator(context);
        let tenant = self.directory.update_tenant(&administrator, target, &edit).await.map_err(status)?;
        Ok(Response::new(wire::UpdateTenantResponse { tenant: Some(encode::tenant(tenant)) }))
    }

    async fn delete_tenant(
        &self,
        request: Request<wire::DeleteTenantRequest>,
    ) -> Result<Response<wire::DeleteTenantResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let target = fields.tenant_target(&sent.tenant_id, &sent.etag, &sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (target, context) = fields.finish(|| Some((target?, context?)))?;
        let deleted =
            self.directory.delete_tenant(&asking.caller(), target, &context).await.map_err(status)?;
        Ok(Response::new(wire::DeleteTenantResponse {
            tenant: Some(encode::tenant(deleted.view)),
            purge_time: encode::moment(deleted.purged_at),
        }))
    }

    async fn undelete_tenant(
        &self,
        request: Request<wire::UndeleteTenantRequest>,
    ) -> Result<Response<wire::UndeleteTenantResponse>, Status> {
        let (asking, sent) = Asking::open(request)?;
        let mut fields = Fields::default();
        let target = fields.tenant_target(&sent.tenant_id, "", &sent.request_id);
        let context = fields.context(&asking, sent.context);
        let (target, context) = fields.finish(|| Some((target?, context?)))?;
        let back =
            self.directory.undelete_tenant(&asking.caller(), target, &context).await.map_err(status)?;
        Ok(Response::new(wire::UndeleteTenantResponse { tenant: Some(encode::tenant(back)) }))
    }
}

fn look(rules: &PortalRules) -> wire::PortalLook {
    wire::PortalLook { accent: encode::optional(rules.accent), logo_digest: encode::optional(rules.logo) }
}

fn logo(logo: Logo) -> wire::PortalLogo {
    wire::PortalLogo { media_type: logo.format().media_type().to_owned(), image: logo.into_image() }
}

fn edit(
    asking: &Asking,
    sent: wire::UpdateTenantRequest,
) -> Result<(TenantTarget, TenantEdit, Context), Status> {
    let mut fields = Fields::default();
    let target = fields.tenant_target(&sent.tenant_id, &sent.etag, &sent.request_id);
    let mask = fields.mask(sent.update_mask, &PATHS, "a field of a tenant that can be changed");
    let names = |path: &str| mask.iter().any(|named| named == path);
    let handle = names("handle").then(|| fields.take("handle", Handle::parse(&sent.handle).ok(), HANDLE));
    let display_name = names("display_name").then(|| fields.display_name("display_name", &sent.display_name));
    let domains = names("domains").then(|| fields.domains(&sent.domains));
    let seats = names("licensed_accounts").then(|| fields.seats(sent.licensed_accounts));
    let mailbox = |text: &str| EmailAddress::parse(text).ok();
    let help_mailbox = names("help_mailbox").then(|| {
        fields.optional("help_mailbox", &sent.help_mailbox, mailbox, "an e-mail address of at most 254 bytes")
    });
    let page = |text: &str| HelpUrl::parse(text).ok();
    let help_url = names("help_url")
        .then(|| fields.optional("help_url", &sent.help_url, page, "an https address of at most 2048 bytes"));
    let context = fields.context(asking, sent.context);
    fields.finish(|| {
        let edit = TenantEdit {
            handle: given(handle)?,
            display_name: given(display_name)?,
            domains: given(domains)?,
            licensed_accounts: given(seats)?,
            help_mailbox: given(help_mailbox)?,
            help_url: given(help_url)?,
        };
        Some((target?, edit, context?))
    })
}

impl Fields {
    fn tenant_target(&mut self, tenant_id: &str, etag: &str, request_id: &str) -> Option<TenantTarget> {
        let tenant_id = self.tenant_id(tenant_id);
        let version = self.optional_etag(etag);
        let request_id = self.request_id(request_id);
        Some(TenantTarget { tenant_id: tenant_id?, version: version?, request_id: request_id? })
    }

    /// Mail domains, each once.
    fn domains(&mut self, sent: &[String]) -> Option<Vec<DomainName>> {
        self.demand(sent.len() <= DOMAINS_MAX, "domains", "at most 100");
        let named = sent.iter().take(DOMAINS_MAX).enumerate();
        let read: Option<Vec<_>> = named
            .map(|(index, text)| self.take(format!("domains[{index}]"), DomainName::parse(text).ok(), DOMAIN))
            .collect();
        let mut domains = read?;
        domains.sort();
        domains.dedup();
        Some(domains)
    }

    /// Where a new tenant is to be at home, and the id that it has there already.
    fn home(&mut self, region: &str, tenant_id: &str) -> Option<NewHome> {
        if region.is_empty() {
            self.demand(tenant_id.is_empty(), "tenant_id", "empty without a home_region elsewhere");
            return Some(NewHome::Here);
        }
        let region = self.take("home_region", Region::parse(region), REGION);
        if tenant_id.is_empty() {
            return region.map(NewHome::Named);
        }
        let tenant_id = self.tenant_id(tenant_id);
        Some(NewHome::Known(region?, tenant_id?))
    }

    /// Seats for self-service reset, or any number.
    fn seats(&mut self, sent: i32) -> Option<Option<u32>> {
        let seats = self.take("licensed_accounts", u32::try_from(sent).ok(), "0 or more");
        seats.map(|seats| Some(seats).filter(|seats| *seats > 0))
    }
}

fn new_tenant(asking: &Asking, sent: wire::CreateTenantRequest) -> Result<(NewTenant, Context), Status> {
    let mut fields = Fields::default();
    let handle = fields.take("handle", Handle::parse(&sent.handle).ok(), HANDLE);
    let display_name = fields.display_name("display_name", &sent.display_name);
    let domains = fields.domains(&sent.domains);
    let seats = fields.seats(sent.licensed_accounts);
    let home = fields.home(&sent.home_region, &sent.tenant_id);
    let request_id = fields.request_id(&sent.request_id);
    let context = fields.context(asking, sent.context);
    fields.finish(|| {
        let new = NewTenant {
            handle: handle?,
            display_name: display_name?,
            domains: domains?,
            licensed_accounts: seats?,
            home: home?,
            request_id: request_id?,
        };
        Some((new, context?))
    })
}
