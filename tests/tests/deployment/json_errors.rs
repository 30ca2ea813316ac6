//! What a program is told when a command fails: one shape, whatever it was that went wrong.

use std::process::Command;

use rekey_servers::free_port;
use rekey_tests::processes::{Outcome, rekey, run};
use serde_json::{Value, json};

use crate::deployment::demo::Demo;

const FIELDS: [&str; 9] = [
    "exit_code",
    "code",
    "reason",
    "message",
    "field_violations",
    "metadata",
    "retry_after_seconds",
    "support_code",
    "partial",
];

/// The failure that a command ended with, which is the last line of standard error.
fn failure(outcome: &Outcome) -> Value {
    let last = outcome.stderr.lines().last().unwrap_or_else(|| panic!("{outcome:?}"));
    let said: Value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
    let error = said["error"].clone();
    assert_eq!(said.as_object().unwrap().len(), 1, "{said}");
    let mut fields: Vec<&str> = error.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = FIELDS.to_vec();
    fields.sort_unstable();
    expected.sort_unstable();
    assert_eq!(fields, expected, "{error}");
    assert_eq!(error["exit_code"], outcome.code.unwrap(), "{error}");
    error
}

async fn failing(arguments: &[&str], change: impl FnOnce(&mut Command)) -> Value {
    let mut command = rekey();
    command.args(arguments).arg("--json");
    change(&mut command);
    let outcome = run(command).await;
    assert_eq!(outcome.stdout, "", "{outcome:?}");
    failure(&outcome)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_has_everything_that_the_part_said() {
    let demo = Demo::start().await;

    let unknown = demo.run(&["account", "show", "nobody@demo.example", "--json"]).await;
    let invalid = demo.run(&["policy", "set", "password.history=99", "session.life=90d", "--json"]).await;
    let in_a_batch =
        demo.run(&["account", "reset-many", "nobody@demo.example", "--require-change", "--json"]).await;

    assert!([&unknown, &invalid, &in_a_batch].iter().all(|outcome| outcome.stdout.is_empty()));
    let [unknown, invalid, in_a_batch] = [&unknown, &invalid, &in_a_batch].map(failure);
    assert_eq!((&unknown["exit_code"], &unknown["code"]), (&3.into(), &"NOT_FOUND".into()));
    assert_eq!((&unknown["reason"], &unknown["partial"]), (&"ACCOUNT_NOT_FOUND".into(), &Value::Null));
    assert_eq!(unknown["support_code"].as_str().unwrap().len(), 32);
    let fields = invalid["field_violations"].as_array().unwrap().iter();
    let fields: Vec<&str> = fields.map(|violation| violation["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["policy.password.history", "policy.session.life"], "{invalid}");
    assert_eq!(in_a_batch["reason"], "ACCOUNT_NOT_FOUND");
    let message = in_a_batch["message"].as_str().unwrap();
    assert!(message.starts_with("looking for nobody@demo.example; nothing was reset: "), "{message}");
}

#[tokio::test]
async fn what_goes_wrong_before_anybody_is_called_has_the_same_shape() {
    let folder = tempfile::tempdir().unwrap();
    let (profile, port) = (folder.path().join("cli.toml"), free_port());
    std::fs::write(&profile, format!("[identity]\nendpoint = \"http://127.0.0.1:{port}\"\n")).unwrap();
    let nothing = |_: &mut Command| {};

    let mistyped = failing(&["account", "lst"], nothing).await;
    let lacking = failing(&["tenant", "create", "acme"], nothing).await;
    let bare = failing(&["account"], nothing).await;
    let no_file = failing(&["account", "list", "--profile", "/nowhere/cli.toml"], nothing).await;
    let no_settings = failing(&["config", "check", "--config", "/nowhere/rekey.toml"], nothing).await;
    let elsewhere = |command: &mut Command| {
        command.arg("--profile").arg(&profile);
    };
    let away = failing(&["tenant", "list"], elsewhere).await;

    for usage in [&mistyped, &lacking, &bare] {
        assert_eq!((&usage["exit_code"], &usage["code"]), (&2.into(), &"INVALID_ARGUMENT".into()), "{usage}");
    }
    assert!(mistyped["message"].as_str().unwrap().contains("'lst'"), "{mistyped}");
    assert_eq!(lacking["field_violations"][0]["field"], "--name <NAME>", "{lacking}");
    for broken in [&no_file, &no_settings] {
        assert_eq!((&broken["exit_code"], &broken["code"]), (&1.into(), &"UNKNOWN".into()), "{broken}");
        assert!(broken["message"].as_str().unwrap().contains("/nowhere/"), "{broken}");
    }
    assert_eq!((&away["exit_code"], &away["code"]), (&4.into(), &"UNAVAILABLE".into()), "{away}");
}

#[tokio::test]
async fn what_was_done_before_a_command_stopped_stands_on_standard_output_and_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let away = format!("postgres://127.0.0.1:{}/rekey", free_port());
    let mut command = rekey();
    command.args(["migrate", "--json"]);
    command.env(
        "REKEY__IDENTITY__STORE__URL",
        format!("sqlite:{}", folder.path().join("identity.db").display()),
    );
    command.env("REKEY__NOTIFICATION__STORE__URL", away);

    let outcome = run(command).await;

    let error = failure(&outcome);
    assert_eq!((&error["exit_code"], &error["code"]), (&4.into(), &"UNAVAILABLE".into()), "{error}");
    let partial = json!({ "done": 1, "total": 2, "unit": "parts", "resume": null });
    assert_eq!(error["partial"], partial, "{error}");
    let done: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let parts: Vec<&Value> = done["migrated"].as_array().unwrap().iter().map(|one| &one["part"]).collect();
    assert_eq!(parts, ["identity"], "{done}");
}

#[tokio::test]
async fn what_goes_on_later_says_by_which_command() {
    let demo = Demo::start().await;
    let list = demo.folder.path().join("people.txt");
    std::fs::write(&list, "zoe@demo.example\n").unwrap();
    let job = "018f0000-0000-7000-8000-000000000001";
    let list = list.to_str().unwrap();

    let cut_off = demo.run(&["account", "bulk", "continue", job, "--from", list, "--json"]).await;
    let help = rekey().args(["account", "--help", "--json"]).output().unwrap();

    let error = failure(&cut_off);
    let resume = format!("rekey account bulk continue {job} --from {list}");
    assert_eq!((&error["partial"]["resume"], &error["partial"]["done"]), (&resume.into(), &Value::Null));
    assert!(error["message"].as_str().unwrap().starts_with("the list was cut off: "), "{error}");
    // What was asked for is no failure.
    assert!(help.status.success() && help.stderr.is_empty() && !help.stdout.is_empty(), "{help:?}");
}
