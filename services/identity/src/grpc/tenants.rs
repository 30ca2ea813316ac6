//! `rekey.identity.v1.TenantService`.

use rekey_wire::identity::v1 as wire;
use rekey_wire::identity::v1::lookup_tenant_request::Key;
use rekey_wire::identity::v1::tenant_service_server::TenantService;
use tonic::{Request, Response, Status};

use super::decode::{Asking, Fields};
use super::encode;
use super::refusal::status;
use crate::directory::{Directory, NewTenant, TenantName};
use crate::domain::tenant::{DOMAINS_MAX, DomainName, Handle};
use crate::operation::Context;

/// What a handle must be.
pub(crate) const HANDLE: &str = "2 to 63 of a-z, 0-9 and single inner hyphens, beginning with a letter";
const DOMAIN: &str = "a domain name with a dot";

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
        let tenant = self.directory.get_tenant(&asking.caller(), tenant_id).await.map_err(status)?;
        Ok(Response::new(wire::GetTenantResponse { tenant: Some(encode::tenant(tenant)) }))
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
            self.directory.list_tenants(&asking.caller(), &asking.reach(), &asked).await.map_err(status)?;
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
        let tenant = self.directory.look_up_tenant(&asking.caller(), name).await.map_err(status)?;
        Ok(Response::new(wire::LookupTenantResponse { tenant: Some(encode::tenant(tenant)) }))
    }
}

fn new_tenant(asking: &Asking, sent: wire::CreateTenantRequest) -> Result<(NewTenant, Context), Status> {
    let mut fields = Fields::default();
    let handle = fields.take("handle", Handle::parse(&sent.handle).ok(), HANDLE);
    let display_name = fields.display_name("display_name", &sent.display_name);
    fields.demand(sent.domains.len() <= DOMAINS_MAX, "domains", "at most 100");
    let named = sent.domains.iter().take(DOMAINS_MAX).enumerate();
    let domains: Option<Vec<_>> = named
        .map(|(index, text)| fields.take(format!("domains[{index}]"), DomainName::parse(text).ok(), DOMAIN))
        .collect();
    let seats = fields.take("licensed_accounts", u32::try_from(sent.licensed_accounts).ok(), "0 or more");
    let request_id = fields.request_id(&sent.request_id);
    let context = fields.context(asking, sent.context);
    fields.finish(|| {
        let mut domains = domains?;
        domains.sort();
        domains.dedup();
        let new = NewTenant {
            handle: handle?,
            display_name: display_name?,
            domains,
            licensed_accounts: Some(seats?).filter(|seats| *seats > 0),
            request_id: request_id?,
        };
        Some((new, context?))
    })
}
