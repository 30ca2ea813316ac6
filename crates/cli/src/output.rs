//! Text for people or JSON for programs.
//!
//! Results go to standard output and nothing else does, so that whoever reads it never takes a failure for a result; what went
//! wrong ([`failure`]) is the last line of standard error.

mod failure;

use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::process::ExitCode;

use anyhow::bail;
use rekey_primitives::clock::{Clock as _, SystemClock};
use serde::Serialize;

use self::failure::Failure;
pub(crate) use self::failure::{Partial, Stopped};

/// How a command speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
    /// Failures are lines of the log, one JSON object each.
    logs_json: bool,
}

#[allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line speaks through these, and only here"
)]
impl Output {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json, logs_json: false }
    }

    /// Failures look as the log of a process does whose `telemetry.format` is `json`.
    pub(crate) const fn logging_json(self, logs_json: bool) -> Self {
        Self { logs_json, ..self }
    }

    /// Whether a program listens.
    pub(crate) const fn is_json(self) -> bool {
        self.json
    }

    /// Prints data: as JSON, or as `text` makes it.
    pub(crate) fn data<T: Serialize>(self, data: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
        if self.json {
            print(&serde_json::to_string_pretty(data)?)?;
        } else {
            print(text(data).trim_end())?;
        }
        Ok(())
    }

    /// Says something to a person; programs do not hear it.
    pub(crate) fn say(self, text: &str) {
        if !self.json {
            println!("{text}");
        }
    }

    /// Says how far long work has come, beside the result; programs do not hear it.
    pub(crate) fn report(self, text: &str) {
        if !self.json {
            eprintln!("{text}");
        }
    }

    /// Prints what a command did that may have stopped half way, as far as it came; a failure tells how far that was.
    pub(crate) fn as_far_as<T: Serialize>(
        self,
        data: &T,
        text: impl FnOnce(&T) -> String,
        ended: anyhow::Result<()>,
        partial: Partial,
    ) -> anyhow::Result<()> {
        match ended {
            Ok(()) => self.data(data, text),
            Err(error) if partial.is_empty() => Err(error),
            Err(error) => {
                // Whoever cannot be told what was done is told at least what stopped it.
                let _told = self.data(data, text);
                Err(Stopped::at(partial, error).into())
            }
        }
    }

    /// Says what went wrong and which exit code that is.
    pub(crate) fn failure(self, error: &anyhow::Error) -> ExitCode {
        self.complain(&Failure::of(error))
    }

    /// What the command line could not make sense of. What was asked for, help and version, is no failure.
    pub(crate) fn usage(self, error: &clap::Error) -> ExitCode {
        if self.json && error.use_stderr() {
            return self.complain(&Failure::of_usage(error));
        }
        error.exit()
    }

    fn complain(self, failure: &Failure) -> ExitCode {
        if self.logs_json {
            let line = serde_json::json!({
                "timestamp": SystemClock.now().to_string(),
                "level": "ERROR",
                "message": failure.message,
                "reason": failure.reason,
                "target": "rekey",
                "error": failure,
            });
            eprintln!("{line}");
        } else if self.json {
            eprintln!("{}", serde_json::json!({ "error": failure }));
        } else {
            eprintln!("{}", failure.text());
        }
        ExitCode::from(failure.exit_code)
    }
}

/// Whether these arguments ask for JSON, as far as that can be known of arguments that do not read.
pub(crate) fn asks_for_json(arguments: impl IntoIterator<Item = OsString>) -> bool {
    arguments.into_iter().take_while(|argument| argument != "--").any(|argument| argument == "--json")
}

/// Says on standard error what goes on while a command works.
#[allow(clippy::print_stderr, reason = "a command line speaks through it")]
pub(crate) fn complain_meanwhile(text: &str) {
    eprintln!("rekey: {text}");
}

/// Prints a text and a line end. A reader that has seen enough, such as `head`, is no failure.
pub(crate) fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

/// Says what a command is about to do and asks for a word, typed whole, before it does.
pub(crate) fn confirm(what: &str, word: &str) -> anyhow::Result<()> {
    if !std::io::stdin().is_terminal() {
        bail!("{what} Say --yes where nobody can be asked.")
    }
    let mut terminal = std::io::stderr();
    write!(terminal, "{what} Type {word} to go on: ")?;
    terminal.flush()?;
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed)?;
    if !typed.ends_with('\n') {
        // What is said next begins a line.
        writeln!(terminal)?;
    }
    if typed.trim() == word { Ok(()) } else { bail!("that is not {word}: nothing was done") }
}

/// Writes a portion of data; false when the reader has seen enough, such as `head`.
pub(crate) fn write(text: &[u8]) -> anyhow::Result<bool> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        outcome => Ok(outcome.map(|()| true)?),
    }
}

/// A record of RFC 4180.
pub(crate) fn csv_record<T: AsRef<[u8]>>(fields: impl IntoIterator<Item = T>) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(fields)?;
    Ok(writer.into_inner()?)
}

/// The name of a value without that of its enum, in small letters.
pub(crate) fn word(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_ascii_lowercase()
}

/// Lines up columns: the first row is the head.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max())
        .map(Option::unwrap_or_default)
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_asked_for_by_a_flag_and_not_by_what_follows_the_flags() {
        let asks = |arguments: &[&str]| asks_for_json(arguments.iter().map(OsString::from));

        assert!(asks(&["rekey", "account", "lst", "--json"]) && asks(&["rekey", "--json", "lst"]));
        assert!(!asks(&["rekey", "account", "show", "--", "--json"]) && !asks(&["rekey", "--jsonl"]));
    }

    #[test]
    fn columns_line_up_and_lines_have_no_tail() {
        let rows = [vec!["LOGIN".into(), "NAME".into()], vec!["zoe@acme.example".into(), "Zoe".into()]];

        assert_eq!(table(&rows), "LOGIN             NAME\nzoe@acme.example  Zoe\n");
    }
}
