//! Keys that the store was used with, and others.

use std::sync::Arc;

use rekey_primitives::entropy::SeededEntropy;
use rekey_sealing::{HeldKey, KeyText, WrongKeys};

use super::World;
use crate::fixtures::NOW;

const A: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const B: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

fn keys(text: &str) -> Vec<HeldKey> {
    KeyText::parse(text).unwrap().held()
}

pub(super) async fn a_store_knows_every_key_that_it_was_used_with(world: &World) {
    let hold = async |kind, text: &str| world.store.hold_keys(kind, &keys(text), NOW).await.unwrap();

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

pub(super) async fn a_store_that_forgot_its_keys_takes_others(world: &World) {
    let hold = async |kind, text: &str| world.store.hold_keys(kind, &keys(text), NOW).await.unwrap();
    hold("pepper", &format!("a active {A}")).await.unwrap();
    hold("tokens", &format!("a active {A}")).await.unwrap();

    let forgot = world.store.forget_keys("pepper").await.unwrap();

    assert_eq!(forgot, 1);
    assert_eq!(hold("pepper", &format!("a active {B}")).await, Ok(()));
    assert!(hold("tokens", &format!("a active {B}")).await.is_err());
}

pub(super) async fn of_many_first_keys_at_once_one_is_the_stores(world: &World) {
    let store = Arc::new(world.store.clone());
    let bring = |seed: u64| {
        let (store, text) = (Arc::clone(&store), KeyText::generate(&SeededEntropy::new(seed), NOW));
        tokio::spawn(async move { store.hold_keys("pepper", &keys(&text), NOW).await.unwrap() })
    };
    let racing: Vec<_> = (1..=8).map(bring).collect();

    let mut taken = 0;
    for one in racing {
        taken += usize::from(one.await.unwrap().is_ok());
    }

    assert_eq!(taken, 1);
}
