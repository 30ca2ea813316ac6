//! Domains whose side is slow to answer: they hold up their own mail and nobody else's.

use tokio::sync::Notify;

use super::*;

/// A relay that answers for one domain only when it is told to.
#[derive(Clone, Default)]
struct SlowFor {
    go_on: Arc<Notify>,
    begun: Arc<Mutex<Vec<NotificationId>>>,
}

#[async_trait]
impl Provider for SlowFor {
    async fn send(&self, outgoing: &Outgoing, hand_over: &dyn HandOver) -> Result<(), SendFailure> {
        self.begun.lock().unwrap().push(outgoing.id);
        if outgoing.destination.as_str().ends_with("@slow.example") {
            self.go_on.notified().await;
        }
        hand_over.begin().await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_recipients_of_a_slow_domain_hold_up_nobody_elses_code() {
    let relay = SlowFor::default();
    let world = World::with_boxed(vec![Box::new(relay.clone())]).await;
    for number in 0..16 {
        let to = format!("person{number}@slow.example");
        let slow = crate::fixtures::row_to(world.entropy.as_ref(), Lane::Critical, NOW, &to);
        world.store.accept(&scope(), &[slow], NOW).await.unwrap();
    }
    let (wake_up, stop) = (WakeUp::default(), Shutdown::new());
    let running = tokio::spawn(world.worker(Lane::Critical, &wake_up).run(stop.clone()));
    let four_are_under_way = async {
        while relay.begun.lock().unwrap().len() < 4 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, four_are_under_way).await.unwrap();

    let code = world.accept(Lane::Critical).await;
    wake_up.wake(Lane::Critical);
    let delivered = async {
        while world.get(code.id).await.state != State::Delivered {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, delivered).await.unwrap();

    assert_eq!(relay.begun.lock().unwrap().len(), 5, "four of the slow ones, and the code");
    stop.begin();
    let all_go_on = async {
        while !running.is_finished() {
            relay.go_on.notify_one();
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, all_go_on).await.unwrap();
}

#[tokio::test]
async fn a_message_says_the_minutes_that_are_left_when_it_goes() {
    let relay = Scripted::answering(&[FailureClass::Transient]);
    let world = World::with(&[&relay]).await;
    world.accept(Lane::Critical).await;
    world.work().await;
    world.clock.advance(Duration::from_secs(7 * 60));

    world.work().await;

    let sent = relay.sent.lock().unwrap().clone();
    assert!(sent[0].1.contains("10 minutes") && sent[1].1.contains("3 minutes"), "{sent:?}");
}
