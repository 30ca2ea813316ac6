//! Keys that the store was used with, and others.

use std::sync::Arc;

use rekey_primitives::clock::{ManualClock, Timestamp};
use rekey_primitives::entropy::SeededEntropy;
use rekey_sealing::{HeldKey, KeyStore as _, KeyText, WrongKeys};

use super::{World, on_both};
use crate::KeyChecks;
use crate::key_checks::STATEMENTS;

on_both! {
    both_databases_read_the_statements,
    a_store_knows_every_key_that_it_was_used_with,
    a_store_that_forgot_its_keys_takes_others,
    of_many_first_keys_at_once_one_is_the_stores,
}

const NOW: Timestamp = Timestamp::from_unix_micros(1_900_000_000_000_000);

const A: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const B: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

fn checks(world: &World) -> KeyChecks {
    KeyChecks { database: world.database.clone(), clock: Arc::new(ManualClock::starting_at(NOW)) }
}

async fn both_databases_read_the_statements(world: World) {
    let world = world.migrated().await;

    let misunderstood = world.database.misunderstood(STATEMENTS).await.unwrap();

    assert!(misunderstood.is_empty(), "{misunderstood:?}");
}

fn keys(text: &str) -> Vec<HeldKey> {
    KeyText::parse(text).unwrap().held()
}

async fn a_store_knows_every_key_that_it_was_used_with(world: World) {
    let world = world.migrated().await;
    let checks = checks(&world);
    let hold = async |kind, text: &str| checks.hold(kind, &keys(text)).await.unwrap();

    let first = hold("pepper", &format!("a active {A}")).await;
    let rotated = hold("pepper", &format!("a retired {A}\nb active {B}")).await;
    let removed = hold("pepper", &format!("b active {B}")).await;
    let swapped = hold("pepper", &format!("b active {A}")).await;
    let reused = hold("pepper", &format!("b active {B}\na accept {A}")).await;
    let foreign = hold("pepper", &format!("c active {A}")).await;
    let of_another_kind = hold("tokens", &format!("c active {A}")).await;

    assert_eq!([first, rotated, removed, reused, of_another_kind], [(); 5].map(|()| Ok(())));
    assert!(matches!(swapped, Err(WrongKeys::Other(id)) if id.as_str() == "b"));
    assert_eq!(foreign, Err(WrongKeys::Foreign("b".to_owned())));
}

async fn a_store_that_forgot_its_keys_takes_others(world: World) {
    let world = world.migrated().await;
    let checks = checks(&world);
    let hold = async |kind, text: &str| checks.hold(kind, &keys(text)).await.unwrap();
    hold("pepper", &format!("a active {A}")).await.unwrap();
    hold("tokens", &format!("a active {A}")).await.unwrap();

    let forgot = world.database.forget_keys("pepper").await.unwrap();

    assert_eq!(forgot, 1);
    assert_eq!(hold("pepper", &format!("a active {B}")).await, Ok(()));
    assert!(hold("tokens", &format!("a active {B}")).await.is_err());
}

async fn of_many_first_keys_at_once_one_is_the_stores(world: World) {
    let world = world.migrated().await;
    let bring = |seed: u64| {
        let (checks, text) = (checks(&world), KeyText::generate(&SeededEntropy::new(seed), NOW));
        tokio::spawn(async move { checks.hold("pepper", &keys(&text)).await.unwrap() })
    };
    let racing: Vec<_> = (1..=8).map(bring).collect();

    let mut taken = 0;
    for one in racing {
        taken += usize::from(one.await.unwrap().is_ok());
    }

    assert_eq!(taken, 1);
}
