//! What programs and people are told, by what went wrong.

use clap::Parser as _;
use serde_json::{Value, json};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::*;
use crate::arguments::Arguments;

fn shown(error: &anyhow::Error) -> Value {
    serde_json::to_value(Failure::of(error)).unwrap()
}

fn told_of(error: &anyhow::Error) -> String {
    told(error.chain(), None)
}

fn refused() -> Status {
    let mut details = ErrorDetails::with_error_info(
        "CALLER_NOT_ALLOWED",
        "rekey.identity",
        [("missing".to_owned(), "methods".to_owned())],
    );
    details
        .set_retry_info(Some(std::time::Duration::from_millis(1_500)))
        .add_bad_request_violation("handle", "is taken")
        .set_request_info("0af7651916cd43dd8448eb211c80319c", "");
    Status::with_error_details(Code::PermissionDenied, "CALLER_NOT_ALLOWED: not allowed", details)
}

#[test]
fn a_refusal_keeps_everything_that_the_part_said_and_where_it_was_said() {
    let error = anyhow::Error::from(refused()).context("looking for zoe; nothing was reset");

    let shown = shown(&error);

    let expected = json!({
        "exit_code": 3,
        "code": "PERMISSION_DENIED",
        "reason": "CALLER_NOT_ALLOWED",
        "message": "looking for zoe; nothing was reset: not allowed",
        "field_violations": [{ "field": "handle", "description": "is taken" }],
        "metadata": { "missing": "methods" },
        "retry_after_seconds": 1.5,
        "support_code": "0af7651916cd43dd8448eb211c80319c",
        "partial": null,
    });
    assert_eq!(shown, expected);
    assert_eq!(
        Failure::of(&error).text(),
        "rekey: CALLER_NOT_ALLOWED: looking for zoe; nothing was reset: not allowed\n  handle: is taken\n  \
         missing: methods\n  try again in 2 s\n  support code 0af7651916cd43dd8448eb211c80319c"
    );
}

#[test]
fn whatever_went_wrong_has_the_same_fields() {
    let file = std::io::Error::from(ErrorKind::NotFound);
    let away = std::io::Error::from(ErrorKind::ConnectionRefused);
    let usage = Arguments::try_parse_from(["rekey", "account", "lst"]).unwrap_err();

    let all = [
        shown(&refused().into()),
        shown(&anyhow::Error::new(file).context("cannot read cli.toml")),
        shown(&anyhow::Error::new(away).context("no inbox")),
        serde_json::to_value(Failure::of_usage(&usage)).unwrap(),
    ];

    let fields = |shown: &Value| shown.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert!(all.iter().all(|shown| fields(shown) == fields(&all[0])), "{all:#?}");
    let codes = all.each_ref().map(|shown| (shown["exit_code"].as_u64().unwrap(), shown["code"].as_str()));
    let expected = [
        (3, Some("PERMISSION_DENIED")),
        (1, Some("UNKNOWN")),
        (4, Some("UNAVAILABLE")),
        (2, Some("INVALID_ARGUMENT")),
    ];
    assert_eq!(codes, expected);
    assert_eq!(all[1]["message"], "cannot read cli.toml: entity not found");
}

#[test]
fn wrong_arguments_are_named() {
    let unknown = Arguments::try_parse_from(["rekey", "migrate", "--wait", "never", "--json"]).unwrap_err();
    let missing = Arguments::try_parse_from(["rekey", "tenant", "create", "acme", "--json"]).unwrap_err();

    let (unknown, missing) = (Failure::of_usage(&unknown), Failure::of_usage(&missing));

    let fields = |failure: &Failure| {
        failure.field_violations.iter().map(|violation| violation.field.clone()).collect::<Vec<_>>()
    };
    assert_eq!(fields(&unknown), ["--wait <SECONDS>"]);
    assert_eq!(fields(&missing), ["--name <NAME>"]);
    assert!(unknown.message.starts_with("invalid value 'never'"), "{}", unknown.message);
    assert!(unknown.field_violations[0].description.starts_with("invalid value 'never'"));
}

#[test]
fn what_was_done_before_is_told_with_what_stopped_it() {
    let partial = Partial { resume: Some("rekey go on".to_owned()), ..Partial::counted(40, 100, "accounts") };

    let error = anyhow::Error::from(Stopped::at(partial, refused().into()));

    let shown = shown(&error);
    let expected = json!({ "done": 40, "total": 100, "unit": "accounts", "resume": "rekey go on" });
    assert_eq!((&shown["partial"], &shown["reason"]), (&expected, &"CALLER_NOT_ALLOWED".into()));
    assert_eq!(shown["message"], "not allowed");
    let text = Failure::of(&error).text();
    assert!(text.contains("\n  40 of 100 accounts were done before\n  go on with: rekey go on"), "{text}");
    assert!(Partial::counted(0, 100, "accounts").is_empty());
}

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

    assert!(away.iter().all(|error| Failure::of(error).exit_code == AWAY));
    assert!(broken.iter().all(|error| Failure::of(error).exit_code == BROKEN));
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

    let twice = missing().context("the settings do not read: \"nofile.toml\" not found").context("starting");
    let once = missing().context("the settings do not read");

    assert_eq!(told_of(&twice), "starting: the settings do not read: \"nofile.toml\" not found");
    assert_eq!(told_of(&once), "the settings do not read: \"nofile.toml\" not found");
}
