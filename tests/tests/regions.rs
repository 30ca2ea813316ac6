//! A tenant that is at home in another region: its name leads there, and nothing else of it is told.

use rekey_client::{Connection, Problem};
use rekey_tests::person::request_id;
use rekey_tests::{Stores, World, on_both_store_sets};
use rekey_wire::field_mask;
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;
use rekey_wire::identity::v1::audit_service_client::AuditServiceClient;
use rekey_wire::identity::v1::lookup_tenant_request::Key;
use rekey_wire::identity::v1::policy_service_client::PolicyServiceClient;
use rekey_wire::identity::v1::session_service_client::SessionServiceClient;
use rekey_wire::identity::v1::tenant_service_client::TenantServiceClient;
use rekey_wire::identity::v1::{
    CreateAccountRequest, CreateTenantRequest, DeleteTenantRequest, GetPolicyRequest, GetTenantRequest,
    ListAccountsRequest, ListEventsRequest, LookupTenantRequest, SignInRequest, StartPasswordResetRequest,
    Tenant, UpdateTenantRequest,
};
use tonic::{Response, Status};

const THEIRS: &str = "01a228b5-5ac6-78eb-9b03-6d6d99ffa249";

on_both_store_sets!(
    a_tenant_of_another_region_is_a_name_that_leads_there,
    a_home_is_told_once_and_as_it_must_be
);

async fn in_us(stores: Stores) -> World {
    World::start_with(stores, &[("IDENTITY__REGION", "us")]).await
}

fn tenants(world: &World) -> TenantServiceClient<Connection> {
    TenantServiceClient::new(world.identity.clone())
}

async fn create(world: &World, home_region: &str, tenant_id: &str) -> Result<Tenant, Status> {
    let request = CreateTenantRequest {
        handle: "globex".to_owned(),
        display_name: "Globex".to_owned(),
        domains: vec!["globex.example".to_owned()],
        request_id: request_id(),
        home_region: home_region.to_owned(),
        tenant_id: tenant_id.to_owned(),
        ..CreateTenantRequest::default()
    };
    Ok(tenants(world).create_tenant(request).await?.into_inner().tenant.unwrap())
}

async fn looked_up(world: &World, domain: &str) -> Result<Tenant, Status> {
    let request = LookupTenantRequest { key: Some(Key::Domain(domain.to_owned())) };
    Ok(tenants(world).lookup_tenant(request).await?.into_inner().tenant.unwrap())
}

/// What calls about the tenant are answered with, one of each service that has people.
async fn answers(world: &World, tenant_id: &str) -> Vec<Problem> {
    let id = || tenant_id.to_owned();
    let identity = || world.identity.clone();
    let update = UpdateTenantRequest {
        tenant_id: id(),
        update_mask: Some(field_mask(["display_name"])),
        display_name: "Other".to_owned(),
        request_id: request_id(),
        ..UpdateTenantRequest::default()
    };
    let account = CreateAccountRequest {
        tenant_id: id(),
        logins: vec!["zoe@globex.example".to_owned()],
        request_id: request_id(),
        ..CreateAccountRequest::default()
    };
    let sign_in = SignInRequest {
        tenant_id: id(),
        login: "zoe@globex.example".to_owned(),
        password: "a meadow full of rain".to_owned(),
        request_id: request_id(),
        ..SignInRequest::default()
    };
    let start = StartPasswordResetRequest {
        tenant_id: id(),
        login: "zoe@globex.example".to_owned(),
        ..StartPasswordResetRequest::default()
    };
    let accounts = ListAccountsRequest { tenant_id: id(), ..ListAccountsRequest::default() };
    let events = ListEventsRequest { tenant_id: id(), ..ListEventsRequest::default() };
    let policy = GetPolicyRequest { tenant_id: id(), ..GetPolicyRequest::default() };
    vec![
        refused(tenants(world).get_tenant(GetTenantRequest { tenant_id: id(), include_logo: false }).await),
        refused(tenants(world).update_tenant(update).await),
        refused(AccountServiceClient::new(identity()).create_account(account).await),
        refused(AccountServiceClient::new(identity()).list_accounts(accounts).await),
        refused(SessionServiceClient::new(identity()).sign_in(sign_in).await),
        refused(world.resets().start_password_reset(start).await),
        refused(AuditServiceClient::new(identity()).list_events(events).await),
        refused(PolicyServiceClient::new(identity()).get_policy(policy).await),
    ]
}

fn refused<T: std::fmt::Debug>(answer: Result<Response<T>, Status>) -> Problem {
    Problem::of(&answer.unwrap_err())
}

async fn a_tenant_of_another_region_is_a_name_that_leads_there(stores: Stores) {
    let world = in_us(stores).await;
    let ours = looked_up(&world, "acme.example").await.unwrap();

    let told = create(&world, "eu", THEIRS).await.unwrap();
    let found = looked_up(&world, "globex.example").await.unwrap();
    let answers = answers(&world, THEIRS).await;
    let delete = DeleteTenantRequest {
        tenant_id: THEIRS.to_owned(),
        request_id: request_id(),
        ..DeleteTenantRequest::default()
    };
    tenants(&world).delete_tenant(delete).await.unwrap();
    let gone = looked_up(&world, "globex.example").await.unwrap_err();

    assert_eq!((ours.tenant_id.as_str(), ours.home_region.as_str()), (world.tenant_id.as_str(), "us"));
    assert_eq!((found.tenant_id.as_str(), found.home_region.as_str()), (THEIRS, "eu"));
    assert_eq!(told, found);
    for answer in answers {
        assert_eq!(answer.reason, "TENANT_ELSEWHERE", "{answer:?}");
        assert_eq!(answer.metadata["region"], "eu", "{answer:?}");
    }
    assert_eq!(Problem::of(&gone).reason, "TENANT_NOT_FOUND");
    world.stop().await;
}

async fn a_home_is_told_once_and_as_it_must_be(stores: Stores) {
    let world = in_us(stores).await;

    let without_id = create(&world, "eu", "").await.unwrap_err();
    let own_with_id = create(&world, "us", THEIRS).await.unwrap_err();
    let odd = create(&world, "EU", THEIRS).await.unwrap_err();
    let own = create(&world, "us", "").await.unwrap();

    for refused in [without_id, own_with_id, odd] {
        assert_eq!(Problem::of(&refused).reason, "FIELD_INVALID", "{refused:?}");
    }
    assert_eq!(own.home_region, "us");
    world.stop().await;
}
