//! `rekey tenant update|delete|undelete`.

use anyhow::{Context as _, bail};
use prost_types::FieldMask;
use rekey_client::Connection;
use rekey_wire::identity::v1::tenant_service_client::TenantServiceClient;
use rekey_wire::identity::v1::{DeleteTenantRequest, Tenant, UndeleteTenantRequest, UpdateTenantRequest};
use serde_json::Value;

use super::{all, print, shown};
use crate::arguments::{InTenant, TenantChanges};
use crate::output::{self, Output};
use crate::profile::{Profile, request_id, time};

async fn find(profile: &Profile, tenant: String) -> anyhow::Result<Tenant> {
    profile.tenant(&InTenant { tenant: Some(tenant) }).await
}

pub(super) async fn update(
    profile: &Profile,
    mut client: TenantServiceClient<Connection>,
    tenant: String,
    changes: TenantChanges,
    output: Output,
) -> anyhow::Result<()> {
    let request = changed(find(profile, tenant).await?, changes)?;
    let updated = client.update_tenant(request).await?.into_inner();
    print(&updated.tenant.context("the answer holds no tenant")?, output)
}

/// The request for what was typed. Domains are changed under the etag they were read with, so that two people at once do not undo
/// each other's.
fn changed(tenant: Tenant, changes: TenantChanges) -> anyhow::Result<UpdateTenantRequest> {
    let domains = domains(&tenant.domains, &changes)?;
    let changes_domains = !(changes.add_domains.is_empty() && changes.remove_domains.is_empty());
    let fields = [
        ("handle", changes.handle.is_some()),
        ("display_name", changes.name.is_some()),
        ("domains", changes_domains),
        ("licensed_accounts", changes.seats.is_some()),
        ("help_mailbox", changes.help_mailbox.is_some()),
        ("help_url", changes.help_url.is_some()),
    ];
    let paths = fields.iter().filter(|(_, named)| *named).map(|(field, _)| (*field).to_owned()).collect();
    Ok(UpdateTenantRequest {
        tenant_id: tenant.tenant_id,
        etag: if changes_domains { tenant.etag } else { String::new() },
        update_mask: Some(FieldMask { paths }),
        handle: changes.handle.unwrap_or_default(),
        display_name: changes.name.unwrap_or_default(),
        domains,
        licensed_accounts: changes.seats.unwrap_or_default(),
        help_mailbox: changes.help_mailbox.unwrap_or_default(),
        help_url: changes.help_url.unwrap_or_default(),
        request_id: request_id(),
        context: None,
    })
}

/// The domains as they are to be.
fn domains(today: &[String], changes: &TenantChanges) -> anyhow::Result<Vec<String>> {
    let spelled_alike = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    for domain in &changes.remove_domains {
        if !today.iter().any(|held| spelled_alike(held, domain)) {
            bail!("{domain} is no domain of this tenant, which has: {}", today.join(", "))
        }
    }
    let kept =
        today.iter().filter(|held| !changes.remove_domains.iter().any(|gone| spelled_alike(held, gone)));
    Ok(kept.chain(&changes.add_domains).cloned().collect())
}

pub(super) async fn delete(
    profile: &Profile,
    mut client: TenantServiceClient<Connection>,
    (tenant, yes): (String, bool),
    output: Output,
) -> anyhow::Result<()> {
    let Tenant { tenant_id, handle, display_name, .. } = find(profile, tenant).await?;
    if !yes {
        // The handle, so that nobody deletes an organisation by the wrong line of their history.
        output::confirm(&format!("This signs everybody of {display_name} out."), &handle)?;
    }
    let request =
        DeleteTenantRequest { tenant_id, etag: String::new(), request_id: request_id(), context: None };
    let deleted = client.delete_tenant(request).await?.into_inner();
    let tenant = deleted.tenant.context("the answer holds no tenant")?;
    let until = deleted.purge_time.map(|at| time(at.seconds)).unwrap_or_default();
    let mut data = shown(&tenant);
    data["purge_time"] = Value::from(until.clone());
    output.data(&data, |_| {
        format!("Deleted: {handle}. Until {until}, `rekey tenant undelete {handle}` brings it back.")
    })
}

pub(super) async fn undelete(
    mut client: TenantServiceClient<Connection>,
    tenant: String,
    output: Output,
) -> anyhow::Result<()> {
    let deleted = all(&mut client, true).await?.into_iter().filter(|known| known.delete_time.is_some());
    let found = deleted.into_iter().find(|known| known.tenant_id == tenant || known.handle == tenant);
    let tenant_id = match found {
        Some(found) => found.tenant_id,
        None => bail!("no deleted tenant is called {tenant}; `rekey tenant list --deleted` shows all"),
    };
    let request = UndeleteTenantRequest { tenant_id, request_id: request_id(), context: None };
    let back = client.undelete_tenant(request).await?.into_inner();
    print(&back.tenant.context("the answer holds no tenant")?, output)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes() -> TenantChanges {
        TenantChanges {
            handle: None,
            name: None,
            add_domains: Vec::new(),
            remove_domains: Vec::new(),
            seats: None,
            help_mailbox: None,
            help_url: None,
        }
    }

    fn acme() -> Tenant {
        Tenant { domains: vec!["acme.example".to_owned()], etag: "\"7\"".to_owned(), ..Tenant::default() }
    }

    #[test]
    fn domains_are_added_and_removed_under_the_etag() {
        let typed = TenantChanges {
            add_domains: vec!["b.example".to_owned()],
            remove_domains: vec!["ACME.example".to_owned()],
            ..changes()
        };

        let request = changed(acme(), typed).unwrap();

        assert_eq!((request.domains, request.etag.as_str()), (vec!["b.example".to_owned()], "\"7\""));
        assert_eq!(request.update_mask.unwrap().paths, ["domains"]);
    }

    #[test]
    fn what_is_not_given_stays() {
        let typed = TenantChanges { help_url: Some(String::new()), ..changes() };

        let request = changed(acme(), typed).unwrap();

        assert_eq!(
            (request.update_mask.unwrap().paths, request.etag.as_str()),
            (vec!["help_url".to_owned()], "")
        );
    }

    #[test]
    fn a_domain_that_is_not_its_own_is_not_removed() {
        let typed = TenantChanges { remove_domains: vec!["b.example".to_owned()], ..changes() };

        let told = changed(acme(), typed).unwrap_err().to_string();

        assert!(told.contains("b.example is no domain") && told.contains("acme.example"), "{told}");
    }
}
