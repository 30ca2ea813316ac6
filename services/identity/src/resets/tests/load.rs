//! Resets that find no room to hash.

use futures_util::FutureExt as _;

use crate::domain::refusal::Refusal;
use crate::sign_in::SignedIn;
use crate::testing::{NEW, World, refusal};

#[tokio::test]
async fn a_completion_that_finds_no_room_to_hash_loses_no_attempt() {
    let mut world = World::with(|policy| policy.reset.attempts_per_reset = 3).await;
    world.person("ada", &["ada@mail.example"]).await;
    let token = world.proved("ada", "ada@mail.example").await;
    world.occupy_hashing();

    for _ in 0..4 {
        let request = world.completion(&token, NEW);
        let at_once = world.resets.complete(&world.caller, &request).now_or_never();
        assert!(matches!(refusal(at_once.unwrap()), Refusal::HashingBusy { .. }));
    }
    world.free_hashing();
    world.resets.complete(&world.caller, &world.completion(&token, NEW)).await.unwrap();

    assert!(matches!(world.sign_in("ada", NEW).await, SignedIn::Tokens(_)));
}
