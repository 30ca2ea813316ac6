//! What an administrator finds by the code that a person reads out.

use rekey_tests::waiting::eventually;
use serde_json::Value;

use crate::deployment::demo::Demo;

#[tokio::test(flavor = "multi_thread")]
async fn a_support_code_finds_events_messages_and_log_lines() {
    let demo = Demo::start().await;
    let login = demo.person(0, "login").to_owned();
    let done = demo.reset(&login, "seven quiet lanterns under snow").await;
    assert_eq!(done.code, Some(0), "{done:?}");
    let sent = async || {
        let listed = demo.run(&["audit", "list", "--kind", "reset.code_sent", "--json"]).await.json();
        listed.as_array().and_then(|events| events.first().cloned())
    };
    let sent: Value = eventually("the event is sealed", sent).await;
    let code = sent["support_code"].as_str().unwrap();
    let log = demo.folder.path().join("rekey.log");
    std::fs::write(&log, demo.process.log()).unwrap();
    let spelled = format!("{}-{}", code[..8].to_uppercase(), &code[8..]);

    let found = demo.run(&["trace", &spelled, "--logs", log.to_str().unwrap(), "--json"]).await.json();
    let text = demo.run(&["trace", code, "--logs", log.to_str().unwrap()]).await.stdout;
    let nothing = demo.run(&["trace", "00000000000000000000000000000001"]).await.stdout;
    let wrong = demo.run(&["trace", "0af7"]).await;

    assert_eq!((&found["support_code"], &found["events"][0]), (&sent["support_code"], &sent));
    let message = &found["messages"][0];
    assert_eq!(
        (&message["template"], &message["state"]),
        (&"password_reset_code".into(), &"delivered".into())
    );
    assert_eq!(found["messages"].as_array().unwrap().len(), 1);
    let lines = found["log_lines"].as_array().unwrap();
    assert!(!lines.is_empty() && lines.iter().all(|line| line["text"].to_string().contains(code)));
    assert!(text.contains("reset.code_sent") && text.contains("password_reset_code"), "{text}");
    assert!(text.contains("Log lines"), "{text}");
    assert!(nothing.contains("No event") && nothing.contains("No message"), "{nothing}");
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
}
