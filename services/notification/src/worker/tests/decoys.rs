//! Decoys: nothing is sent for them, and nothing that is shown tells them from messages.

use super::*;

impl World {
    async fn accept_decoy(&self) -> NewNotification {
        let mut decoy = row(self.entropy.as_ref(), Lane::Critical, self.clock.now());
        decoy.decoy = true;
        self.store.accept(&scope(), std::slice::from_ref(&decoy), self.clock.now()).await.unwrap();
        decoy
    }
}

#[tokio::test]
async fn a_decoy_ends_as_a_message_does_and_is_never_sent() {
    let relay = Scripted::default();
    let world = World::with(&[&relay]).await;
    let (message, decoy) = (world.accept(Lane::Critical).await, world.accept_decoy().await);

    world.work().await;

    let (message, decoy) = (world.get(message.id).await, world.get(decoy.id).await);
    let shown = Notification { id: message.id, ..decoy };
    assert_eq!((message, relay.tries()), (shown, 1));
}

#[tokio::test]
async fn a_decoy_waits_while_messages_wait() {
    let relay = Scripted::answering(&[FailureClass::Provider; 4]);
    let world = World::with(&[&relay]).await;
    world.accept(Lane::Critical).await;
    world.work().await;
    let retried = world.accept_decoy().await;
    world.work().await;
    for _ in 0..2 {
        world.accept(Lane::Critical).await;
    }
    world.work().await;
    let postponed = world.accept_decoy().await;

    world.work().await;

    let (retried, postponed) = (world.get(retried.id).await, world.get(postponed.id).await);
    let provider = Some(FailureClass::Provider);
    assert_eq!((retried.state, retried.tries, retried.last_failure), (State::Queued, 1, provider));
    assert_eq!((postponed.state, postponed.tries, postponed.last_failure), (State::Queued, 0, None));
    assert_eq!(relay.tries(), 3);
}
