//! `rekey up --production`, as a small business runs it: one process, files, real mail, and nothing lost in a crash.

use std::process::Command;

use rekey::Part;
use rekey_tests::backend::Backend;
use rekey_tests::deployment::{Deployment, Ground};
use rekey_tests::person::request_id;
use rekey_tests::post::{code_to, mail_to};
use rekey_tests::processes::{Running, run};
use rekey_wire::identity::v1::CreateTenantRequest;
use rekey_wire::identity::v1::tenant_service_client::TenantServiceClient;
use serde_json::json;
use tokio::net::TcpStream;

const NEW: &str = "nine slow rivers and stone";

/// Everything in files and in the process; the two databases and the Redis stay empty. Whatever the killed process
/// was sending is taken up again within the patience of a test.
const EMBEDDED: [(&str, &str); 6] = [
    ("IDENTITY__NOTICES__LEASE_SECONDS", "2"),
    ("NOTIFICATION__DELIVERY__SEND_TIMEOUT_SECONDS", "3"),
    ("IDENTITY__STORE__URL", "sqlite:identity.db"),
    ("NOTIFICATION__STORE__URL", "sqlite:notification.db"),
    ("VERIFICATION__STORE__URL", "memory:"),
    ("IDENTITY__THROTTLE__URL", "memory:"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_small_business_keeps_its_passwords_through_a_crash() {
    let deployment = Deployment::prepare(Ground::new().await, &EMBEDDED);
    let (mut process, backend) = up(&deployment).await;
    let zoe = backend.person("zoe").await;
    reset(&deployment, &backend, &zoe.login).await;

    process.kill();
    let mut process = launch(&deployment);
    process.ready(&deployment.health(Part::Identity)).await;

    assert!(backend.signs_in(&zoe.login, NEW).await);
    assert!(!backend.signs_in(&zoe.login, &zoe.password).await);
    mail_to(&deployment.ground.mail, &zoe.login, |mail| mail.raw.contains("not-me")).await;
    assert!(process.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stores_of_the_settings_are_the_stores_of_production() {
    let deployment = Deployment::prepare(Ground::new().await, &[]);
    let (process, backend) = up(&deployment).await;
    let zoe = backend.person("zoe").await;

    reset(&deployment, &backend, &zoe.login).await;

    assert!(backend.signs_in(&zoe.login, NEW).await);
    assert_ne!(deployment.ground.redis.command(&["DBSIZE"]).unwrap(), ":0\r\n");
    assert!(process.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_business_has_its_folder_for_itself_whatever_its_stores() {
    let deployment = Deployment::prepare(Ground::new().await, &[]);
    let (process, _) = up(&deployment).await;

    let beside = run(production(&deployment)).await;

    assert_eq!(beside.code, Some(1), "{beside:?}");
    assert!(beside.stderr.contains("business is in use by another `rekey up`"), "{}", beside.stderr);
    assert!(process.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_business_has_the_portal_that_its_settings_name() {
    let deployment = Deployment::prepare(Ground::new().await, &EMBEDDED);
    let check = ["config", "check", "--up", "--data", "business", "--json"];
    let without = run(deployment.command(&check)).await.json();
    let read = |name: &str| std::fs::read_to_string(deployment.folder().join(name)).unwrap();
    std::fs::write(deployment.folder().join("rekey.toml"), read("rekey.toml") + &read("portal.toml"))
        .unwrap();

    let with = run(deployment.command(&check)).await.json();
    let (process, _) = up(&deployment).await;
    let browser = TcpStream::connect(("127.0.0.1", deployment.port(Part::Portal))).await;

    assert_eq!(without["parts"], json!(["notification", "verification", "identity"]));
    assert_eq!(with["parts"], json!(["notification", "verification", "identity", "portal"]));
    assert!(browser.is_ok());
    drop(browser);
    assert!(process.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_never_becomes_a_business() {
    let deployment = Deployment::prepare(Ground::new().await, &EMBEDDED);
    let (process, _) = up(&deployment).await;
    let demo = CreateTenantRequest {
        handle: "trial".to_owned(),
        display_name: "Demo".to_owned(),
        domains: vec!["demo.example".to_owned()],
        licensed_accounts: 0,
        request_id: request_id(),
        context: None,
        home_region: String::new(),
        tenant_id: String::new(),
    };
    let mut tenants = TenantServiceClient::new(deployment.connect(Part::Identity));
    tenants.create_tenant(demo).await.unwrap();
    assert!(process.stop().await.success());

    let by_its_tenant = run(production(&deployment)).await;
    std::fs::write(deployment.folder().join("business/demo.json"), "{}").unwrap();
    let by_its_file = run(production(&deployment)).await;

    assert_eq!((by_its_tenant.code, by_its_file.code), (Some(1), Some(1)), "{by_its_tenant:?}");
    assert!(by_its_tenant.stderr.contains("holds the demo tenant"), "{}", by_its_tenant.stderr);
    assert!(by_its_file.stderr.contains("business holds demo people"), "{}", by_its_file.stderr);
}

/// Migrated, with a first tenant, ready.
async fn up(deployment: &Deployment) -> (Running, Backend) {
    let migrated = deployment.migrate().await;
    assert_eq!(migrated.code, Some(0), "{migrated:?}");
    let tenant_id = deployment.bootstrap("acme").await.json()["tenant_id"].as_str().unwrap().to_owned();
    let mut process = launch(deployment);
    process.ready(&deployment.health(Part::Identity)).await;
    (process, Backend::new(deployment.connect(Part::Identity), tenant_id))
}

fn launch(deployment: &Deployment) -> Running {
    Running::start("production", production(deployment), deployment.folder())
}

fn production(deployment: &Deployment) -> Command {
    let mut command = deployment.command(&["up", "--production", "--data", "business"]);
    command.env("REKEY__HEALTH__LISTEN", deployment.health(Part::Identity));
    command
}

async fn reset(deployment: &Deployment, backend: &Backend, login: &str) {
    let started = backend.start(login).await.unwrap();
    backend.send(&started.reset_token, "1").await.unwrap();
    let code = code_to(&deployment.ground.mail, login, 1).await;
    let proved = backend.prove(&started.reset_token, "1", &code).await.unwrap();
    backend.complete(&proved.reset_token, NEW).await.unwrap();
}
