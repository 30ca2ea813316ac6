//! The commands that need no running suite, by their output and their exit codes.
//!
//! Because these tests are here, Cargo builds the program before any test of the workspace runs, and the tests of
//! whole deployments find it.
#![expect(clippy::unwrap_used, reason = "a test has nothing better to do than to fail")]

use std::process::{Command, Output};

fn rekey(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rekey"));
    command.args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    rekey(arguments).output().unwrap()
}

fn stdout(output: &Output) -> &str {
    assert!(output.status.success(), "{output:?}");
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_str(stdout(output)).unwrap()
}

#[test]
fn the_printed_defaults_are_a_file_that_lacks_what_no_default_can_give() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rekey.toml");
    std::fs::write(&file, stdout(&run(&["config", "defaults"]))).unwrap();

    let shown = json(&run(&["config", "show", "--json", "--config", file.to_str().unwrap()]));
    let checked = run(&["config", "check", "--config", file.to_str().unwrap()]);

    let settings = shown.as_array().unwrap();
    assert!(settings.iter().all(|one| one["origin"] == file.to_str().unwrap()), "{shown}");
    assert_eq!(checked.status.code(), Some(1));
    assert!(stderr(&checked).contains("identity.keys.pepper_file is not set"), "{}", stderr(&checked));
}

#[test]
fn a_misspelt_setting_fails_the_check_with_the_nearest_known_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rekey.toml");
    std::fs::write(&file, "[identity]\nanswer_flor_ms = 1\n").unwrap();

    let checked = run(&["config", "check", "--config", file.to_str().unwrap()]);

    assert_eq!(checked.status.code(), Some(1));
    assert!(stderr(&checked).contains("identity.answer_flor_ms"), "{}", stderr(&checked));
    assert!(stderr(&checked).contains("`identity.answer_floor_ms`"), "{}", stderr(&checked));
}

#[test]
fn a_contradiction_fails_the_check_in_json_as_well() {
    let mut command = rekey(&["config", "check", "--json"]);
    command.env("REKEY__IDENTITY__PORTAL_URL", "not a link");

    let checked = command.output().unwrap();

    assert_eq!(checked.status.code(), Some(1));
    let error: serde_json::Value = serde_json::from_str(stderr(&checked)).unwrap();
    assert!(error["error"]["message"].as_str().unwrap().contains("identity.portal_url"), "{error}");
}

#[test]
fn serve_and_the_check_of_a_part_refuse_what_only_development_may_have() {
    let checks = [["config", "check"].as_slice(), &["config", "check", "notification"]];
    for arguments in [["serve", "notification"].as_slice()].into_iter().chain(checks) {
        let mut command = rekey(arguments);
        command.env("REKEY__NOTIFICATION__PROVIDERS__0__KIND", "inbox");
        command.env("REKEY__NOTIFICATION__PROVIDERS__0__CHANNELS", "sms");

        let refused = command.output().unwrap();

        assert_eq!(refused.status.code(), Some(1), "{arguments:?}");
        assert!(
            stderr(&refused).contains("not in production: the development inbox"),
            "{}",
            stderr(&refused)
        );
        assert!(stderr(&refused).contains("notification.providers"), "{}", stderr(&refused));
    }
}

#[test]
fn effective_settings_are_shown_with_their_origin_and_without_secrets() {
    let mut command = rekey(&["config", "show", "--json"]);
    command.env("REKEY__IDENTITY__STORE__URL", "postgres://rekey:hunter2@db/rekey");

    let shown = command.output().unwrap();

    assert!(!stdout(&shown).contains("hunter2"));
    let settings = json(&shown);
    let url = settings.as_array().unwrap().iter().find(|one| one["key"] == "identity.store.url").unwrap();
    assert_eq!(url["origin"], "environment REKEY__IDENTITY__STORE__URL");
}

#[test]
fn a_token_is_shown_once_with_an_entry_that_knows_only_its_digest() {
    let drawn = json(&run(&[
        "token",
        "create",
        "backend",
        "--json",
        "--method",
        "/rekey.identity.v1.SessionService/*",
    ]));
    let again = json(&run(&["token", "create", "backend", "--json", "--everything"]));
    let text = run(&["token", "create", "backend", "--everything"]);
    let nothing = run(&["token", "create", "backend"]);

    let token = drawn["token"].as_str().unwrap();
    assert!(token.starts_with("rekey_") && token.len() == 6 + 43, "{token}");
    assert_ne!(drawn["token"], again["token"]);
    let digest = rekey_runtime::access::token_digest(token);
    assert_eq!(drawn["entry"]["token_sha256"], serde_json::json!([digest]));
    assert_eq!(drawn["entry"]["methods"], serde_json::json!(["/rekey.identity.v1.SessionService/*"]));
    assert_eq!(drawn["entry"]["tenants"], serde_json::json!([]));
    assert_eq!(drawn["entry"]["may_assert_context"], false);
    assert!(!drawn["entry"].to_string().contains(token));
    assert!(stdout(&text).contains("[[caller]]"));
    assert_eq!(nothing.status.code(), Some(2));
    assert!(stderr(&nothing).contains("--method"), "{}", stderr(&nothing));
}

#[test]
fn shells_are_told_every_command() {
    let script = run(&["completions", "bash"]);

    for command in ["up", "serve", "migrate", "bootstrap", "account", "reset", "repudiate", "inbox"] {
        assert!(stdout(&script).contains(&format!("rekey,{command})")), "{command}");
    }
}

#[test]
fn every_shell_gets_a_script_of_its_own() {
    let scripts = ["bash", "elvish", "fish", "powershell", "zsh"].map(|shell| run(&["completions", shell]));

    let texts: std::collections::BTreeSet<&str> = scripts.iter().map(stdout).collect();
    assert_eq!(texts.len(), scripts.len());
    assert!(texts.iter().all(|text| text.contains("bootstrap") && text.contains("repudiate")));
    assert_eq!(run(&["completions", "abacus"]).status.code(), Some(2));
}

#[test]
fn wrong_arguments_and_missing_files_have_codes_of_their_own() {
    let wrong = run(&["serve", "everything"]);
    let no_profile = run(&["account", "list", "--profile", "/nowhere/cli.toml"]);
    let no_file = run(&["config", "check", "--config", "/nowhere/rekey.toml"]);

    assert_eq!(wrong.status.code(), Some(2));
    assert_eq!(no_profile.status.code(), Some(1));
    assert!(stderr(&no_profile).contains("is `rekey up` running here?"), "{}", stderr(&no_profile));
    assert_eq!(no_file.status.code(), Some(1));
    assert!(stderr(&no_file).contains("/nowhere/rekey.toml"), "{}", stderr(&no_file));
}
