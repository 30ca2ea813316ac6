//! What a database says of itself.

use rekey_primitives::clock::SystemClock;

use super::{SCHEMA, World, on_both, options};
use crate::{Database, Dialect, NotInspected, SchemaFit, inspect, migrate};

on_both! {
    a_database_says_what_it_is_and_whether_its_schema_fits,
}

async fn a_database_says_what_it_is_and_whether_its_schema_fits(world: World) {
    let World { database, backing } = world;
    let dialect = database.dialect();
    database.close().await;
    drop(database);
    let look = async || inspect(backing.url(), &options(), &SCHEMA, &SystemClock).await.unwrap();

    let before = look().await;
    migrate(backing.url(), &options(), &SCHEMA).await.unwrap();
    let after = look().await;

    assert_eq!((before.schema, after.schema), (SchemaFit::TooOld, SchemaFit::Fits));
    assert_eq!(after.server.is_some(), dialect == Dialect::Postgres);
    if let Some(server) = after.server {
        assert!(
            server.version >= 150_000 && server.max_connections > server.reserved_connections,
            "{server:?}"
        );
        assert!(server.clock_ahead_micros.abs() < 5_000_000 && !server.is_standby, "{server:?}");
        // As the servers of tests are started.
        assert!(!server.syncs && !server.writes_full_pages && server.is_superuser, "{server:?}");
    }
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nothing.db");

    let refused = inspect(&format!("sqlite:{}", file.display()), &options(), &SCHEMA, &SystemClock).await;

    assert!(refused.unwrap_err().to_string().ends_with("nothing.db is not there"));
    assert!(!file.exists());
}

#[tokio::test]
async fn a_file_that_a_process_has_is_told_from_one_that_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("accounts.db").display().to_string();
    let url = format!("sqlite:{file}");
    let running = Database::open(&url, &options()).await.unwrap();

    let refused = inspect(&url, &options(), &SCHEMA, &SystemClock).await.unwrap_err();

    assert_eq!(refused, NotInspected::InUse(file));
    running.close().await;
}

#[tokio::test]
async fn a_database_that_is_away_is_named_without_its_password() {
    let options = crate::Options { acquire_timeout: std::time::Duration::from_millis(300), ..options() };
    let away = inspect("postgres://rekey:s3cret@127.0.0.1:1/accounts", &options, &SCHEMA, &SystemClock).await;

    assert_eq!(away.unwrap_err().to_string(), "database accounts at 127.0.0.1:1: connection refused");
}
