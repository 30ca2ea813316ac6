//! `rekey tenant`: create and list organisations.

use std::path::Path;

use anyhow::Context as _;
use rekey_wire::identity::v1::tenant_service_client::TenantServiceClient;
use rekey_wire::identity::v1::{CreateTenantRequest, ListTenantsRequest, Tenant};
use serde_json::{Value, json};

use crate::arguments::TenantCommand;
use crate::output::{Output, table};
use crate::profile::{Profile, request_id, time};

pub(crate) async fn run(command: TenantCommand, profile: &Path, output: Output) -> anyhow::Result<()> {
    let mut client = TenantServiceClient::new(Profile::read(profile)?.identity()?);
    match command {
        TenantCommand::Create { handle, name, domains } => {
            let request = CreateTenantRequest {
                handle,
                display_name: name,
                domains,
                licensed_accounts: 0,
                request_id: request_id(),
                context: None,
            };
            let created = client.create_tenant(request).await?.into_inner();
            let tenant = created.tenant.context("the answer holds no tenant")?;
            output.data(&shown(&tenant), |_| rows(std::slice::from_ref(&tenant)))
        }
        TenantCommand::List => {
            let mut tenants = Vec::new();
            let mut page_token = String::new();
            loop {
                let page = client
                    .list_tenants(ListTenantsRequest { page_size: 200, page_token })
                    .await?
                    .into_inner();
                tenants.extend(page.tenants);
                page_token = page.next_page_token;
                if page_token.is_empty() {
                    break;
                }
            }
            let data: Vec<Value> = tenants.iter().map(shown).collect();
            output.data(&data, |_| rows(&tenants))
        }
    }
}

fn shown(tenant: &Tenant) -> Value {
    json!({
        "tenant_id": tenant.tenant_id,
        "handle": tenant.handle,
        "display_name": tenant.display_name,
        "domains": tenant.domains,
        "licensed_accounts": tenant.licensed_accounts,
        "create_time": tenant.create_time.map(|at| time(at.seconds)),
    })
}

fn rows(tenants: &[Tenant]) -> String {
    let head = vec!["TENANT".to_owned(), "HANDLE".to_owned(), "NAME".to_owned(), "DOMAINS".to_owned()];
    let row = |tenant: &Tenant| {
        vec![
            tenant.tenant_id.clone(),
            tenant.handle.clone(),
            tenant.display_name.clone(),
            tenant.domains.join(" "),
        ]
    };
    table(&std::iter::once(head).chain(tenants.iter().map(row)).collect::<Vec<_>>())
}
