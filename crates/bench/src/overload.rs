//! Ten times as much as a suite can do: it should go on doing what it can, refuse the rest at once, and not grow.
//!
//! The peak is found first, as the knee of the same flow is; then ten times as much is offered for a minute.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::time::Instant;

use crate::flows::{Flow, Flows, Offer, Tally};
use crate::output::Output;
use crate::report::{Line, Rounds, Target};
use crate::suite::{Setup, Suite, resident_bytes};

/// How many times the peak is offered unless told.
pub(crate) const TIMES: f64 = 10.0;

/// What should still be done of the peak.
const GOODPUT: f64 = 0.85;

/// What a person waits for a refusal, at the 99th percentile.
const REFUSED_WITHIN_MS: f64 = 50.0;

/// Memory in the second half beside that of the first: what is bounded has grown to its bound long before.
const GROWTH: f64 = 1.1;

/// So many times the knee let every call queue.
const QUEUEING: f64 = 1.5;

/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// An overload.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Overload {
    /// What is offered.
    pub(crate) flow: Flow,
    /// How many times the peak.
    pub(crate) times: f64,
    /// For how long.
    pub(crate) length: Duration,
}

/// Memory while it lasted, in bytes, look by look.
#[derive(Debug, Default)]
struct Memory(Vec<u64>);

impl Memory {
    /// The most in the first half and the most in the second.
    fn halves(&self) -> Option<[f64; 2]> {
        let (first, second) = self.0.split_at(self.0.len() / 2);
        Some([*first.iter().max()? as f64, *second.iter().max()? as f64])
    }
}

/// The lines of one overload.
pub(crate) async fn measure(
    setup: &Setup,
    overload: Overload,
    offer: &Offer,
    output: Output,
) -> anyhow::Result<Vec<Line>> {
    let (suite, flows) = Flows::start(setup).await?;
    output.say(&format!("the peak of {} …", overload.flow.name()));
    let capacity = flows.capacity(overload.flow, offer, output).await?;
    // A knee has its calls in time; more is done where they queue, and that is the most there is.
    let queued =
        flows.offer(overload.flow, capacity.knee * QUEUEING, offer.effort.stretch * 5, offer).await?;
    let peak = capacity.peak.max(queued.goodput);
    let rate = peak * overload.times;
    output.say(&format!("{rate:.0}/s for {} s …", overload.length.as_secs()));
    let offered = flows.offer(overload.flow, rate, overload.length, offer);
    let (tally, memory) = tokio::join!(offered, watch(&suite, overload.length));
    lines(&tally?, &memory, peak)
}

fn lines(tally: &Tally, memory: &Memory, peak: f64) -> anyhow::Result<Vec<Line>> {
    ensure!(tally.refused.count() > 0, "nothing was refused: the peak was not found");
    let [first, second] = memory.halves().context("the overload was too short to look at memory")?;
    let refused = tally.refused.count() as f64;
    let with_retry_info = refused - tally.without_retry_info as f64;
    let at_most = |most| Some(Target::AtMost(most));
    let all = Some(Target::AtLeast(1.0));
    let kept = refused + tally.good.count() as f64;
    Ok(vec![
        Rounds::one(tally.goodput, peak).line("goodput", "the peak", "/s", Some(Target::AtLeast(GOODPUT))),
        Rounds::one(tally.refused.percentile(0.99), REFUSED_WITHIN_MS).line(
            "refusals p99",
            "what a person waits",
            "ms",
            at_most(1.0),
        ),
        Rounds::one(with_retry_info, refused).line("refusals with RetryInfo", "all refusals", "", all),
        Rounds::one(kept, tally.calls as f64).line("answered or refused", "all calls", "", None),
        Rounds::one(second / 1e6, first / 1e6).line(
            "most memory, second half",
            "first half",
            "MB",
            at_most(GROWTH),
        ),
    ])
}

async fn watch(suite: &Suite, length: Duration) -> Memory {
    let end = Instant::now() + length;
    let mut memory = Memory::default();
    while Instant::now() < end {
        memory.0.extend(resident_bytes(suite.process_id()));
        tokio::time::sleep(LOOK).await;
    }
    memory
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flows::Ending;
    use crate::load::Answer;
    use crate::report::Found;

    fn tally(refused_after_ms: u64, says_when: bool) -> Tally {
        let answer = |number: u64| Answer {
            at: Duration::from_millis(number * 10),
            took: Duration::from_millis(if number.is_multiple_of(10) { 200 } else { refused_after_ms }),
            outcome: if number.is_multiple_of(10) { Ending::Good } else { Ending::Refused { says_when } },
        };
        Tally::of((0..100).map(answer).collect(), Duration::ZERO, Duration::from_secs(1))
    }

    fn met(tally: &Tally, memory: Vec<u64>, peak: f64) -> Vec<Option<bool>> {
        let lines = lines(tally, &Memory(memory), peak).unwrap();
        lines
            .iter()
            .map(|line| match &line.found {
                Found::Measured(found) => found.met,
                Found::Skipped(_) => None,
            })
            .collect()
    }

    #[test]
    fn each_promise_is_judged_by_itself() {
        let yes = Some(true);
        let no = Some(false);

        assert_eq!(met(&tally(9, true), vec![5, 6, 6, 6], 10.0), [yes, yes, yes, None, yes]);
        assert_eq!(met(&tally(90, true), vec![5, 6, 6, 6], 10.0), [yes, no, yes, None, yes]);
        assert_eq!(met(&tally(9, false), vec![5, 6, 6, 6], 10.0), [yes, yes, no, None, yes]);
        assert_eq!(met(&tally(9, true), vec![5, 6, 7, 8], 10.0), [yes, yes, yes, None, no]);
        assert_eq!(met(&tally(9, true), vec![5, 6, 6, 6], 20.0), [no, yes, yes, None, yes]);
    }

    #[test]
    fn an_overload_that_refuses_nothing_was_none() {
        let idle = Tally::of(Vec::new(), Duration::ZERO, Duration::from_secs(1));

        assert!(lines(&idle, &Memory(vec![1, 1]), 10.0).is_err());
    }
}
