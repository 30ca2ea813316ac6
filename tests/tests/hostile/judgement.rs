//! What every refusal must look like, whoever gave it and why.

use rekey_client::Problem;
use tonic::{Code, Status};
use tonic_types::{ErrorDetail, StatusExt as _};

use crate::hostile::mutations::CONTRACT;

/// Codes that say the caller is at fault, or the moment.
const REFUSALS: [Code; 10] = [
    Code::InvalidArgument,
    Code::NotFound,
    Code::AlreadyExists,
    Code::PermissionDenied,
    Code::Unauthenticated,
    Code::FailedPrecondition,
    Code::Aborted,
    Code::OutOfRange,
    Code::ResourceExhausted,
    Code::Unimplemented,
];

/// Parts of what wrong requests hold: a refusal repeats nothing.
const TYPED: [&str; 4] = ["xxxxxxxx", "drop table", "\u{1b}", "\u{202e}"];

/// What is wrong with a refusal of this path; `None` if it is as the contract says.
pub(crate) fn fault_of(path: &str, status: &Status) -> Option<String> {
    let problem = Problem::of(status);
    let package = path.trim_start_matches('/').split_inclusive('.').take(3).collect::<String>();
    let package = package.trim_end_matches('.');
    let details = status.get_error_details_vec();
    let infos = details.iter().filter(|detail| matches!(detail, ErrorDetail::ErrorInfo(_))).count();
    let trace = problem.support_code.clone().unwrap_or_default();
    let faults = [
        (!REFUSALS.contains(&status.code()), "a code that is no refusal"),
        (infos != 1, "not exactly one ErrorInfo"),
        (Some(problem.domain.as_str()) != package.strip_suffix(".v1"), "a foreign domain"),
        (!status.message().starts_with(&format!("{}: ", problem.reason)), "a text without its reason"),
        (!is_published(package, &problem.reason), "a reason that is not published"),
        (trace.len() != 32 || !trace.bytes().all(|byte| byte.is_ascii_hexdigit()), "no trace id"),
        (problem.reason == "FIELD_INVALID" && problem.fields.is_empty(), "no field named"),
        (
            problem.fields.iter().any(|(field, what)| field.is_empty() || what.is_empty()),
            "a field without a name",
        ),
        (status.message().is_empty(), "no text"),
        (TYPED.iter().any(|typed| told(status, &problem).contains(typed)), "what was typed"),
    ];
    let fault = faults.into_iter().find(|(holds, _)| *holds)?.1;
    Some(format!("{fault}: {problem:?}"))
}

/// Everything that somebody might read.
fn told(status: &Status, problem: &Problem) -> String {
    format!(
        "{}{}{}",
        status.message(),
        joined(problem.fields.iter().map(|(field, what)| (field, what))),
        joined(&problem.metadata)
    )
}

fn joined<'a>(pairs: impl IntoIterator<Item = (&'a String, &'a String)>) -> String {
    pairs.into_iter().flat_map(|(key, value)| [key.as_str(), value.as_str()]).collect()
}

fn is_published(package: &str, reason: &str) -> bool {
    let reasons = CONTRACT.get_enum_by_name(&format!("{package}.ErrorReason")).unwrap();
    reason != "UNSPECIFIED" && reasons.get_value_by_name(&format!("ERROR_REASON_{reason}")).is_some()
}
