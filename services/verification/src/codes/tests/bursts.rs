//! Parallel calls for one verification, with budgets that hold a single message: no call may be refused for what the
//! others have reserved.

use std::sync::atomic::AtomicUsize;

use rekey_throttle::{Budget, Failure, Outcome, Throttle};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::*;

const CALLS: usize = 32;

/// A throttle with a barrier: no call goes on before every call has reserved, or was told that a budget is exhausted.
struct BarrierThrottle {
    throttle: Arc<dyn Reserving>,
    arrived: AtomicUsize,
    barrier: Barrier,
}

#[async_trait]
impl Throttle for BarrierThrottle {
    async fn consume(&self, budgets: &[Budget], cost: u64, now: Timestamp) -> Result<Outcome, Failure> {
        self.throttle.consume(budgets, cost, now).await
    }

    async fn refund(&self, budgets: &[Budget], cost: u64, spent_at: Timestamp) -> Result<(), Failure> {
        self.throttle.refund(budgets, cost, spent_at).await
    }

    async fn count_distinct(
        &self,
        key: &str,
        member: &[u8],
        window: Duration,
        now: Timestamp,
    ) -> Result<u64, Failure> {
        self.throttle.count_distinct(key, member, window, now).await
    }

    async fn distinct(&self, key: &str, window: Duration, now: Timestamp) -> Result<u64, Failure> {
        self.throttle.distinct(key, window, now).await
    }
}

#[async_trait]
impl Reserving for BarrierThrottle {
    async fn reserve(&self, budgets: &[Budget], thing: &str, now: Timestamp) -> Result<Outcome, Failure> {
        let outcome = self.throttle.reserve(budgets, thing, now).await;
        // A call that takes another snapshot finds nobody waiting any more.
        if self.arrived.fetch_add(1, Ordering::SeqCst) < CALLS {
            self.barrier.wait().await;
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

impl TestService {
    fn with_barrier(mut self) -> Arc<Self> {
        let throttle = Arc::clone(&self.codes.throttle);
        let (arrived, barrier) = (AtomicUsize::new(0), Barrier::new(CALLS));
        self.codes.throttle = Arc::new(BarrierThrottle { throttle, arrived, barrier });
        Arc::new(self)
    }
}

/// A mailbox that gets so many messages an hour, from a caller that may request as many.
fn narrow(messages: u32) -> Settings {
    settings(|settings| {
        settings.limits.destination_per_hour = messages;
        settings.limits.caller_per_hour = messages;
    })
}

async fn a_burst_sends_one_message_and_refuses_nobody(service: TestService) {
    let service = service.with_barrier();
    let request = start_request("anna@example.com");
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        let (service, request) =
            (Arc::clone(&service), StartRequest { request_id: request_id(), ..request.clone() });
        calls.spawn(async move { service.start(&request).await.map(|started| started.times) });
    }

    let answers = calls.join_all().await;

    let first = answers[0].as_ref().unwrap();
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|times| times == first)), "{answers:?}");
    let messages = service.messages();
    assert!(messages.iter().all(|message| message.id == messages[0].id), "more than one message");
}

async fn a_burst_of_resends_sends_one_more(service: TestService) {
    let request = start_request("anna@example.com");
    service.start(&request).await.unwrap();
    let first = service.messages()[0].id;
    service.clock.advance(seconds(30));
    let service = service.with_barrier();
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        let (service, id) = (Arc::clone(&service), request.id.clone());
        calls.spawn(async move { service.resend(&id).await });
    }

    let answers = calls.join_all().await;

    let limited = answers.iter().filter(|answer| {
        let refusal = answer.as_ref().err().and_then(Error::refusal);
        matches!(refusal, Some(Refusal::DestinationLimited(_) | Refusal::NetworkLimited(_)))
    });
    assert_eq!(limited.count(), 0, "{answers:?}");
    assert!(answers.iter().any(Result::is_ok), "{answers:?}");
    let later: Vec<_> = service.messages().iter().map(|one| one.id).filter(|id| *id != first).collect();
    assert!(!later.is_empty() && later.iter().all(|id| *id == later[0]), "{later:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_starts_in_memory() {
    a_burst_sends_one_message_and_refuses_nobody(TestService::in_memory(&narrow(1))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_starts_in_redis() {
    let server = rekey_testing::redis().await;
    let service = TestService::in_redis(&narrow(1), &server.url(), &KeyTexts::new());
    a_burst_sends_one_message_and_refuses_nobody(service).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_resends_in_memory() {
    a_burst_of_resends_sends_one_more(TestService::in_memory(&narrow(2))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_resends_in_redis() {
    let server = rekey_testing::redis().await;
    let service = TestService::in_redis(&narrow(2), &server.url(), &KeyTexts::new());
    a_burst_of_resends_sends_one_more(service).await;
}
