//! The next channel of a message whose address gets none, and of its decoy.

use super::fallbacks::{Texts, world_with};
use super::*;
use crate::domain::suppression::{Reason, Stream};

/// A relay and a gateway, before which the list of addresses is asked.
async fn suppressing_world(relay: &Scripted) -> (World, Texts) {
    let (mut world, texts) = world_with(relay).await;
    world.look_at_suppressions();
    (world, texts)
}

fn address(channel: Channel, text: &str) -> Destination {
    Destination::parse(channel, text).unwrap()
}

#[tokio::test]
async fn a_message_whose_address_gets_none_goes_to_the_next_channel_and_so_does_its_decoy() {
    let relay = Scripted::default();
    let (world, texts) = suppressing_world(&relay).await;
    let mail = address(Channel::Email, "anna@example.com");
    world.suppress_address(&mail, Stream::All, Reason::HardBounce).await;
    let (message, decoy) = (world.accept_with_a_step(false).await, world.accept_with_a_step(true).await);

    world.work().await;
    let moved = (world.get(message.id).await, world.get(decoy.id).await);
    world.work().await;

    let (message, decoy) = (world.get(message.id).await, world.get(decoy.id).await);
    assert_eq!((moved.0.state, moved.0.channel, moved.0.last_failure), (State::Queued, Channel::Sms, None));
    assert_eq!(moved.1, Notification { id: decoy.id, ..moved.0 });
    assert_eq!((message.state, message.provider.as_str()), (State::Delivered, "texts"));
    assert_eq!((relay.tries(), texts.count()), (0, 1));
    assert_eq!(decoy, Notification { id: decoy.id, ..message });
}

#[tokio::test]
async fn where_no_address_gets_any_a_message_and_its_decoy_end_at_the_last() {
    let relay = Scripted::default();
    let (world, texts) = suppressing_world(&relay).await;
    for (channel, text) in [(Channel::Email, "anna@example.com"), (Channel::Sms, "+4915112345642")] {
        world.suppress_address(&address(channel, text), Stream::All, Reason::HardBounce).await;
    }
    let (message, decoy) = (world.accept_with_a_step(false).await, world.accept_with_a_step(true).await);

    world.work().await;
    world.work().await;

    let (message, decoy) = (world.get(message.id).await, world.get(decoy.id).await);
    assert_eq!(
        (message.state, message.channel, message.fallbacks_used),
        (State::Suppressed, Channel::Sms, 1)
    );
    assert_eq!((relay.tries(), texts.count()), (0, 0));
    assert_eq!(decoy, Notification { id: decoy.id, ..message });
}

#[tokio::test]
async fn a_decoy_that_moved_is_stopped_by_the_entry_of_the_address_that_it_came_to() {
    let relay = Scripted::answering(&[FailureClass::Provider; 30]);
    let (world, texts) = suppressing_world(&relay).await;
    // What a decoy knows of the relay.
    world.accept(Lane::Critical).await;
    world.work().await;
    let phone = address(Channel::Sms, "+4915112345642");
    world.suppress_address(&phone, Stream::All, Reason::HardBounce).await;
    let (message, decoy) = (world.accept_with_a_step(false).await, world.accept_with_a_step(true).await);

    world.work().await;
    world.clock.set(message.fallback_at.unwrap());
    world.work().await;
    world.work().await;

    let (message, decoy) = (world.get(message.id).await, world.get(decoy.id).await);
    assert_eq!((message.state, message.channel, texts.count()), (State::Suppressed, Channel::Sms, 0));
    assert_eq!(decoy, Notification { id: decoy.id, ..message });
}
