use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{Destination, EmailAddress};
use rekey_primitives::id::TenantId;

use super::*;
use crate::peers;
use crate::peers::notification::Lane;
use crate::testing::{NEW, World};

/// What notification answers.
#[derive(Clone, Copy)]
enum Mood {
    Accepts,
    Refuses,
    IsAway,
}

struct FakeNotification {
    mood: Mutex<Mood>,
    sent: Mutex<Vec<Uuid>>,
    calls: AtomicUsize,
}

#[async_trait]
impl Notification for FakeNotification {
    async fn send(
        &self,
        _tenant_id: TenantId,
        request_id: Uuid,
        _message: &Message,
        _not_after: Timestamp,
    ) -> Result<HandedOver, peers::Failure> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Accepts => {
                self.sent.lock().unwrap().push(request_id);
                Ok(HandedOver::Accepted)
            }
            Mood::Refuses => Ok(HandedOver::Refused),
            Mood::IsAway => Err(peers::Failure::Unavailable { peer: "notification", source: "away".into() }),
        }
    }
}

struct Office {
    world: World,
    notification: Arc<FakeNotification>,
}

impl Office {
    /// A world with two notices in the outbox.
    async fn new(mood: Mood) -> Self {
        let world = World::new().await;
        world.person("ada", &["ada@mail.example", "ada@work.example"]).await;
        let token = world.proved("ada", "ada@mail.example").await;
        let completion = world.completion(&token, NEW);
        world.resets.complete(&world.caller, &completion).await.unwrap();
        let notification =
            FakeNotification { mood: Mutex::new(mood), sent: Mutex::default(), calls: AtomicUsize::new(0) };
        Self { world, notification: Arc::new(notification) }
    }

    fn relay(&self, opens: bool) -> Relay {
        Relay {
            store: self.world.parts.store.clone(),
            notification: self.notification.clone(),
            open: Arc::new(move |_| opens.then(message)),
            clock: Arc::new(self.world.clock.clone()),
            settings: RelaySettings {
                batch: 100,
                lease: Duration::from_secs(60),
                poll: Duration::from_millis(1),
                first_wait: Duration::from_secs(2),
                longest_wait: Duration::from_secs(300),
            },
        }
    }

    /// The ids of what notification took, each once.
    fn sent(&self) -> BTreeSet<Uuid> {
        let sent = self.notification.sent.lock().unwrap();
        let distinct: BTreeSet<_> = sent.iter().copied().collect();
        assert_eq!(distinct.len(), sent.len());
        distinct
    }

    fn set(&self, mood: Mood) {
        *self.notification.mood.lock().unwrap() = mood;
    }
}

fn message() -> Message {
    let address = Destination::Email(EmailAddress::parse("ada@mail.example").unwrap());
    Message::to(&address, "password_reset_notice", Lane::Transactional, BTreeMap::new())
}

#[tokio::test]
async fn a_notice_that_was_taken_is_gone() {
    let office = Office::new(Mood::Accepts).await;
    let relay = office.relay(true);

    let first = relay.round().await.unwrap();
    office.world.pass(3_600);
    let second = relay.round().await.unwrap();

    assert_eq!((first, second), (2, 0));
    assert_eq!(office.sent().len(), 2);
}

#[tokio::test]
async fn a_notice_waits_while_notification_is_away_and_keeps_its_id() {
    let office = Office::new(Mood::IsAway).await;
    let relay = office.relay(true);

    assert_eq!(relay.round().await.unwrap(), 2);
    assert_eq!(relay.round().await.unwrap(), 0);
    office.world.pass(2);
    assert_eq!(relay.round().await.unwrap(), 2);
    office.world.pass(3);
    assert_eq!(relay.round().await.unwrap(), 0);
    office.set(Mood::Accepts);
    office.world.pass(1);
    assert_eq!(relay.round().await.unwrap(), 2);

    assert_eq!(office.notification.calls.load(Ordering::Relaxed), 6);
    assert_eq!(office.sent().len(), 2);
}

#[tokio::test]
async fn a_notice_that_will_never_be_taken_is_not_tried_again() {
    let office = Office::new(Mood::Refuses).await;
    let relay = office.relay(true);

    relay.round().await.unwrap();
    office.world.pass(3_600);

    assert_eq!(relay.round().await.unwrap(), 0);
}

#[tokio::test]
async fn a_notice_whose_key_is_gone_is_let_go() {
    let office = Office::new(Mood::Accepts).await;

    office.relay(false).round().await.unwrap();
    office.world.pass(3_600);

    assert_eq!(office.relay(true).round().await.unwrap(), 0);
    assert_eq!(office.sent().len(), 0);
}

#[tokio::test]
async fn two_relays_hand_each_notice_over_once() {
    let office = Office::new(Mood::Accepts).await;
    let (left, right) = (office.relay(true), office.relay(true));

    let (first, second) = tokio::join!(left.round(), right.round());

    assert_eq!(first.unwrap() + second.unwrap(), 2);
    assert_eq!(office.sent().len(), 2);
}

#[tokio::test]
async fn waits_double_up_to_the_longest() {
    let office = Office::new(Mood::Accepts).await;
    let relay = office.relay(true);

    let waits = [1, 2, 3, 8, 9, 1_000].map(|fence| relay.wait(fence).as_secs());

    assert_eq!(waits, [2, 4, 8, 256, 300, 300]);
}

#[tokio::test]
async fn the_relay_stops_when_told() {
    let office = Office::new(Mood::Accepts).await;
    let stop = Shutdown::new();
    stop.begin();

    office.relay(true).run(stop).await.unwrap();

    assert_eq!(office.sent().len(), 2);
}
