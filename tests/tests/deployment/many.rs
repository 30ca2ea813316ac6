//! Bulk resets and callers in the terminal.

use rekey_tests::processes::Conversation;

use crate::deployment::demo::Demo;

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_reset_is_started_followed_and_read_in_the_terminal() {
    let demo = Demo::start().await;
    let (first, second) = (demo.person(1, "login"), demo.person(2, "login"));
    let list = demo.folder.path().join("list.txt");
    std::fs::write(&list, format!("{first}\n\n{second}\n{first}\nnobody@acme.example\n")).unwrap();
    let from = list.to_str().unwrap();

    let nobody_named = demo.run(&["account", "bulk", "start", "--link"]).await;
    let dry = demo.run(&["account", "bulk", "start", "--require-change", "--from", from, "--dry-run"]).await;
    let started = demo.run(&["account", "bulk", "start", "--require-change", "--from", from, "--json"]).await;
    let steps: Vec<serde_json::Value> =
        started.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let done = steps.last().unwrap();
    let id = done["bulk_reset_id"].as_str().unwrap();
    let table = demo.run(&["account", "bulk", "results", id]).await;
    let refused =
        demo.run(&["account", "bulk", "results", id, "--refused", "--format", "jsonl"]).await.json();
    let status = demo.run(&["account", "bulk", "status", id]).await;
    let watched = demo.run(&["account", "bulk", "watch", id]).await;
    let cancelled = demo.run(&["account", "bulk", "cancel", id, "--json"]).await.json();
    let listed = demo.run(&["account", "bulk", "list", "--json"]).await.json();

    assert_eq!(nobody_named.code, Some(1), "{nobody_named:?}");
    assert!(nobody_named.stderr.contains("--everyone"), "{}", nobody_named.stderr);
    assert!(dry.stdout.contains("finished: 2 of 3 would be reset, 1 refused."), "{}", dry.stdout);
    assert!(dry.stderr.contains("resetting"), "{}", dry.stderr);
    assert_eq!((&done["state"], &done["accounts_reset"]), (&"finished".into(), &2.into()));
    let mut lines = table.stdout.lines();
    assert_eq!(lines.next(), Some("number,account_id,login,outcome,refused,finish_time"));
    assert_eq!(lines.filter(|line| line.contains(",reset,")).count(), 2);
    assert_eq!(
        (&refused["login"], &refused["refused"]),
        (&"nobody@acme.example".into(), &"ACCOUNT_NOT_FOUND".into())
    );
    assert!(
        status.stdout.contains(&format!("rekey account bulk results {id} --refused")),
        "{}",
        status.stdout
    );
    assert!(watched.stdout.contains("finished: 2 of 3 reset, 1 refused."), "{}", watched.stdout);
    assert_eq!(cancelled["state"], "finished");
    assert_eq!(listed.as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_verified_in_the_terminal() {
    let demo = Demo::start().await;
    let login = demo.person(2, "login");

    let mut desk = Conversation::begin(demo.command(&["help", "verify", login, "--by", "email", "--json"]));
    desk.type_line(&demo.code(login).await);
    let verified = desk.end().await.json();

    assert_eq!(verified["matched"], true);
    assert!(!verified["masked_destination"].as_str().unwrap().contains(login));
}
