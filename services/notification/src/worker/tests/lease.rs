//! Leases on messages: kept while a worker lives, lost when it died or hung, and what may be done without one.

use std::path::Path;

use tokio::sync::Notify;

use super::*;
use crate::store::Claim;
use crate::worker::Reclaimer;

/// A provider that begins to hand over when it is told to, and then answers when it is told to.
#[derive(Clone, Default)]
struct Slow {
    begin: Arc<Notify>,
    begun: Arc<Notify>,
    answer: Arc<Notify>,
}

#[async_trait]
impl Provider for Slow {
    async fn send(&self, _: &Outgoing, hand_over: &dyn HandOver) -> Result<(), SendFailure> {
        self.begin.notified().await;
        hand_over.begin().await?;
        self.begun.notify_one();
        self.answer.notified().await;
        Ok(())
    }
}

impl World {
    async fn claim_one(&self) -> Claim {
        self.store.claim(Lane::Critical, 1, LEASES.length, self.clock.now()).await.unwrap().remove(0)
    }

    fn dispatch(&self, claim: Claim) -> tokio::task::JoinHandle<()> {
        let dispatcher = Arc::clone(&self.dispatcher);
        tokio::spawn(async move { dispatcher.dispatch(Lane::Critical, claim, place()).await })
    }

    fn reclaimer(&self, wake_up: &WakeUp) -> Reclaimer {
        Reclaimer {
            store: self.store.clone(),
            batch: 100,
            lease: LEASES.length,
            pause: Duration::from_millis(5),
            wake_up: wake_up.clone(),
            clock: Arc::new(self.clock.clone()),
        }
    }

    /// Waits until the one lease in the table reaches a whole length ahead of the clock.
    async fn renewed(&self) {
        let until = self.clock.now().plus(LEASES.length).unix_micros();
        let renewed = async { while lease(self._folder.path()).await != Some(until) {} };
        tokio::time::timeout(PATIENCE, renewed).await.unwrap();
    }
}

async fn lease(folder: &Path) -> Option<i64> {
    let options = SqliteConnectOptions::new().filename(folder.join("notification.db")).read_only(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::query_scalar("select lease_until from notification").fetch_one(&mut connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_living_worker_keeps_its_message_however_long_it_takes() {
    let relay = Slow::default();
    let world = World::with_boxed(vec![Box::new(relay.clone())]).await;
    let message = world.accept(Lane::Critical).await;
    let sending = world.dispatch(world.claim_one().await);

    let mut put_back = 0;
    for _ in 0..4 {
        world.clock.advance(LEASES.length / 2);
        world.renewed().await;
        put_back += world.put_back().await;
    }
    relay.begin.notify_one();
    relay.answer.notify_one();
    sending.await.unwrap();

    assert_eq!(put_back, 0);
    let found = world.get(message.id).await;
    assert_eq!((found.state, found.tries), (State::Delivered, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_lost_its_message_does_not_hand_it_over() {
    let relay = Slow::default();
    let mut world = World::with_boxed(vec![Box::new(relay.clone())]).await;
    world.claim_without_renewing();
    let message = world.accept(Lane::Critical).await;
    let hung = world.dispatch(world.claim_one().await);
    world.clock.advance(LEASES.length);
    world.put_back().await;
    let second = world.claim_one().await;

    relay.begin.notify_one();
    hung.await.unwrap();
    let held = world.get(message.id).await;
    let taken_over = world.dispatch(second);
    relay.begin.notify_one();
    relay.answer.notify_one();
    taken_over.await.unwrap();

    assert_eq!((held.state, held.tries), (State::Sending, 2));
    let found = world.get(message.id).await;
    assert_eq!((found.state, found.last_failure), (State::Delivered, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_killed_while_it_hands_over_leaves_an_unknown_that_is_sent_again() {
    let relay = Slow::default();
    let world = World::with_boxed(vec![Box::new(relay.clone())]).await;
    let message = world.accept(Lane::Critical).await;
    let killed = world.dispatch(world.claim_one().await);
    relay.begin.notify_one();
    relay.begun.notified().await;

    killed.abort();
    killed.await.unwrap_err();
    world.clock.advance(LEASES.length);
    world.put_back().await;
    relay.begin.notify_one();
    relay.answer.notify_one();
    world.work().await;

    let found = world.get(message.id).await;
    assert_eq!((found.state, found.tries), (State::Unknown, 2));
    assert_eq!(found.last_failure, Some(FailureClass::AnswerLost));
}

#[tokio::test]
async fn a_hold_that_hangs_is_renewed_only_so_often() {
    let leases = LeasePolicy::of(Duration::from_secs(4), Duration::from_secs(80));

    assert_eq!(leases.renewed_every, Duration::from_secs(1));
    assert_eq!(leases.most_renewals, 80);
}

#[tokio::test]
async fn what_a_dead_worker_held_is_put_back_and_the_lanes_are_woken() {
    let relay = Scripted::default();
    let world = World::with(&[&relay]).await;
    world.accept(Lane::Critical).await;
    world.claim_one().await;
    let (wake_up, stop) = (WakeUp::default(), Shutdown::new());

    world.clock.advance(LEASES.length);
    let running = tokio::spawn(world.reclaimer(&wake_up).run(stop.clone()));
    wake_up.woken(Lane::Critical).await;
    stop.begin();
    running.await.unwrap().unwrap();

    assert_eq!(world.work().await, 1);
}

#[tokio::test]
async fn a_clock_that_jumps_leaves_the_living_a_pause_to_renew() {
    let world = World::with(&[&Scripted::default()]).await;
    world.accept(Lane::Critical).await;
    world.claim_one().await;
    let reclaimer = world.reclaimer(&WakeUp::default());

    world.clock.advance(LEASES.length);
    let now = world.clock.now();
    let first = reclaimer.look(None, Some(NOW), now).await.unwrap();
    let second = reclaimer.look(None, Some(now), now).await.unwrap();

    assert_eq!((first, second), (0, 1));
}

#[tokio::test]
async fn after_an_outage_nobody_is_taken_over_before_a_lease_has_passed() {
    let world = World::with(&[&Scripted::default()]).await;
    world.accept(Lane::Critical).await;
    world.claim_one().await;
    let reclaimer = world.reclaimer(&WakeUp::default());
    world.clock.advance(LEASES.length);
    let now = world.clock.now();
    let until = now.plus(LEASES.length);

    let patient = reclaimer.look(Some(until), Some(now), now).await.unwrap();
    let in_time = reclaimer.look(Some(until), Some(until), until).await.unwrap();

    assert_eq!((patient, in_time), (0, 1));
}
