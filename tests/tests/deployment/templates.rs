//! Texts of an organisation from the command line: from the built-in one to a message in its own words, and back.

use std::fs;

use crate::deployment::demo::Demo;

const REFUSED: Option<i32> = Some(3);

#[tokio::test(flavor = "multi_thread")]
async fn a_text_is_taken_changed_tried_set_compared_and_put_back() {
    let demo = Demo::start().await;
    let folder = demo.folder.path().join("texts").join("de");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("delivery_test.txt");
    let path = file.to_str().unwrap();
    let on = ["delivery_test", "--locale", "de"];
    let template =
        async |action: &str, more: &[&str]| demo.run(&[&["template", action][..], &on, more].concat()).await;
    let set = async |more: &[&str]| demo.run(&[&["template", "set", path][..], more].concat()).await;

    let built_in = template("show", &[]).await.stdout;
    fs::write(&file, built_in.replace("--- sms\n", "--- sms\nAhoi! ")).unwrap();
    let tried = template("preview", &["--file", path, "--json"]).await.json();
    let compared = template("diff", &["--file", path]).await.stdout;
    let first = set(&["--json"]).await.json();
    let unchanged = set(&["--json"]).await.json();
    fs::write(&file, built_in.replace("--- text\n", "--- text\nAhoi, hier spricht Acme.\n\n")).unwrap();
    let second = demo.run(&["template", "set", demo.folder.path().join("texts").to_str().unwrap()]).await;
    demo.run(&["notification", "test", "ops@acme.example", "--locale", "de-AT"]).await;
    let mailed = demo.message("ops@acme.example", |text| text.contains("Ahoi")).await;
    let versions = template("versions", &["--json"]).await.json();
    let between = template("diff", &["--against", "1"]).await.stdout;
    let back = template("rollback", &["1", "--json"]).await.json();
    let listed = demo.run(&["template", "list", "--json"]).await.json();
    let reset = template("reset", &["--json"]).await.json();
    let again = template("reset", &[]).await;

    assert!(tried["sms"]["text"].as_str().unwrap().starts_with("Ahoi! "), "{tried}");
    assert_eq!((&tried["sms"]["encoding"], &tried["sms"]["segments"]), (&"GSM-7".into(), &1.into()));
    assert!(compared.starts_with("--- de/delivery_test built-in\n+++ "), "{compared}");
    assert!(compared.contains("\n+Ahoi! "), "{compared}");
    assert_eq!((&first[0]["changed"], &first[0]["template"]["version"]), (&true.into(), &1.into()));
    assert_eq!((&unchanged[0]["changed"], &unchanged[0]["template"]["version"]), (&false.into(), &1.into()));
    assert!(second.stdout.contains("delivery_test in de: version 2"), "{second:?}");
    assert!(mailed.contains("Ahoi, hier spricht Acme."), "{mailed}");
    assert_eq!((&versions[0]["version"], &versions[1]["action"]), (&2.into(), &"set".into()));
    assert!(between.contains("\n+Ahoi, hier spricht Acme.\n") && between.contains("\n-Ahoi! "), "{between}");
    assert_eq!((&back["version"], &back["origin"]), (&3.into(), &"tenant".into()));
    let own = listed.as_array().unwrap().iter().find(|one| one["name"] == "delivery_test").unwrap();
    assert_eq!((&own["overrides"][0]["locale"], &own["overrides"][0]["version"]), (&"de".into(), &3.into()));
    assert_eq!((&reset["origin"], &reset["version"]), (&"built_in".into(), &4.into()));
    assert!(again.code == REFUSED && again.stderr.contains("TEMPLATE_NOT_OVERRIDDEN"), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_does_not_pass_is_refused_part_by_part_and_stays_as_it_was() {
    let demo = Demo::start().await;
    let file = demo.folder.path().join("code.txt");
    fs::write(&file, "{{ code }}\n--- text\n{% if code %}\n--- sms\nhttps://evil.example/ {{ code }}\n")
        .unwrap();
    let named = ["--template", "sign_in_code", "--locale", "nl"];
    let set = ["template", "set", file.to_str().unwrap()];

    let refused = demo.run(&[&set[..], &named].concat()).await;
    fs::write(&file, "no text at all").unwrap();
    let unread = demo.run(&[&set[..], &named].concat()).await;
    let unknown = demo.run(&["template", "show", "sing_in_code", "--locale", "nl"]).await;
    let shown = demo.run(&["template", "show", "sign_in_code", "--locale", "nl", "--json"]).await.json();

    assert!(refused.code == REFUSED && refused.stderr.contains("TEMPLATE_PARTS_INVALID"), "{refused:?}");
    for part in ["parts.subject", "parts.text"] {
        assert!(refused.stderr.contains(part), "{part}: {refused:?}");
    }
    assert!(unread.code == Some(1) && unread.stderr.contains("--- sms"), "{unread:?}");
    assert!(unknown.code == REFUSED && unknown.stderr.contains("TEMPLATE_NOT_FOUND"), "{unknown:?}");
    assert_eq!((&shown["origin"], &shown["source_locale"]), (&"built_in".into(), &"en".into()));
    assert_eq!(shown["etag"], "\"0\"");
}
