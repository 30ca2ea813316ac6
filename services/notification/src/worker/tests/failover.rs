//! Who is asked next, who is left alone, and what a refusal says about a provider: nothing.

use super::*;
use crate::domain::failover::Behind;
use crate::domain::provider_bucket::ProviderRate;

/// A provider at fault that notes who it was told to be behind it.
#[derive(Clone, Default)]
struct Noting(Arc<Mutex<Vec<Behind>>>);

impl Noting {
    fn noted(&self) -> Vec<Behind> {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait]
impl Provider for Noting {
    async fn send(&self, outgoing: &Outgoing, _: &dyn HandOver) -> Result<(), SendFailure> {
        self.0.lock().unwrap().push(outgoing.behind);
        Err(SendFailure::new(FailureClass::Provider, "noted"))
    }
}

#[tokio::test]
async fn a_provider_is_hurried_only_while_another_one_may_be_asked() {
    let (first, second, limited) = (Noting::default(), Noting::default(), Scripted::default());
    let rate = ProviderRate { per_second: 1, burst: 1, critical_share: 0 };
    let providers = vec![
        relay(0, Box::new(first.clone())),
        relay(1, Box::new(second.clone())),
        relay(2, Box::new(limited.clone())).with_rate(rate),
    ];
    let folder = tempfile::tempdir().unwrap();
    let world = World::over(store(folder.path()).await, folder, providers);

    // The third takes one message, and has no token for another.
    for _ in 0..2 {
        world.accept(Lane::Critical).await;
    }
    world.work().await;

    assert_eq!(first.noted(), [Behind::Another, Behind::Another]);
    assert_eq!((second.noted(), limited.tries()), (vec![Behind::Another, Behind::Nobody], 1));
}

#[tokio::test]
async fn who_is_left_alone_is_nobody_to_switch_to() {
    let (first, second) = (Noting::default(), Scripted::answering(&[FailureClass::Provider; 3]));
    let world = World::with_boxed(vec![Box::new(first.clone()), Box::new(second.clone())]).await;
    let breakers = &world.dispatcher.providers.iter().nth(1).unwrap().breakers;
    for _ in 0..BREAKER.faults {
        breakers.critical.failed(NOW, None, |_| 0);
    }
    world.accept(Lane::Critical).await;

    world.work().await;

    assert_eq!((first.noted(), second.tries()), (vec![Behind::Nobody], 0));
}

#[tokio::test]
async fn the_next_provider_takes_over_at_once_from_one_at_fault() {
    let (first, second) = (Scripted::answering(&[FailureClass::Provider]), Scripted::default());
    let world = World::with(&[&first, &second]).await;
    let message = world.accept(Lane::Critical).await;

    world.work().await;

    let found = world.get(message.id).await;
    assert_eq!((found.state, found.provider.as_str(), found.tries), (State::Delivered, "relay1", 1));
}

#[tokio::test]
async fn a_dead_provider_is_left_alone_until_its_pause_is_over() {
    let first = Scripted::answering(&[FailureClass::Provider; 3]);
    let second = Scripted::default();
    let world = World::with(&[&first, &second]).await;
    for _ in 0..5 {
        world.accept(Lane::Critical).await;
    }

    world.work().await;
    let tries_while_open = first.tries();
    world.clock.advance(Duration::from_secs(15));
    world.accept(Lane::Critical).await;
    world.work().await;

    assert_eq!((tries_while_open, first.tries(), second.tries()), (3, 4, 5));
}

#[tokio::test]
async fn refused_recipients_hold_up_nobody_elses_code() {
    let relay = Scripted::answering(&[FailureClass::Refused; 30]);
    let world = World::with(&[&relay]).await;
    let refused = world.accept(Lane::Critical).await;
    for _ in 0..29 {
        world.accept(Lane::Critical).await;
    }
    while world.work().await > 0 {}
    let code = world.accept(Lane::Critical).await;

    world.work().await;

    let (dead, delivered) = (world.get(refused.id).await, world.get(code.id).await);
    assert_eq!((dead.state, dead.last_failure), (State::Dead, Some(FailureClass::Refused)));
    assert_eq!((delivered.state, delivered.tries), (State::Delivered, 1));
}

#[tokio::test]
async fn the_next_provider_is_asked_after_a_refusal_and_all_that_refuse_end_it() {
    let (first, second) =
        (Scripted::answering(&[FailureClass::Refused; 2]), Scripted::answering(&[FailureClass::Refused]));
    let world = World::with(&[&first, &second]).await;
    let refused = world.accept(Lane::Critical).await;
    world.work().await;
    let taken = world.accept(Lane::Critical).await;

    world.work().await;

    assert_eq!(world.get(refused.id).await.state, State::Dead);
    let taken = world.get(taken.id).await;
    assert_eq!((taken.state, taken.provider.as_str()), (State::Delivered, "relay1"));
    assert_eq!((first.tries(), second.tries()), (2, 2));
}

#[tokio::test]
async fn a_mailing_does_not_close_the_way_for_codes() {
    let relay = Scripted::answering(&[FailureClass::Provider; 3]);
    let world = World::with(&[&relay]).await;
    for _ in 0..4 {
        world.accept(Lane::Bulk).await;
    }
    world.work_on(Lane::Bulk).await;
    let code = world.accept(Lane::Critical).await;

    world.work().await;

    assert_eq!(relay.tries(), 4);
    assert_eq!(world.get(code.id).await.state, State::Delivered);
}

#[tokio::test]
async fn a_message_that_only_fails_does_not_keep_the_others_from_leaving() {
    let relay = Scripted::answering(&[FailureClass::Provider; 3]);
    let world = World::with(&[&relay]).await;
    for _ in 0..3 {
        world.accept(Lane::Critical).await;
    }
    world.work().await;
    world.clock.advance(Duration::from_secs(15));

    let failed_before = world.work().await;
    let tries_of_them = relay.tries();
    let fresh = world.accept(Lane::Critical).await;
    world.work().await;

    assert_eq!((failed_before, tries_of_them, relay.tries()), (3, 3, 4));
    assert_eq!(world.get(fresh.id).await.state, State::Delivered);
}

#[tokio::test]
async fn a_wait_does_not_grow_while_nobody_is_asked() {
    let relay = Scripted::answering(&[FailureClass::Provider; 3]);
    let world = World::with(&[&relay]).await;
    for _ in 0..3 {
        world.accept(Lane::Critical).await;
    }
    world.work().await;
    let waiting = world.accept(Lane::Critical).await;

    world.work().await;
    let postponed = world.get(waiting.id).await;
    world.clock.set(postponed.next_try_at.unwrap());
    world.work().await;

    let wait = postponed.next_try_at.unwrap().since(NOW).as_secs();
    assert!((15..=19).contains(&wait), "{wait} s");
    assert_eq!((postponed.state, postponed.tries, postponed.last_failure), (State::Queued, 0, None));
    let found = world.get(waiting.id).await;
    assert_eq!((found.state, found.tries), (State::Delivered, 1));
}
