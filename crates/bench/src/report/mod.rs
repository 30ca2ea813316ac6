//! What comes out: lines with a target, as tables for people and as JSON for programs.

mod pages;
mod tables;

use serde::{Serialize, Serializer};

pub(crate) use self::pages::{PageFigures, PageLine};
use crate::arguments::Effort;
use crate::flows::{Capacity, Flow, Tally};
use crate::limits::machine::MachineLimits;
use crate::statistics::Sorted;
use crate::suite::Setup;

/// Everything one run found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Cores granted to this process.
    pub(crate) cores: usize,
    /// What the suite kept its data in.
    pub(crate) stores: &'static str,
    /// How suite, client and stores were kept apart.
    pub(crate) apart: &'static str,
    /// Whether the compiler optimised; without, the figures mean nothing.
    pub(crate) optimised: bool,
    /// Speed and memory.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) speed: Vec<Line>,
    /// The machine's limits beside which flows are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limits: Option<MachineLimits>,
    /// What flows hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) flows: Vec<FlowLine>,
    /// What `mixed` is made of.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) mix: String,
    /// An overload.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) overload: Vec<Line>,
    /// The queue of messages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) queue: Vec<Line>,
    /// The switch from a relay that died to another, and back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) switch: Vec<Line>,
    /// How soon pages are there, and how much they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) pages: Vec<PageLine>,
    /// Memory for browsers that watch a page.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) watchers: Vec<Line>,
    /// Whether logins can be told apart.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) enumeration: Vec<Kind>,
    /// The numbers of accounts at which there are figures of `scale`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) sizes: Vec<usize>,
    /// Work on whole directories.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) scale: Vec<ScaleLine>,
}

impl Report {
    /// One without figures yet.
    pub(crate) fn of(setup: &Setup, effort: Effort, apart: &'static str) -> Self {
        Self {
            cores: effort.cores,
            stores: setup.stores.name(),
            apart,
            optimised: !cfg!(debug_assertions),
            speed: Vec::new(),
            limits: None,
            flows: Vec::new(),
            mix: String::new(),
            overload: Vec::new(),
            queue: Vec::new(),
            switch: Vec::new(),
            pages: Vec::new(),
            watchers: Vec::new(),
            enumeration: Vec::new(),
            sizes: Vec::new(),
            scale: Vec::new(),
        }
    }
}

/// What a suite holds of one flow, and how long its calls take at half of that.
#[derive(Debug, Serialize)]
pub(crate) struct FlowLine {
    pub(crate) flow: Flow,
    /// The highest rate a second that was held.
    pub(crate) knee: f64,
    /// The most that ended well in a second, at any rate.
    pub(crate) peak: f64,
    /// The limit of the machine that the flow spends most of.
    pub(crate) limit: &'static str,
    /// The knee over that limit.
    pub(crate) ratio: f64,
    /// Milliseconds at half the knee, from when calls were due: p50, p90, p99 and p99.9.
    pub(crate) at_half: [f64; 4],
    /// Calls at half the knee that did not end well.
    pub(crate) failed_at_half: u64,
}

impl FlowLine {
    pub(crate) fn of(flow: Flow, capacity: &Capacity, half: &Tally, limit: (&'static str, f64)) -> Self {
        Self {
            flow,
            knee: capacity.knee,
            peak: capacity.peak,
            limit: limit.0,
            ratio: capacity.knee / limit.1,
            at_half: [0.5, 0.9, 0.99, 0.999].map(|share| half.good.percentile(share)),
            failed_at_half: half.calls - half.good.count(),
        }
    }
}

/// One thing that was measured at several sizes.
#[derive(Debug, Serialize)]
pub(crate) struct ScaleLine {
    /// What.
    pub(crate) what: &'static str,
    pub(crate) unit: &'static str,
    /// At each size.
    pub(crate) values: Vec<f64>,
    /// The last value over the first.
    pub(crate) growth: f64,
}

impl ScaleLine {
    pub(crate) fn of(what: &'static str, unit: &'static str, values: Vec<f64>) -> Self {
        let [first, last] = [values.first(), values.last()].map(|value| value.copied().unwrap_or_default());
        Self { what, unit, values, growth: last / first }
    }
}

/// One thing that was measured beside its limit.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    /// What.
    pub(crate) what: &'static str,
    /// The figures, or why there are none.
    #[serde(flatten)]
    pub(crate) found: Found,
}

/// What came of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Found {
    /// It was measured.
    Measured(Measured),
    /// It could not be.
    Skipped(String),
}

/// Medians of all rounds.
#[derive(Debug, Serialize)]
pub(crate) struct Measured {
    /// Of Rekey.
    pub(crate) value: f64,
    /// Of what it is compared with.
    pub(crate) limit: f64,
    /// Of both.
    pub(crate) unit: &'static str,
    /// What it is compared with.
    pub(crate) beside: &'static str,
    /// The median of the rounds' own ratios: a round's two halves see the same machine.
    pub(crate) ratio: f64,
    /// The smallest and the largest of them.
    pub(crate) spread: [f64; 2],
    /// What it should be; none where the line only explains another.
    pub(crate) target: Option<Target>,
    /// Whether it is.
    pub(crate) met: Option<bool>,
}

/// What a ratio should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    /// No less.
    AtLeast(f64),
    /// No more.
    AtMost(f64),
}

/// How one kind of login answered one RPC.
#[derive(Debug, Serialize)]
pub(crate) struct Kind {
    /// The RPC, or the form.
    pub(crate) rpc: &'static str,
    /// The grid its answers left on; 0 shows the work behind it.
    pub(crate) floor_ms: u64,
    /// The kind of login.
    pub(crate) kind: &'static str,
    /// How many calls.
    pub(crate) calls: usize,
    /// Milliseconds.
    pub(crate) p50: f64,
    /// Milliseconds.
    pub(crate) p90: f64,
    /// Milliseconds.
    pub(crate) p99: f64,
    /// Welch's t against known logins; none for these themselves.
    pub(crate) t: Option<f64>,
}

/// The rounds of one measurement: what it was and the limit beside it.
#[derive(Debug, Default)]
pub(crate) struct Rounds(Vec<(f64, f64)>);

impl Target {
    fn is_met(self, ratio: f64) -> bool {
        match self {
            Self::AtLeast(least) => ratio >= least,
            Self::AtMost(most) => ratio <= most,
        }
    }

    fn shown(self) -> String {
        match self {
            Self::AtLeast(least) => format!(">= {least}"),
            Self::AtMost(most) => format!("<= {most}"),
        }
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown())
    }
}

impl Rounds {
    /// One round is all there is.
    pub(crate) fn one(value: f64, limit: f64) -> Self {
        Self(vec![(value, limit)])
    }

    pub(crate) fn add(&mut self, value: f64, limit: f64) {
        self.0.push((value, limit));
    }

    /// What the rounds come to.
    pub(crate) fn line(
        &self,
        what: &'static str,
        beside: &'static str,
        unit: &'static str,
        target: Option<Target>,
    ) -> Line {
        let ratios = Sorted::of(self.0.iter().map(|(value, limit)| value / limit));
        let ratio = ratios.median();
        let measured = Measured {
            value: Sorted::of(self.0.iter().map(|(value, _)| *value)).median(),
            limit: Sorted::of(self.0.iter().map(|(_, limit)| *limit)).median(),
            unit,
            beside,
            ratio,
            spread: [ratios.least(), ratios.most()],
            target,
            met: target.map(|target| target.is_met(ratio)),
        };
        Line { what, found: Found::Measured(measured) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_the_median_of_the_rounds_and_not_of_the_medians() {
        let mut rounds = Rounds::default();
        rounds.add(90.0, 100.0);
        rounds.add(45.0, 50.0);
        rounds.add(80.0, 100.0);

        let Found::Measured(found) = rounds.line("a", "b", "/s", Some(Target::AtLeast(0.9))).found else {
            panic!("it was measured");
        };

        assert_eq!((found.value, found.limit, found.ratio), (80.0, 100.0, 0.9));
        assert_eq!((found.spread, found.met), ([0.8, 0.9], Some(true)));
    }

    #[test]
    fn a_flow_stands_beside_its_limit_and_says_what_went_wrong_at_half() {
        let capacity = Capacity { knee: 40.0, peak: 45.0 };
        let half = Tally { calls: 80, ..Tally::default() };

        let line = FlowLine::of(Flow::SignIn, &capacity, &half, ("hashes", 80.0));

        assert_eq!((line.ratio, line.failed_at_half, line.limit), (0.5, 80, "hashes"));
        assert_eq!(serde_json::to_value(&line).unwrap()["flow"], "sign-in");
    }
}
