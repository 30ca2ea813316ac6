//! The figures as tables, for a terminal and for a page.

use super::{FlowLine, Found, Kind, Line, Report, ScaleLine, Target, pages};
use crate::output::{markdown, table};

/// What stands under the table of logins.
const ABOUT_T: &str = "t is Welch's, against known logins. Below 4.5 either way is what side-channel tests take for no\n\
                       difference; \"known, others\" shows what two lots of the same kind come to on this machine.\n";

/// A table with its words.
struct Section {
    rows: Vec<Vec<String>>,
    /// Stands below it.
    note: String,
}

impl Report {
    /// For people.
    pub(crate) fn text(&self) -> String {
        let sections = self.sections();
        let shown = sections.iter().map(|section| format!("\n{}{}", table(&section.rows), section.note));
        format!("{}\n{}", self.title(), shown.collect::<String>())
    }

    /// For a page.
    pub(crate) fn markdown(&self) -> String {
        let sections = self.sections();
        let shown = sections.iter().map(|section| {
            let note = if section.note.is_empty() { String::new() } else { format!("\n{}", section.note) };
            format!("\n{}{note}", markdown(&section.rows))
        });
        format!("### {}\n{}", self.title(), shown.collect::<String>())
    }

    fn title(&self) -> String {
        let Self { cores, stores, apart, optimised, .. } = self;
        let doubt = if *optimised {
            ""
        } else {
            "; built for debugging: these figures mean nothing, build with --release"
        };
        format!("{stores}, {cores} cores, {apart}{doubt}")
    }

    fn sections(&self) -> Vec<Section> {
        let mut sections = Vec::new();
        if !self.speed.is_empty() {
            sections.push(lines_section(&self.speed));
        }
        if !self.flows.is_empty() {
            sections.push(Section { rows: flow_rows(&self.flows), note: self.about_flows() });
        }
        if !self.overload.is_empty() {
            sections.push(lines_section(&self.overload));
        }
        if !self.queue.is_empty() {
            sections.push(lines_section(&self.queue));
        }
        if !self.switch.is_empty() {
            sections.push(lines_section(&self.switch));
        }
        if !self.pages.is_empty() {
            sections.push(Section { rows: pages::rows(&self.pages), note: String::new() });
        }
        if !self.watchers.is_empty() {
            sections.push(lines_section(&self.watchers));
        }
        if !self.enumeration.is_empty() {
            sections.push(Section { rows: kind_rows(&self.enumeration), note: ABOUT_T.to_owned() });
        }
        if !self.scale.is_empty() {
            sections.push(Section { rows: scale_rows(&self.sizes, &self.scale), note: String::new() });
        }
        sections
    }

    fn about_flows(&self) -> String {
        let Some(limits) = self.limits else { return String::new() };
        let scripts =
            limits.scripts.map(|scripts| format!("{} scripts, ", figure(scripts))).unwrap_or_default();
        format!(
            "The machine alone, in a second: {} hashes, {} rows, {scripts}{} empty calls. Mixed: {}.\n",
            figure(limits.hashes),
            figure(limits.rows),
            figure(limits.echo),
            self.mix
        )
    }
}

pub(super) fn head<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}

fn flow_rows(lines: &[FlowLine]) -> Vec<Vec<String>> {
    let names = ["FLOW", "KNEE", "PEAK", "BESIDE", "RATIO", "P50", "P90", "P99", "P99.9", "NOT GOOD"];
    let row = |line: &FlowLine| {
        let mut row = vec![
            line.flow.name().to_owned(),
            format!("{} /s", figure(line.knee)),
            format!("{} /s", figure(line.peak)),
            line.limit.to_owned(),
            format!("{:.2}", line.ratio),
        ];
        row.extend(line.at_half.map(|ms| format!("{} ms", figure(ms))));
        row.push(line.failed_at_half.to_string());
        row
    };
    std::iter::once(head(names)).chain(lines.iter().map(row)).collect()
}

fn scale_rows(sizes: &[usize], lines: &[ScaleLine]) -> Vec<Vec<String>> {
    let mut head = head(["WHAT", ""]);
    head.extend(sizes.iter().map(|size| format!("AT {size}")));
    head.push("LAST / FIRST".to_owned());
    let row = |line: &ScaleLine| {
        let mut row = vec![line.what.to_owned(), line.unit.to_owned()];
        row.extend(line.values.iter().map(|value| figure(*value)));
        row.push(format!("{:.2}", line.growth));
        row
    };
    std::iter::once(head).chain(lines.iter().map(row)).collect()
}

fn lines_section(lines: &[Line]) -> Section {
    let mut rows = vec![head(["WHAT", "MEASURED", "BESIDE", "", "RATIO", "ROUNDS", "TARGET", "MET"])];
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
                found.met.map_or("", yes_or_no).to_owned(),
            ],
        });
    }
    // A reason is as long as it is; it must not widen a column.
    let skipped: Vec<Vec<String>> = rows.iter().filter(|row| row.len() == 2).cloned().collect();
    rows.retain(|row| row.len() != 2);
    Section { rows, note: skipped.iter().map(|row| format!("{}: {}\n", row[0], row[1])).collect() }
}

fn kind_rows(kinds: &[Kind]) -> Vec<Vec<String>> {
    let names = ["RPC", "GRID", "LOGIN", "CALLS", "P50", "P90", "P99", "T"];
    let row = |kind: &Kind| {
        let grid = if kind.floor_ms == 0 { "none".to_owned() } else { format!("{} ms", kind.floor_ms) };
        let [p50, p90, p99] = [kind.p50, kind.p90, kind.p99].map(|ms| format!("{ms:.2} ms"));
        let t = kind.t.map(|t| format!("{t:.1}")).unwrap_or_default();
        vec![kind.rpc.to_owned(), grid, kind.kind.to_owned(), kind.calls.to_string(), p50, p90, p99, t]
    };
    std::iter::once(head(names)).chain(kinds.iter().map(row)).collect()
}

/// What is missed stands out.
pub(super) const fn yes_or_no(met: bool) -> &'static str {
    if met { "yes" } else { "NO" }
}

/// Three digits that matter.
pub(super) fn figure(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Rounds;

    fn lines() -> [Line; 2] {
        let mut rounds = Rounds::default();
        rounds.add(3.2, 1.0);
        [
            rounds.line("p99", "at rest", "ms", Some(Target::AtMost(3.0))),
            Line { what: "checks", found: Found::Skipped("no Redis".to_owned()) },
        ]
    }

    #[test]
    fn a_missed_target_stands_out() {
        let section = lines_section(&lines());

        assert_eq!(
            format!("{}{}", table(&section.rows), section.note),
            "WHAT  MEASURED  BESIDE            RATIO  ROUNDS        TARGET  MET\n\
             p99   3.20 ms   1.00 ms  at rest  3.20   3.20 to 3.20  <= 3    NO\n\
             checks: skipped: no Redis\n"
        );
    }

    #[test]
    fn a_page_has_the_same_rows() {
        let section = lines_section(&lines());

        assert_eq!(
            markdown(&section.rows),
            "| WHAT | MEASURED | BESIDE |  | RATIO | ROUNDS | TARGET | MET |\n\
             |---|---|---|---|---|---|---|---|\n\
             | p99 | 3.20 ms | 1.00 ms | at rest | 3.20 | 3.20 to 3.20 | <= 3 | NO |\n"
        );
    }
}
