use std::sync::Mutex;

use async_trait::async_trait;
use rekey_primitives::clock::{Clock as _, ManualClock};
use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::id::NotificationId;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

use super::places::Place;
use super::*;
use crate::config::for_tests;
use crate::domain::content::Rendered;
use crate::domain::destination::{Channel, Destination};
use crate::domain::notification::Notification;
use crate::domain::state::{FailureClass, State};
use crate::fixtures::{NOW, clock, entropy, keys, row, scope, store};
use crate::providers::{
    BreakerPolicy, ConfiguredProvider, HandOver, Outgoing, Provider, Providers, SendFailure,
};
use crate::signals::Returns;
use crate::store::NewNotification;
use crate::templates::Renderer;

/// After this a test that waits for nothing fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(30);

/// Leases of a minute on the clock that tests move, renewed all the time.
const LEASES: LeasePolicy = LeasePolicy {
    length: Duration::from_secs(60),
    renewed_every: Duration::from_millis(2),
    most_renewals: u32::MAX,
};

/// A provider that answers as told and notes what it was given.
#[derive(Clone, Default)]
struct Scripted {
    answers: Arc<Mutex<Vec<Result<(), SendFailure>>>>,
    sent: Arc<Mutex<Vec<(NotificationId, String)>>>,
}

impl Scripted {
    fn answering(classes: &[FailureClass]) -> Self {
        let answers = classes.iter().map(|class| Err(SendFailure::new(*class, "scripted"))).collect();
        Self { answers: Arc::new(Mutex::new(answers)), sent: Arc::default() }
    }

    fn tries(&self) -> usize {
        self.sent.lock().unwrap().len()
    }
}

#[async_trait]
impl Provider for Scripted {
    async fn send(&self, outgoing: &Outgoing, hand_over: &dyn HandOver) -> Result<(), SendFailure> {
        hand_over.begin().await?;
        let Destination::Email(address) = &outgoing.destination else { panic!("no mail") };
        assert_eq!(address.as_str(), "anna@example.com");
        let Rendered::Email { text, .. } = &outgoing.content else { panic!("no mail") };
        self.sent.lock().unwrap().push((outgoing.id, text.to_string()));
        let mut answers = self.answers.lock().unwrap();
        if answers.is_empty() { Ok(()) } else { answers.remove(0) }
    }
}

/// Opens after three faults in a row.
const BREAKER: BreakerPolicy =
    BreakerPolicy { faults: 3, pause: Duration::from_secs(15), longest_pause: Duration::from_secs(300) };

fn relay(place: usize, provider: Box<dyn Provider>) -> ConfiguredProvider {
    ConfiguredProvider::new(format!("relay{place}"), vec![Channel::Email], provider, BREAKER)
}

fn place() -> Place {
    LanePlaces::new(1, 1).take(1).remove(0)
}

struct World {
    store: Store,
    clock: ManualClock,
    entropy: SharedEntropy,
    dispatcher: Arc<Dispatcher>,
    _folder: TempDir,
}

impl World {
    async fn with(providers: &[&Scripted]) -> Self {
        let boxed = |provider: &&Scripted| Box::new((*provider).clone()) as Box<dyn Provider>;
        Self::with_boxed(providers.iter().map(boxed).collect()).await
    }

    async fn with_boxed(providers: Vec<Box<dyn Provider>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path()).await;
        let configured = providers.into_iter().enumerate().map(|(place, provider)| relay(place, provider));
        Self::over(store, folder, configured.collect())
    }

    /// Over a store of any database.
    fn over(store: Store, folder: TempDir, providers: Vec<ConfiguredProvider>) -> Self {
        let (clock, entropy) = (clock(), entropy());
        let dispatcher = Arc::new(Dispatcher {
            store: store.clone(),
            keys: Arc::new(keys()),
            texts: TenantTexts::new(
                store.clone(),
                Arc::new(Renderer::new("en", None).unwrap()),
                CacheLimits { life: Duration::ZERO, entries: 10 },
            ),
            providers: Providers::new(providers),
            retries: for_tests().delivery.retries(),
            lease_policy: LEASES,
            event_life: Duration::from_secs(3_600),
            correspondence: None,
            clock: Arc::new(clock.clone()),
            entropy: Arc::clone(&entropy),
            wake_up: WakeUp::default(),
            returns: Returns::default(),
        });
        Self { store, clock, entropy, dispatcher, _folder: folder }
    }

    /// Puts back what leases that have ended leave.
    async fn put_back(&self) -> u64 {
        let now = self.clock.now();
        self.store.put_back(10, now, now).await.unwrap()
    }

    /// From now on nothing is renewed.
    fn claim_without_renewing(&mut self) {
        let dispatcher = Arc::get_mut(&mut self.dispatcher).unwrap();
        dispatcher.lease_policy = LeasePolicy { most_renewals: 0, ..LEASES };
    }

    async fn accept(&self, lane: Lane) -> NewNotification {
        let message = row(self.entropy.as_ref(), lane, self.clock.now());
        self.store.accept(&scope(), std::slice::from_ref(&message), self.clock.now()).await.unwrap();
        message
    }

    /// Claims what is due on the critical lane and takes it through.
    async fn work(&self) -> usize {
        self.work_on(Lane::Critical).await
    }

    async fn work_on(&self, lane: Lane) -> usize {
        let claims = self.store.claim(lane, 10, LEASES.length, self.clock.now()).await.unwrap();
        let count = claims.len();
        for claim in claims {
            self.dispatcher.dispatch(lane, claim, place()).await;
        }
        count
    }

    async fn get(&self, id: NotificationId) -> Notification {
        self.store.get(&scope(), id).await.unwrap().unwrap()
    }

    /// Changes the schema behind the store's back, so that a step of it fails.
    async fn alter(&self, sql: &'static str) {
        let options = SqliteConnectOptions::new().filename(self._folder.path().join("notification.db"));
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    fn worker(&self, lane: Lane, wake_up: &WakeUp) -> LaneWorker {
        LaneWorker {
            lane,
            settings: *for_tests().lanes().of(lane),
            lease: LEASES.length,
            poll: Duration::from_millis(5),
            store: self.store.clone(),
            dispatcher: Arc::clone(&self.dispatcher),
            wake_up: wake_up.clone(),
            clock: Arc::new(self.clock.clone()),
        }
    }
}

#[tokio::test]
async fn a_message_is_rendered_sent_and_recorded() {
    let relay = Scripted::default();
    let world = World::with(&[&relay]).await;
    let message = world.accept(Lane::Critical).await;

    world.work().await;

    let found = world.get(message.id).await;
    assert_eq!((found.state, found.tries, found.provider.as_str()), (State::Delivered, 1, "relay0"));
    let sent = relay.sent.lock().unwrap().clone();
    assert_eq!((sent.len(), sent[0].0), (1, message.id));
    assert!(sent[0].1.contains("271828"));
}

#[tokio::test]
async fn a_passing_failure_is_tried_again_when_its_time_comes() {
    let relay = Scripted::answering(&[FailureClass::Transient]);
    let world = World::with(&[&relay]).await;
    let message = world.accept(Lane::Critical).await;

    world.work().await;
    let waiting = world.get(message.id).await;
    let at_once = world.work().await;
    world.clock.set(waiting.next_try_at.unwrap());
    world.work().await;

    assert_eq!((waiting.state, waiting.last_failure), (State::Queued, Some(FailureClass::Transient)));
    assert_eq!((at_once, relay.tries()), (0, 2));
    let found = world.get(message.id).await;
    assert_eq!((found.state, found.tries), (State::Delivered, 2));
}

#[tokio::test]
async fn a_refused_address_or_content_is_dead_and_no_other_provider_is_asked() {
    for class in [FailureClass::Address, FailureClass::Content] {
        let (first, second) = (Scripted::answering(&[class]), Scripted::default());
        let world = World::with(&[&first, &second]).await;
        let message = world.accept(Lane::Critical).await;

        world.work().await;

        let found = world.get(message.id).await;
        assert_eq!((found.state, found.last_failure), (State::Dead, Some(class)));
        assert_eq!((first.tries(), second.tries()), (1, 0));
    }
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_nobody_sends_it_again() {
    let (first, second) = (Scripted::answering(&[FailureClass::AnswerLost]), Scripted::default());
    let world = World::with(&[&first, &second]).await;
    let message = world.accept(Lane::Critical).await;

    world.work().await;
    world.clock.advance(Duration::from_secs(300));
    world.put_back().await;
    world.work().await;

    assert_eq!(world.get(message.id).await.state, State::Unknown);
    assert_eq!((first.tries(), second.tries()), (1, 0));
}

#[tokio::test]
async fn a_message_that_expired_in_a_workers_hands_is_not_sent() {
    let relay = Scripted::default();
    let world = World::with(&[&relay]).await;
    let message = world.accept(Lane::Critical).await;
    let claim = world.store.claim(Lane::Critical, 1, Duration::from_secs(60), NOW).await.unwrap().remove(0);

    world.clock.set(message.not_after);
    world.dispatcher.dispatch(Lane::Critical, claim, place()).await;

    assert_eq!(world.get(message.id).await.state, State::Expired);
    assert_eq!(relay.tries(), 0);
}

#[tokio::test]
async fn a_payload_moved_to_another_row_is_never_sent() {
    let relay = Scripted::default();
    let world = World::with(&[&relay]).await;
    let mut moved = row(world.entropy.as_ref(), Lane::Critical, NOW);
    moved.payload = row(world.entropy.as_ref(), Lane::Critical, NOW).payload;
    world.store.accept(&scope(), std::slice::from_ref(&moved), NOW).await.unwrap();

    world.work().await;

    assert_eq!(relay.tries(), 0);
    assert_eq!(world.get(moved.id).await.last_failure, Some(FailureClass::Provider));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lane_sends_its_own_messages_however_long_the_others_are() {
    let relay = Scripted::default();
    let world = World::with(&[&relay]).await;
    for _ in 0..50 {
        world.accept(Lane::Bulk).await;
    }
    let code = world.accept(Lane::Critical).await;
    let (wake_up, stop) = (WakeUp::default(), Shutdown::new());

    let running = tokio::spawn(world.worker(Lane::Critical, &wake_up).run(stop.clone()));
    let delivered = async {
        while world.get(code.id).await.state != State::Delivered {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, delivered).await.unwrap();
    stop.begin();
    running.await.unwrap().unwrap();

    assert_eq!(relay.tries(), 1);
    assert_eq!(world.store.queued(Lane::Bulk, 100).await.unwrap(), 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_sends_all_that_is_due_and_stops_when_told() {
    let relay = Scripted::default();
    let world = World::with(&[&relay]).await;
    let (wake_up, stop) = (WakeUp::default(), Shutdown::new());
    let running = tokio::spawn(world.worker(Lane::Critical, &wake_up).run(stop.clone()));

    for _ in 0..60 {
        world.accept(Lane::Critical).await;
        wake_up.wake(Lane::Critical);
    }
    let all_sent = async {
        while relay.tries() < 60 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, all_sent).await.unwrap();
    stop.begin();
    running.await.unwrap().unwrap();

    let sent = relay.sent.lock().unwrap().clone();
    let distinct: std::collections::HashSet<_> = sent.iter().map(|(id, _)| *id).collect();
    assert_eq!((sent.len(), distinct.len()), (60, 60));
}

mod decoys;
mod delivery_events;
mod expiry;
mod failover;
mod fallbacks;
mod faults;
mod lease;
mod public_faults;
mod rates;
mod returns;
mod slow_domains;
mod suppressed_steps;
mod suppression;
mod sweeping;
