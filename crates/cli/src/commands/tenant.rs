//! `rekey tenant`: create, list, update, delete and undelete organisations.

mod changes;

use std::path::Path;

use anyhow::Context as _;
use rekey_client::Connection;
use rekey_wire::identity::v1::tenant_service_client::TenantServiceClient;
use rekey_wire::identity::v1::{CreateTenantRequest, ListTenantsRequest, Tenant};
use serde_json::{Value, json};

use crate::arguments::TenantCommand;
use crate::output::{Output, table};
use crate::profile::{Profile, request_id, time};

pub(crate) async fn run(command: TenantCommand, profile: &Path, output: Output) -> anyhow::Result<()> {
    let profile = Profile::read(profile)?;
    let mut client = TenantServiceClient::new(profile.identity()?);
    match command {
        TenantCommand::Create { handle, name, domains, home_region, tenant_id } => {
            let request = CreateTenantRequest {
                handle,
                display_name: name,
                domains,
                licensed_accounts: 0,
                request_id: request_id(),
                context: None,
                home_region: home_region.unwrap_or_default(),
                tenant_id: tenant_id.unwrap_or_default(),
            };
            let created = client.create_tenant(request).await?.into_inner();
            print(&created.tenant.context("the answer holds no tenant")?, output)
        }
        TenantCommand::List { deleted } => {
            let tenants = all(&mut client, deleted).await?;
            let data: Vec<Value> = tenants.iter().map(shown).collect();
            output.data(&data, |_| rows(&tenants))
        }
        TenantCommand::Update { tenant, changes } => {
            changes::update(&profile, client, tenant, changes, output).await
        }
        TenantCommand::Delete { tenant, yes } => {
            changes::delete(&profile, client, (tenant, yes), output).await
        }
        TenantCommand::Undelete { tenant } => changes::undelete(client, tenant, output).await,
    }
}

/// All tenants that the caller reaches, with deleted ones or without.
async fn all(
    client: &mut TenantServiceClient<Connection>,
    show_deleted: bool,
) -> anyhow::Result<Vec<Tenant>> {
    let (mut tenants, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListTenantsRequest { page_size: 200, page_token, show_deleted };
        let page = client.list_tenants(request).await?.into_inner();
        tenants.extend(page.tenants);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(tenants);
        }
    }
}

fn print(tenant: &Tenant, output: Output) -> anyhow::Result<()> {
    output.data(&shown(tenant), |_| rows(std::slice::from_ref(tenant)))
}

fn shown(tenant: &Tenant) -> Value {
    json!({
        "tenant_id": tenant.tenant_id,
        "handle": tenant.handle,
        "display_name": tenant.display_name,
        "domains": tenant.domains,
        "licensed_accounts": tenant.licensed_accounts,
        "help_mailbox": tenant.help_mailbox,
        "help_url": tenant.help_url,
        "home_region": tenant.home_region,
        "etag": tenant.etag,
        "create_time": tenant.create_time.map(|at| time(at.seconds)),
        "delete_time": tenant.delete_time.map(|at| time(at.seconds)),
    })
}

fn rows(tenants: &[Tenant]) -> String {
    let head = ["TENANT", "HANDLE", "NAME", "STATE", "HOME", "DOMAINS"].map(str::to_owned).to_vec();
    let row = |tenant: &Tenant| {
        let state = if tenant.delete_time.is_some() { "deleted" } else { "active" };
        vec![
            tenant.tenant_id.clone(),
            tenant.handle.clone(),
            tenant.display_name.clone(),
            state.to_owned(),
            tenant.home_region.clone(),
            tenant.domains.join(" "),
        ]
    };
    table(&std::iter::once(head).chain(tenants.iter().map(row)).collect::<Vec<_>>())
}
