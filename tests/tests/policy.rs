//! A tenant's policy over sockets: what a change does at once, who is told of what, and how it is taken back.

use std::collections::BTreeSet;

use prost_types::FieldMask;
use rekey::Part;
use rekey_client::{Connection, Problem};
use rekey_tests::person::request_id;
use rekey_tests::waiting::eventually;
use rekey_tests::{LOGO, Stores, World, on_both_store_sets};
use rekey_wire::identity::v1::lookup_tenant_request::Key;
use rekey_wire::identity::v1::policy_service_client::PolicyServiceClient;
use rekey_wire::identity::v1::tenant_service_client::TenantServiceClient;
use rekey_wire::identity::v1::{
    GetPolicyRequest, GetTenantRequest, LookupTenantRequest, Policy, PortalLogo, PortalPolicy,
    PreviewPolicyRequest, ResetScope, RollbackPolicyRequest, UpdatePolicyRequest,
};
use rekey_wire::options::v1::Role;
use tonic::Status;

/// Long enough, and too simple once its word is banned.
const WITH_A_TERM: &str = "zirkonium-77";

on_both_store_sets!(
    a_change_is_in_force_with_the_next_call_and_a_rollback_takes_it_back,
    two_people_edit_at_once_and_one_is_told,
    a_preview_streams_whom_a_change_would_strand,
    a_look_is_seen_before_anybody_signs_in,
);

async fn policy(client: &mut PolicyServiceClient<Connection>, world: &World) -> Policy {
    let request = GetPolicyRequest { tenant_id: world.tenant_id.clone(), context: None, revision: 0 };
    client.get_policy(request).await.unwrap().into_inner().policy.unwrap()
}

fn mask(paths: &[&str]) -> Option<FieldMask> {
    Some(FieldMask { paths: paths.iter().map(|path| (*path).to_owned()).collect() })
}

async fn update(
    client: &mut PolicyServiceClient<Connection>,
    world: &World,
    policy: &Policy,
    paths: &[&str],
) -> Result<Policy, Status> {
    let request = UpdatePolicyRequest {
        tenant_id: world.tenant_id.clone(),
        policy: Some(policy.clone()),
        update_mask: mask(paths),
        etag: policy.etag.clone(),
        request_id: request_id(),
        context: None,
    };
    Ok(client.update_policy(request).await?.into_inner().policy.unwrap())
}

/// A policy administrator, signed in.
async fn maker(world: &World, name: &str, role: Role) -> PolicyServiceClient<Connection> {
    let person = world.person(name).await;
    world.grant(&person, role).await;
    let tokens = world.signed_in(&person.login, &person.password).await;
    PolicyServiceClient::new(world.acting_for(&tokens.access_token))
}

async fn a_change_is_in_force_with_the_next_call_and_a_rollback_takes_it_back(stores: Stores) {
    let world = World::start(stores).await;
    let zoe = world.person("zoe").await;
    let mut maker = maker(&world, "maker", Role::PolicyAdministrator).await;
    let mut reader = self::maker(&world, "reader", Role::ReportsReader).await;
    let mut wanted = policy(&mut maker, &world).await;
    wanted.password.as_mut().unwrap().banned_term_list = vec!["zirkonium".to_owned()];

    let changed = update(&mut maker, &world, &wanted, &["password.banned_term_list"]).await.unwrap();
    let read = policy(&mut reader, &world).await;
    let token = world.proved_reset(&zoe).await;
    let refused = world.complete_reset(&token, WITH_A_TERM).await.unwrap_err();
    let rollback = RollbackPolicyRequest {
        tenant_id: world.tenant_id.clone(),
        revision: 1,
        etag: changed.etag.clone(),
        request_id: request_id(),
        context: None,
    };
    let restored = maker.rollback_policy(rollback).await.unwrap().into_inner().policy.unwrap();
    let taken = world.complete_reset(&token, WITH_A_TERM).await;

    assert_eq!((changed.revision, restored.revision), (2, 3));
    assert_eq!(changed.password.unwrap().banned_term_list, ["zirkonium"]);
    let shown = read.password.unwrap();
    assert_eq!((shown.banned_terms, shown.banned_term_list.len()), (1, 0));
    assert_eq!(Problem::of(&refused).reason, "PASSWORD_REFUSED");
    assert!(taken.is_ok(), "{taken:?}");
    for kind in ["policy.updated", "policy.rolled_back"] {
        let logged = format!("audit_events where actor = 'account' and kind = '{kind}'");
        eventually(kind, async || (world.count(Part::Identity, &logged).await == 1).then_some(())).await;
    }
    world.stop().await;
}

async fn two_people_edit_at_once_and_one_is_told(stores: Stores) {
    let world = World::start(stores).await;
    let mut one = maker(&world, "one", Role::PolicyAdministrator).await;
    let mut other = maker(&world, "other", Role::GlobalAdministrator).await;
    let read = policy(&mut one, &world).await;
    let (mut stricter, mut looser) = (read.clone(), read);
    stricter.lockout.as_mut().unwrap().threshold = 5;
    looser.lockout.as_mut().unwrap().threshold = 50;

    let (first, second) = tokio::join!(
        update(&mut one, &world, &stricter, &["lockout"]),
        update(&mut other, &world, &looser, &["lockout"])
    );

    let (changed, told) = match (first, second) {
        (Ok(changed), Err(told)) | (Err(told), Ok(changed)) => (changed, told),
        both => panic!("one must be told: {both:?}"),
    };
    assert_eq!(Problem::of(&told).reason, "ETAG_MISMATCH");
    assert_eq!(policy(&mut one, &world).await, changed);
    world.stop().await;
}

async fn a_preview_streams_whom_a_change_would_strand(stores: Stores) {
    let world = World::start(stores).await;
    let people = [world.person("zoe").await, world.person("ben").await];
    let mut maker = PolicyServiceClient::new(world.identity.clone());
    let mut wanted = policy(&mut maker, &world).await;
    wanted.reset.as_mut().unwrap().scope = ResetScope::Nobody.into();
    let request = PreviewPolicyRequest {
        tenant_id: world.tenant_id.clone(),
        policy: Some(wanted),
        update_mask: mask(&["reset.scope"]),
        context: None,
    };

    let mut pages = maker.preview_policy(request).await.unwrap().into_inner();
    let (mut stranded, mut last) = (Vec::new(), None);
    while let Some(page) = pages.message().await.unwrap() {
        stranded.extend(page.stranded.clone());
        last = Some(page);
    }

    let last = last.unwrap();
    let totals = last.totals.unwrap();
    assert!(last.complete);
    assert_eq!((totals.accounts, totals.able_today, totals.able_then, totals.stranded), (2, 2, 0, 2));
    let logins: BTreeSet<_> = stranded.iter().map(|account| &account.login).collect();
    assert_eq!(logins, people.iter().map(|person| &person.login).collect());
    assert_eq!(policy(&mut maker, &world).await.revision, 1);
    world.stop().await;
}

async fn a_look_is_seen_before_anybody_signs_in(stores: Stores) {
    let world = World::start(stores).await;
    let mut maker = maker(&world, "maker", Role::PolicyAdministrator).await;
    let mut tenants = TenantServiceClient::new(world.identity.clone());
    let mut wanted = policy(&mut maker, &world).await;
    let look =
        |accent: &str| PortalPolicy { accent: accent.to_owned(), logo: LOGO.to_vec(), ..Default::default() };
    wanted.portal = Some(look("#777777"));
    let faint = update(&mut maker, &world, &wanted, &["portal"]).await.unwrap_err();
    wanted.portal = Some(look("#767676"));

    let changed = update(&mut maker, &world, &wanted, &["portal"]).await.unwrap();
    // What was read is sent back whole, and keeps the logo.
    let kept = update(&mut maker, &world, &changed, &["*"]).await.unwrap();
    let by_handle = LookupTenantRequest { key: Some(Key::Handle("acme".to_owned())) };
    let found = tenants.lookup_tenant(by_handle).await.unwrap().into_inner();
    let get = |include_logo| GetTenantRequest { tenant_id: world.tenant_id.clone(), include_logo };
    let with = tenants.get_tenant(get(true)).await.unwrap().into_inner();
    let without = tenants.get_tenant(get(false)).await.unwrap().into_inner();

    let faint = Problem::of(&faint);
    assert_eq!(
        (faint.reason.as_str(), faint.fields[0].0.as_str()),
        ("FIELD_INVALID", "policy.portal.accent")
    );
    let shown = changed.portal.clone().unwrap();
    assert_eq!((shown.accent.as_str(), shown.logo.len(), shown.logo_digest.len()), ("#767676", 0, 64));
    assert_eq!(kept, changed);
    let seen = found.portal_look.unwrap();
    assert_eq!((&seen.accent, &seen.logo_digest), (&shown.accent, &shown.logo_digest));
    assert_eq!([with.portal_look.unwrap(), without.portal_look.unwrap()], [seen.clone(), seen]);
    let logo = PortalLogo { image: LOGO.to_vec(), media_type: "image/png".to_owned() };
    assert_eq!((with.logo, without.logo), (Some(logo), None));
    world.stop().await;
}
