//! Text for people, on a terminal and on a page.

use std::io::Write as _;

/// How the program speaks: figures on standard output, and how far it is on standard error.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output;

#[expect(clippy::print_stderr, reason = "a program for the terminal speaks through this, and only here")]
impl Output {
    /// Prints what came out.
    pub(crate) fn text(self, text: &str) -> anyhow::Result<()> {
        Ok(writeln!(std::io::stdout(), "{}", text.trim_end())?)
    }

    /// Says how far it is.
    pub(crate) fn say(self, text: &str) {
        eprintln!("{text}");
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

/// The same for a page in Markdown.
pub(crate) fn markdown(rows: &[Vec<String>]) -> String {
    let line = |row: &Vec<String>| format!("| {} |\n", row.join(" | "));
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    if let Some(head) = rows.first() {
        lines.insert(1, format!("|{}\n", "---|".repeat(head.len())));
    }
    lines.concat()
}
