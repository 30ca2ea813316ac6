//! What becomes of organisations: changed, deleted, brought back, purged.

use std::time::Duration;

use rekey_client::{Connection, Problem};
use rekey_tests::person::{create_tenant, request_id};
use rekey_tests::waiting::eventually;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::field_mask;
use rekey_wire::identity::v1::lookup_tenant_request::Key;
use rekey_wire::identity::v1::tenant_service_client::TenantServiceClient;
use rekey_wire::identity::v1::{
    DeleteTenantRequest, DeleteTenantResponse, GetTenantRequest, ListTenantsRequest, LookupTenantRequest,
    SignInRequest, StartPasswordResetRequest, Tenant, UndeleteTenantRequest, UpdateTenantRequest,
};
use rekey_wire::options::v1::Role;
use tonic::{Response, Status};

const DAY: Duration = Duration::from_secs(86_400);

on_both_store_sets!(
    a_tenant_is_found_by_its_new_names,
    a_deleted_tenant_is_unknown_and_comes_back,
    a_deleted_tenant_is_purged_after_thirty_days,
);

fn tenants(world: &World) -> TenantServiceClient<Connection> {
    TenantServiceClient::new(world.identity.clone())
}

fn reason<T: std::fmt::Debug>(answer: Result<Response<T>, Status>) -> String {
    Problem::of(&answer.unwrap_err()).reason
}

async fn delete(world: &World) -> DeleteTenantResponse {
    let tenant_id = world.tenant_id.clone();
    let request =
        DeleteTenantRequest { tenant_id, request_id: request_id(), ..DeleteTenantRequest::default() };
    tenants(world).delete_tenant(request).await.unwrap().into_inner()
}

async fn undelete(world: &World) -> Result<Response<Tenant>, Status> {
    let tenant_id = world.tenant_id.clone();
    let request = UndeleteTenantRequest { tenant_id, request_id: request_id(), context: None };
    let answer = tenants(world).undelete_tenant(request).await?;
    Ok(answer.map(|back| back.tenant.unwrap()))
}

async fn listed(world: &World, show_deleted: bool) -> Vec<Tenant> {
    let request = ListTenantsRequest { show_deleted, ..ListTenantsRequest::default() };
    tenants(world).list_tenants(request).await.unwrap().into_inner().tenants
}

async fn a_tenant_is_found_by_its_new_names(stores: Stores) {
    let world = World::start(stores).await;
    let tenant_id = world.tenant_id.clone();
    let before = listed(&world, false).await.remove(0);
    let request = UpdateTenantRequest {
        tenant_id: tenant_id.clone(),
        etag: before.etag.clone(),
        update_mask: Some(field_mask(["handle", "domains", "licensed_accounts", "help_url"])),
        handle: "globex".to_owned(),
        domains: vec!["globex.example".to_owned()],
        licensed_accounts: 7,
        help_url: "https://help.globex.example/reset".to_owned(),
        request_id: request_id(),
        ..UpdateTenantRequest::default()
    };
    let chief = world.person("chief").await;
    world.grant(&chief, Role::GlobalAdministrator).await;
    let chief = world.signed_in(&chief.login, &chief.password).await;
    let mut theirs = TenantServiceClient::new(world.acting_for(&chief.access_token));

    let by_person = UpdateTenantRequest { request_id: request_id(), ..request.clone() };
    let by_person = reason(theirs.update_tenant(by_person).await);
    let updated = tenants(&world).update_tenant(request.clone()).await.unwrap().into_inner().tenant.unwrap();
    let late = UpdateTenantRequest { request_id: request_id(), ..request };
    let late = reason(tenants(&world).update_tenant(late).await);
    let own = UpdateTenantRequest {
        tenant_id,
        update_mask: Some(field_mask(["display_name"])),
        display_name: "Globex".to_owned(),
        request_id: request_id(),
        ..UpdateTenantRequest::default()
    };
    let own = theirs.update_tenant(own).await.unwrap().into_inner().tenant.unwrap();
    let by_domain = LookupTenantRequest { key: Some(Key::Domain("globex.example".to_owned())) };
    let found = tenants(&world).lookup_tenant(by_domain).await.unwrap().into_inner().tenant.unwrap();
    let by_old = LookupTenantRequest { key: Some(Key::Handle("acme".to_owned())) };

    assert_eq!((by_person.as_str(), late.as_str()), ("CALLER_NOT_ALLOWED", "ETAG_MISMATCH"));
    assert_eq!((updated.handle.as_str(), updated.licensed_accounts), ("globex", 7));
    assert_eq!((own.display_name.as_str(), &own.help_url), ("Globex", &updated.help_url));
    assert_eq!(found, own);
    assert_eq!(reason(tenants(&world).lookup_tenant(by_old).await), "TENANT_NOT_FOUND");
    world.stop().await;
}

async fn a_deleted_tenant_is_unknown_and_comes_back(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let tokens = world.signed_in(&zoe.login, &zoe.password).await;
    let tenant_id = world.tenant_id.clone();
    let sign_in = SignInRequest {
        tenant_id: tenant_id.clone(),
        login: zoe.login.clone(),
        password: zoe.password.clone(),
        request_id: request_id(),
        context: None,
    };
    let start =
        StartPasswordResetRequest { tenant_id: tenant_id.clone(), login: zoe.login.clone(), context: None };

    let deleted = delete(&world).await;
    let live = world.is_live(&tokens.access_token).await;
    let reasons = [
        reason(world.sessions().sign_in(sign_in).await),
        reason(world.resets().start_password_reset(start).await),
        reason(tenants(&world).get_tenant(GetTenantRequest { tenant_id, include_logo: false }).await),
    ];
    let (shown, all) = (listed(&world, false).await, listed(&world, true).await);
    let back = undelete(&world).await.unwrap().into_inner();

    let tenant = deleted.tenant.unwrap();
    assert_eq!(deleted.purge_time.unwrap().seconds - tenant.delete_time.unwrap().seconds, 30 * 86_400);
    assert!(!live);
    assert_eq!(reasons, ["TENANT_NOT_FOUND"; 3].map(str::to_owned));
    assert_eq!((shown, all), (vec![], vec![tenant]));
    assert_eq!((back.handle.as_str(), back.delete_time), ("acme", None));
    assert!(world.is_live(&tokens.access_token).await);
    world.stop().await;
}

async fn a_deleted_tenant_is_purged_after_thirty_days(stores: Stores) {
    let world = World::start_with(stores, &[("IDENTITY__JOBS__PURGE_SECONDS", "1")]).await;
    let other = create_tenant(&world.identity, "other").await;
    let zoe = world.person("zoe").await;
    let tokens = world.signed_in(&zoe.login, &zoe.password).await;
    delete(&world).await;

    world.clock.advance(30 * DAY);
    let gone = async || (listed(&world, true).await.len() == 1).then_some(());
    eventually("the tenant is purged", gone).await;
    let back = reason(undelete(&world).await);
    let heir = create_tenant(&world.identity, "acme").await;

    assert_eq!(back, "TENANT_NOT_FOUND");
    assert!(!world.is_live(&tokens.access_token).await);
    let left: Vec<String> = listed(&world, true).await.into_iter().map(|tenant| tenant.tenant_id).collect();
    assert_eq!(left, [other, heir]);
    world.stop().await;
}
