//! Old Pods while a new release rolls out: the schema is migrated first, so this code meets a later one. It serves as
//! long as the schema says so, and waits unready when it does not.

use rekey::Part;
use rekey_tests::backend::Backend;
use rekey_tests::deployment::{Deployment, Ground};
use rekey_tests::post::code_to;
use rekey_tests::waiting::eventually;
use rekey_tests::web;
use sqlx::{Connection as _, Executor as _, PgConnection};

const NEW: &str = "nine slow rivers and stone";

/// What a later release might add, and still let this one work.
const LATER_IDENTITY: &str = "alter table accounts add column preferred_name text;
    create table passkeys (tenant_id uuid not null, passkey_id uuid not null, primary key (tenant_id, passkey_id));
    update schema_version set version = 99";
const LATER_NOTIFICATION: &str = "alter table notification add column campaign text;
    create table campaigns (tenant_id uuid not null, campaign text not null, primary key (tenant_id, campaign));
    update schema_version set version = 9";

#[tokio::test(flavor = "multi_thread")]
async fn this_release_serves_on_the_schema_of_a_later_one() {
    let mut deployment = Deployment::prepare(Ground::new().await, &[]);
    assert_eq!(deployment.migrate().await.code, Some(0));
    let tenant_id = deployment.bootstrap("acme").await.json()["tenant_id"].as_str().unwrap().to_owned();
    change(deployment.ground.identity.url(), LATER_IDENTITY).await;
    change(deployment.ground.notification.url(), LATER_NOTIFICATION).await;

    deployment.serve().await;
    let backend = Backend::new(deployment.connect(Part::Identity), tenant_id);
    let zoe = backend.person("zoe").await;
    let started = backend.start(&zoe.login).await.unwrap();
    backend.send(&started.reset_token, "1").await.unwrap();
    let code = code_to(&deployment.ground.mail, &zoe.login, 1).await;
    let proved = backend.prove(&started.reset_token, "1", &code).await.unwrap();
    backend.complete(&proved.reset_token, NEW).await.unwrap();

    assert!(backend.signs_in(&zoe.login, NEW).await);
    assert!(!backend.signs_in(&zoe.login, &zoe.password).await);
    deployment.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_left_this_release_behind_keeps_it_unready() {
    let mut deployment = Deployment::prepare(Ground::new().await, &[]);
    assert_eq!(deployment.migrate().await.code, Some(0));
    let (identity, notification) = (deployment.ground.identity.url(), deployment.ground.notification.url());
    change(identity, "update schema_version set version = 99, serves_since = 99").await;
    change(notification, "update schema_version set version = 9, oldest_code = 9").await;

    for part in [Part::Identity, Part::Notification] {
        deployment.launch(part);
        let health = deployment.health(part);
        let process = deployment.process(part);
        let refused = async || process.log().contains("schema").then_some(());
        eventually("the part says that the schema is not its own", refused).await;
        let probe = web::get(&health, "/readyz").await.unwrap();
        assert_eq!((probe.status, process.is_running()), (503, true), "{}", probe.body);
    }
    let (identity, notification) = (deployment.ground.identity.url(), deployment.ground.notification.url());
    change(identity, "update schema_version set serves_since = 1").await;
    change(notification, "update schema_version set oldest_code = 1").await;
    for part in [Part::Identity, Part::Notification] {
        deployment.ready(part).await;
    }

    deployment.stop().await;
}

async fn change(url: &str, statements: &'static str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    connection.execute(statements).await.unwrap();
}
