//! A provider that comes back: nothing leaves while it is away, and everything that waited for it leaves at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rekey_database::Options;
use rekey_testing::Backing;

use super::*;
use crate::worker::releaser::Releaser;

/// A relay that is switched off and on.
#[derive(Clone, Default)]
struct Switched {
    is_up: Arc<AtomicBool>,
    taken: Arc<AtomicUsize>,
}

impl Switched {
    fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Provider for Switched {
    async fn send(&self, _: &Outgoing, hand_over: &dyn HandOver) -> Result<(), SendFailure> {
        if !self.is_up.load(Ordering::SeqCst) {
            return Err(SendFailure::new(FailureClass::Provider, "switched off"));
        }
        hand_over.begin().await?;
        self.taken.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn probe(&self) -> Result<(), SendFailure> {
        let failure = || SendFailure::new(FailureClass::Provider, "switched off");
        self.is_up.load(Ordering::SeqCst).then_some(()).ok_or_else(failure)
    }
}

impl World {
    fn releaser(&self, wake_up: &WakeUp) -> Releaser {
        Releaser {
            store: self.store.clone(),
            providers: self.dispatcher.providers.clone(),
            returns: self.dispatcher.returns.clone(),
            wake_up: wake_up.clone(),
            clock: Arc::new(self.clock.clone()),
        }
    }

    /// Two minutes in which every lane does what it can.
    async fn two_minutes_pass(&self) {
        for _ in 0..60 {
            for &lane in Lane::ALL {
                self.work_on(lane).await;
            }
            self.clock.advance(Duration::from_secs(2));
        }
    }

    /// Runs lanes and releaser until the relay has taken so many.
    async fn run_until_taken(&self, relay: &Switched, count: usize) {
        let (wake_up, stop) = (WakeUp::default(), Shutdown::new());
        let lanes = Lane::ALL.iter().map(|lane| tokio::spawn(self.worker(*lane, &wake_up).run(stop.clone())));
        let mut running: Vec<_> = lanes.collect();
        running.push(tokio::spawn(self.releaser(&wake_up).run(stop.clone())));
        let all_taken = async {
            while relay.taken() < count {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, all_taken).await.unwrap();
        stop.begin();
        for one in running {
            one.await.unwrap().unwrap();
        }
    }
}

async fn what_waits_leaves_at_once(store: Store) {
    let relay = Switched::default();
    let provider = super::relay(0, Box::new(relay.clone()));
    let world = World::over(store, tempfile::tempdir().unwrap(), vec![provider]);
    let mut waiting = Vec::new();
    for &lane in Lane::ALL {
        for _ in 0..5 {
            waiting.push(world.accept(lane).await.id);
        }
    }
    world.two_minutes_pass().await;
    let taken_while_away = relay.taken();
    let releaser = world.releaser(&WakeUp::default());
    releaser.look_for_returns().await;
    relay.is_up.store(true, Ordering::SeqCst);
    let back_at = world.clock.now();

    releaser.look_for_returns().await;
    world.run_until_taken(&relay, 15).await;

    assert_eq!(taken_while_away, 0);
    for id in waiting {
        let found = world.get(id).await;
        assert_eq!((found.state, found.changed_at), (State::Delivered, back_at));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_a_relay_leaves_at_once_when_it_is_back_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();

    what_waits_leaves_at_once(store(folder.path()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_a_relay_leaves_at_once_when_it_is_back_on_postgres() {
    let migrate = async |url: &str| Store::migrate(url, &Options::named("test"), NOW).await;
    let backing = Backing::postgres_from_template("notification", migrate).await;

    what_waits_leaves_at_once(Store::open(backing.url(), &Options::named("test")).await.unwrap()).await;
}

#[tokio::test]
async fn what_waits_is_let_go_in_portions_and_none_while_the_relay_is_away() {
    let relay = Switched::default();
    let world = World::with_boxed(vec![Box::new(relay.clone())]).await;
    for _ in 0..3 {
        world.accept(Lane::Critical).await;
    }
    world.work().await;
    let wake_up = WakeUp::default();
    let releaser = world.releaser(&wake_up);
    let now = world.clock.now();

    let portions = [
        releaser.release_portion(Channel::Email, now, 2).await,
        releaser.release_portion(Channel::Email, now, 2).await,
        releaser.release_portion(Channel::Email, now, 2).await,
    ];
    let stop = Shutdown::new();
    world.dispatcher.returns.note(&[Channel::Email]);
    world.work().await;
    let running = tokio::spawn(releaser.run(stop.clone()));
    tokio::task::yield_now().await;
    stop.begin();
    running.await.unwrap().unwrap();

    assert_eq!(portions, [Some(2), Some(1), Some(0)]);
    assert_eq!(world.work().await, 0, "an open breaker lets nothing go");
}
