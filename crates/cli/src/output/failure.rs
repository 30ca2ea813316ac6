//! Why a command did not do what it was asked to: one shape for programs, one text for people and one exit code, whatever it was
//! that went wrong.
//!
//! docs/operating.md describes the shape. Every field is always there; what does not apply is null or empty.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::ErrorKind;

use clap::error::{ContextKind, ContextValue};
use rekey_client::{Problem, code_name};
use rekey_runtime::loopback::is_loopback;
use serde::Serialize;
use tonic::{Code, Status};

use crate::doctor::Unwell;

/// Something broke.
const BROKEN: u8 = 1;
/// The arguments are wrong.
const USAGE: u8 = 2;
/// Refused with a published reason.
const REFUSED: u8 = 3;
/// The suite or a store is away.
const AWAY: u8 = 4;

/// What ended a command.
#[derive(Debug, Serialize)]
pub(super) struct Failure {
    pub(super) exit_code: u8,
    /// As gRPC names it: of the part that refused; else of what comes next to it.
    code: String,
    /// As the contract publishes it.
    pub(super) reason: Option<String>,
    pub(super) message: String,
    field_violations: Vec<FieldViolation>,
    /// What the reason adds, such as the right that is missing.
    metadata: BTreeMap<String, String>,
    retry_after_seconds: Option<f64>,
    support_code: Option<String>,
    partial: Option<Partial>,
}

/// A field or an argument that is wrong, and how.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct FieldViolation {
    field: String,
    description: String,
}

/// How far a command came that stopped half way. What it did stands on standard output, as it would have at the end.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Partial {
    /// How many were done, if they were counted.
    pub(crate) done: Option<u64>,
    /// Of how many, if that is known.
    pub(crate) total: Option<u64>,
    /// What was counted, such as `accounts`.
    pub(crate) unit: &'static str,
    /// The command that goes on from there, if there is one.
    pub(crate) resume: Option<String>,
}

/// What stopped a command half way.
#[derive(Debug, thiserror::Error)]
#[error("stopped half way")]
pub(crate) struct Stopped {
    partial: Partial,
    #[source]
    error: anyhow::Error,
}

impl Stopped {
    pub(crate) const fn at(partial: Partial, error: anyhow::Error) -> Self {
        Self { partial, error }
    }
}

impl Partial {
    /// Some of all.
    pub(crate) fn counted(done: usize, total: usize, unit: &'static str) -> Self {
        Self { done: u64::try_from(done).ok(), total: u64::try_from(total).ok(), unit, resume: None }
    }

    /// What nobody counted, and how to go on with it.
    pub(crate) const fn resumed_by(unit: &'static str, command: String) -> Self {
        Self { done: None, total: None, unit, resume: Some(command) }
    }

    /// Whether it tells nothing that the failure alone does not.
    pub(crate) const fn is_empty(&self) -> bool {
        matches!(self.done, None | Some(0)) && self.resume.is_none()
    }

    fn text(&self) -> String {
        let unit = self.unit;
        let mut text = match (self.done, self.total) {
            (Some(done), Some(total)) => format!("\n  {done} of {total} {unit} were done before"),
            (Some(done), None) => format!("\n  {done} {unit} were done before"),
            (None, _) => String::new(),
        };
        if let Some(resume) = &self.resume {
            text.push_str(&format!("\n  go on with: {resume}"));
        }
        text
    }
}

impl Failure {
    pub(super) fn of(error: &anyhow::Error) -> Self {
        let mut failure = match error.chain().find_map(|cause| cause.downcast_ref::<Status>()) {
            Some(status) => Self::of_status(error, status),
            None => Self::of_ours(error),
        };
        let stopped = error.chain().find_map(|cause| cause.downcast_ref::<Stopped>());
        failure.partial = stopped.map(|stopped| stopped.partial.clone());
        failure
    }

    /// What the command line could not make sense of.
    pub(super) fn of_usage(error: &clap::Error) -> Self {
        let text = error.render().to_string();
        let text = text.trim();
        let message = match error.kind() {
            clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                "something is missing: --help tells what there is"
            }
            _ => text.strip_prefix("error: ").unwrap_or(text),
        };
        let arguments = match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(argument)) => std::slice::from_ref(argument),
            Some(ContextValue::Strings(arguments)) => arguments.as_slice(),
            _ => &[],
        };
        let description = message.lines().next().unwrap_or_default();
        let violation = |argument: &String| FieldViolation {
            field: argument.clone(),
            description: description.to_owned(),
        };
        let field_violations = arguments.iter().map(violation).collect();
        Self { field_violations, ..Self::new(USAGE, Code::InvalidArgument, message.to_owned()) }
    }

    fn of_status(error: &anyhow::Error, status: &Status) -> Self {
        let problem = Problem::of(status);
        let mut message = plain(status.message(), &problem).to_owned();
        if message.is_empty() {
            status.code().description().clone_into(&mut message);
        }
        if is_refused_here(&message) {
            message.push_str(": is `rekey up` running?");
        }
        let exit_code = match problem.code {
            Code::Unavailable | Code::DeadlineExceeded => AWAY,
            Code::Internal | Code::Unknown | Code::DataLoss => BROKEN,
            _ => REFUSED,
        };
        // A status shows itself with everything that is told apart here.
        let contexts = error.chain().take_while(|cause| !cause.is::<Status>());
        let message = told(contexts, Some(message));
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        let violation = |(field, description)| FieldViolation { field, description };
        Self {
            reason: some(problem.reason),
            field_violations: problem.fields.into_iter().map(violation).collect(),
            metadata: problem.metadata.into_iter().collect(),
            retry_after_seconds: problem.retry_after.map(|wait| wait.as_secs_f64()),
            support_code: problem.support_code.and_then(some),
            ..Self::new(exit_code, problem.code, message)
        }
    }

    /// What went wrong on this side.
    fn of_ours(error: &anyhow::Error) -> Self {
        let message = told(error.chain(), None);
        match error.downcast_ref::<Unwell>() {
            Some(unwell) => Self::new(unwell.exit_code(), Code::FailedPrecondition, message),
            None if error.chain().any(is_away) => Self::new(AWAY, Code::Unavailable, message),
            None => Self::new(BROKEN, Code::Unknown, message),
        }
    }

    fn new(exit_code: u8, code: Code, message: String) -> Self {
        Self {
            exit_code,
            code: code_name(code),
            reason: None,
            message,
            field_violations: Vec::new(),
            metadata: BTreeMap::new(),
            retry_after_seconds: None,
            support_code: None,
            partial: None,
        }
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let reason = self.reason.as_ref().map(|reason| format!("{reason}: ")).unwrap_or_default();
        let mut text = format!("rekey: {reason}{}", self.message);
        for FieldViolation { field, description } in &self.field_violations {
            text.push_str(&format!("\n  {field}: {description}"));
        }
        for (key, value) in &self.metadata {
            text.push_str(&format!("\n  {key}: {value}"));
        }
        if let Some(seconds) = self.retry_after_seconds {
            text.push_str(&format!("\n  try again in {} s", seconds.ceil().max(1.0)));
        }
        text.push_str(&self.partial.as_ref().map(Partial::text).unwrap_or_default());
        if let Some(code) = &self.support_code {
            text.push_str(&format!("\n  support code {code}"));
        }
        text
    }
}

/// What broke and why, cause by cause. Some errors tell their cause themselves: it is not told twice.
fn told<'a>(causes: impl Iterator<Item = &'a (dyn Error + 'static)>, last: Option<String>) -> String {
    let causes = causes.filter(|cause| !cause.is::<Stopped>()).map(ToString::to_string).chain(last);
    causes.fold(String::new(), |text, cause| {
        if text.is_empty() {
            cause
        } else if text.ends_with(&cause) {
            text
        } else {
            format!("{text}: {cause}")
        }
    })
}

/// Whether a connection was refused by a port of this machine: the client says so in these words.
fn is_refused_here(message: &str) -> bool {
    let Some(peer) = message.strip_prefix("connection refused by ") else { return false };
    is_loopback(peer.rsplit_once(':').map_or(peer, |(host, _)| host))
}

/// The text without the reason and the field, which are shown beside it.
fn plain<'a>(text: &'a str, problem: &Problem) -> &'a str {
    let text = text.strip_prefix(&format!("{}: ", problem.reason)).unwrap_or(text);
    let field = problem.fields.first().map(|(field, what)| format!(": {field} {what}"));
    field.and_then(|field| text.strip_suffix(&field)).unwrap_or(text)
}

/// Whether something that broke is a suite or a store that nobody reached, which passes.
fn is_away(cause: &(dyn Error + 'static)) -> bool {
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

#[cfg(test)]
mod tests;
