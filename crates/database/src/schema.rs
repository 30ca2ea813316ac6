//! Which schema a service needs, and judging whether one fits this code.
//!
//! A schema records its version and the oldest code it still serves; only older code is refused, so that code of the
//! version before lives through a rolling deploy.

use sqlx::migrate::Migrator;

use crate::{Connection, Dialect, Failure, Sql};

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
