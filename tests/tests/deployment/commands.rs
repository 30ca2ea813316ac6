//! What an administrator types to make tenants and people.

use rekey_client::{ClientSettings, Connection};
use rekey_tests::backend::Backend;

use crate::demo::Demo;

const PASSWORD: &str = "seven quiet lanterns under snow";

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_and_a_person_in_it_are_made_and_the_person_signs_in() {
    let demo = Demo::start().await;
    let file = demo.folder.path().join("first-password");
    std::fs::write(&file, PASSWORD).unwrap();
    let (login, password_file) = ("hank@globex.example", file.to_str().unwrap());
    let tenant = ["tenant", "create", "globex", "--name", "Globex", "--domain", "globex.example", "--json"];
    let account = ["account", "create", login, "--name", "Hank", "--email", login, "--confirmed"];
    let within = ["--password-file", password_file, "--tenant", "globex", "--json"];

    let tenant_made = demo.run(&tenant).await.json();
    let account_made = demo.run(&[&account[..], &within].concat()).await.json();
    let twice = demo.run(&tenant).await;
    let listed = demo.run(&["account", "list", "--tenant", "globex", "--json"]).await.json();
    let tenants = demo.run(&["tenant", "list"]).await;

    assert_eq!(tenant_made["handle"], "globex");
    assert_eq!(tenant_made["domains"], serde_json::json!(["globex.example"]));
    assert_eq!(account_made["tenant_id"], tenant_made["tenant_id"]);
    assert_eq!(account_made["logins"], serde_json::json!([login]));
    assert_eq!(account_made["has_password"], true);
    assert_eq!(listed, serde_json::json!([account_made]));
    assert_eq!(twice.code, Some(3), "{twice:?}");
    assert!(twice.stderr.contains("TENANT_TAKEN"), "{twice:?}");
    assert!(tenants.stdout.contains("Globex"), "{tenants:?}");
    let settings = ClientSettings::to(format!("http://{}", demo.text("identity")));
    let settings = settings.with_token_file(demo.token_file());
    let identity = Connection::open(&settings, || None).unwrap();
    let backend = Backend::new(identity, tenant_made["tenant_id"].as_str().unwrap().to_owned());
    assert!(backend.signs_in(login, PASSWORD).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_changed_previewed_graded_and_put_back() {
    let demo = Demo::start().await;
    let (file, stranded) = (demo.folder.path().join("policy.json"), demo.folder.path().join("stranded"));
    let grade = async || demo.run(&["policy", "grade", "--json"]).await.json();
    let missed = |grades: serde_json::Value| {
        let met = |grade: &serde_json::Value| grade["met"] == true;
        grades.as_array().unwrap().iter().filter(|grade| !met(grade)).count()
    };

    let shown = demo.run(&["policy", "get", "--json"]).await;
    std::fs::write(&file, &shown.stdout).unwrap();
    let before = missed(grade().await);
    let writing = ["--stranded", stranded.to_str().unwrap(), "--json"];
    let preview =
        demo.run(&[&["policy", "preview", "reset.scope=nobody"], &writing[..]].concat()).await.json();
    let set = ["policy", "set", "password.minimum_length=15", "password.banned_term_list=fireworks,rockets"];
    let changed = demo.run(&[&set[..], &["--json"]].concat()).await.json();
    let after = missed(grade().await);
    let history = demo.run(&["policy", "history", "--json"]).await.json();
    let stale = demo.run(&["policy", "set", "--file", file.to_str().unwrap()]).await;
    let wrong = demo.run(&["policy", "set", "password.history=99", "session.life=90d"]).await;
    let unknown = demo.run(&["policy", "set", "password.histroy=3"]).await;
    let restored = demo.run(&["policy", "rollback", "1", "--json"]).await.json();

    let lines = std::fs::read_to_string(&stranded).unwrap().lines().count();
    assert_eq!(preview["totals"]["stranded"], lines, "{preview}");
    assert!(lines > 0 && preview["totals"]["able_then"] == 0, "{preview}");
    assert_eq!(changed["password"]["banned_term_list"], serde_json::json!(["fireworks", "rockets"]));
    assert_eq!((before, after), (2, 0));
    let fields = serde_json::json!(["password.minimum_length", "password.banned_term_list"]);
    assert_eq!(history[0]["changed_fields"], fields);
    assert!(stale.code == Some(3) && stale.stderr.contains("ETAG_MISMATCH"), "{stale:?}");
    for field in ["policy.password.history", "policy.session.life"] {
        assert!(wrong.stderr.contains(field), "{wrong:?}");
    }
    assert!(unknown.stderr.contains("rekey policy get"), "{unknown:?}");
    assert_eq!((&restored["revision"], &restored["password"]["minimum_length"]), (&3.into(), &8.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_created_disabled_enabled_and_deleted() {
    let demo = Demo::start().await;
    let webhook =
        async |arguments: &[&str]| demo.run(&[&["audit", "webhook"], arguments, &["--json"]].concat()).await;
    let create =
        ["create", "https://hooks.example/audit", "--kind", "reset.completed", "--outcome", "success"];

    let created = webhook(&create).await.json();
    let id = created["audit_webhook_id"].as_str().unwrap();
    let disabled = webhook(&["update", id, "--disable", "--all-events"]).await.json();
    let listed = webhook(&["list"]).await.json();
    let etag = created["etag"].as_str().unwrap();
    let stale = webhook(&["update", id, "--enable", "--etag", etag]).await;
    let enabled = webhook(&["update", id, "--enable", "--from-now"]).await.json();
    let rotated = webhook(&["rotate", id, "--overlap", "0"]).await.json();
    let nothing = webhook(&["update", id]).await;
    let deleted = webhook(&["delete", id]).await.json();
    let gone = webhook(&["get", id]).await;
    let internal = webhook(&["create", "https://10.0.0.1/"]).await;

    assert!(created["secret"].as_str().unwrap().starts_with("whsec_"), "{created}");
    assert_eq!((&created["state"], &created["kinds"][0]), (&"active".into(), &"reset.completed".into()));
    assert_eq!((&disabled["state"], &disabled["disabling"]), (&"disabled".into(), &"administrator".into()));
    assert_eq!((&disabled["kinds"], &disabled["outcome"]), (&serde_json::json!([]), &"".into()));
    assert_eq!((listed[0]["audit_webhook_id"].as_str(), &listed[0]["state"]), (Some(id), &"disabled".into()));
    assert!(stale.code == Some(3) && stale.stderr.contains("ETAG_MISMATCH"), "{stale:?}");
    assert_eq!(enabled["state"], "active");
    assert_ne!(rotated["secret"], created["secret"]);
    assert!(nothing.code == Some(1) && nothing.stderr.contains("--enable"), "{nothing:?}");
    assert_eq!(deleted["deleted"], id);
    assert!(gone.code == Some(3) && gone.stderr.contains("AUDIT_WEBHOOK_NOT_FOUND"), "{gone:?}");
    assert!(internal.code == Some(3) && internal.stderr.contains("FIELD_INVALID"), "{internal:?}");
}
