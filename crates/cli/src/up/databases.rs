//! `rekey up --postgres URL`: the two databases beside the one that the URL names, made if they are missing.

use anyhow::{Context as _, bail};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};

/// The parts that keep databases.
const PARTS: [&str; 2] = ["identity", "notification"];

/// The URLs of identity's and notification's databases, whether they exist or not.
pub(super) fn urls(url: &str) -> anyhow::Result<[String; 2]> {
    let (server, name, parameters) = split(url)?;
    Ok(PARTS.map(|part| format!("{server}/{name}_{part}{parameters}")))
}

/// The URLs of identity's and notification's databases, which exist afterwards.
pub(super) async fn prepare(url: &str) -> anyhow::Result<[String; 2]> {
    let (_, name, _) = split(url)?;
    let mut admin = PgConnection::connect(url).await.context("cannot connect to Postgres")?;
    for part in PARTS {
        ensure(&mut admin, &format!("{name}_{part}")).await?;
    }
    admin.close().await?;
    urls(url)
}

async fn ensure(admin: &mut PgConnection, database: &str) -> anyhow::Result<()> {
    let exists: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(database)
        .fetch_one(&mut *admin)
        .await?;
    if exists {
        return Ok(());
    }
    // A name cannot be a parameter; `split` took only letters, digits and `_`.
    let statement = format!("create database \"{database}\"");
    if sqlx::query(AssertSqlSafe(statement.clone())).execute(&mut *admin).await.is_err() {
        bail!(
            "the database {database} is missing and may not be made here; run as a superuser:\n  {statement};"
        );
    }
    Ok(())
}

/// Server, database and parameters of a URL.
fn split(url: &str) -> anyhow::Result<(&str, &str, &str)> {
    let (rest, parameters) = url.find('?').map_or((url, ""), |at| url.split_at(at));
    let authority =
        rest.find("://").map(|at| at + 3).context("the Postgres URL must begin with postgres://")?;
    let slash =
        rest[authority..].find('/').map(|at| authority + at).context("the Postgres URL names no database")?;
    let name = &rest[slash + 1..];
    if name.is_empty() || name.len() > 40 || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        bail!("the Postgres URL must name a database of 1 to 40 letters, digits and `_`");
    }
    Ok((&rest[..slash], name, parameters))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gives_server_database_and_parameters() {
        let parts = split("postgres://rekey:pw@127.0.0.1:5432/rekey?sslmode=disable").unwrap();

        assert_eq!(parts, ("postgres://rekey:pw@127.0.0.1:5432", "rekey", "?sslmode=disable"));
    }

    #[test]
    fn the_databases_of_the_parts_are_named_after_the_one_of_the_url() {
        let [identity, notification] = urls("postgres://127.0.0.1/rekey?sslmode=disable").unwrap();

        assert_eq!(identity, "postgres://127.0.0.1/rekey_identity?sslmode=disable");
        assert_eq!(notification, "postgres://127.0.0.1/rekey_notification?sslmode=disable");
    }

    #[test]
    fn a_database_name_that_would_need_quoting_is_refused() {
        assert!(split("postgres://host/a\"b").is_err());
        assert!(split("postgres://host/").is_err());
        assert!(split("postgres://host").is_err());
    }

    mod fuzz {
        use super::*;

        #[test]
        fn a_name_that_goes_into_a_statement_needs_no_quoting() {
            let samples: &[&[u8]] =
                &[b"postgres://rekey:pw@127.0.0.1:5432/rekey?sslmode=disable", b"postgresql://[::1]/a_1#b"];
            rekey_testing::fuzz(samples, |bytes: &[u8]| {
                let url = String::from_utf8_lossy(bytes);
                let Ok((server, name, parameters)) = split(&url) else { return };
                assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{name}");
                assert_eq!(format!("{server}/{name}{parameters}"), url);
            });
        }
    }
}
