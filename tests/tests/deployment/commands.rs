//! What an administrator types to make tenants and people.

use rekey_client::{ClientSettings, Connection};
use rekey_tests::backend::Backend;

use crate::deployment::demo::Demo;

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
async fn the_groups_of_an_account_are_listed_by_its_login_or_its_id() {
    let demo = Demo::start().await;
    let (login, other) = (demo.person(0, "login"), demo.person(1, "login"));
    let id = demo.run(&["account", "show", login, "--json"]).await.json()["account_id"].clone();
    let outer = demo.run(&["group", "create", "Everybody", "--json"]).await.json()["group_id"].clone();
    let inner = demo.run(&["group", "create", "Staff", "--json"]).await.json()["group_id"].clone();
    let (id, outer, inner) = (id.as_str().unwrap(), outer.as_str().unwrap(), inner.as_str().unwrap());
    let outer = demo.run(&["group", "add", outer, "--group", inner, "--json"]).await.json();
    let inner = demo.run(&["group", "add", inner, "--account", login, "--json"]).await.json();
    let list = ["group", "list", "--json"];

    let by_login = demo.run(&[&list[..], &["--member", login]].concat()).await.json();
    let by_id = demo.run(&[&list[..], &["--member", id]].concat()).await.json();
    let of_other = demo.run(&[&list[..], &["--member", other]].concat()).await.json();
    let unknown = demo.run(&[&list[..], &["--member", "nobody"]].concat()).await;

    assert_eq!(by_login, serde_json::json!([outer, inner]));
    assert_eq!((by_id, of_other), (by_login, serde_json::json!([])));
    assert!(unknown.code == Some(3) && unknown.stderr.contains("ACCOUNT_NOT_FOUND"), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_renamed_deleted_brought_back_and_erased() {
    let demo = Demo::start().await;
    let login = demo.person(0, "login");

    let renamed = ["--add-login", "Ada.King", "--first-login", "ada.king", "--name", "Ada King", "--json"];
    let renamed = demo.run(&[&["account", "update", login][..], &renamed].concat()).await.json();
    let nothing = demo.run(&["account", "update", login]).await;
    let not_theirs = demo.run(&["account", "update", login, "--remove-login", "nobody"]).await;
    let deleted = demo.run(&["account", "delete", "ada.king"]).await;
    let unknown = demo.run(&["account", "show", "ada.king"]).await;
    let listed = demo.run(&["account", "list", "--state", "deleted", "--json"]).await.json();
    let back = demo.run(&["account", "undelete", login, "--json"]).await.json();
    let again = demo.run(&["account", "undelete", login]).await;
    let not_asked = demo.run(&["account", "erase", login]).await;
    demo.run(&["account", "delete", login]).await;
    let erased = demo.run(&["account", "erase", login, "--yes", "--json"]).await.json();
    let gone = demo.run(&["account", "erase", login, "--yes"]).await;

    assert!(not_asked.code == Some(1) && not_asked.stderr.contains("--yes"), "{not_asked:?}");
    assert_eq!(erased["account_id"], back["account_id"]);
    assert_eq!(erased["account_hash"].as_str().map(str::len), Some(32), "{erased}");
    assert!(gone.code != Some(0), "{gone:?}");
    assert_eq!(renamed["logins"], serde_json::json!(["ada.king", login]));
    assert_eq!(renamed["display_name"], "Ada King");
    assert_eq!(nothing.code, Some(2), "{nothing:?}");
    assert!(not_theirs.code == Some(1) && not_theirs.stderr.contains("ada.king"), "{not_theirs:?}");
    assert!(deleted.stdout.contains("rekey account undelete"), "{deleted:?}");
    assert!(unknown.code == Some(3) && unknown.stderr.contains("ACCOUNT_NOT_FOUND"), "{unknown:?}");
    assert_eq!((&listed[0]["account_id"], &listed[0]["state"]), (&back["account_id"], &"deleted".into()));
    assert_eq!((&back["state"], &back["logins"]), (&"active".into(), &renamed["logins"]));
    assert!(again.code == Some(1) && again.stderr.contains("--state deleted"), "{again:?}");
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

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_changed_deleted_and_brought_back() {
    let demo = Demo::start().await;
    demo.run(&["tenant", "create", "globex", "--name", "Globex", "--domain", "globex.example"]).await;

    let changes = ["--name", "Globex Works", "--add-domain", "g.example", "--seats", "5", "--json"];
    let changed = demo.run(&[&["tenant", "update", "globex"][..], &changes].concat()).await.json();
    let not_asked = demo.run(&["tenant", "delete", "globex"]).await;
    let deleted = demo.run(&["tenant", "delete", "globex", "--yes"]).await;
    let unknown = demo.run(&["account", "list", "--tenant", "globex"]).await;
    let all = demo.run(&["tenant", "list", "--deleted", "--json"]).await.json();
    let back = demo.run(&["tenant", "undelete", "globex", "--json"]).await.json();
    let again = demo.run(&["tenant", "undelete", "globex"]).await;

    assert_eq!(changed["domains"], serde_json::json!(["g.example", "globex.example"]));
    assert_eq!(
        (&changed["display_name"], &changed["licensed_accounts"]),
        (&"Globex Works".into(), &5.into())
    );
    assert!(not_asked.code == Some(1) && not_asked.stderr.contains("--yes"), "{not_asked:?}");
    assert!(deleted.stdout.contains("rekey tenant undelete globex"), "{deleted:?}");
    assert!(unknown.code == Some(3) && unknown.stderr.contains("TENANT_NOT_FOUND"), "{unknown:?}");
    let is_deleted = |tenant: &&serde_json::Value| !tenant["delete_time"].is_null();
    assert_eq!(all.as_array().unwrap().iter().filter(is_deleted).count(), 1, "{all}");
    assert_eq!((&back["tenant_id"], &back["delete_time"]), (&changed["tenant_id"], &serde_json::Value::Null));
    assert!(again.code == Some(1) && again.stderr.contains("--deleted"), "{again:?}");
}
