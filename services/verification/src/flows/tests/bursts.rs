//! Many calls at once for one verification, with budgets that hold a single message: nobody may be refused for what
//! the others have reserved.

use std::sync::atomic::AtomicUsize;

use rekey_throttle::{Budget, Failure, Outcome, Throttle};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::*;

const CALLS: usize = 32;

/// A throttle behind which everybody meets: nobody goes on before everybody has reserved, or was told that it is dry.
struct Meeting {
    throttle: Arc<dyn Reserving>,
    arrived: AtomicUsize,
    everybody: Barrier,
}

#[async_trait]
impl Throttle for Meeting {
    async fn spend(&self, budgets: &[Budget], cost: u64, now: Timestamp) -> Result<Outcome, Failure> {
        self.throttle.spend(budgets, cost, now).await
    }

    async fn give_back(&self, budgets: &[Budget], cost: u64, spent_at: Timestamp) -> Result<(), Failure> {
        self.throttle.give_back(budgets, cost, spent_at).await
    }

    async fn observe_distinct(
        &self,
        key: &str,
        member: &[u8],
        window: Duration,
        now: Timestamp,
    ) -> Result<u64, Failure> {
        self.throttle.observe_distinct(key, member, window, now).await
    }
}

#[async_trait]
impl Reserving for Meeting {
    async fn reserve(&self, budgets: &[Budget], thing: &str, now: Timestamp) -> Result<Outcome, Failure> {
        let outcome = self.throttle.reserve(budgets, thing, now).await;
        // Who has to look again finds nobody waiting any more.
        if self.arrived.fetch_add(1, Ordering::SeqCst) < CALLS {
            self.everybody.wait().await;
        }
        outcome
    }

    async fn settle(
        &self,
        budgets: &[Budget],
        thing: &str,
        happened: bool,
        now: Timestamp,
    ) -> Result<(), Failure> {
        self.throttle.settle(budgets, thing, happened, now).await
    }
}

impl Office {
    fn where_everybody_meets(mut self) -> Arc<Self> {
        let throttle = Arc::clone(&self.flows.throttle);
        let (arrived, everybody) = (AtomicUsize::new(0), Barrier::new(CALLS));
        self.flows.throttle = Arc::new(Meeting { throttle, arrived, everybody });
        Arc::new(self)
    }
}

/// A mailbox that gets so many messages an hour, from a caller that may ask for as many.
fn narrow(messages: u32) -> Settings {
    settings(|settings| {
        settings.limits.destination_per_hour = messages;
        settings.limits.caller_per_hour = messages;
    })
}

async fn a_burst_sends_one_message_and_refuses_nobody(office: Office) {
    let office = office.where_everybody_meets();
    let order = order("anna@example.com");
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        let (office, order) = (Arc::clone(&office), StartOrder { request: request(), ..order.clone() });
        calls.spawn(async move { office.start(&order).await.map(|started| started.times) });
    }

    let answers = calls.join_all().await;

    let first = answers[0].as_ref().unwrap();
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|times| times == first)), "{answers:?}");
    let messages = office.messages();
    assert!(messages.iter().all(|message| message.id == messages[0].id), "more than one message");
}

async fn a_burst_of_resends_sends_one_more(office: Office) {
    let order = order("anna@example.com");
    office.start(&order).await.unwrap();
    let first = office.messages()[0].id;
    office.clock.advance(seconds(30));
    let office = office.where_everybody_meets();
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        let (office, place) = (Arc::clone(&office), order.place.clone());
        calls.spawn(async move { office.resend(&place).await });
    }

    let answers = calls.join_all().await;

    let limited = answers.iter().filter(|answer| {
        matches!(answer, Err(Error::Refused(Refusal::DestinationLimited(_) | Refusal::NetworkLimited(_))))
    });
    assert_eq!(limited.count(), 0, "{answers:?}");
    assert!(answers.iter().any(Result::is_ok), "{answers:?}");
    let later: Vec<_> = office.messages().iter().map(|one| one.id).filter(|id| *id != first).collect();
    assert!(!later.is_empty() && later.iter().all(|id| *id == later[0]), "{later:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_starts_in_memory() {
    a_burst_sends_one_message_and_refuses_nobody(Office::in_memory(&narrow(1))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_starts_in_redis() {
    let server = rekey_testing::redis().await;
    let office = Office::in_redis(&narrow(1), &server.url(), &KeyTexts::new());
    a_burst_sends_one_message_and_refuses_nobody(office).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_resends_in_memory() {
    a_burst_of_resends_sends_one_more(Office::in_memory(&narrow(2))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_resends_in_redis() {
    let server = rekey_testing::redis().await;
    let office = Office::in_redis(&narrow(2), &server.url(), &KeyTexts::new());
    a_burst_of_resends_sends_one_more(office).await;
}
