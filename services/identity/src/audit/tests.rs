//! What the log says of where people are.

use rekey_primitives::id::SecurityInfoId;

use crate::directory::{NewHome, NewTenant, Reach};
use crate::domain::tenant::Handle;
use crate::testing::{OLD, World, context, new_account, service};
use crate::tokens::AskedPage;

#[tokio::test]
async fn whatever_a_person_changes_is_logged_with_the_place_it_came_from() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example", "ada@work.example"]).await;
    let ada = world.live(&world.signed_in("ada", OLD).await).await.unwrap();
    let owner = world.owner_at(&ada, "192.0.2.21");
    let work =
        world.security_info.list(&owner, &AskedPage::default()).await.unwrap().items[1].security_info_id;
    let work = SecurityInfoId::from_uuid(work);
    let tenant = NewTenant {
        handle: Handle::parse("other").unwrap(),
        display_name: "Other".to_owned(),
        domains: Vec::new(),
        licensed_accounts: None,
        home: NewHome::Here,
        request_id: world.request_id(),
    };

    world.security_info.set_default(&owner, work, world.request_id()).await.unwrap();
    let there = world.owner_at(&ada, "192.0.2.22");
    world.sessions.revoke(&there, &[], world.request_id()).await.unwrap();
    let revoked = world.place_of("session.revoked").await;
    let leaving = world.owner_at(&ada, "192.0.2.23");
    world.sessions.sign_out(&leaving, world.request_id()).await.unwrap();
    let from = context("192.0.2.24");
    world.directory.create_tenant(&world.caller, &Reach::Everywhere, tenant, &from).await.unwrap();
    let service = service(&world);
    let new = new_account(&world, "grace");
    world.directory.create_account(&service, new).await.unwrap();

    let place = |ip: &str| Some(ip.to_owned());
    assert_eq!(world.place_of("security_info.changed").await, place("192.0.2.21"));
    assert_eq!(revoked, place("192.0.2.22"));
    assert_eq!(world.place_of("session.revoked").await, place("192.0.2.23"));
    let tenants = world.log_of("tenant.created").await;
    assert!(tenants.iter().any(|event| event.ip_address == place("192.0.2.24")));
    assert_eq!(world.place_of("account.created").await, place("192.0.2.9"));
}
