//! What the command line says when something is not there: where it looked, what it found, and what to do.

use std::net::TcpListener;

use rekey_servers::free_port;
use rekey_tests::processes::{Outcome, rekey, run};

/// The exit code of a suite that nobody reached.
const AWAY: Option<i32> = Some(4);
/// Ports of a suite, by their settings.
const PORTS: [&str; 4] = [
    "REKEY__NOTIFICATION__SERVER__LISTEN",
    "REKEY__VERIFICATION__SERVER__LISTEN",
    "REKEY__IDENTITY__SERVER__LISTEN",
    "REKEY__HEALTH__LISTEN",
];

#[tokio::test]
async fn a_suite_that_does_not_run_is_told_by_its_address() {
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("cli.toml");
    let port = free_port();
    std::fs::write(&profile, format!("[identity]\nendpoint = \"http://127.0.0.1:{port}\"\n")).unwrap();
    let list = |json: &[&str]| {
        let mut command = rekey();
        command.args(["tenant", "list"]).args(json).arg("--profile").arg(&profile);
        run(command)
    };

    let (told, as_json) = (list(&[]).await, list(&["--json"]).await);

    let expected = format!("connection refused by 127.0.0.1:{port}: is `rekey up` running?");
    assert_eq!((told.code, told.stderr), (AWAY, format!("rekey: {expected}\n")));
    let error: serde_json::Value = serde_json::from_str(&as_json.stderr).unwrap();
    assert_eq!(error["error"]["message"], expected);
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_by_its_setting_and_in_the_format_of_the_log() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();

    let (for_people, for_a_collector) = (up(port, "human").await, up(port, "json").await);

    let expected =
        format!("port {port} is taken, perhaps by another `rekey`: name another by identity.server.listen");
    assert_eq!(for_people.code, Some(1), "{for_people:?}");
    assert!(for_people.stderr.contains(&expected), "{for_people:?}");
    assert!(for_people.stderr.contains("rekey up --free-ports"), "{for_people:?}");
    let line: serde_json::Value = serde_json::from_str(for_a_collector.stderr.trim()).unwrap();
    assert_eq!(line["level"], "ERROR");
    assert!(line["message"].as_str().unwrap().contains(&expected), "{line}");
    assert!(line["timestamp"].as_str().unwrap().ends_with('Z'), "{line}");
}

#[tokio::test]
async fn settings_that_do_not_read_are_told_in_the_format_of_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rekey.toml");
    std::fs::write(&file, "[telemetry]\nformat = \"json\"\n[identity]\nportal_ulr = \"x\"\n").unwrap();
    let mut command = rekey();
    command.args(["serve", "identity", "--config"]).arg(&file);

    let refused = run(command).await;

    let line: serde_json::Value = serde_json::from_str(refused.stderr.trim()).unwrap();
    assert!(line["message"].as_str().unwrap().contains("identity.portal_ulr"), "{line}");
}

/// `rekey up` whose port of identity is this one.
async fn up(identity: u16, format: &str) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let mut command = rekey();
    command.args(["up", "--data"]).arg(folder.path().join("data")).current_dir(folder.path());
    for setting in PORTS {
        let port = if setting.contains("IDENTITY") { identity } else { free_port() };
        command.env(setting, format!("127.0.0.1:{port}"));
    }
    run({
        command.env("REKEY__TELEMETRY__FORMAT", format);
        command
    })
    .await
}
