//! Text for people or JSON for programs, and the exit codes.

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::net::IpAddr;
use std::process::ExitCode;

use anyhow::bail;
use rekey_client::Problem;
use rekey_primitives::clock::{Clock as _, SystemClock};
use serde::Serialize;

use crate::doctor::Unwell;

/// Something broke.
const BROKEN: u8 = 1;
/// Refused with a published reason.
const REFUSED: u8 = 3;
/// The suite or a store is away.
const AWAY: u8 = 4;

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

    /// Says what went wrong and which exit code that is.
    pub(crate) fn failure(self, error: &anyhow::Error) -> ExitCode {
        if let Some(unwell) = error.downcast_ref::<Unwell>() {
            self.complain("", &unwell.to_string(), "");
            return ExitCode::from(unwell.exit_code());
        }
        let status = error.chain().find_map(|cause| cause.downcast_ref::<tonic::Status>());
        let Some(status) = status else {
            self.complain("", &told(error), "");
            return ExitCode::from(if error.chain().any(is_away) { AWAY } else { BROKEN });
        };
        let refusal = Problem::of(status);
        let mut message = plain(status.message(), &refusal).to_owned();
        if message.is_empty() {
            status.code().description().clone_into(&mut message);
        }
        if is_refused_here(&message) {
            message.push_str(": is `rekey up` running?");
        }
        for (field, what) in &refusal.fields {
            message.push_str(&format!("\n  {field}: {what}"));
        }
        // What the reason adds, such as the right that is missing.
        for (key, value) in std::collections::BTreeMap::from_iter(&refusal.metadata) {
            message.push_str(&format!("\n  {key}: {value}"));
        }
        if let Some(wait) = refusal.retry_after {
            message.push_str(&format!("\n  try again in {} s", wait.as_secs().max(1)));
        }
        self.complain(&refusal.reason, &message, refusal.support_code.as_deref().unwrap_or_default());
        match refusal.code {
            tonic::Code::Unavailable | tonic::Code::DeadlineExceeded => ExitCode::from(AWAY),
            tonic::Code::Internal | tonic::Code::Unknown | tonic::Code::DataLoss => ExitCode::from(BROKEN),
            _ => ExitCode::from(REFUSED),
        }
    }

    fn complain(self, reason: &str, message: &str, support_code: &str) {
        if self.logs_json {
            let line = serde_json::json!({
                "timestamp": SystemClock.now().to_string(),
                "level": "ERROR",
                "message": message,
                "reason": reason,
                "target": "rekey",
            });
            eprintln!("{line}");
            return;
        }
        if self.json {
            let error =
                serde_json::json!({"reason": reason, "message": message, "support_code": support_code});
            eprintln!("{}", serde_json::json!({ "error": error }));
            return;
        }
        let reason = if reason.is_empty() { String::new() } else { format!("{reason}: ") };
        eprintln!("rekey: {reason}{message}");
        if !support_code.is_empty() {
            eprintln!("  support code {support_code}");
        }
    }
}

/// Whether a connection was refused by a port of this machine: the client says so in these words.
fn is_refused_here(message: &str) -> bool {
    let Some(peer) = message.strip_prefix("connection refused by ") else { return false };
    let host = peer.rsplit_once(':').map_or(peer, |(host, _)| host).trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The text without the reason and the field, which are shown beside it.
fn plain<'a>(text: &'a str, refusal: &Problem) -> &'a str {
    let text = text.strip_prefix(&format!("{}: ", refusal.reason)).unwrap_or(text);
    let field = refusal.fields.first().map(|(field, what)| format!(": {field} {what}"));
    field.and_then(|field| text.strip_suffix(&field)).unwrap_or(text)
}

/// What broke and why, cause by cause. Some errors tell their cause themselves: it is not told twice.
fn told(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(|cause| cause.to_string()) {
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

/// Whether something that broke is a suite or a store that nobody reached, which passes.
fn is_away(cause: &(dyn std::error::Error + 'static)) -> bool {
    if let Some(error) = cause.downcast_ref::<std::io::Error>() {
        return matches!(
            error.kind(),
            ErrorKind::ConnectionRefused
                | ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::NotConnected
                | ErrorKind::TimedOut
                | ErrorKind::HostUnreachable
                | ErrorKind::NetworkUnreachable
        );
    }
    match cause.downcast_ref::<sqlx::Error>() {
        Some(sqlx::Error::PoolTimedOut) => true,
        // Postgres: class 08, no connection; 53, out of something; 57P, going down or coming up.
        Some(sqlx::Error::Database(error)) => {
            error.code().is_some_and(|code| ["08", "53", "57P"].iter().any(|class| code.starts_with(class)))
        }
        _ => false,
    }
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
    fn what_nobody_reached_is_told_from_what_broke() {
        let refused = || std::io::Error::from(ErrorKind::ConnectionRefused);
        let away = [
            anyhow::Error::new(refused()).context("no inbox"),
            anyhow::Error::new(sqlx::Error::Io(refused())).context("migrating"),
            anyhow::Error::new(sqlx::Error::PoolTimedOut),
        ];
        let broken = [
            anyhow::Error::new(std::io::Error::from(ErrorKind::NotFound)),
            anyhow::Error::new(std::io::Error::from(ErrorKind::AddrInUse)),
            anyhow::Error::new(sqlx::Error::RowNotFound),
        ];

        assert!(away.iter().all(|error| error.chain().any(is_away)));
        assert!(!broken.iter().any(|error| error.chain().any(is_away)));
    }

    #[test]
    fn only_this_machine_is_asked_whether_a_suite_runs() {
        for here in ["127.0.0.1:7301", "localhost:7301", "[::1]:7301"] {
            assert!(is_refused_here(&format!("connection refused by {here}")), "{here}");
        }
        assert!(!is_refused_here("connection refused by identity.internal:7301"));
        assert!(!is_refused_here("the name of localhost does not resolve"));
    }

    #[test]
    fn a_cause_that_was_told_already_is_not_told_again() {
        let missing = || anyhow::anyhow!("\"nofile.toml\" not found");

        let twice =
            missing().context("the settings do not read: \"nofile.toml\" not found").context("starting");
        let once = missing().context("the settings do not read");

        assert_eq!(told(&twice), "starting: the settings do not read: \"nofile.toml\" not found");
        assert_eq!(told(&once), "the settings do not read: \"nofile.toml\" not found");
    }

    #[test]
    fn columns_line_up_and_lines_have_no_tail() {
        let rows = [vec!["LOGIN".into(), "NAME".into()], vec!["zoe@acme.example".into(), "Zoe".into()]];

        assert_eq!(table(&rows), "LOGIN             NAME\nzoe@acme.example  Zoe\n");
    }
}
