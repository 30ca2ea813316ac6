//! What is told of a delivery: once, of decoys as of messages, and of nothing that ended otherwise.

use rekey_primitives::clock::Timestamp;

use super::*;
use crate::domain::template::TemplateName;
use crate::fixtures::{delivery_event, fitting, tenant};
use crate::payload::{EventPayload, Payload, PayloadRow};
use crate::store::Claim;

/// The event of a delivery by that channel at that moment.
pub(super) fn told(channel: Channel, at: Timestamp) -> String {
    delivery_event(channel).event.at(at).as_str().to_owned()
}

impl World {
    /// A message whose delivery is told.
    async fn accept_told(&self, decoy: bool) -> NewNotification {
        let now = self.clock.now();
        let plain = row(self.entropy.as_ref(), Lane::Critical, now);
        let destination = Destination::parse(Channel::Email, "anna@example.com").unwrap();
        let payload = Payload {
            delivery_event: Some(delivery_event(Channel::Email)),
            ..Payload::plain(destination, fitting(TemplateName::PasswordResetCode))
        };
        let of_row = PayloadRow { tenant_id: tenant(), id: plain.id };
        let payload = payload.seal(&keys(), self.entropy.as_ref(), of_row);
        let message = NewNotification { payload, decoy, ..plain };
        self.store.accept(&scope(), std::slice::from_ref(&message), now).await.unwrap();
        message
    }

    /// The events that were queued since this was asked last, each with its endpoint.
    pub(super) async fn events(&self) -> Vec<(String, String)> {
        let now = self.clock.now();
        let claims = self.store.claim(Lane::Transactional, 10, LEASES.length, now).await.unwrap();
        let opened = |claim: &Claim| {
            let row = PayloadRow { tenant_id: claim.lease.tenant_id, id: claim.lease.id };
            let EventPayload { destination, event } =
                EventPayload::open(&keys(), row, &claim.payload).unwrap();
            (destination.as_str().to_owned(), event.as_str().to_owned())
        };
        claims.iter().map(opened).collect()
    }
}

fn to_the_shop(event: String) -> (String, String) {
    ("shop".to_owned(), event)
}

#[tokio::test]
async fn a_delivery_is_told_once_with_its_time() {
    let relay = Scripted::answering(&[FailureClass::Transient]);
    let world = World::with(&[&relay]).await;
    let message = world.accept_told(false).await;

    world.work().await;
    let of_the_failure = world.events().await;
    let second_try = world.get(message.id).await.next_try_at.unwrap();
    world.clock.set(second_try);
    world.work().await;
    let of_the_delivery = world.events().await;
    world.work().await;

    assert_eq!(world.get(message.id).await.state, State::Delivered);
    assert!(of_the_failure.is_empty());
    assert_eq!(of_the_delivery, [to_the_shop(told(Channel::Email, second_try))]);
    assert!(world.events().await.is_empty());
}

#[tokio::test]
async fn a_decoy_is_told_of_as_a_message_is() {
    let relay = Scripted::default();
    let world = World::with(&[&relay]).await;
    world.accept_told(false).await;
    world.accept_told(true).await;

    world.work().await;

    let event = to_the_shop(told(Channel::Email, NOW));
    assert_eq!((world.events().await, relay.tries()), (vec![event.clone(), event], 1));
}

#[tokio::test]
async fn what_was_not_delivered_or_may_have_been_is_not_told() {
    for (class, state) in [
        (FailureClass::Address, State::Dead),
        (FailureClass::AnswerLost, State::Unknown),
        (FailureClass::Provider, State::Queued),
    ] {
        let world = World::with(&[&Scripted::answering(&[class])]).await;
        let message = world.accept_told(false).await;

        world.work().await;

        assert_eq!((world.get(message.id).await.state, world.events().await), (state, Vec::new()));
    }
}

#[tokio::test]
async fn what_a_dead_worker_may_have_sent_before_is_not_told() {
    let world = World::with(&[&Scripted::default()]).await;
    let message = world.accept_told(false).await;
    let dead = world.store.claim(Lane::Critical, 1, LEASES.length, NOW).await.unwrap().remove(0);
    world.store.begin_handing_over(dead.lease, NOW).await.unwrap();
    world.clock.advance(LEASES.length);
    world.put_back().await;

    world.work().await;

    assert_eq!((world.get(message.id).await.state, world.events().await), (State::Unknown, Vec::new()));
}

#[tokio::test]
async fn a_message_of_which_nothing_is_to_be_told_is_delivered_silently() {
    let world = World::with(&[&Scripted::default()]).await;
    let message = world.accept(Lane::Critical).await;

    world.work().await;

    assert_eq!((world.get(message.id).await.state, world.events().await), (State::Delivered, Vec::new()));
}
