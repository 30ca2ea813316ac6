//! Who there is to ask for: one who is well, nobody, and everybody with something the matter.

use std::collections::BTreeMap;
use std::time::Duration;

use rekey::Part;
use rekey_tests::World;
use rekey_tests::person::{Person, request_id};
use rekey_wire::identity::v1::security_info_address::Address;
use rekey_wire::identity::v1::security_info_service_client::SecurityInfoServiceClient;
use rekey_wire::identity::v1::{
    AddSecurityInfoRequest, ConfirmSecurityInfoRequest, ListSecurityInfoRequest, RemoveSecurityInfoRequest,
    SecurityInfoAddress,
};

/// A login that is nobody's.
pub(crate) const NOBODY: &str = "nobody@acme.example";

/// The logins of a world, by what is the matter with them. `known` is the only one that is well.
pub(crate) async fn logins(world: &World) -> BTreeMap<&'static str, String> {
    let quarantined = world.person("quarantined").await;
    // The first addresses of a new account are spared the quarantine.
    world.clock.advance(Duration::from_secs(4 * 86_400));
    let known = world.person("known").await;
    let blocked = world.person("blocked").await;
    world.block(&blocked).await;
    let frozen = world.person("frozen").await;
    let token = world.proved_reset(&frozen).await;
    world.complete_reset(&token, "a meadow full of rain").await.unwrap();
    world.repudiate(&world.repudiation_token(&frozen).await).await.unwrap();
    let managed = world.person_with("managed", |new| {
        new.managed_elsewhere = true;
        new.password = String::new();
    });
    let managed = managed.await;
    let without_methods = world.person_with("bare", |new| new.email_addresses = Vec::new()).await;
    let unconfirmed = world.person_with("unconfirmed", |new| new.addresses_confirmed = false).await;
    change_the_only_address(world, &quarantined).await;
    let outside = world.person("outside").await;
    // Accounts take the seats in the order of their creation.
    world.clock.advance(Duration::from_secs(1));
    let unseated = world.person("unseated").await;
    leave_out(world, &outside).await;
    let one_seat_less = "update tenants set licensed_accounts = (select count(*) from accounts) - 1";
    world.execute(Part::Identity, one_seat_less).await;
    world.settled().await;
    BTreeMap::from([
        ("known", known.login),
        ("unknown", NOBODY.to_owned()),
        ("blocked", blocked.login),
        ("frozen", frozen.login),
        ("managed elsewhere", managed.login),
        ("without methods", without_methods.login),
        ("unconfirmed", unconfirmed.login),
        ("in quarantine", quarantined.login),
        ("out of scope", outside.login),
        ("without a seat", unseated.login),
    ])
}

/// Puts another address in the place of the first, which quarantines it.
async fn change_the_only_address(world: &World, person: &Person) {
    let tokens = world.signed_in(&person.login, &person.password).await;
    let mut theirs = SecurityInfoServiceClient::new(world.acting_for(&tokens.access_token));
    let listed = theirs.list_security_info(ListSecurityInfoRequest::default()).await.unwrap().into_inner();
    let second = "quarantined@second.example";
    let address = Some(SecurityInfoAddress { address: Some(Address::EmailAddress(second.to_owned())) });
    let add = AddSecurityInfoRequest { address, request_id: request_id(), ..Default::default() };
    let added = theirs.add_security_info(add).await.unwrap().into_inner().security_info.unwrap();
    let confirm = ConfirmSecurityInfoRequest {
        security_info_id: added.security_info_id,
        code: world.code_for(second).await,
        request_id: request_id(),
        context: None,
    };
    theirs.confirm_security_info(confirm).await.unwrap();
    let remove = RemoveSecurityInfoRequest {
        security_info_id: listed.security_info[0].security_info_id.clone(),
        request_id: request_id(),
        context: None,
    };
    theirs.remove_security_info(remove).await.unwrap();
}

/// Lets reset whoever is in a group, and puts everybody there but one. No RPC makes groups yet; the tenant's id is an
/// id as good as any.
async fn leave_out(world: &World, person: &Person) {
    let group =
        "insert into groups select tenant_id, tenant_id, 'Insiders', created_at, created_at, 1 from tenants";
    let members = format!(
        "insert into group_members (tenant_id, member_id, group_id) select tenant_id, account_id, tenant_id from accounts where display_name <> '{}'",
        person.login.split('@').next().unwrap(),
    );
    world.execute(Part::Identity, group).await;
    world.execute(Part::Identity, &members).await;
    let insiders = [world.tenant_id.clone()];
    world
        .amend_policy(|policy| {
            policy["reset"]["enabled_scope"] = serde_json::json!({ "who": "groups", "included": insiders });
        })
        .await;
}
