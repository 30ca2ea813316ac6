//! Faults of our own, which say nothing about the provider.

use super::*;

/// Lets the store fail when it is told that a message is handed over, and at no other step.
const UNTOLD: &str = "create trigger untold before update of in_doubt on notification when new.in_doubt
    begin select raise(abort, 'not told'); end";

#[tokio::test]
async fn a_store_that_is_not_told_leaves_a_dead_provider_alone() {
    let relay = Scripted::answering(&[FailureClass::Provider; 3]);
    let world = World::with(&[&relay]).await;
    for _ in 0..3 {
        world.accept(Lane::Critical).await;
    }
    world.work().await;
    // Long enough for a message that failed before to probe.
    world.clock.advance(Duration::from_secs(30));

    world.alter(UNTOLD).await;
    let untold = world.work().await;
    world.alter("drop trigger untold").await;
    let next = world.accept(Lane::Critical).await;
    world.work().await;

    assert_eq!((untold, relay.tries()), (3, 3));
    let found = world.get(next.id).await;
    assert_eq!((found.state, found.tries, found.last_failure), (State::Queued, 0, None));
}
