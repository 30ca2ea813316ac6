//! Linked accounts of two tenants.

use rekey_tests::World;
use rekey_tests::person::{Person, create_tenant, request_id};
use rekey_wire::identity::v1::linked_account_service_client::LinkedAccountServiceClient;
use rekey_wire::identity::v1::session_service_client::SessionServiceClient;
use rekey_wire::identity::v1::{
    LinkAccountRequest, ListMyTenantsRequest, SessionTokens, SwitchTenantRequest, UnlinkAccountRequest,
};

use super::Example;
use super::accounts::context;

/// A person's sign-in to the tenant, and another one of theirs somewhere else.
struct Pair {
    here: SessionTokens,
    there: SessionTokens,
    other_tenant: String,
}

pub(super) async fn examples(world: &World) -> Vec<Example> {
    let [linker, switcher, leaver] =
        [pair(world, "linker").await, pair(world, "switcher").await, pair(world, "leaver").await];
    for pair in [&switcher, &leaver] {
        let mut theirs = LinkedAccountServiceClient::new(world.acting_for(&pair.here.access_token));
        theirs.link_account(linking(pair)).await.unwrap();
    }
    let mut theirs = SessionServiceClient::new(world.acting_for(&switcher.here.access_token));
    let first_page = ListMyTenantsRequest { page_size: 1, page_token: String::new() };
    let page_token = theirs.list_my_tenants(first_page).await.unwrap().into_inner().next_page_token;
    let list = ListMyTenantsRequest { page_size: 1, page_token };
    let switch = SwitchTenantRequest {
        tenant_id: switcher.other_tenant,
        request_id: request_id(),
        context: context(),
    };
    let unlink = UnlinkAccountRequest {
        tenant_id: leaver.other_tenant.clone(),
        request_id: request_id(),
        context: context(),
    };
    vec![
        Example::new("/rekey.identity.v1.SessionService/ListMyTenants", &list).by(&switcher.here),
        Example::new("/rekey.identity.v1.SessionService/SwitchTenant", &switch).by(&switcher.here),
        Example::new("/rekey.identity.v1.LinkedAccountService/LinkAccount", &linking(&linker))
            .by(&linker.here),
        Example::new("/rekey.identity.v1.LinkedAccountService/UnlinkAccount", &unlink).by(&leaver.here),
    ]
}

async fn pair(world: &World, name: &str) -> Pair {
    let here = world.person(name).await;
    let other_tenant = create_tenant(&world.identity, &format!("{name}-works-here")).await;
    let there: Person = world.person_in(&other_tenant, &format!("{name}@works.example"), |_| {}).await;
    Pair {
        here: world.signed_in(&here.login, &here.password).await,
        there: world.signed_in_at(&other_tenant, &there.login, &there.password).await,
        other_tenant,
    }
}

fn linking(pair: &Pair) -> LinkAccountRequest {
    LinkAccountRequest {
        other_access_token: pair.there.access_token.clone(),
        request_id: request_id(),
        context: context(),
    }
}
