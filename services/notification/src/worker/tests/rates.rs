//! Rates of providers, and probes before a trial.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::domain::failover::Behind;
use crate::domain::provider::BreakerState;
use crate::domain::provider_bucket::ProviderRate;

const RATE: ProviderRate = ProviderRate { per_second: 1, burst: 4, critical_share: 50 };

/// A world whose first relay has a rate and whose second has none.
async fn with_rate(first: &Scripted, second: &Scripted) -> World {
    let mut world = World::with(&[]).await;
    let boxed = |provider: &Scripted| Box::new(provider.clone()) as Box<dyn Provider>;
    let providers = vec![relay(0, boxed(first)).with_rate(RATE), relay(1, boxed(second))];
    Arc::get_mut(&mut world.dispatcher).unwrap().providers = Providers::new(providers);
    world
}

#[tokio::test]
async fn a_code_that_finds_the_rate_used_up_takes_the_next_provider() {
    let (first, second) = (Scripted::default(), Scripted::default());
    let world = with_rate(&first, &second).await;
    for _ in 0..6 {
        world.accept(Lane::Critical).await;
    }

    world.work().await;

    assert_eq!((first.tries(), second.tries()), (4, 2));
}

#[tokio::test]
async fn a_mailing_leaves_its_share_to_codes_and_waits_for_its_provider() {
    let (first, second) = (Scripted::default(), Scripted::default());
    let world = with_rate(&first, &second).await;
    for _ in 0..4 {
        world.accept(Lane::Bulk).await;
    }
    world.work_on(Lane::Bulk).await;
    let of_the_mailing = first.tries();
    for _ in 0..2 {
        world.accept(Lane::Critical).await;
    }

    world.work().await;

    assert_eq!((of_the_mailing, first.tries(), second.tries()), (2, 4, 0));
    assert_eq!(world.store.queued(Lane::Bulk, 10).await.unwrap(), 2);
}

/// Is not there when it is asked, for so many times.
#[derive(Clone)]
struct Away {
    relay: Scripted,
    probes: Arc<AtomicUsize>,
    away: usize,
}

#[async_trait]
impl Provider for Away {
    async fn send(&self, outgoing: &Outgoing, hand_over: &dyn HandOver) -> Result<(), SendFailure> {
        self.relay.send(outgoing, hand_over).await
    }

    async fn probe(&self, _: Behind) -> Result<(), SendFailure> {
        let before = self.probes.fetch_add(1, Ordering::SeqCst);
        let away = || SendFailure::new(FailureClass::Provider, "connecting: no address answers");
        if before < self.away { Err(away()) } else { Ok(()) }
    }
}

#[tokio::test]
async fn a_relay_is_asked_whether_it_is_back_before_a_message_is_risked() {
    let lost = Scripted::answering(&[FailureClass::AnswerLost; 3]);
    let away = Away { relay: lost.clone(), probes: Arc::default(), away: 1 };
    let world = World::with_boxed(vec![Box::new(away.clone())]).await;
    for _ in 0..3 {
        world.accept(Lane::Critical).await;
    }
    world.work().await;

    world.clock.advance(Duration::from_secs(15));
    let message = world.accept(Lane::Critical).await;
    world.work().await;
    let while_away = (lost.tries(), world.get(message.id).await.state);
    let view = world.dispatcher.providers.views(world.clock.now()).remove(0);
    // The second pause is at most twice the first one, and the message has failed before, so it waits one pause more.
    world.clock.advance(Duration::from_secs(60));
    world.work().await;

    assert_eq!(while_away, (3, State::Queued));
    assert_eq!(view.lanes.critical.breaker.state, BreakerState::Open);
    assert_eq!(view.lanes.critical.breaker.faults_in_a_row, 4);
    assert_eq!((away.probes.load(Ordering::SeqCst), lost.tries()), (2, 4));
    assert_eq!(world.get(message.id).await.state, State::Delivered);
}
