//! The administrators' command line against a running suite, by its output and its exit codes.

use rekey_tests::processes::{Conversation, rekey, run};

use crate::deployment::demo::Demo;

const NEW: &str = "nine slow rivers and stone";

/// What exit codes mean.
const DONE: Option<i32> = Some(0);
const WRONG_ARGUMENTS: Option<i32> = Some(2);
const REFUSED: Option<i32> = Some(3);
const AWAY: Option<i32> = Some(4);

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_reset_in_the_terminal() {
    let demo = Demo::start().await;
    let login = demo.person(0, "login");

    let done = demo.reset(login, NEW).await;

    assert_eq!(done.json()["sessions_revoked"], 0);
    assert!(!done.stdout.contains(NEW) && !done.stderr.contains(NEW));
    let messages = demo.run(&["inbox", "--json", "--to", login]).await.json();
    assert!(messages.as_array().unwrap().iter().all(|message| message["to"] == login));
    let newest = demo.run(&["inbox", "--json", "--limit", "1"]).await.json();
    assert_eq!(newest.as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_password_is_an_exit_code_and_a_published_reason() {
    let demo = Demo::start().await;

    let refused = demo.reset(demo.person(0, "login"), "short").await;

    assert_eq!(refused.code, REFUSED, "{refused:?}");
    let error: serde_json::Value = serde_json::from_str(refused.stderr.lines().last().unwrap()).unwrap();
    assert_eq!(error["error"]["reason"], "PASSWORD_REFUSED");
    assert_eq!(error["error"]["support_code"].as_str().unwrap().len(), 32);
}

#[tokio::test(flavor = "multi_thread")]
async fn this_was_not_me_freezes_and_an_administrator_releases() {
    let demo = Demo::start().await;
    let login = demo.person(1, "login");
    demo.reset(login, NEW).await.json();
    let link = demo.repudiation_link(login).await;

    let undone = demo.run(&["repudiate", &link, "--json"]).await.json();
    let again = demo.run(&["repudiate", &link]).await;

    assert_eq!(undone["password_voided"], true);
    assert_eq!(undone["account_frozen"], true);
    assert_eq!(again.code, REFUSED, "{again:?}");
    assert!(again.stderr.contains("REPUDIATION_INVALID"), "{}", again.stderr);
    let frozen = demo.run(&["account", "show", login, "--json"]).await.json();
    assert_eq!((&frozen["state"], &frozen["has_password"]), (&"frozen".into(), &false.into()));
    let released = demo.run(&["account", "unfreeze", login, "--json"]).await.json();
    assert_eq!(released["state"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_see_and_end_sessions() {
    let demo = Demo::start().await;
    let login = demo.person(2, "login");

    let none = demo.run(&["account", "sessions", login, "--json"]).await.json();
    let table = demo.run(&["account", "sessions", login]).await;
    let ended = demo.run(&["account", "revoke-sessions", login, "--json"]).await.json();

    assert_eq!((none, &ended["sessions_revoked"]), (serde_json::json!([]), &0.into()));
    assert!(table.stdout.starts_with("SESSION"), "{}", table.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_see_prefill_and_remove_security_info() {
    let demo = Demo::start().await;
    let login = demo.person(2, "login");

    let before = demo.run(&["security-info", "list", login, "--json"]).await.json();
    let mail = ["security-info", "prefill", login, "--email", "second@home.example", "--json"];
    let filled = demo.run(&mail).await.json();
    let neither = demo.run(&["security-info", "prefill", login]).await;
    let table = demo.run(&["security-info", "list", login]).await;
    let id = filled["security_info_id"].as_str().unwrap();
    let removed = demo.run(&["security-info", "remove", login, id, "--json"]).await.json();
    let again = demo.run(&["security-info", "remove", login, id]).await;
    let after = demo.run(&["security-info", "list", login, "--json"]).await.json();

    assert_eq!((&filled["kind"], &filled["state"]), (&"email".into(), &"prefilled".into()));
    assert!(table.stdout.contains("prefilled") && !table.stdout.contains("second@home"), "{}", table.stdout);
    assert_eq!((neither.code, again.code), (Some(2), Some(3)));
    assert!(again.stderr.contains("SECURITY_INFO_NOT_FOUND"), "{}", again.stderr);
    assert_eq!((&removed["security_info_id"], after), (&filled["security_info_id"], before));
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_list_block_and_unlock_accounts() {
    let demo = Demo::start().await;
    let login = demo.person(2, "login");

    let accounts = demo.run(&["account", "list", "--json"]).await.json();
    let blocked = demo.run(&["account", "block", login, "--json"]).await.json();
    let table = demo.run(&["account", "show", login]).await;
    let open = demo.run(&["account", "unblock", login, "--json"]).await.json();
    let unlocked = demo.run(&["account", "unlock", login, "--json"]).await.json();

    let logins: Vec<&str> =
        accounts.as_array().unwrap().iter().map(|account| account["logins"][0].as_str().unwrap()).collect();
    assert_eq!(logins.len(), 1 + demo.ready["people"].as_array().unwrap().len());
    assert!(logins.contains(&login));
    assert_eq!((&blocked["state"], &open["state"]), (&"blocked".into(), &"active".into()));
    assert!(table.stdout.contains("blocked"), "{}", table.stdout);
    assert_eq!(unlocked["account_id"], open["account_id"]);
    let tenants = demo.run(&["tenant", "list", "--json"]).await.json();
    assert_eq!(tenants[0]["tenant_id"], demo.ready["tenant_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_tell_refusals_from_outages_and_typing_errors() {
    let demo = Demo::start().await;

    let done = demo.run(&["account", "list"]).await;
    let wrong = demo.run(&["account", "lst"]).await;
    let refused = demo.run(&["account", "show", "nobody@demo.example"]).await;
    let mut away = rekey();
    let nobody_there = demo.scratch().join("away.toml");
    let unused = rekey_servers::free_port();
    std::fs::write(&nobody_there, format!("[identity]\nendpoint = \"http://127.0.0.1:{unused}\"\n")).unwrap();
    away.args(["tenant", "list", "--profile"]).arg(nobody_there);
    let away = run(away).await;

    assert_eq!((done.code, wrong.code, refused.code, away.code), (DONE, WRONG_ARGUMENTS, REFUSED, AWAY));
    assert!(refused.stderr.contains("ACCOUNT_NOT_FOUND"), "{}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_away_has_an_exit_code_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = format!("127.0.0.1:{}", rekey_servers::free_port());
    let database = format!("postgres://{nowhere}/rekey");
    let profile = format!("inbox = \"http://{nowhere}\"\n[identity]\nendpoint = \"http://{nowhere}\"\n");
    for (name, text) in [("cli.toml", profile.as_str()), ("password", "seven quiet lanterns")] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let first =
        ["--handle", "acme", "--name", "Acme", "--login", "a@acme.example", "--password-file", "password"];

    let mut codes = Vec::new();
    for arguments in [
        &["migrate", "identity"][..],
        &["migrate", "notification"],
        &[&["bootstrap"][..], &first].concat(),
        &["up", "--free-ports", "--postgres", &database],
        &["inbox", "--profile", "cli.toml"],
    ] {
        let mut command = rekey();
        command.args(arguments).current_dir(folder.path());
        command.env("REKEY__IDENTITY__STORE__URL", &database);
        command.env("REKEY__NOTIFICATION__STORE__URL", &database);
        codes.push(run(command).await.code);
    }

    assert_eq!(codes, [AWAY; 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_keeps_its_place_when_a_code_is_wrong_or_sent_again() {
    let demo = Demo::start().await;
    let login = demo.person(0, "login");
    let mut terminal = Conversation::begin(demo.command(&["reset", login]));

    terminal.type_line("1");
    let code = demo.code(login).await;
    terminal.type_line(if code == "000000" { "000001" } else { "000000" });
    terminal.type_line("");
    terminal.type_line(&code);
    terminal.type_line(NEW);
    let done = terminal.end().await;

    // It was chosen once, sent once, asked for again once, and refused once.
    assert_eq!(done.code, DONE, "{done:?}");
    let said = |text: &str| done.stdout.matches(text).count();
    assert_eq!((said("How can you prove"), said("A code is on its way")), (1, 1), "{}", done.stdout);
    assert_eq!((said("The last code is still good"), said("was not accepted")), (1, 1), "{}", done.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_shown_with_what_an_administrator_acts_by() {
    let demo = Demo::start().await;
    let login = demo.person(1, "login");
    demo.reset(login, NEW).await.json();
    let asked = demo.run(&["account", "block", login]).await;

    let shown = demo.run(&["account", "show", login, "--json"]).await.json();
    let text = demo.run(&["account", "show", login]).await.stdout;

    assert_eq!(asked.code, DONE, "{asked:?}");
    assert_eq!(shown["state"], "blocked");
    let wrong = |check: &&serde_json::Value| check["state"] == "wrong";
    let wrong: Vec<_> = shown["sign_in_checks"].as_array().unwrap().iter().filter(wrong).collect();
    assert!(wrong.iter().any(|check| check["remedy"] == "unblock"), "{wrong:?}");
    assert!(
        shown["security_info"].as_array().unwrap().iter().any(|entry| entry["kind"] == "email"),
        "{shown}"
    );
    assert_eq!(
        (&shown["sessions"], &shown["help_requests"]),
        (&serde_json::json!([]), &serde_json::json!([]))
    );
    for title in ["Sign-in\n", "Security info\n", "Sessions\nNone.", "Help requests\nNone is pending."] {
        assert!(text.contains(title), "{title}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_messages_arrive_is_tried_out_and_their_journey_is_shown() {
    let demo = Demo::start().await;

    let tried =
        demo.run(&["notification", "test", "ops@acme.example", "--locale", "de", "--json"]).await.json();
    let id = tried["notification_id"].as_str().unwrap();
    let mailed = demo.message("ops@acme.example", |text| text.contains("Probe")).await;
    let listed = demo.run(&["notification", "list", "--state", "delivered", "--json"]).await.json();
    let shown = demo.run(&["notification", "show", id]).await;
    let replayed = demo.run(&["notification", "replay", id]).await;
    let cancelled = demo.run(&["notification", "cancel", id]).await;
    let nowhere = demo.run(&["notification", "test", "not an address"]).await;

    assert_eq!((&tried["state"], &tried["template"]), (&"delivered".into(), &"delivery_test".into()));
    assert!(mailed.contains("kann Sie hier erreichen"), "{mailed}");
    assert!(listed.as_array().unwrap().iter().any(|message| message["notification_id"] == id), "{listed}");
    assert!(shown.stdout.contains("delivered") && !shown.stdout.contains("ops@acme"), "{shown:?}");
    assert!(
        replayed.code == REFUSED && replayed.stderr.contains("NOTIFICATION_NOT_REPLAYABLE"),
        "{replayed:?}"
    );
    assert!(
        cancelled.code == REFUSED && cancelled.stderr.contains("NOTIFICATION_NOT_QUEUED"),
        "{cancelled:?}"
    );
    assert_eq!(nowhere.code, REFUSED, "{nowhere:?}");
}
