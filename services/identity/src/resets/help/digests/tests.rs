//! Digests of help requests that came without a proof.

use rekey_primitives::id::TenantId;

use crate::directory::{NewHome, NewTenant, Reach};
use crate::domain::scope::TenantScope;
use crate::domain::tenant::Handle;
use crate::operation::Context;
use crate::resets::help::AskForHelp;
use crate::testing::{World, context};

async fn ask(world: &World, login: &str) {
    ask_saying(world, login, "my phone is\nin the river").await;
}

async fn ask_saying(world: &World, login: &str, message: &str) {
    let request = AskForHelp {
        tenant_id: world.tenant.id,
        login: login.to_owned(),
        reset_token: None,
        message: message.to_owned(),
        request_id: world.request_id(),
        context: context("192.0.2.1"),
    };
    world.help.ask(&world.caller, &request).await.unwrap();
}

#[tokio::test]
async fn unproved_requests_reach_each_recipient_in_one_digest() {
    let world = World::new().await;
    world.administrator("chief", &["chief@mail.example"]).await;
    for login in ["ada", "bob"] {
        world.person(login, &[]).await;
        ask(&world, login).await;
    }

    world.pass(59 * 60);
    let early = world.help.send_digests().await.unwrap();
    world.pass(60);
    let due = world.help.send_digests().await.unwrap();
    let again = world.help.send_digests().await.unwrap();

    assert_eq!((early, due, again), (0, 1, 0));
    let notices = world.notices().await;
    assert_eq!(notices.len(), 1);
    assert_eq!(
        (notices[0].template.as_str(), notices[0].address.as_str()),
        ("help_request_digest", "chief@mail.example")
    );
    let named: Vec<_> = notices[0].variables.keys().map(String::as_str).collect();
    assert_eq!(named, ["count", "organisation", "requests"]);
    assert_eq!(notices[0].variables["count"], "2");
    assert_eq!(notices[0].variables["requests"].lines().count(), 2);
}

#[tokio::test]
async fn whoever_writes_much_hides_nobody_else() {
    let world = World::new().await;
    world.administrator("chief", &["chief@mail.example"]).await;
    let logins: Vec<String> = (0..10).map(|number| format!("person-{number}")).collect();
    for login in &logins {
        world.person(login, &[]).await;
        ask_saying(&world, login, &"long ".repeat(90)).await;
    }

    world.pass(60 * 60);
    world.help.send_digests().await.unwrap();

    let told = world.notices().await[0].variables["requests"].clone();
    assert!(told.chars().count() <= 1_024);
    assert!(logins.iter().all(|login| told.contains(login.as_str())), "{told}");
}

#[tokio::test]
async fn what_is_wrong_with_one_tenant_keeps_no_digest_from_another() {
    let mut world = World::new().await;
    let first = world.tenant.id;
    world.person("ada", &[]).await;
    ask(&world, "ada").await;
    let new = NewTenant {
        handle: Handle::parse("beta").unwrap(),
        display_name: "Beta".to_owned(),
        domains: Vec::new(),
        licensed_accounts: None,
        home: NewHome::Here,
        request_id: world.request_id(),
    };
    let reach = Reach::Everywhere;
    let second =
        world.directory.create_tenant(&world.caller, &reach, new, &Context::default()).await.unwrap();
    world.tenant.id = TenantId::from_uuid(second.tenant_id);
    world.scope = TenantScope::of(true, world.tenant.id).unwrap();
    world.person("bob", &[]).await;
    ask(&world, "bob").await;
    // The one whose turn comes first.
    let next = first.min(world.tenant.id);
    world.damage(next, "update policies set document = '' where tenant_id = $1").await;

    world.pass(3600);

    assert_eq!(world.help.send_digests().await.unwrap(), 1);
}
