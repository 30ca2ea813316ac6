//! Time that runs out in a worker's hands: nothing leaves after it, and every provider hears what is left of it.

use super::*;

/// A relay that takes its time on the clock before it hands over, and then is at fault.
#[derive(Clone)]
struct Dawdling {
    clock: ManualClock,
    takes: Duration,
    /// The life left that it was told of, try by try.
    told: Arc<Mutex<Vec<Duration>>>,
    /// The ids of what it was handed.
    handed_over: Arc<Mutex<Vec<NotificationId>>>,
}

#[async_trait]
impl Provider for Dawdling {
    async fn send(&self, outgoing: &Outgoing, hand_over: &dyn HandOver) -> Result<(), SendFailure> {
        self.told.lock().unwrap().push(outgoing.not_after.since(outgoing.now));
        self.clock.advance(self.takes);
        hand_over.begin().await?;
        self.handed_over.lock().unwrap().push(outgoing.id);
        Err(SendFailure::new(FailureClass::Provider, "scripted"))
    }
}

/// A world with two relays that take so long, as one to look at.
async fn world_of_two_that_take(takes: Duration) -> (World, Dawdling) {
    let mut world = World::with(&[]).await;
    let clock = world.clock.clone();
    let relay = Dawdling { clock, takes, told: Arc::default(), handed_over: Arc::default() };
    let configured = (0..2).map(|place| super::relay(place, Box::new(relay.clone())));
    let dispatcher = Arc::get_mut(&mut world.dispatcher).unwrap();
    dispatcher.providers = Providers::new(configured.collect());
    (world, relay)
}

#[tokio::test]
async fn a_message_that_dies_before_it_is_handed_over_does_not_leave() {
    let (world, relay) = world_of_two_that_take(Duration::from_secs(600)).await;
    let message = world.accept(Lane::Critical).await;

    world.work().await;

    assert_eq!(world.get(message.id).await.state, State::Expired);
    assert_eq!(*relay.told.lock().unwrap(), [Duration::from_secs(600)]);
    assert!(relay.handed_over.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_next_provider_is_told_what_the_one_before_left_of_the_life() {
    let (world, relay) = world_of_two_that_take(Duration::from_secs(60)).await;
    let message = world.accept(Lane::Critical).await;

    world.work().await;

    assert_eq!(world.get(message.id).await.state, State::Queued);
    assert_eq!(*relay.told.lock().unwrap(), [600, 540].map(Duration::from_secs));
    assert_eq!(*relay.handed_over.lock().unwrap(), [message.id, message.id]);
}
