//! A provider that comes back: nothing leaves while it is away, and everything that waited for it leaves at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rekey_database::Options;
use rekey_testing::Backing;

use super::*;
use crate::domain::failover::Behind;
use crate::domain::provider_bucket::ProviderRate;
use crate::worker::releaser::Releaser;

/// A relay that is switched off and on.
#[derive(Clone, Default)]
struct Switched {
    is_up: Arc<AtomicBool>,
    taken: Arc<AtomicUsize>,
    missed_pings: Arc<AtomicUsize>,
}

impl Switched {
    fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    /// Waits until so many pings went unanswered.
    async fn misses(&self, pings: usize) {
        let missed = async {
            while self.missed_pings.load(Ordering::SeqCst) < pings {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, missed).await.unwrap();
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

    async fn ping(&self) -> Result<(), SendFailure> {
        let answer = self.probe(Behind::Nobody).await;
        if answer.is_err() {
            self.missed_pings.fetch_add(1, Ordering::SeqCst);
        }
        answer
    }

    async fn probe(&self, _: Behind) -> Result<(), SendFailure> {
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

    /// Has a provider left alone by every lane.
    fn leave_alone(&self, name: &str) {
        let provider = self.dispatcher.providers.iter().find(|provider| provider.name == name).unwrap();
        for &lane in Lane::ALL {
            for _ in 0..BREAKER.faults {
                provider.breakers.of(lane).failed(self.clock.now(), None, |_| 0);
            }
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

    /// Runs lanes and releaser, switches the relay on once a ping has missed it, and waits until it has taken so many.
    async fn run_through_its_return(&self, relay: &Switched, count: usize) {
        let (wake_up, stop) = (WakeUp::default(), Shutdown::new());
        let lanes = Lane::ALL.iter().map(|lane| tokio::spawn(self.worker(*lane, &wake_up).run(stop.clone())));
        let mut running: Vec<_> = lanes.collect();
        running.push(tokio::spawn(self.releaser(&wake_up).run(stop.clone())));
        relay.misses(1).await;
        relay.is_up.store(true, Ordering::SeqCst);
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
    let back_at = world.clock.now();

    world.run_through_its_return(&relay, 15).await;

    assert_eq!(taken_while_away, 0);
    for id in waiting {
        let found = world.get(id).await;
        assert_eq!((found.state, found.changed_at), (State::Delivered, back_at));
    }
}

/// A provider whose every ping hangs, and how many do.
#[derive(Clone, Default)]
struct Silent(Arc<()>);

impl Silent {
    /// Waits until so many pings hang at the same time.
    async fn hangs(&self, pings: usize) {
        // One is the test's, and one the provider's.
        let hanging = async {
            while Arc::strong_count(&self.0) < 2 + pings {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, hanging).await.unwrap();
    }
}

#[async_trait]
impl Provider for Silent {
    async fn send(&self, _: &Outgoing, _: &dyn HandOver) -> Result<(), SendFailure> {
        Err(SendFailure::new(FailureClass::Provider, "silent"))
    }

    async fn ping(&self) -> Result<(), SendFailure> {
        let _hanging = Arc::clone(&self.0);
        std::future::pending().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ping_that_hangs_holds_up_neither_the_next_one_nor_another_providers() {
    let (silent, away) = (Silent::default(), Switched::default());
    let world = World::with_boxed(vec![Box::new(silent.clone()), Box::new(away.clone())]).await;
    world.leave_alone("relay0");
    world.leave_alone("relay1");
    let stop = Shutdown::new();

    let running = tokio::spawn(world.releaser(&WakeUp::default()).run(stop.clone()));
    silent.hangs(2).await;
    away.misses(2).await;
    stop.begin();

    running.await.unwrap().unwrap();
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

#[tokio::test]
async fn what_only_lacks_a_token_is_not_let_go_by_a_return() {
    let relay = Scripted::default();
    let rate = ProviderRate { per_second: 1, burst: 1, critical_share: 0 };
    let limited = super::relay(0, Box::new(relay.clone())).with_rate(rate);
    let folder = tempfile::tempdir().unwrap();
    let world = World::over(store(folder.path()).await, folder, vec![limited]);
    for _ in 0..3 {
        world.accept(Lane::Critical).await;
    }
    world.work().await;
    let releaser = world.releaser(&WakeUp::default());

    let released = releaser.release_portion(Channel::Email, world.clock.now(), 10).await;

    assert_eq!((relay.tries(), world.store.queued(Lane::Critical, 10).await.unwrap()), (1, 2));
    assert_eq!(released, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_left_alone_is_probed_while_a_release_takes_long() {
    let away = Switched::default();
    let world = World::with_boxed(vec![Box::new(Scripted::default()), Box::new(away.clone())]).await;
    world.leave_alone("relay1");
    // Letting go fails, so the release does not end.
    world.alter("alter table notification rename to elsewhere").await;
    world.dispatcher.returns.note(&[Channel::Email]);
    let stop = Shutdown::new();

    let running = tokio::spawn(world.releaser(&WakeUp::default()).run(stop.clone()));
    away.misses(2).await;
    stop.begin();

    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_ends_though_what_it_lets_go_waits_again() {
    let refusing = Scripted::answering(&[FailureClass::Refused; 100]);
    let world = World::with_boxed(vec![Box::new(refusing.clone()), Box::new(Switched::default())]).await;
    world.leave_alone("relay1");
    let message = world.accept(Lane::Critical).await;
    world.work().await;
    let (wake_up, stop) = (WakeUp::default(), Shutdown::new());
    let lane = tokio::spawn(world.worker(Lane::Critical, &wake_up).run(stop.clone()));

    let release = world.releaser(&wake_up);
    tokio::time::timeout(PATIENCE, release.release(Channel::Email, &stop)).await.unwrap();
    stop.begin();
    lane.await.unwrap().unwrap();

    assert!(refusing.tries() < 50, "{} tries", refusing.tries());
    assert_eq!(world.get(message.id).await.state, State::Queued);
}
