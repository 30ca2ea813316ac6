//! The lock and the steps in a SQLite file.

use std::path::Path;

use sqlx::migrate::Migrate as _;
use sqlx::{Connection as _, SqliteConnection};
use tokio::time::Instant;

use super::{GivenUp, Migrated, MigratedStep, PAUSE, Patience, TABLE, Waiting};
use crate::{Dialect, Failure, Options, Schema};

pub(super) async fn migrate(
    path: &Path,
    options: &Options,
    schema: &Schema,
    patience: Patience,
) -> Result<Migrated, Failure> {
    let end = Instant::now() + patience.lasts;
    let (mut connection, lock) = loop {
        if let Some(taken) = crate::sqlite::migrating_connection(path, options).await? {
            break taken;
        }
        let waiting = Waiting { what: format!("migrating {}", path.display()), blocker: None };
        if Instant::now() >= end {
            return Err(GivenUp::failure(patience, waiting));
        }
        (patience.told)(&waiting);
        tokio::time::sleep(PAUSE).await;
    };
    let migrated = all(&mut connection, schema).await;
    connection.close().await?;
    drop(lock);
    migrated
}

async fn all(connection: &mut SqliteConnection, schema: &Schema) -> Result<Migrated, Failure> {
    connection.ensure_migrations_table(TABLE).await?;
    let dirty = connection.dirty_version(TABLE).await?;
    let made = connection.list_applied_migrations(TABLE).await?;
    let from = version(connection, schema).await?;
    let mut steps = Vec::new();
    for migration in super::unmade(&schema.sqlite, dirty, made)? {
        let took = connection.apply(TABLE, migration).await?;
        let name = migration.description.to_string();
        steps.push(MigratedStep { number: migration.version, name, took });
    }
    let to = version(connection, schema).await?.unwrap_or_default();
    Ok(Migrated { from, to, steps })
}

/// The version that the schema records, if there is one.
async fn version(connection: &mut SqliteConnection, schema: &Schema) -> Result<Option<i64>, Failure> {
    let is_there = "select 1 from sqlite_master where type = 'table' and name = 'schema_version'";
    let is_there: Option<(i64,)> = sqlx::query_as(is_there).fetch_optional(&mut *connection).await?;
    if is_there.is_none() {
        return Ok(None);
    }
    let recorded = schema.recorded.text(Dialect::Sqlite);
    let recorded: Option<(i64, i64)> = sqlx::query_as(recorded).fetch_optional(&mut *connection).await?;
    Ok(recorded.map(|(version, _)| version))
}
