//! How far long work has come: a bar on a terminal, plain lines elsewhere, nothing where a program listens.
//!
//! It goes to standard error, so that standard output holds the result alone. Plain lines come at every tenth of the work
//! (every [`LINE_EVERY`] pieces while nobody knows how much there is), so a log of a million accounts has a dozen lines.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Output;

/// Pieces of work between two plain lines while the total is unknown: one import of a small business is one line.
const LINE_EVERY: u64 = 10_000;

/// Parts of a known total that each get a plain line.
const PARTS: u64 = 10;

/// How often a bar is drawn anew at most, in a second: what an eye follows, and little to send over a slow terminal.
const DRAWN_A_SECOND: u8 = 5;

const KNOWN: &str =
    "{prefix} [{bar:32}] {human_pos}/{human_len} {percent}%  {per_sec}  {eta} left  {wide_msg}";
const UNKNOWN: &str = "{prefix} {spinner} {human_pos}  {per_sec}  {wide_msg}";

/// Long work that is under way.
pub(crate) struct Progress {
    output: Output,
    label: &'static str,
    bar: Option<ProgressBar>,
    lines: Lines,
}

impl Progress {
    /// Begins at nothing, of nobody knows how much. `label` is what is done, such as `resetting`.
    pub(crate) fn new(output: Output, label: &'static str) -> Self {
        let is_drawn = !output.is_json() && std::io::stderr().is_terminal();
        let bar = is_drawn.then(|| {
            let target = ProgressDrawTarget::stderr_with_hz(DRAWN_A_SECOND);
            let bar = ProgressBar::with_draw_target(None, target).with_prefix(label);
            bar.set_style(style(UNKNOWN));
            bar
        });
        Self { output, label, bar, lines: Lines::default() }
    }

    /// How far it has come, of how much if that is known, and what else is worth saying, such as how many were refused.
    pub(crate) fn reach(&mut self, done: u64, total: Option<u64>, note: &str) {
        if let Some(bar) = &self.bar {
            if total.is_some() && bar.length() != total {
                bar.set_style(style(KNOWN));
                bar.set_length(total.unwrap_or_default());
            }
            bar.set_message(note.to_owned());
            bar.set_position(done);
        } else if !self.output.is_json() && self.lines.is_due(done, total) {
            self.output.report(&line(self.label, done, total, note));
        }
    }

    /// Takes the bar away; what came of it is for the caller to say. Also for work that goes on without us.
    pub(crate) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are constants that a test reads")
}

fn line(label: &str, done: u64, total: Option<u64>, note: &str) -> String {
    let of = total.map(|total| format!("/{total}")).unwrap_or_default();
    let note = if note.is_empty() { String::new() } else { format!("  {note}") };
    format!("{label} {done}{of}{note}")
}

/// Which plain lines were printed already.
#[derive(Debug, Default)]
struct Lines {
    last: Option<(bool, u64)>,
}

impl Lines {
    /// Whether this is a line's worth more than what the last one said.
    fn is_due(&mut self, done: u64, total: Option<u64>) -> bool {
        let part = match total.filter(|total| *total > 0) {
            Some(total) => done.saturating_mul(PARTS) / total,
            None => done / LINE_EVERY,
        };
        let reached = Some((total.is_some(), part));
        let is_due = self.last != reached;
        self.last = reached;
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_has_a_line_for_each_tenth() {
        let mut lines = Lines::default();

        let printed: Vec<u64> = (0..=1_000).filter(|done| lines.is_due(*done, Some(1_000))).collect();

        assert_eq!(printed, [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000]);
    }

    #[test]
    fn work_of_unknown_size_has_a_line_for_each_ten_thousand_and_one_when_the_size_is_known() {
        let mut lines = Lines::default();

        let printed: Vec<u64> = (0..=25_000).step_by(500).filter(|done| lines.is_due(*done, None)).collect();

        assert_eq!(printed, [0, 10_000, 20_000]);
        assert!(lines.is_due(25_000, Some(25_000)));
        assert!(!lines.is_due(25_000, Some(25_000)));
    }

    #[test]
    fn a_line_says_what_how_far_and_what_else() {
        assert_eq!(line("resetting", 5, Some(10), "1 refused"), "resetting 5/10  1 refused");
        assert_eq!(line("reading", 5, None, ""), "reading 5");
    }

    #[test]
    fn nothing_to_do_is_no_division() {
        let mut lines = Lines::default();

        assert!(lines.is_due(0, Some(0)));
        assert!(!lines.is_due(0, Some(0)));
    }

    #[test]
    fn the_templates_read() {
        let _ = (style(KNOWN), style(UNKNOWN));
    }
}
