//! What backends ask for, offered at set times whatever the answers do: how much of it a suite holds, and how long it takes.
//!
//! | Room | Does |
//! |---|---|
//! | [`mix`] | the flows by name, and mixtures of them |
//! | [`calls`] | each flow as calls |
//! | [`post`] | the relay that codes arrive at |
//! | [`tally`] | how calls ended |

mod calls;
pub(crate) mod mix;
mod post;
mod tally;

use std::time::Duration;

use anyhow::Context as _;

pub(crate) use self::calls::Flows;
pub(crate) use self::mix::{Flow, Mix};
pub(crate) use self::post::Post;
#[cfg(test)]
pub(crate) use self::tally::Ending;
pub(crate) use self::tally::Tally;
use crate::arguments::Effort;
use crate::knee::Search;
use crate::limits::machine::{Limit, MachineLimits};
use crate::load::{self, Arrivals};
use crate::output::Output;
use crate::report::FlowLine;
use crate::suite::{Setup, Suite};

/// The rate that a search begins with: every flow on every machine holds it.
const FIRST_RATE: f64 = 10.0;

/// Share of the calls that must end well at a rate that is held.
const HELD_SHARE: f64 = 0.99;

/// What 99 in 100 calls may take at a rate that is held, in milliseconds: beyond it a person notices, and a queue grows.
const HELD_MS: f64 = 250.0;

/// Until queues are as they stay.
pub(crate) const SETTLING: Duration = Duration::from_millis(500);

/// What a stretch that was too much leaves behind, such as mails, is done by then.
const RECOVERY: Duration = Duration::from_secs(2);

/// How calls are offered, but for their rate.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    pub(crate) effort: Effort,
    pub(crate) mix: Mix,
}

/// What was found about one flow.
#[derive(Debug, Clone)]
pub(crate) struct Capacity {
    /// The highest rate that was held.
    pub(crate) knee: f64,
    /// The most that ended well in a second, at any rate that was offered.
    pub(crate) peak: f64,
}

impl Flows {
    /// Starts a suite that sends its mails here, without limits on strangers and without delays.
    pub(crate) async fn start(setup: &Setup) -> anyhow::Result<(Suite, Self)> {
        let post = Post::open().await?;
        let suite = Suite::start(setup.unlimited(0).with(post.settings())).await?;
        let flows = Self::begin(&suite, post).await?;
        Ok((suite, flows))
    }

    /// Offers one flow at a rate for `length`, and counts after a while of settling.
    pub(crate) async fn offer(
        &self,
        flow: Flow,
        rate: f64,
        length: Duration,
        offer: &Offer,
    ) -> anyhow::Result<Tally> {
        let Effort { spacing, seed, .. } = offer.effort;
        let due = Arrivals { per_second: rate, length, spacing, seed }.due();
        let drawn = match flow {
            Flow::Mixed => offer.mix.draw(due.len(), seed),
            one => vec![one; due.len()],
        };
        let (flows, prepared) = (self.clone(), self.prepare(drawn).await?);
        let call = move |number: usize| {
            let (flows, prepared) = (flows.clone(), prepared[number].clone());
            async move { flows.call(prepared, number).await }
        };
        Ok(Tally::of(load::open(due, call).await?, SETTLING.min(length / 4), length))
    }

    /// Offers half of what is held, which is what a sane deployment runs at, round by round with other arrivals.
    async fn at_half(&self, flow: Flow, knee: f64, offer: &Offer) -> anyhow::Result<Tally> {
        let mut all = Tally::default();
        let mut offer = offer.clone();
        for _ in 0..offer.effort.rounds {
            all.merge(self.offer(flow, knee / 2.0, offer.effort.stretch * 2, &offer).await?);
            offer.effort.seed = offer.effort.seed.wrapping_add(1);
        }
        Ok(all)
    }

    /// Finds the knee of a flow.
    pub(crate) async fn capacity(
        &self,
        flow: Flow,
        offer: &Offer,
        output: Output,
    ) -> anyhow::Result<Capacity> {
        let mut search = Search::from(FIRST_RATE);
        let (mut peak, mut last) = (0.0_f64, None);
        while let Some(rate) = search.next() {
            let mut is_held = false;
            // A neighbour's burst is no knee: what was not held is offered once more.
            for _ in 0..2 {
                let tally = self.offer(flow, rate, offer.effort.stretch * 2, offer).await?;
                peak = peak.max(tally.goodput);
                is_held = tally.is_held(HELD_SHARE, HELD_MS);
                output.say(&format!("  {}", told(rate, &tally, is_held)));
                last = tally.failure.or(last);
                if is_held {
                    break;
                }
                tokio::time::sleep(RECOVERY).await;
            }
            search.record(rate, is_held);
        }
        let knee = search.knee().with_context(|| {
            format!("{} was held at no rate: {}", flow.name(), last.unwrap_or_else(|| "too slow".to_owned()))
        })?;
        Ok(Capacity { knee, peak: peak.max(knee) })
    }
}

/// A stretch, for whoever watches.
fn told(rate: f64, tally: &Tally, is_held: bool) -> String {
    let failure = tally.failure.as_ref().map(|why| format!(", {} failed: {why}", tally.failed));
    format!(
        "{rate:.0}/s offered, {:.0}/s good, p99 {:.1} ms, {} refused{}: {}",
        tally.goodput,
        tally.good.percentile(0.99),
        tally.refused.count(),
        failure.unwrap_or_default(),
        if is_held { "held" } else { "not held" }
    )
}

/// A line for each of these flows, beside the machine's limits.
pub(crate) async fn measure(
    setup: &Setup,
    asked: &[Flow],
    offer: &Offer,
    output: Output,
) -> anyhow::Result<(MachineLimits, Vec<FlowLine>)> {
    let (suite, flows) = Flows::start(setup).await?;
    output.say("the machine's limits …");
    let limits = MachineLimits::measure(&suite, offer.effort).await?;
    let mut lines = Vec::new();
    for flow in asked.iter().copied() {
        output.say(&format!("{} …", flow.name()));
        let capacity = flows.capacity(flow, offer, output).await?;
        let half = flows.at_half(flow, capacity.knee, offer).await?;
        lines.push(FlowLine::of(flow, &capacity, &half, limits.of(limit_of(flow))));
    }
    Ok((limits, lines))
}

/// What a flow spends most of.
const fn limit_of(flow: Flow) -> Limit {
    match flow {
        Flow::SignIn | Flow::Complete | Flow::Reset => Limit::Hashes,
        Flow::Start => Limit::Rows,
        Flow::Send | Flow::Check => Limit::Scripts,
        Flow::CheckAccessToken | Flow::Mixed => Limit::Echo,
    }
}
