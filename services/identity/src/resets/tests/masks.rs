//! Resets that show masks: decoys drawn from what the tenant's accounts look like.

use crate::testing::World;

/// The kinds that an unknown login shows.
async fn kinds(world: &World, login: &str) -> Vec<&'static str> {
    let methods = world.start(login).await.unwrap().methods;
    methods.iter().map(|method| method.kind.as_str()).collect()
}

#[tokio::test]
async fn decoys_look_as_accounts_do_and_stay_on_every_replica_while_the_table_stands() {
    let mut world = World::masked().await;
    for number in 10..35 {
        world.person(&format!("old{number}@acme.example"), &[&format!("+49151123456{number}")]).await;
    }
    let first = world.start("nobody@acme.example").await.unwrap().methods;
    for number in 10..99 {
        let login = format!("new{number}@acme.example");
        world.person(&login, &[&login]).await;
    }

    world.adapt(|_| ());
    let on_another_replica = world.start("nobody@acme.example").await.unwrap().methods;
    let mut before = Vec::new();
    for number in 0..8 {
        before.push(kinds(&world, &format!("nobody{number}@acme.example")).await);
    }
    world.pass(180 * 86_400);
    let mut after = Vec::new();
    for number in 0..8 {
        after.push(kinds(&world, &format!("nobody{number}@acme.example")).await);
    }

    assert_eq!(on_another_replica, first);
    assert!(before.iter().all(|kinds| *kinds == ["phone"]), "{before:?}");
    assert!(after.iter().filter(|kinds| **kinds == ["email"]).count() >= 4, "{after:?}");
}

#[tokio::test]
async fn a_tenant_that_offers_kinds_counts_nothing() {
    let world = World::new().await;
    world.person("ada", &["ada@mail.example"]).await;

    world.start("ada").await.unwrap();
    world.start("nobody").await.unwrap();

    assert_eq!(world.parts.store.method_shares(&world.scope, world.now()).await.unwrap(), None);
}
