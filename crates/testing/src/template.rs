//! Databases that come with a schema: migrated once, then copied.
//!
//! A template belongs to one test program: its name holds the program's path, its comment the program's
//! modification time. A rebuilt program, whose migrations may have changed, finds another comment and builds the
//! template anew. So a server that outlives many runs never serves a stale schema.

use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use sqlx::{Connection, PgConnection};

use crate::database::{Database, connect, create, drop_database, execute, hash, prefix, url_of};
use crate::ready;

/// A fresh database with the schema that `migrate` makes when given a URL.
///
/// `name` tells the migration sets of one test program apart. `migrate` runs once per program and name, over all
/// its processes; it must close its connections before it returns, or they are closed for it.
///
/// # Panics
/// When no Postgres can be had, or when `migrate` fails.
pub async fn postgres_from_template<E>(
    name: &str,
    migrate: impl AsyncFnOnce(&str) -> Result<(), E>,
) -> Database
where
    E: Into<anyhow::Error>,
{
    ready(&format!("a database like {name:?}"), copy(name, migrate).await)
}

async fn copy<E>(name: &str, migrate: impl AsyncFnOnce(&str) -> Result<(), E>) -> Result<Database>
where
    E: Into<anyhow::Error>,
{
    let program = std::env::current_exe().context("finding the test program")?;
    let built = program.metadata()?.modified()?.duration_since(UNIX_EPOCH)?.as_nanos();
    let key = hash(&(name, &program));
    let template = format!("{}_t_{key:016x}", prefix());
    let mut admin = connect().await?;
    // Ends with the connection, whatever happens; copies are made one at a time for the same template.
    sqlx::query("select pg_advisory_lock($1)").bind(key.cast_signed()).execute(&mut admin).await?;
    if comment_of(&mut admin, &template).await? != Some(built.to_string()) {
        build(&mut admin, &template, migrate).await?;
        execute(&mut admin, format!("comment on database {template} is '{built}'")).await?;
    }
    let database = create(&mut admin, &template).await?;
    admin.close().await?;
    Ok(database)
}

async fn build<E>(
    admin: &mut PgConnection,
    template: &str,
    migrate: impl AsyncFnOnce(&str) -> Result<(), E>,
) -> Result<()>
where
    E: Into<anyhow::Error>,
{
    drop_database(admin, template).await?;
    execute(admin, format!("create database {template}")).await?;
    migrate(&url_of(template).await?).await.map_err(Into::into).context("migrating the template")?;
    // A copy needs a source without connections; from here on nobody can open one.
    execute(admin, format!("alter database {template} allow_connections false")).await?;
    sqlx::query("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1")
        .bind(template)
        .execute(admin)
        .await?;
    Ok(())
}

async fn comment_of(admin: &mut PgConnection, database: &str) -> Result<Option<String>> {
    let row: Option<(Option<String>,)> =
        sqlx::query_as("select shobj_description(oid, 'pg_database') from pg_database where datname = $1")
            .bind(database)
            .fetch_optional(admin)
            .await?;
    Ok(row.and_then(|(comment,)| comment))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use sqlx::Executor;

    use super::*;

    static MIGRATED: AtomicU32 = AtomicU32::new(0);

    async fn migrate(url: &str) -> Result<()> {
        MIGRATED.fetch_add(1, Ordering::SeqCst);
        let mut connection = PgConnection::connect(url).await?;
        connection.execute("create table colour (name text); insert into colour values ('blue')").await?;
        Ok(())
    }

    #[tokio::test]
    async fn copies_of_a_template_share_the_schema_and_nothing_else() {
        let (one, other) = tokio::join!(
            postgres_from_template("colours", migrate),
            postgres_from_template("colours", migrate)
        );

        let mut connection = PgConnection::connect(one.url()).await.unwrap();
        connection.execute("insert into colour values ('red')").await.unwrap();
        let mut elsewhere = PgConnection::connect(other.url()).await.unwrap();
        let colours: Vec<(String,)> =
            sqlx::query_as("select name from colour").fetch_all(&mut elsewhere).await.unwrap();

        assert_eq!(colours, [("blue".to_owned(),)]);
        // Not even once where an earlier run of this program left its template on a server that goes on.
        assert!(MIGRATED.load(Ordering::SeqCst) <= 1);
    }
}
