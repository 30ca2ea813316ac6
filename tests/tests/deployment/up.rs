//! `rekey up`: what it tells, what it leaves behind, and what it refuses.

use std::os::unix::fs::PermissionsExt as _;

use rekey_tests::processes::{Running, rekey, run};
use rekey_tests::waiting::eventually;
use rekey_tests::web;
use tokio::net::TcpStream;

use crate::deployment::demo::Demo;

#[tokio::test(flavor = "multi_thread")]
async fn the_ready_file_has_its_published_shape_and_is_private() {
    let demo = Demo::start().await;

    let fields: Vec<&String> = demo.ready.as_object().unwrap().keys().collect();
    let mode = std::fs::metadata(&demo.ready_file).unwrap().permissions().mode();

    let published = [
        "administrator",
        "health",
        "identity",
        "inbox",
        "inbox_messages",
        "inbox_page",
        "notification",
        "people",
        "portal",
        "profile",
        "service_token",
        "tenant_id",
        "verification",
    ];
    assert_eq!(fields, published);
    assert_eq!(mode & 0o777, 0o600);
    let (portal, inbox) = (demo.text("portal"), demo.text("inbox"));
    assert_eq!(portal, inbox.replace("127.0.0.1", "localhost"));
    let pages = [demo.text("inbox_page"), demo.text("inbox_messages")];
    assert_eq!(pages, [format!("{portal}/dev/inbox"), format!("{inbox}/dev/inbox.json")]);
    assert_eq!(demo.text("profile"), demo.profile.display().to_string());
    assert!(uuid::Uuid::parse_str(demo.text("tenant_id")).is_ok());
    let administrator = demo.ready["administrator"].as_object().unwrap();
    assert_eq!(administrator.keys().collect::<Vec<_>>(), ["login", "password"]);
    let people = demo.ready["people"].as_array().unwrap();
    assert!(people.len() >= 2);
    for person in people {
        let fields: Vec<&String> = person.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["email", "login", "password", "phone"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_that_is_told_is_one_that_answers() {
    let demo = Demo::start().await;
    let base = demo.text("inbox").strip_prefix("http://").unwrap();

    for address in ["identity", "verification", "notification", "health"].map(|part| demo.text(part)) {
        let port = address.strip_prefix("127.0.0.1:").unwrap();
        assert_ne!(port, "0");
        TcpStream::connect(address).await.unwrap();
    }
    TcpStream::connect(base).await.unwrap();
    let probe = web::get(demo.text("health"), "/readyz").await.unwrap();
    let (page, messages) = (demo.page("inbox_page").await, demo.page("inbox_messages").await);
    let portal = web::get(demo.portal_host(), "/organisation").await.unwrap();

    assert_eq!((probe.status, page.status, messages.status, portal.status), (200, 200, 200, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_profile_goes_where_it_was_asked_for_and_the_commands_read_it_there() {
    let scratch = tempfile::tempdir().unwrap();
    let data = scratch.path().join("data");
    let demo = Demo::with(&data, &[]).await;
    let mut by_variable = rekey();
    by_variable.args(["tenant", "list", "--json"]).env("REKEY_PROFILE", &demo.profile);

    let listed = demo.run(&["tenant", "list", "--json"]).await.json();
    let mode = std::fs::metadata(&demo.profile).unwrap().permissions().mode();

    assert_eq!(listed[0]["tenant_id"], demo.text("tenant_id"));
    assert_eq!(run(by_variable).await.json(), listed);
    assert_eq!(mode & 0o777, 0o600);
    assert!(!data.join("cli.toml").exists());
    let greeting = demo.process.log();
    assert!(greeting.contains(&format!("rekey --profile {} reset", demo.profile.display())), "{greeting}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_profile_is_in_the_data_folder_where_no_other_place_was_named() {
    let folder = tempfile::tempdir().unwrap();
    let ready_file = folder.path().join("ready.json");
    let mut up = rekey();
    up.args(["up", "--free-ports", "--ready-file"]).arg(&ready_file).current_dir(folder.path());
    let process = Running::start("up", up, folder.path());
    eventually("the suite is up", async || ready_file.exists().then_some(())).await;
    let mut list = rekey();
    list.args(["tenant", "list", "--json"]).current_dir(folder.path());

    let listed = run(list).await.json();

    assert_eq!(listed[0]["handle"], "demo");
    assert!(folder.path().join("rekey-data/cli.toml").is_file());
    assert!(process.log().contains("rekey reset zoe@demo.example"), "{}", process.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_could_not_be_written_is_told_before_anything_is_started() {
    let folder = tempfile::tempdir().unwrap();
    for flag in ["--profile", "--ready-file"] {
        let mut command = rekey();
        command.args(["up", "--free-ports", flag, "nowhere/file"]).current_dir(folder.path());

        let refused = run(command).await;

        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.stderr.contains("nowhere/file: its folder is not there"), "{}", refused.stderr);
    }
    assert!(!folder.path().join("rekey-data/keys").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_somebody_wrote_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("acme.toml");
    let written = "[identity]\nendpoint = \"https://identity.acme.example:7301\"\n";
    std::fs::write(&profile, written).unwrap();
    let mut command = rekey();
    command.args(["up", "--free-ports"]).env("REKEY_PROFILE", &profile).current_dir(folder.path());

    let refused = run(command).await;

    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("acme.toml is not of `rekey up`"), "{}", refused.stderr);
    assert_eq!(std::fs::read_to_string(&profile).unwrap(), written);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_shows_what_would_have_been_sent_newest_first() {
    let demo = Demo::start().await;
    let (login, password) = (demo.person(0, "login"), "nine slow rivers and stone");
    assert_eq!(demo.reset(login, password).await.code, Some(0));
    demo.repudiation_link(login).await;

    let inbox = demo.inbox().await;
    let messages: Vec<_> = inbox.iter().filter(|message| message["to"] == login).collect();
    let page = demo.page("inbox_page").await;

    for message in &inbox {
        for field in ["to", "channel", "subject", "text", "created_at"] {
            assert!(message[field].is_string(), "{field} in {message}");
        }
    }
    assert_eq!(messages.len(), 2);
    assert!(messages.iter().all(|message| message["channel"] == "email"));
    assert!(messages[0]["text"].as_str().unwrap().contains("/not-me?token="));
    assert!(messages[0]["created_at"].as_str() >= messages[1]["created_at"].as_str());
    assert_eq!(page.status, 200);
    assert!(page.head.to_lowercase().contains("content-security-policy"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_it_well_and_nothing_stays_behind() {
    let demo = Demo::start().await;
    let scratch = demo.scratch();
    let in_use = std::fs::read_dir(&scratch).unwrap().count();
    let Demo { process, folder, .. } = demo;

    let status = process.stop().await;

    assert!(status.success(), "{status}");
    assert!(in_use > 0);
    assert_eq!(std::fs::read_dir(&scratch).unwrap().count(), 0);
    drop(folder);
}

#[tokio::test(flavor = "multi_thread")]
async fn production_is_refused_without_a_mail_provider() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = rekey();
    command.args(["up", "--production", "--data"]).arg(folder.path().join("data"));
    command.current_dir(folder.path());

    let refused = run(command).await;

    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("notification.providers"), "{}", refused.stderr);
    assert!(!folder.path().join("data").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn production_is_refused_without_keys() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = rekey();
    command.args(["up", "--production", "--data"]).arg(folder.path().join("data"));
    command.current_dir(folder.path());
    command.env("REKEY__NOTIFICATION__PROVIDERS__0__KIND", "smtp");
    command.env("REKEY__NOTIFICATION__PROVIDERS__0__HOST", "smtp.example.com");
    command.env("REKEY__NOTIFICATION__PROVIDERS__0__FROM", "no-reply@example.com");
    command.env("REKEY__IDENTITY__PORTAL_URL", "https://id.example.com");

    let refused = run(command).await;

    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("identity.keys.pepper_file is not set"), "{}", refused.stderr);
    assert!(!folder.path().join("data").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn production_shows_no_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = rekey();
    command.args(["up", "--production", "--ready-file"]).arg(folder.path().join("ready.json"));
    command.current_dir(folder.path());

    let refused = run(command).await;

    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("--ready-file"), "{}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ready_file_of_an_earlier_run_is_gone_before_anything_can_fail() {
    let folder = tempfile::tempdir().unwrap();
    let ready_file = folder.path().join("ready.json");
    std::fs::write(&ready_file, "{}").unwrap();
    let nowhere = format!("postgres://127.0.0.1:{}/rekey", rekey_servers::free_port());
    let mut command = rekey();
    command.args(["up", "--ephemeral", "--postgres", &nowhere, "--ready-file"]).arg(&ready_file);
    command.current_dir(folder.path());

    let failed = run(command).await;

    assert_ne!(failed.code, Some(0), "{failed:?}");
    assert!(!ready_file.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_has_one_suite_and_its_pepper_is_not_drawn_again() {
    let scratch = tempfile::tempdir().unwrap();
    let data = scratch.path().join("data");
    let again = async || {
        let mut command = rekey();
        command.args(["up", "--free-ports", "--data"]).arg(&data).current_dir(scratch.path());
        run(command).await
    };
    let demo = Demo::with(&data, &[]).await;

    let beside = again().await;
    assert!(demo.process.stop().await.success());
    std::fs::remove_file(data.join("keys/pepper")).unwrap();
    let without_pepper = again().await;

    assert_eq!((beside.code, without_pepper.code), (Some(1), Some(1)), "{beside:?} {without_pepper:?}");
    assert!(beside.stderr.contains("is in use by another `rekey up`"), "{}", beside.stderr);
    assert!(without_pepper.stderr.contains("keys/pepper is missing"), "{}", without_pepper.stderr);
    assert!(!data.join("keys/pepper").exists());
}
