//! The relay over both stores, with a notification service that takes, refuses or is away.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use rekey_primitives::clock::{ManualClock, Timestamp};
use rekey_primitives::contact::Channel;
use rekey_primitives::entropy::{SystemEntropy, uuid_v4};
use rekey_primitives::id::VerificationId;
use rekey_throttle::connection::{Connection, Options};

use super::*;
use crate::domain::event::{Event, EventKind};
use crate::domain::names::{CallerName, Purpose};
use crate::domain::scope::{ScopedId, TenantScope};
use crate::store::memory::MemoryStore;
use crate::store::redis::RedisStore;

const BEGIN: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

/// Takes what is addressed to `shop-hooks`.
#[derive(Default)]
struct FakeReceiver {
    taken: Mutex<Vec<String>>,
    is_away: AtomicBool,
}

#[async_trait]
impl EventReceiver for FakeReceiver {
    async fn hand_over(
        &self,
        _: TenantId,
        events: &[AddressedEvent],
    ) -> Result<Vec<Receipt>, peers::Failure> {
        if self.is_away.load(Ordering::SeqCst) {
            return Err(peers::Failure::new(tonic::Code::Unavailable));
        }
        let mut taken = self.taken.lock().unwrap();
        Ok(events
            .iter()
            .map(|event| match event.endpoint.as_str() {
                "shop-hooks" => {
                    taken.push(event.text.as_str().to_owned());
                    Receipt::Accepted
                }
                _ => Receipt::Refused,
            })
            .collect())
    }
}

struct Listening {
    relay: EventRelay,
    receiver: Arc<FakeReceiver>,
    tenant: TenantId,
    clock: ManualClock,
}

impl Listening {
    fn over(store: Arc<dyn Store>) -> Self {
        let receiver = Arc::new(FakeReceiver::default());
        let clock = ManualClock::starting_at(BEGIN);
        let endpoints = [("shop", "shop-hooks"), ("bank", "unknown")];
        let endpoints: BTreeMap<_, _> =
            endpoints.map(|(caller, endpoint)| (caller.to_owned(), endpoint.to_owned())).into();
        let relay = EventRelay {
            store,
            receiver: receiver.clone(),
            rules: EventRules { endpoints, most_waiting: 150 },
            clock: Arc::new(clock.clone()),
            holder: "replica".to_owned(),
            poll: Duration::from_millis(1),
        };
        Self { relay, receiver, tenant: TenantId::from_uuid(uuid_v4(&SystemEntropy)), clock }
    }

    /// Records that a verification of this caller was created.
    async fn record(&self, caller: &str) -> String {
        let scope = TenantScope { tenant: self.tenant, caller: CallerName::parse(caller).unwrap() };
        let verification = VerificationId::from_uuid(uuid_v4(&SystemEntropy));
        let event = Event {
            id: uuid_v4(&SystemEntropy),
            kind: EventKind::Created,
            at: Some(BEGIN),
            verification: &ScopedId { scope, verification },
            purpose: &Purpose::parse("sign_up").unwrap(),
            channel: Some(Channel::Email),
            reason: None,
        };
        let events = StepEvents {
            most_waiting: self.relay.rules.most_waiting,
            texts: vec![event.encode()],
            expiry: None,
        };
        self.relay.store.note_listener(self.tenant, BEGIN).await.unwrap();
        self.relay.store.record(self.tenant, &events).await.unwrap();
        events.texts[0].as_str().to_owned()
    }

    fn taken(&self) -> Vec<String> {
        self.receiver.taken.lock().unwrap().clone()
    }

    async fn pass(&self) -> bool {
        self.relay.pass(&Shutdown::new()).await
    }
}

async fn events_are_handed_over_once_and_in_order(store: Arc<dyn Store>) {
    let listening = Listening::over(store);
    let mut recorded = Vec::new();
    for _ in 0..120 {
        recorded.push(listening.record("shop").await);
    }

    listening.pass().await;
    listening.pass().await;

    assert_eq!(listening.taken(), recorded);
}

async fn events_wait_while_notification_is_away(store: Arc<dyn Store>) {
    let listening = Listening::over(store);
    let recorded = listening.record("shop").await;
    listening.receiver.is_away.store(true, Ordering::SeqCst);

    // However long it lasts.
    listening.clock.advance(2 * QUIET_AFTER);
    let went_well = listening.pass().await;
    let taken_while_away = listening.taken();
    listening.receiver.is_away.store(false, Ordering::SeqCst);
    listening.pass().await;

    assert_eq!((went_well, taken_while_away), (false, Vec::new()));
    assert_eq!(listening.taken(), [recorded]);
}

async fn what_nobody_takes_holds_up_nobody(store: Arc<dyn Store>) {
    let listening = Listening::over(store);
    listening.record("bank").await;
    listening.record("somebody").await;
    let recorded = listening.record("shop").await;

    listening.pass().await;

    assert_eq!(listening.taken(), [recorded]);
    let turn = Turn { tenant: listening.tenant, holder: "replica".to_owned(), lease: LEASE, most: BATCH };
    assert_eq!(listening.relay.store.take(&turn, BEGIN).await.unwrap().waiting, 0);
}

async fn a_quiet_tenant_is_looked_at_no_more_until_it_is_noted_again(store: Arc<dyn Store>) {
    let listening = Listening::over(store);
    let store = &listening.relay.store;
    listening.record("shop").await;
    listening.pass().await;

    listening.clock.advance(QUIET_AFTER);
    listening.pass().await;
    let when_quiet = store.listened_tenants().await.unwrap();
    store.note_listener(listening.tenant, listening.relay.clock.now()).await.unwrap();
    let recorded = listening.record("shop").await;
    listening.pass().await;

    assert!(when_quiet.is_empty(), "{when_quiet:?}");
    assert_eq!(listening.taken().last(), Some(&recorded));
}

async fn of_too_many_the_oldest_are_dropped(store: Arc<dyn Store>) {
    let listening = Listening::over(store);
    let mut recorded = Vec::new();
    for _ in 0..160 {
        recorded.push(listening.record("shop").await);
    }

    listening.pass().await;

    assert_eq!(listening.taken(), recorded[10..]);
}

macro_rules! on_both_stores {
    ($($case:ident)+) => {
        mod in_memory {
            $(#[tokio::test]
            async fn $case() {
                super::$case(super::Arc::new(super::MemoryStore::new(&super::SystemEntropy, 1_000))).await;
            })+
        }

        mod in_redis {
            $(#[tokio::test]
            async fn $case() {
                let server = rekey_testing::redis().await;
                let connection = super::Connection::open(&super::Options::single(server.url())).unwrap();
                super::$case(super::Arc::new(super::RedisStore::new(connection, true))).await;
            })+
        }
    };
}

on_both_stores! {
    events_are_handed_over_once_and_in_order
    events_wait_while_notification_is_away
    what_nobody_takes_holds_up_nobody
    a_quiet_tenant_is_looked_at_no_more_until_it_is_noted_again
    of_too_many_the_oldest_are_dropped
}
