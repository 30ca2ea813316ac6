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
