//! Whom a migration waits for, and that it gives up and leaves nothing locked.

use std::sync::Mutex;
use std::time::Duration;

use sqlx::{Connection as _, PgConnection};

use super::{SCHEMA, options};
use crate::{Failure, Migrated, Patience, Waiting, migrate, migrate_patiently};

static TOLD: Mutex<Vec<Waiting>> = Mutex::new(Vec::new());

const NO_PATIENCE: Patience =
    Patience { lasts: Duration::ZERO, told: |waiting| TOLD.lock().unwrap().push(waiting.clone()) };

const A_LITTLE: Patience =
    Patience { lasts: Duration::from_millis(1), told: |waiting| TOLD.lock().unwrap().push(waiting.clone()) };

/// A session of somebody else's with a name.
async fn stranger(url: &str) -> PgConnection {
    let mut stranger = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql("set application_name = 'a long report'").execute(&mut stranger).await.unwrap();
    stranger
}

fn said(failure: &Failure) -> String {
    failure.cause()
}

#[tokio::test]
async fn what_was_done_is_told_and_the_second_time_nothing() {
    let database = rekey_testing::postgres().await;

    let first = migrate(database.url(), &options(), &SCHEMA).await.unwrap();
    let second = migrate(database.url(), &options(), &SCHEMA).await.unwrap();

    assert_eq!((first.from, first.to), (None, 1));
    assert!(!first.steps.is_empty() && first.steps.iter().all(|step| !step.name.is_empty()), "{first:?}");
    assert_eq!(second, Migrated { from: Some(1), to: 1, steps: Vec::new() });
}

#[tokio::test]
async fn whoever_migrates_meanwhile_is_named_and_not_waited_for_too_long() {
    let database = rekey_testing::postgres().await;
    let mut other = stranger(database.url()).await;
    let mut holding = other.begin().await.unwrap();
    sqlx::raw_sql("select pg_advisory_xact_lock(8243112776544643431)").execute(&mut *holding).await.unwrap();

    let given_up = migrate_patiently(database.url(), &options(), &SCHEMA, NO_PATIENCE).await.unwrap_err();
    holding.rollback().await.unwrap();
    let free = migrate(database.url(), &options(), &SCHEMA).await;

    let said = said(&given_up);
    assert!(given_up.is_unavailable(), "{given_up:?}");
    assert!(said.starts_with("given up after 0 s: migrating waits for pid "), "{said}");
    assert!(said.contains("(a long report, user ") && said.contains("idle in transaction for"), "{said}");
    assert_eq!(free.unwrap().to, 1);
}

#[tokio::test]
async fn whoever_holds_a_table_is_named_and_what_was_made_by_then_stays() {
    let database = rekey_testing::postgres().await;
    let mut other = stranger(database.url()).await;
    // The first migration makes this table and finds its name taken by somebody who has not decided yet.
    let mut holding = other.begin().await.unwrap();
    sqlx::raw_sql("create table notes (note bigint)").execute(&mut *holding).await.unwrap();

    let given_up = migrate_patiently(database.url(), &options(), &SCHEMA, A_LITTLE).await.unwrap_err();
    holding.rollback().await.unwrap();
    let free = migrate(database.url(), &options(), &SCHEMA).await;

    let said = said(&given_up);
    assert!(said.contains("migration 1 ("), "{said}");
    assert!(said.contains("waits for pid ") && said.contains("(a long report, user "), "{said}");
    assert!(TOLD.lock().unwrap().iter().any(|waiting| waiting.what.starts_with("migration 1")));
    assert_eq!(free.unwrap().to, 1);
}

#[tokio::test]
async fn nothing_is_left_locked_or_set_behind_a_migration() {
    let database = rekey_testing::postgres().await;
    migrate(database.url(), &options(), &SCHEMA).await.unwrap();

    let mut looking = PgConnection::connect(database.url()).await.unwrap();
    let locks: i64 = sqlx::query_scalar(
        "select count(*) from pg_locks where locktype = 'advisory'
            and database = (select oid from pg_database where datname = current_database())",
    )
    .fetch_one(&mut looking)
    .await
    .unwrap();

    assert_eq!(locks, 0);
}
