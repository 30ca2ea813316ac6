//! Tenants, accounts, administration, policy.

use rekey_tests::World;
use rekey_tests::person::{Person, request_id};
use rekey_wire::identity::v1::account_security_info_service_client::AccountSecurityInfoServiceClient;
use rekey_wire::identity::v1::account_service_client::AccountServiceClient;
use rekey_wire::identity::v1::administration_service_client::AdministrationServiceClient;
use rekey_wire::identity::v1::security_info_service_client::SecurityInfoServiceClient;
use rekey_wire::identity::v1::tenant_service_client::TenantServiceClient;
use rekey_wire::identity::v1::{
    AccountFilter, BlockSignInRequest, CountAccountsRequest, CreateAccountRequest, CreateTenantRequest,
    FilteredState, GetAccountRequest, GetPolicyRequest, GetTenantRequest, GrantRoleRequest,
    ListAccountSecurityInfoRequest, ListAccountSessionsRequest, ListAccountsRequest, ListTenantsRequest,
    LookupAccountRequest, LookupTenantRequest, PrefillSecurityInfoRequest, RemoveAccountSecurityInfoRequest,
    RequestContext, RevokeAccountSessionsRequest, RevokeRoleRequest, SecurityInfoAddress,
    UnblockSignInRequest, UnfreezeAccountRequest, UnlockAccountRequest, lookup_account_request,
    lookup_tenant_request, security_info_address,
};
use rekey_wire::options::v1::Role;

use super::Example;

/// A context with every field.
pub(super) fn context() -> Option<RequestContext> {
    Some(RequestContext {
        ip_address: "192.0.2.7".to_owned(),
        user_agent: "curl/8.0".to_owned(),
        locale: "en".to_owned(),
    })
}

pub(super) async fn examples(world: &World, zoe: &Person) -> Vec<Example> {
    let target = world.person("target").await;
    let mut examples = tenants(world).await;
    examples.extend(accounts(world, zoe).await);
    examples.extend(administration(world, &target));
    examples.extend(sessions(world).await);
    examples.extend(security_info(world).await);
    examples
}

async fn tenants(world: &World) -> Vec<Example> {
    let create = CreateTenantRequest {
        handle: "initech".to_owned(),
        display_name: "Initech".to_owned(),
        domains: vec!["initech.example".to_owned()],
        licensed_accounts: 5,
        request_id: request_id(),
        context: context(),
        home_region: String::new(),
        tenant_id: String::new(),
    };
    let by_handle = lookup_tenant_request::Key::Handle("acme".to_owned());
    let by_domain = lookup_tenant_request::Key::Domain("acme.example".to_owned());
    let tenant_id = world.tenant_id.clone();
    let first_page = ListTenantsRequest { page_size: 1, page_token: String::new(), show_deleted: true };
    let mut service = TenantServiceClient::new(world.identity.clone());
    let page_token = service.list_tenants(first_page).await.unwrap().into_inner().next_page_token;
    let get_policy = GetPolicyRequest { tenant_id: tenant_id.clone(), context: context(), revision: 0 };
    vec![
        Example::new("/rekey.identity.v1.TenantService/CreateTenant", &create),
        Example::new(
            "/rekey.identity.v1.TenantService/GetTenant",
            &GetTenantRequest { tenant_id, include_logo: true },
        ),
        Example::new(
            "/rekey.identity.v1.TenantService/ListTenants",
            &ListTenantsRequest { page_size: 1, page_token, show_deleted: true },
        ),
        Example::new(
            "/rekey.identity.v1.TenantService/LookupTenant",
            &LookupTenantRequest { key: Some(by_handle) },
        ),
        Example::new(
            "/rekey.identity.v1.TenantService/LookupTenant",
            &LookupTenantRequest { key: Some(by_domain) },
        ),
        Example::new("/rekey.identity.v1.PolicyService/GetPolicy", &get_policy),
    ]
}

async fn accounts(world: &World, zoe: &Person) -> Vec<Example> {
    let tenant_id = world.tenant_id.clone();
    let create = CreateAccountRequest {
        tenant_id: tenant_id.clone(),
        logins: vec!["adam@acme.example".to_owned()],
        display_name: "Adam".to_owned(),
        external_id: "hr-1".to_owned(),
        password: "three blind mice ran".to_owned(),
        email_addresses: vec!["adam@acme.example".to_owned()],
        phone_numbers: vec!["+15005550111".to_owned()],
        addresses_confirmed: true,
        must_change_password: false,
        managed_elsewhere: false,
        request_id: request_id(),
        context: context(),
    };
    let get = GetAccountRequest {
        tenant_id: tenant_id.clone(),
        account_id: zoe.account_id.clone(),
        context: context(),
    };
    let first_page = ListAccountsRequest {
        tenant_id: tenant_id.clone(),
        page_size: 1,
        page_token: String::new(),
        context: context(),
        filter: None,
    };
    let mut service = AccountServiceClient::new(world.identity.clone());
    let page_token = service.list_accounts(first_page.clone()).await.unwrap().into_inner().next_page_token;
    let list = ListAccountsRequest { page_token, ..first_page };
    let filter = AccountFilter {
        prefix: "Zoe".to_owned(),
        state: FilteredState::Active.into(),
        ..AccountFilter::default()
    };
    let count = CountAccountsRequest {
        tenant_id: tenant_id.clone(),
        filter: Some(filter.clone()),
        context: context(),
    };
    let found = ListAccountsRequest { filter: Some(filter), page_token: String::new(), ..list.clone() };
    let lookup =
        |key| LookupAccountRequest { tenant_id: tenant_id.clone(), key: Some(key), context: context() };
    vec![
        Example::new("/rekey.identity.v1.AccountService/CreateAccount", &create),
        Example::new("/rekey.identity.v1.AccountService/GetAccount", &get),
        Example::new("/rekey.identity.v1.AccountService/ListAccounts", &list),
        Example::new("/rekey.identity.v1.AccountService/ListAccounts", &found),
        Example::new("/rekey.identity.v1.AccountService/CountAccounts", &count),
        Example::new(
            "/rekey.identity.v1.AccountService/LookupAccount",
            &lookup(lookup_account_request::Key::Login(zoe.login.clone())),
        ),
        Example::new(
            "/rekey.identity.v1.AccountService/LookupAccount",
            &lookup(lookup_account_request::Key::ExternalId("hr-1".to_owned())),
        ),
    ]
}

/// The sessions of somebody, seen and ended.
async fn sessions(world: &World) -> Vec<Example> {
    let roamer = world.person("roamer").await;
    for _ in 0..2 {
        world.signed_in(&roamer.login, &roamer.password).await;
    }
    let first_page = ListAccountSessionsRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: roamer.account_id.clone(),
        page_size: 1,
        page_token: String::new(),
        context: context(),
    };
    let mut service = AdministrationServiceClient::new(world.identity.clone());
    let page = service.list_account_sessions(first_page.clone()).await.unwrap().into_inner();
    let revoke = RevokeAccountSessionsRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: roamer.account_id.clone(),
        session_ids: page.sessions.into_iter().map(|session| session.session_id).collect(),
        request_id: request_id(),
        context: context(),
    };
    let list = ListAccountSessionsRequest { page_token: page.next_page_token, ..first_page };
    vec![
        Example::new("/rekey.identity.v1.AdministrationService/ListAccountSessions", &list),
        Example::new("/rekey.identity.v1.AdministrationService/RevokeAccountSessions", &revoke),
    ]
}

/// The security info of somebody, seen and removed.
async fn security_info(world: &World) -> Vec<Example> {
    let holder = world.person("holder").await;
    let mut prefills = SecurityInfoServiceClient::new(world.identity.clone());
    let address = security_info_address::Address::EmailAddress("holder@second.example".to_owned());
    let prefill = PrefillSecurityInfoRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: holder.account_id.clone(),
        address: Some(SecurityInfoAddress { address: Some(address) }),
        request_id: request_id(),
        context: context(),
    };
    let filled = prefills.prefill_security_info(prefill).await.unwrap().into_inner().security_info.unwrap();
    let first_page = ListAccountSecurityInfoRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: holder.account_id.clone(),
        page_size: 1,
        page_token: String::new(),
        context: context(),
    };
    let mut service = AccountSecurityInfoServiceClient::new(world.identity.clone());
    let page = service.list_account_security_info(first_page.clone()).await.unwrap().into_inner();
    let remove = RemoveAccountSecurityInfoRequest {
        tenant_id: world.tenant_id.clone(),
        account_id: holder.account_id,
        security_info_id: filled.security_info_id,
        request_id: request_id(),
        context: context(),
    };
    let list = ListAccountSecurityInfoRequest { page_token: page.next_page_token, ..first_page };
    vec![
        Example::new("/rekey.identity.v1.AccountSecurityInfoService/ListAccountSecurityInfo", &list),
        Example::new("/rekey.identity.v1.AccountSecurityInfoService/RemoveAccountSecurityInfo", &remove),
    ]
}

/// Acts on one account, in an order in which each works.
fn administration(world: &World, target: &Person) -> Vec<Example> {
    let on_target = || (world.tenant_id.clone(), target.account_id.clone(), request_id(), context());
    let role = Role::HelpdeskAdministrator.into();
    macro_rules! act {
        ($method:literal, $request:ident $(, $field:ident)*) => {{
            let (tenant_id, account_id, request_id, context) = on_target();
            let request = $request { tenant_id, account_id, request_id, context $(, $field)* };
            Example::new(concat!("/rekey.identity.v1.AdministrationService/", $method), &request)
        }};
    }
    let (tenant_id, account_id, request_id, context) = on_target();
    let address = security_info_address::Address::EmailAddress("target@home.example".to_owned());
    let address = Some(SecurityInfoAddress { address: Some(address) });
    let prefill = PrefillSecurityInfoRequest { tenant_id, account_id, address, request_id, context };
    vec![
        act!("BlockSignIn", BlockSignInRequest),
        act!("UnblockSignIn", UnblockSignInRequest),
        act!("UnlockAccount", UnlockAccountRequest),
        act!("UnfreezeAccount", UnfreezeAccountRequest),
        act!("GrantRole", GrantRoleRequest, role),
        act!("RevokeRole", RevokeRoleRequest, role),
        Example::new("/rekey.identity.v1.SecurityInfoService/PrefillSecurityInfo", &prefill),
    ]
}
