//! The relay over both stores, with a notification service that takes, refuses or is away.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

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

const MOST_WAITING: u32 = 150;

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
            rules: EventRules { endpoints, most_waiting: MOST_WAITING },
            clock: Arc::new(clock.clone()),
            holder: "replica".to_owned(),
            poll: Duration::from_millis(1),
        };
        Self { relay, receiver, tenant: TenantId::from_uuid(uuid_v4(&SystemEntropy)), clock }
    }

    /// Records that a verification of this caller was created.
    async fn record(&self, caller: &str) -> String {
        self.relay.store.note_listener(self.tenant, BEGIN).await.unwrap();
        record(&*self.relay.store, self.tenant, caller).await
    }

    fn taken(&self) -> Vec<String> {
        self.receiver.taken.lock().unwrap().clone()
    }

    async fn pass(&self) -> bool {
        self.relay.pass(&Shutdown::new()).await
    }
}

/// Records that a verification of this caller was created.
async fn record(store: &dyn Store, tenant: TenantId, caller: &str) -> String {
    let scope = TenantScope { tenant, caller: CallerName::parse(caller).unwrap() };
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
    let events = StepEvents { most_waiting: MOST_WAITING, texts: vec![event.encode()], expiry: None };
    store.record(tenant, &events).await.unwrap();
    events.texts[0].as_str().to_owned()
}

/// A tenant in which as much happens as is handed over, for longer than a turn may last.
struct BusyTenant {
    store: Arc<dyn Store>,
    calls: AtomicU32,
}

#[async_trait]
impl EventReceiver for BusyTenant {
    async fn hand_over(
        &self,
        tenant: TenantId,
        events: &[AddressedEvent],
    ) -> Result<Vec<Receipt>, peers::Failure> {
        let calls = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        for _ in events.iter().filter(|_| calls <= 2 * MOST_BATCHES) {
            record(&*self.store, tenant, "shop").await;
        }
        Ok(vec![Receipt::Accepted; events.len()])
    }
}

/// How many calls one pass makes, where so many events wait at its beginning.
async fn calls_of_a_pass(store: Arc<dyn Store>, waiting: u32) -> u32 {
    let busy = Arc::new(BusyTenant { store: Arc::clone(&store), calls: AtomicU32::default() });
    let mut listening = Listening::over(store);
    listening.relay.receiver = busy.clone();
    for _ in 0..waiting {
        listening.record("shop").await;
    }

    assert!(listening.pass().await);

    busy.calls.load(Ordering::SeqCst)
}

async fn a_busy_tenant_is_left_after_its_turn(store: Arc<dyn Store>) {
    assert_eq!(calls_of_a_pass(store, BATCH).await, MOST_BATCHES);
}

async fn what_comes_while_events_are_handed_over_waits_for_the_next_pass(store: Arc<dyn Store>) {
    assert_eq!(calls_of_a_pass(store, 1).await, 1);
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
    a_busy_tenant_is_left_after_its_turn
    what_comes_while_events_are_handed_over_waits_for_the_next_pass
}
