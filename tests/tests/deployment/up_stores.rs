//! `rekey up` on stores that outlive it.

use std::path::Path;

use rekey_client::{ClientSettings, Connection};
use rekey_tests::backend::Backend;
use rekey_tests::person::request_id;
use rekey_wire::identity::v1::session_service_client::SessionServiceClient;
use rekey_wire::identity::v1::sign_in_response::Result as SignInResult;
use rekey_wire::identity::v1::{CheckAccessTokenRequest, RefreshSessionRequest, SessionTokens};
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::deployment::demo::Demo;

const NEW: &str = "nine slow rivers and stone";

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_keeps_people_and_their_passwords() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let first = Demo::with(&data, &[]).await;
    let (tenant_id, login) = (first.text("tenant_id").to_owned(), first.person(0, "login").to_owned());
    first.reset(&login, NEW).await.json();
    assert!(first.process.stop().await.success());

    let second = Demo::with(&data, &[]).await;

    let backend = backend(&second, &data);
    assert_eq!(second.text("tenant_id"), tenant_id);
    assert!(backend.signs_in(&login, NEW).await);
    assert!(!backend.signs_in(&login, second.person(0, "password")).await);
    assert!(backend.signs_in(second.person(1, "login"), second.person(1, "password")).await);
    let accounts = second.run(&["account", "list", "--json"]).await.json();
    assert_eq!(accounts.as_array().unwrap().len(), 4);
    assert!(second.process.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_serves_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let demo = Demo::with(&data, &[]).await;
    let mut second = rekey_tests::processes::rekey();
    second.args(["up", "--free-ports", "--data"]).arg(&data).current_dir(folder.path());

    let refused = rekey_tests::processes::run(second).await;

    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("is in use"), "{}", refused.stderr);
    demo.run(&["account", "list", "--json"]).await.json();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_runs_on_postgres_and_redis() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let postgres = rekey_testing::postgres_server().await;
    let redis = rekey_testing::redis().await;
    let (postgres_url, redis_url) = (postgres.url("postgres"), redis.url());

    let demo = Demo::with(&data, &["--postgres", &postgres_url, "--redis", &redis_url]).await;
    demo.reset(demo.person(0, "login"), NEW).await.json();

    assert!(backend(&demo, &data).signs_in(demo.person(0, "login"), NEW).await);
    assert!(!data.join("identity.db").exists() && !data.join("notification.db").exists());
    assert_ne!(redis.command(&["DBSIZE"]).unwrap(), ":0\r\n");
    assert!(demo.process.stop().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_make_databases_the_sql_to_run_is_told() {
    let server = rekey_testing::postgres_server().await;
    let mut superuser = PgConnection::connect(&server.url("postgres")).await.unwrap();
    superuser.execute("create role plain login").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let up = async || {
        let mut command = rekey_tests::processes::rekey();
        let url = server.url("postgres").replace("postgres@", "plain@");
        command.args(["up", "--free-ports", "--postgres", &url, "--data"]).arg(folder.path().join("data"));
        command.current_dir(folder.path());
        rekey_tests::processes::run(command).await
    };

    let first = up().await;
    superuser.execute("create database \"postgres_identity\"").await.unwrap();
    let second = up().await;

    assert_eq!((first.code, second.code), (Some(1), Some(1)), "{first:?} {second:?}");
    assert!(first.stderr.contains("create database \"postgres_identity\";"), "{}", first.stderr);
    assert!(second.stderr.contains("create database \"postgres_notification\";"), "{}", second.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_was_put_back_lets_nobody_in_by_what_was_ended_since() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let restore = async |data: &Path| {
        let mut command = rekey_tests::processes::rekey();
        command.args(["restore", "--up", "--yes", "--json", "--data"]).arg(data).current_dir(folder.path());
        rekey_tests::processes::run(command).await
    };
    let first = Demo::with(&data, &[]).await;
    let (login, password) = (first.person(0, "login").to_owned(), first.person(0, "password").to_owned());
    let tokens = sign_in(&backend(&first, &data), &login, &password).await;

    let running = restore(&data).await;
    assert!(first.process.stop().await.success());
    let nowhere = restore(&folder.path().join("elsewhere")).await;
    let restored = restore(&data).await.json();
    let second = Demo::with(&data, &[]).await;

    assert_eq!((running.code, nowhere.code), (Some(1), Some(1)), "{running:?} {nowhere:?}");
    assert!(running.stderr.contains("is in use by another `rekey up`"), "{running:?}");
    assert!(nowhere.stderr.contains("is not there") && !folder.path().join("elsewhere").exists());
    // The administrator and three people.
    assert_eq!((&restored["identity"]["tenants"], &restored["identity"]["accounts"]), (&1.into(), &4.into()));
    assert!(restored["notification"]["messages"].is_u64(), "{restored}");
    let backend = backend(&second, &data);
    let mut sessions = SessionServiceClient::new(backend.identity.clone());
    let check = CheckAccessTokenRequest { access_token: tokens.access_token };
    let refresh = RefreshSessionRequest {
        refresh_token: tokens.refresh_token,
        request_id: request_id(),
        context: None,
    };
    assert!(!sessions.check_access_token(check).await.unwrap().into_inner().active);
    assert!(sessions.refresh_session(refresh).await.is_err());
    assert!(backend.signs_in(&login, &password).await);
    assert!(second.process.stop().await.success());
}

async fn sign_in(backend: &Backend, login: &str, password: &str) -> SessionTokens {
    let request = backend.sign_in_with(login, password);
    let mut sessions = SessionServiceClient::new(backend.identity.clone());
    match sessions.sign_in(request).await.unwrap().into_inner().result {
        Some(SignInResult::Tokens(tokens)) => tokens,
        other => panic!("{other:?}"),
    }
}

fn backend(demo: &Demo, data: &std::path::Path) -> Backend {
    let settings = ClientSettings::to(format!("http://{}", demo.text("identity")));
    let settings = settings.with_token_file(data.join("tokens/cli"));
    Backend::new(Connection::open(&settings, || None).unwrap(), demo.text("tenant_id").to_owned())
}
