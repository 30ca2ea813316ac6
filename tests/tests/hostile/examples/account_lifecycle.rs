//! What becomes of accounts and tenants: changed, deleted, brought back, erased.

use rekey_tests::World;
use rekey_tests::person::{create_tenant, request_id};
use rekey_wire::field_mask;
use rekey_wire::identity::v1::tenant_service_client::TenantServiceClient;
use rekey_wire::identity::v1::{
    DeleteAccountRequest, DeleteTenantRequest, EraseAccountRequest, UndeleteAccountRequest,
    UndeleteTenantRequest, UpdateAccountRequest, UpdateTenantRequest,
};

use super::Example;
use super::accounts::context;

/// In an order in which each works.
pub(super) async fn examples(world: &World) -> Vec<Example> {
    let changed = world.person("changed").await;
    let doomed = world.person("doomed").await;
    let erased = world.person("erased").await;
    let tenant_id = || world.tenant_id.clone();
    let fields = ["logins", "display_name", "external_id", "must_change_password", "managed_elsewhere"];
    let update = UpdateAccountRequest {
        tenant_id: tenant_id(),
        account_id: changed.account_id,
        etag: String::new(),
        update_mask: Some(field_mask(fields)),
        logins: vec![changed.login, "changed.since@acme.example".to_owned()],
        display_name: "Changed Since".to_owned(),
        external_id: "hr-2".to_owned(),
        must_change_password: true,
        managed_elsewhere: false,
        request_id: request_id(),
        context: context(),
    };
    let delete = DeleteAccountRequest {
        tenant_id: tenant_id(),
        account_id: doomed.account_id.clone(),
        etag: String::new(),
        request_id: request_id(),
        context: context(),
    };
    let undelete = UndeleteAccountRequest {
        tenant_id: tenant_id(),
        account_id: doomed.account_id,
        request_id: request_id(),
        context: context(),
    };
    let erase = EraseAccountRequest {
        tenant_id: tenant_id(),
        account_id: erased.account_id,
        etag: String::new(),
        request_id: request_id(),
        context: context(),
    };
    vec![
        Example::new("/rekey.identity.v1.AccountLifecycleService/EraseAccount", &erase),
        Example::new("/rekey.identity.v1.AccountLifecycleService/UpdateAccount", &update),
        Example::new("/rekey.identity.v1.AccountLifecycleService/DeleteAccount", &delete),
        Example::new("/rekey.identity.v1.AccountLifecycleService/UndeleteAccount", &undelete),
    ]
}

/// What administrators change of their own tenant, and one that comes and goes.
pub(super) async fn of_tenants(world: &World) -> Vec<Example> {
    let change = |tenant_id: &str, name: &str| UpdateTenantRequest {
        tenant_id: tenant_id.to_owned(),
        etag: String::new(),
        update_mask: Some(field_mask(["display_name", "help_mailbox", "help_url"])),
        display_name: name.to_owned(),
        help_mailbox: "help@acme.example".to_owned(),
        help_url: "https://help.acme.example".to_owned(),
        request_id: request_id(),
        context: context(),
        ..UpdateTenantRequest::default()
    };
    let doomed = create_tenant(&world.identity, "vandelay").await;
    // In a version that no other tenant has.
    let mut service = TenantServiceClient::new(world.identity.clone());
    let moved =
        service.update_tenant(change(&doomed, "Vandelay")).await.unwrap().into_inner().tenant.unwrap();
    let delete = DeleteTenantRequest {
        tenant_id: doomed.clone(),
        etag: moved.etag,
        request_id: request_id(),
        context: context(),
    };
    let undelete = UndeleteTenantRequest { tenant_id: doomed, request_id: request_id(), context: context() };
    vec![
        Example::new(
            "/rekey.identity.v1.TenantService/UpdateTenant",
            &change(&world.tenant_id, "Acme Works of Old"),
        ),
        Example::new("/rekey.identity.v1.TenantService/DeleteTenant", &delete),
        Example::new("/rekey.identity.v1.TenantService/UndeleteTenant", &undelete),
    ]
}
