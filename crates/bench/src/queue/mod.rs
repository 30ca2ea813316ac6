//! The queue of notification: how soon a code is picked up behind a hundred thousand bulk mails, and how fast those leave, beside
//! the bare claims of the same database.
//!
//! A code is followed from the call that sends it to its mail at the relay, so what is measured holds more than the pick-up. The
//! mailing is as slow as by default while codes are sent, so that it stays where it is, and as fast as it can be afterwards.

mod bare;

use std::time::Duration;

use anyhow::{Context as _, ensure};
use rekey_wire::notification::v1::batch_send_result::Result as Sent;
use rekey_wire::notification::v1::notification_service_client::NotificationServiceClient;
use rekey_wire::notification::v1::{BatchSendNotificationsRequest, Lane};
use tokio::sync::oneshot::Receiver;
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::bare::Claims;
use crate::caller::Caller;
use crate::flows::Post;
use crate::histogram::Latencies;
use crate::messages::{PACE, PATIENCE, message, send_code, sending};
use crate::output::Output;
use crate::program::{Variable, variable};
use crate::report::{Line, Rounds, Target};
use crate::suite::{Setup, Suite};

/// Mails of one call.
const BATCH: usize = 100;

/// Calls of the mailing at once.
const CALLS: usize = 8;

/// What a code may take.
const PICKED_UP_MS: f64 = 250.0;

/// What the slowest code may take. One that waited behind the mailing would take minutes.
const SLOWEST_MS: f64 = 2_000.0;

/// What draining should reach of the bare claims.
const DRAIN: f64 = 0.5;

/// What is queued.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Queue {
    pub(crate) bulk: usize,
    pub(crate) codes: usize,
    /// For how long draining and bare claims are measured, each.
    pub(crate) length: Duration,
}

/// The lines of one queue.
pub(crate) async fn measure(setup: &Setup, queue: Queue, output: Output) -> anyhow::Result<Vec<Line>> {
    let post = Post::open().await?;
    let mut suite = Suite::start(setup.clone().with(post.settings())).await?;
    output.say(&format!("queueing {} bulk mails …", queue.bulk));
    fill(&suite.notification().await?, queue.bulk).await?;
    let waiting = waiting(&suite).await?;
    output.say(&format!("{} codes behind {waiting} of them …", queue.codes));
    let codes = send_codes(&suite.notification().await?, &post, queue.codes).await?;
    output.say("draining …");
    suite.restart_with(unhurried_no_more()).await?;
    let drained = drain(&suite, queue.length).await?;
    output.say("bare claims …");
    let claims = bare::measure(suite.stores.notification_database(), queue.length).await?;
    Ok(lines(&codes, drained, claims))
}

fn lines(codes: &Latencies, drained: f64, claims: Claims) -> Vec<Line> {
    let p99 = codes.percentile(0.99);
    let slowest = codes.percentile(1.0);
    let at_most = Some(Target::AtMost(1.0));
    vec![
        Rounds::one(p99, PICKED_UP_MS).line("code behind bulk p99", "what a person waits", "ms", at_most),
        Rounds::one(slowest, SLOWEST_MS).line("the slowest code", "no code behind bulk", "ms", at_most),
        Rounds::one(drained, claims.in_batches).line(
            "messages drained",
            "bare claims of 50",
            "/s",
            Some(Target::AtLeast(DRAIN)),
        ),
        Rounds::one(drained, claims.one_by_one).line(
            "messages drained",
            "bare claims, one by one",
            "/s",
            None,
        ),
    ]
}

/// The bulk lane as fast as it can be.
fn unhurried_no_more() -> Vec<Variable> {
    let bulk = |name: &str, value: &str| variable(&format!("notification.bulk.{name}"), value);
    vec![bulk("per_second", "0"), bulk("workers", "64"), bulk("per_domain", "64"), bulk("batch", "64")]
}

/// Queues so many bulk mails.
async fn fill(caller: &Caller, count: usize) -> anyhow::Result<()> {
    let mut calls = JoinSet::new();
    for first in (0..count).step_by(BATCH) {
        if calls.len() >= CALLS {
            calls.join_next().await.context("a call is under way")???;
        }
        let (caller, last) = (caller.clone(), (first + BATCH).min(count));
        calls.spawn(async move { queue_batch(&caller, first..last).await });
    }
    while let Some(ended) = calls.join_next().await {
        ended??;
    }
    Ok(())
}

async fn queue_batch(caller: &Caller, numbers: std::ops::Range<usize>) -> anyhow::Result<()> {
    let variables = [("organisation", "Contoso"), ("time", "today")];
    let requests = numbers.clone().map(|number| {
        // Many domains, so that no share of one is what is measured.
        let address = format!("reader@bulk{}.example", number % 997);
        sending(caller, message(address, Lane::Bulk, "delivery_test", &variables))
    });
    let batch = BatchSendNotificationsRequest { tenant_id: caller.tenant_id(), requests: requests.collect() };
    let mut client = NotificationServiceClient::new(caller.channel(numbers.start));
    let results = client.batch_send_notifications(caller.request(batch)).await?.into_inner().results;
    let refused = results.iter().filter(|result| !matches!(result.result, Some(Sent::Accepted(_)))).count();
    ensure!(refused == 0, "{refused} of a batch were refused");
    Ok(())
}

/// Sends codes at a set pace, and follows each to the relay.
async fn send_codes(caller: &Caller, post: &Post, count: usize) -> anyhow::Result<Latencies> {
    let mut codes = JoinSet::new();
    let mut due = Instant::now();
    for number in 0..count {
        due += PACE;
        tokio::time::sleep_until(due).await;
        let address = format!("reader{number}@codes.example");
        let (caller, arrival) = (caller.clone(), post.expect(&address));
        codes.spawn(async move { follow(&caller, address, arrival, number).await });
    }
    let mut took = Latencies::default();
    while let Some(ended) = codes.join_next().await {
        took.record(ended??);
    }
    Ok(took)
}

async fn follow(
    caller: &Caller,
    address: String,
    arrival: Receiver<String>,
    number: usize,
) -> anyhow::Result<Duration> {
    let began = Instant::now();
    send_code(caller, address, number).await?;
    tokio::time::timeout(PATIENCE, arrival).await.context("a code did not arrive")??;
    Ok(began.elapsed())
}

const WAITING: &str = "select count(*) from notification where state in (1, 2) and lane = 3";

async fn waiting(suite: &Suite) -> anyhow::Result<i64> {
    suite.stores.notification_database().count(WAITING).await
}

/// Messages that leave in a second.
async fn drain(suite: &Suite, length: Duration) -> anyhow::Result<f64> {
    let (before, began) = (waiting(suite).await?, Instant::now());
    tokio::time::sleep(length).await;
    let (after, took) = (waiting(suite).await?, began.elapsed());
    ensure!(after > 0, "everything left within {} s: queue more", length.as_secs());
    Ok((before - after) as f64 / took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Found;

    #[test]
    fn codes_and_draining_are_judged_beside_what_they_should_be() {
        let met = |slowest: u64, drained: f64| -> Vec<Option<bool>> {
            let codes = Latencies::of((1..=100).map(|_| Duration::from_millis(slowest)));
            let lines = lines(&codes, drained, Claims { in_batches: 1_000.0, one_by_one: 500.0 });
            let met = |line: &Line| match &line.found {
                Found::Measured(found) => found.met,
                Found::Skipped(_) => None,
            };
            lines.iter().map(met).collect()
        };

        assert_eq!(met(200, 600.0), [Some(true), Some(true), Some(true), None]);
        assert_eq!(met(300, 400.0), [Some(false), Some(true), Some(false), None]);
        assert_eq!(met(2_100, 600.0), [Some(false), Some(false), Some(true), None]);
    }
}
