//! Bringing a schema up to date, and judging whether it fits this code.
//!
//! A schema records its version and the oldest code it still serves; only older code is refused, so that code of the
//! version before lives through a rolling deploy.

use sqlx::Connection as _;
use sqlx::migrate::Migrator;

use crate::options::Location;
use crate::{Connection, Dialect, Failure, Options, Sql};

/// The lock of a migration belongs to a session, and a pooler would keep it in one of its own.
const NEEDS_SESSIONS: &str = "a migration needs a session of its own: run it with a store url that names Postgres itself, and \
     `pooling = \"session\"`";

const HAS_VERSION_IN_POSTGRES: &str = "select to_regclass('schema_version') is not null";
const HAS_VERSION_IN_SQLITE: &str =
    "select 1 from sqlite_master where type = 'table' and name = 'schema_version'";

/// The schema that a service needs and makes.
#[derive(Debug)]
pub struct Schema {
    /// Its version.
    pub version: i64,
    /// Reads the version that is there and the oldest code it serves, from the table `schema_version`.
    pub recorded: Sql,
    /// How to make it in Postgres.
    pub postgres: Migrator,
    /// How to make it in SQLite.
    pub sqlite: Migrator,
}

/// Whether a schema fits this code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaFit {
    /// It does.
    Fits,
    /// `migrate` was never run here, or one of older code.
    TooOld,
    /// It was migrated by code that left this version behind.
    TooNew,
}

/// Brings the schema up to date, making a file that is missing. Several processes may try at once: a lock lets one work
/// at a time.
///
/// # Errors
/// The database is away, is named through a pooler that keeps no sessions, or a migration does not go through.
pub async fn migrate(url: &str, options: &Options, schema: &Schema) -> Result<(), Failure> {
    match Location::parse(url)? {
        Location::Postgres(_) if options.transaction_pooling => Err(Failure::Broken(NEEDS_SESSIONS.into())),
        Location::Postgres(url) => {
            let mut connection = crate::postgres::patient_connection(url, options).await?;
            let migrated = schema.postgres.run_direct(None, &mut connection, false).await;
            connection.close().await?;
            Ok(migrated?)
        }
        Location::Sqlite(path) => {
            let (mut connection, lock) = crate::sqlite::migrating_connection(path.as_ref(), options).await?;
            let migrated = schema.sqlite.run_direct(None, &mut connection, false).await;
            connection.close().await?;
            drop(lock);
            Ok(migrated?)
        }
    }
}

pub(crate) async fn fit(connection: &mut Connection, schema: &Schema) -> Result<SchemaFit, Failure> {
    let is_there = match connection.dialect() {
        Dialect::Postgres => connection.scalar(Sql::unlisted(HAS_VERSION_IN_POSTGRES), &[]).await?,
        Dialect::Sqlite => connection.exists(Sql::unlisted(HAS_VERSION_IN_SQLITE), &[]).await?,
    };
    if !is_there {
        return Ok(SchemaFit::TooOld);
    }
    let recorded: Option<(i64, i64)> = connection.optional(schema.recorded, &[]).await?;
    Ok(match recorded {
        Some((_, oldest_code)) if oldest_code > schema.version => SchemaFit::TooNew,
        Some((version, _)) if version >= schema.version => SchemaFit::Fits,
        _ => SchemaFit::TooOld,
    })
}
