//! Sessions and the guards of them, on a real Postgres.

use rekey_testing::Proxy;

use super::*;
use crate::{Database, Sql};

const SETTING: Sql = Sql::unlisted("select current_setting($1)");

async fn setting(database: &Database, name: &str) -> String {
    database.scalar(SETTING, crate::values![name]).await.unwrap()
}

#[tokio::test]
async fn a_database_that_is_away_is_unavailable_and_its_url_stays_ours() {
    let options = Options { acquire_timeout: Duration::from_millis(300), ..Options::named("test") };
    let nowhere = Database::open("postgres://rekey:secret@127.0.0.1:1/x", &options).await.unwrap();

    let Err(Failure::Unavailable(source)) = nowhere.ping().await else { panic!("it answered") };
    assert!(!source.to_string().contains("secret"), "{source}");
    let odd = Database::open("postgres://rekey:secret@[/x", &options).await.unwrap_err();
    assert!(!format!("{odd:?}").contains("secret"), "{odd:?}");
}

#[tokio::test]
async fn what_is_away_is_told_with_host_database_and_cause_and_without_the_password() {
    let server = rekey_testing::postgres_server().await;
    let port = server.port();
    let options = Options { acquire_timeout: Duration::from_millis(300), ..Options::named("test") };
    let cases = [
        (
            "postgres://rekey:s3cret@127.0.0.1:1/accounts".to_owned(),
            "database accounts at 127.0.0.1:1: connection refused".to_owned(),
        ),
        (
            format!("postgres://nobody:s3cret@127.0.0.1:{port}/postgres"),
            format!(
                "database postgres at 127.0.0.1:{port}: database answered 28000: role \"nobody\" does not exist"
            ),
        ),
        (
            server.url("missing"),
            format!(
                "database missing at 127.0.0.1:{port}: database answered 3D000: database \"missing\" does not exist"
            ),
        ),
        (
            server.url("postgres").replace("sslmode=disable", "sslmode=require"),
            format!("database postgres at 127.0.0.1:{port}: no TLS: server does not support TLS"),
        ),
    ];

    for (url, expected) in cases {
        let database = Database::open(&url, &options).await.unwrap();
        let failure = database.ping().await.unwrap_err();

        assert_eq!(database.cause(&failure).await, expected);
    }
}

#[tokio::test]
async fn a_new_password_opens_new_sessions_and_leaves_the_old() {
    let database = rekey_testing::postgres().await;
    let options = Options { connections: 2, ..Options::named("test") };
    let store = Database::open(database.url(), &options).await.unwrap();
    let mut old = store.reader().await.unwrap();

    let (same, wrong) = (store.reload(database.url()), store.reload("postgres://rekey:s3cret@[/x"));
    let renamed = database.url().parse::<PgConnectOptions>().unwrap().username("nobody").to_url_lossy();
    let changed = store.reload(renamed.as_str());
    let of_old: i32 = old.scalar(Sql::unlisted("select 1"), &[]).await.unwrap();
    let new = store.reader().await;

    assert!(!same.unwrap() && wrong.is_err() && changed.unwrap());
    assert_eq!((of_old, new.err().unwrap().code()), (1, Some("28000")));
}

#[tokio::test]
async fn a_full_disk_is_unavailable_and_shows_in_health() {
    let database = rekey_testing::postgres().await;
    let store = Database::open(database.url(), &Options::named("test")).await.unwrap();
    let full = "do $$ begin raise exception 'could not extend file' using errcode = '53100'; end $$";

    let found = store.execute(Sql::unlisted(full), &[]).await.unwrap_err();
    let health = store.ping().await.unwrap_err();

    assert!(found.is_unavailable() && health.is_unavailable());
    assert!(store.cause(&health).await.ends_with("53100: its disk is full"), "{health:?}");
    assert_eq!(store.scalar::<i32>(Sql::unlisted("select 1"), &[]).await.unwrap(), 1);
}

#[tokio::test]
async fn no_statement_lock_or_idle_transaction_lasts_for_ever() {
    let database = rekey_testing::postgres().await;
    let options = Options { statement_timeout: Duration::from_millis(200), ..Options::named("test") };
    let store = Database::open(database.url(), &options).await.unwrap();

    let slow = store.execute(Sql::unlisted("select pg_sleep(60)"), &[]).await.unwrap_err();

    assert!(slow.is_unavailable());
    assert_eq!(setting(&store, "lock_timeout").await, "2s");
    assert_eq!(setting(&store, "idle_in_transaction_session_timeout").await, "400ms");
    assert_eq!(setting(&store, "application_name").await, "test");
}

#[tokio::test]
async fn sessions_without_a_pooler_are_kept() {
    let database = rekey_testing::postgres().await;
    let store = Database::open(database.url(), &Options::named("test")).await.unwrap();

    assert!(store.keeps_sessions().await.unwrap());
}

#[tokio::test]
async fn dead_connections_are_replaced_before_a_call_meets_them() {
    let database = rekey_testing::postgres().await;
    let options = Options { idle_trust: Duration::ZERO, ..Options::named("test") };
    let store = Database::open(database.url(), &options).await.unwrap();
    let other = Database::open(database.url(), &options).await.unwrap();
    let (one, two) = tokio::join!(store.ping(), store.ping());
    one.and(two).unwrap();

    let others = "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()";
    other.execute(Sql::unlisted(others), &[]).await.unwrap();

    store.ping().await.unwrap();
}

#[tokio::test]
async fn sessions_that_only_read_are_thrown_away_by_the_first_call_that_finds_out() {
    let database = rekey_testing::postgres().await;
    let options = Options { connections: 2, ..Options::named("test") };
    let store = Database::open(database.url(), &options).await.unwrap();
    store.execute(Sql::unlisted("create table notes (note bigint)"), &[]).await.unwrap();
    let write = async |note: i64| {
        let step = store.step(|mut tx| async move {
            tx.execute(Sql::unlisted("insert into notes values ($1)"), crate::values![note]).await?;
            Ok(tx.commit(()))
        });
        step.await
    };
    let become_standby = async || {
        let (mut one, mut two) = tokio::try_join!(store.writer(), store.writer()).unwrap();
        for session in [&mut one, &mut two] {
            let sql = Sql::unlisted("set default_transaction_read_only = on");
            session.execute(sql, &[]).await.unwrap();
        }
    };

    become_standby().await;
    let seen_by_a_step = write(1).await;
    become_standby().await;
    let found = store.execute(Sql::unlisted("insert into notes values (2)"), &[]).await;
    let by_the_next_calls = (write(3).await, write(4).await);
    become_standby().await;
    let seen_by_health = (store.ping().await, store.ping().await);

    seen_by_a_step.unwrap();
    assert!(found.is_err_and(|failure| failure.is_unavailable()));
    by_the_next_calls.0.and(by_the_next_calls.1).unwrap();
    assert!(seen_by_health.0.is_err_and(|failure| failure.is_unavailable()));
    seen_by_health.1.unwrap();
}

#[tokio::test]
async fn a_connection_that_was_given_up_and_is_silent_leaves_its_place() {
    let server = rekey_testing::postgres_server().await;
    let proxy = Proxy::before_port(server.port()).await;
    let url = server.url("postgres").replace(&server.port().to_string(), &proxy.port().to_string());
    let patience = Duration::from_secs(10);
    let options = Options { connections: 1, acquire_timeout: patience, ..Options::named("test") };
    let store = Database::open(&url, &options).await.unwrap();
    store.ping().await.unwrap();

    proxy.strand();
    let given_up = tokio::time::timeout(Duration::from_millis(50), store.ping()).await;

    assert!(given_up.is_err());
    store.ping().await.unwrap();
}
