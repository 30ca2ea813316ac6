//! The part as the command puts it together: from settings, with files for keys and store.

use std::path::Path;

use rekey_client::Problem;
use rekey_primitives::clock::{ManualClock, Timestamp};
use rekey_primitives::entropy::SeededEntropy;
use rekey_sealing::KeyText;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;

use super::*;
use crate::bootstrap::BootstrapRequest;
use crate::domain::refusal::Refusal;

const PASSWORD: &str = "seven quiet herons on the pier";

fn dependencies() -> Dependencies {
    let now = Timestamp::from_unix_micros(1_900_000_000_000_000);
    Dependencies {
        clock: Arc::new(ManualClock::starting_at(now)),
        entropy: Arc::new(SeededEntropy::new(3)),
        health: Health::new(),
    }
}

/// Settings that keep everything in the folder, with keys there.
fn settings(folder: &Path) -> Settings {
    let mut settings = config::for_tests();
    settings.store.url = format!("sqlite:{}", folder.join("identity.db").display());
    let given = dependencies();
    let key = |name: &str| {
        let path = folder.join(name);
        std::fs::write(&path, KeyText::generate(&*given.entropy, given.clock.now())).unwrap();
        Some(path)
    };
    settings.keys = config::KeyFiles {
        pepper_file: key("pepper"),
        access_token_file: key("access-token"),
        tokens_file: key("tokens"),
        decoy_file: key("decoy"),
        login_hash_file: key("login-hash"),
        familiar_place_file: key("familiar-place"),
    };
    settings
}

fn first(password: &str) -> BootstrapRequest {
    BootstrapRequest {
        handle: "acme".to_owned(),
        display_name: "Acme".to_owned(),
        login: "chief".to_owned(),
        email: Some("chief@mail.example".to_owned()),
        administrator: String::new(),
        password: password.into(),
    }
}

async fn begin(settings: &Settings, password: &str) -> anyhow::Result<bootstrap::Bootstrapped> {
    let Dependencies { clock, entropy, .. } = dependencies();
    bootstrap::run(settings, first(password), clock, entropy).await
}

fn refused(begun: anyhow::Result<bootstrap::Bootstrapped>) -> Problem {
    Problem::of(begun.unwrap_err().downcast_ref().unwrap())
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[tokio::test]
async fn a_missing_key_is_never_invented() {
    let folder = folder();
    let mut settings = settings(folder.path());
    settings.keys.pepper_file = None;

    let refused = assemble(&settings, dependencies()).await.err().unwrap();

    assert_eq!(refused.to_string(), "[identity.keys] pepper_file is not set");
    assert_eq!(
        std::fs::read_dir(folder.path())
            .unwrap()
            .filter(|file| { file.as_ref().unwrap().file_name() == "pepper" })
            .count(),
        1
    );
}

#[tokio::test]
async fn an_unknown_store_is_refused_without_quoting_it() {
    let folder = folder();
    let mut settings = settings(folder.path());
    settings.store.url = "mysql://rekey:s3cr3t@db".to_owned();

    let refused = assemble(&settings, dependencies()).await.err().unwrap();

    assert!(!format!("{refused:#}").contains("s3cr3t"));
}

#[tokio::test]
async fn an_empty_store_begins_once() {
    let folder = folder();
    let settings = settings(folder.path());

    let unmigrated = begin(&settings, PASSWORD).await.unwrap_err().to_string();
    migrate(&settings).await.unwrap();
    let weak = refused(begin(&settings, "password").await);
    begin(&settings, PASSWORD).await.unwrap();
    let again = refused(begin(&settings, PASSWORD).await);

    assert!(unmigrated.contains("rekey migrate"), "{unmigrated}");
    assert_eq!((weak.reason.as_str(), &weak.fields[0].0[..]), ("PASSWORD_REFUSED", "password"));
    assert_eq!(again.code, tonic::Code::FailedPrecondition);
}

#[tokio::test]
async fn what_breaks_at_the_beginning_is_told_and_no_refusal() {
    let folder = folder();
    let settings = settings(folder.path());
    migrate(&settings).await.unwrap();
    let file = SqliteConnectOptions::new().filename(folder.path().join("identity.db"));
    let mut connection = SqliteConnection::connect_with(&file).await.unwrap();
    sqlx::query("drop table audit_pending").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();

    let broke = begin(&settings, PASSWORD).await.err().unwrap();

    assert!(broke.downcast_ref::<tonic::Status>().is_none());
    assert!(format!("{broke:#}").contains("a step of the store failed: statement failed"), "{broke:#}");
}

#[tokio::test]
async fn what_is_wrong_with_a_beginning_is_said_at_once() {
    let folder = folder();
    let settings = settings(folder.path());
    let wrong = BootstrapRequest {
        handle: "Acme".to_owned(),
        display_name: String::new(),
        login: "a b".to_owned(),
        email: Some("nobody".to_owned()),
        ..first(PASSWORD)
    };
    let Dependencies { clock, entropy, .. } = dependencies();

    let refused = refused(bootstrap::run(&settings, wrong, clock, entropy).await);

    let fields: Vec<_> = refused.fields.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(
        (refused.reason.as_str(), fields),
        ("FIELD_INVALID", vec!["handle", "name", "login", "email"])
    );
}

#[tokio::test]
async fn the_public_keys_are_published_and_no_others() {
    let folder = folder();

    let service = assemble(&settings(folder.path()), dependencies()).await.unwrap();

    let set: serde_json::Value = serde_json::from_str(&(service.jwks)()).unwrap();
    let keys = set["keys"].as_array().unwrap();
    assert_eq!((keys.len(), &keys[0]["crv"]), (1, &serde_json::json!("Ed25519")));
    assert_eq!(keys[0].get("d"), None);
}

#[tokio::test]
async fn a_token_that_is_none_of_ours_is_nobodys() {
    let folder = folder();
    let service = assemble(&settings(folder.path()), dependencies()).await.unwrap();

    assert_eq!(service.persons.verify("eyJhbGciOiJub25lIn0..").await, Err(AccessTokenError::Invalid));
}

#[tokio::test]
async fn a_part_that_is_ready_knows_who_is_at_home_elsewhere() {
    let folder = folder();
    let mut settings = settings(folder.path());
    settings.region = "eu".to_owned();
    migrate(&settings).await.unwrap();
    let theirs = begin(&settings, PASSWORD).await.unwrap().tenant_id;
    settings.region = "us".to_owned();
    let mut service = assemble(&settings, dependencies()).await.unwrap();

    service.loops.look_first().await.unwrap();

    let told = service.loops.parts.homes.judge(theirs);
    assert_eq!(told, Err(Refusal::TenantElsewhere { region: "eu".to_owned() }));
}
