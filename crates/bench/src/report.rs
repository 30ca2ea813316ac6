//! What comes out: lines with a target, as a table or as JSON.

use serde::{Serialize, Serializer};

use crate::output::table;
use crate::statistics::Sorted;

/// Everything one run found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Cores granted to this process.
    pub(crate) cores: usize,
    /// What the suite kept its data in.
    pub(crate) stores: &'static str,
    /// Whether the compiler optimised; without, the figures mean nothing.
    pub(crate) optimised: bool,
    /// Speed and memory.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) speed: Vec<Line>,
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
    /// The RPC.
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

impl Report {
    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{} cores, {}\n", self.cores, self.stores);
        if !self.optimised {
            text.push_str("built for debugging: these figures mean nothing, build with --release\n");
        }
        if !self.speed.is_empty() {
            text.push_str(&format!("\n{}", speed_table(&self.speed)));
        }
        if !self.enumeration.is_empty() {
            text.push_str(&format!("\n{}", kinds_table(&self.enumeration)));
            text.push_str(
                "\nt is Welch's, against known logins. Below 4.5 either way is what side-channel tests take for no\n\
                 difference; \"known, others\" shows what two lots of the same kind come to on this machine.\n",
            );
        }
        if !self.scale.is_empty() {
            text.push_str(&format!("\n{}", scale_table(&self.sizes, &self.scale)));
        }
        text
    }
}

fn scale_table(sizes: &[usize], lines: &[ScaleLine]) -> String {
    let mut head = vec!["WHAT".to_owned(), String::new()];
    head.extend(sizes.iter().map(|size| format!("AT {size}")));
    head.push("LAST / FIRST".to_owned());
    let row = |line: &ScaleLine| {
        let mut row = vec![line.what.to_owned(), line.unit.to_owned()];
        row.extend(line.values.iter().map(|value| figure(*value)));
        row.push(format!("{:.2}", line.growth));
        row
    };
    table(&std::iter::once(head).chain(lines.iter().map(row)).collect::<Vec<_>>())
}

fn speed_table(lines: &[Line]) -> String {
    let head = ["WHAT", "MEASURED", "BESIDE", "", "RATIO", "ROUNDS", "TARGET", "MET"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for line in lines {
        rows.push(match &line.found {
            Found::Skipped(why) => vec![line.what.to_owned(), format!("skipped: {why}")],
            Found::Measured(found) => vec![
                line.what.to_owned(),
                format!("{} {}", figure(found.value), found.unit),
                format!("{} {}", figure(found.limit), found.unit),
                found.beside.to_owned(),
                format!("{:.2}", found.ratio),
                format!("{:.2} to {:.2}", found.spread[0], found.spread[1]),
                found.target.map(Target::shown).unwrap_or_default(),
                found.met.map_or("", |met| if met { "yes" } else { "NO" }).to_owned(),
            ],
        });
    }
    // A reason is as long as it is; it must not widen a column.
    let skipped: Vec<Vec<String>> = rows.iter().filter(|row| row.len() == 2).cloned().collect();
    rows.retain(|row| row.len() != 2);
    let skipped: String = skipped.iter().map(|row| format!("{}: {}\n", row[0], row[1])).collect();
    format!("{}{skipped}", table(&rows))
}

fn kinds_table(kinds: &[Kind]) -> String {
    let head = ["RPC", "GRID", "LOGIN", "CALLS", "P50", "P90", "P99", "T"].map(str::to_owned).to_vec();
    let row = |kind: &Kind| {
        let grid = if kind.floor_ms == 0 { "none".to_owned() } else { format!("{} ms", kind.floor_ms) };
        let [p50, p90, p99] = [kind.p50, kind.p90, kind.p99].map(|ms| format!("{ms:.2} ms"));
        let t = kind.t.map(|t| format!("{t:.1}")).unwrap_or_default();
        vec![kind.rpc.to_owned(), grid, kind.kind.to_owned(), kind.calls.to_string(), p50, p90, p99, t]
    };
    table(&std::iter::once(head).chain(kinds.iter().map(row)).collect::<Vec<_>>())
}

/// Three digits that matter.
fn figure(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
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
    fn a_missed_target_stands_out() {
        let mut rounds = Rounds::default();
        rounds.add(3.2, 1.0);
        let lines = [
            rounds.line("p99", "at rest", "ms", Some(Target::AtMost(3.0))),
            Line { what: "checks", found: Found::Skipped("no Redis".to_owned()) },
        ];

        let text = speed_table(&lines);

        assert_eq!(
            text,
            "WHAT  MEASURED  BESIDE            RATIO  ROUNDS        TARGET  MET\n\
             p99   3.20 ms   1.00 ms  at rest  3.20   3.20 to 3.20  <= 3    NO\n\
             checks: skipped: no Redis\n"
        );
    }
}
