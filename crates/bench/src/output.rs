//! Text for people or JSON for programs.

use std::io::Write as _;

use serde::Serialize;

/// How the program speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
}

#[expect(clippy::print_stderr, reason = "a program for the terminal speaks through this, and only here")]
impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints data: as JSON, or as `text` makes it.
    pub(crate) fn data<T: Serialize>(self, data: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
        let text = if self.json { serde_json::to_string_pretty(data)? } else { text(data) };
        Ok(writeln!(std::io::stdout(), "{}", text.trim_end())?)
    }

    /// Says how far it is, on standard error: standard output has the figures alone.
    pub(crate) fn say(self, text: &str) {
        if !self.json {
            eprintln!("{text}");
        }
    }

    /// Says what went wrong, with all causes.
    pub(crate) fn failure(self, error: &anyhow::Error) {
        eprintln!("rekey-bench: {error:#}");
    }
}

/// Lines up columns: the first row is the head.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}
