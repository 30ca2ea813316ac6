//! A fresh Postgres database per test, on a server shared by all.
//!
//! The server is the one that `REKEY_TEST_POSTGRES` names (any database of it, with the right to create others);
//! without it, this process starts one for itself. Names carry the machine and the process that made them, so
//! what a killed test left behind is found and dropped by the next process.

use std::fs;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use rekey_servers::{Environment, PgBouncer, Postgres};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection};
use tokio::sync::OnceCell;

use crate::{blocking, passed, ready};

/// A database of the test's own; dropped, with every connection to it, when this is.
#[derive(Debug)]
pub struct Database {
    name: String,
    url: String,
}

impl Database {
    /// What to connect to, as a `postgres://` URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its name on the server.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A backup of it, while nobody is connected.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn back_up(&self) -> Self {
        ready("a backup of a database", copied(&self.name).await)
    }

    /// Makes it what a backup is, while nobody is connected to either.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn restore(&self, backup: &Self) {
        ready("a database from its backup", replaced(&self.name, &backup.name).await);
    }

    /// Drops the database now. Dropping the handle does the same.
    pub async fn close(self) {
        blocking(move || drop(self)).await;
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // On a thread and a runtime of its own: the test's may be shutting down, or have one thread, which is here.
        let name = self.name.clone();
        let dropped = std::thread::spawn(move || -> Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut admin = connect().await?;
                drop_database(&mut admin, &name).await?;
                admin.close().await.context("closing")
            })
        })
        .join();
        // A server that a test has ended on purpose takes the database with it; the rest is swept later.
        drop(dropped);
    }
}

/// A fresh, empty database.
///
/// # Panics
/// When no Postgres can be had.
pub async fn postgres() -> Database {
    ready("a database for this test", empty().await)
}

/// A Postgres of the test's own, to stop, pause, kill and restart; its database `postgres` is empty.
///
/// # Panics
/// When no Postgres can be had.
pub async fn postgres_server() -> Postgres {
    postgres_server_in(Environment::default()).await
}

/// The same in this environment.
///
/// # Panics
/// When no Postgres can be had.
pub async fn postgres_server_in(environment: Environment) -> Postgres {
    ready("a Postgres for this test", blocking(move || Postgres::start_in(&environment)).await)
}

/// A server and a replica that streams from it.
///
/// # Panics
/// When the replica does not come up.
pub async fn with_replica(primary: Postgres) -> (Postgres, Postgres) {
    let copied = blocking(move || primary.start_replica().map(|replica| (primary, replica)));
    ready("a replica for this test", copied.await)
}

/// A PgBouncer of the test's own before the Postgres of all tests, in transaction mode.
///
/// # Panics
/// When no Postgres or PgBouncer can be had.
pub async fn pgbouncer() -> PgBouncer {
    let port = ready("the port of the tests' Postgres", server_port().await);
    ready("a PgBouncer for this test", blocking(move || PgBouncer::start(port)).await)
}

async fn server_port() -> Result<u16> {
    Ok(options(server_url().await?)?.get_port())
}

async fn empty() -> Result<Database> {
    let mut admin = connect().await?;
    let database = create(&mut admin, "template0").await?;
    admin.close().await?;
    Ok(database)
}

async fn copied(name: &str) -> Result<Database> {
    let mut admin = connect().await?;
    let database = create(&mut admin, name).await?;
    admin.close().await?;
    Ok(database)
}

async fn replaced(name: &str, backup: &str) -> Result<()> {
    let mut admin = connect().await?;
    drop_database(&mut admin, name).await?;
    execute(&mut admin, format!("create database {name} template {backup}")).await?;
    admin.close().await.context("closing")
}

/// Copies a database that nobody is connected to.
pub(crate) async fn create(admin: &mut PgConnection, template: &str) -> Result<Database> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("{}_{}_{number}", prefix(), std::process::id());
    // Copying files takes 7 ms where writing them through the log takes 50; before 15 there was no choice.
    let strategy = if version(admin).await? >= 150_000 { "strategy file_copy" } else { "" };
    execute(admin, format!("create database {name} template {template} {strategy}")).await?;
    let url = options(server_url().await?)?.database(&name).to_url_lossy();
    Ok(Database { name, url: url.to_string() })
}

pub(crate) async fn drop_database(admin: &mut PgConnection, name: &str) -> Result<()> {
    execute(admin, format!("drop database if exists {name} with (force)")).await
}

/// One statement whose names are ours.
pub(crate) async fn execute(admin: &mut PgConnection, sql: String) -> Result<()> {
    let shown = sql.clone();
    admin.execute(AssertSqlSafe(sql)).await.with_context(|| format!("running {shown:?}"))?;
    Ok(())
}

/// A connection to the server's own database; the first of a process sweeps what dead processes left.
pub(crate) async fn connect() -> Result<PgConnection> {
    static SWEPT: OnceCell<()> = OnceCell::const_new();
    let url = server_url().await?;
    let mut admin = PgConnection::connect_with(&options(url)?)
        .await
        .with_context(|| format!("connecting to the tests' Postgres at {url}"))?;
    SWEPT.get_or_try_init(|| sweep(&mut admin)).await?;
    Ok(admin)
}

/// The URL of a database of the same server.
pub(crate) async fn url_of(name: &str) -> Result<String> {
    Ok(options(server_url().await?)?.database(name).to_url_lossy().to_string())
}

fn options(url: &str) -> Result<PgConnectOptions> {
    url.parse::<PgConnectOptions>().with_context(|| format!("{url} is no Postgres URL"))
}

async fn server_url() -> Result<&'static str> {
    static URL: OnceLock<Result<(String, Option<Postgres>), String>> = OnceLock::new();
    let started = blocking(|| {
        URL.get_or_init(|| match passed("REKEY_TEST_POSTGRES") {
            Some(url) => Ok((url, None)),
            None => Postgres::start()
                .map(|server| (server.url("postgres"), Some(server)))
                .map_err(|error| format!("{error:#}")),
        })
    })
    .await;
    match started {
        Ok((url, _)) => Ok(url),
        Err(error) => anyhow::bail!("{error}"),
    }
}

async fn version(admin: &mut PgConnection) -> Result<i32> {
    let (version,): (i32,) =
        sqlx::query_as("select current_setting('server_version_num')::int").fetch_one(admin).await?;
    Ok(version)
}

/// `rekey_test_<machine>`: a process id says something only within one boot of one machine and one container.
pub(crate) fn prefix() -> &'static str {
    static PREFIX: OnceLock<String> = OnceLock::new();
    PREFIX.get_or_init(|| {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let container = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        format!("rekey_test_{:08x}", hash(&(boot, container)) >> 32)
    })
}

pub(crate) fn hash(value: &impl std::hash::Hash) -> u64 {
    use std::hash::{DefaultHasher, Hasher};
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

async fn sweep(admin: &mut PgConnection) -> Result<()> {
    let found: Vec<(String,)> =
        sqlx::query_as("select datname::text from pg_database where starts_with(datname, $1)")
            .bind(format!("{}_", prefix()))
            .fetch_all(&mut *admin)
            .await?;
    for (name,) in found {
        if maker(&name).is_some_and(|process| !fs::exists(format!("/proc/{process}")).unwrap_or(true)) {
            drop_database(admin, &name).await?;
        }
    }
    Ok(())
}

/// The process that a name carries.
fn maker(name: &str) -> Option<u32> {
    name.strip_prefix(prefix())?.strip_prefix('_')?.split('_').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_is_empty_and_private_and_gone_when_dropped() {
        let (one, other) = (postgres().await, postgres().await);
        let mut connection = PgConnection::connect(one.url()).await.unwrap();
        connection.execute("create table colour (name text)").await.unwrap();

        let mut elsewhere = PgConnection::connect(other.url()).await.unwrap();
        let seen = elsewhere.execute("select * from colour").await;
        let name = one.name().to_owned();
        one.close().await;

        assert!(seen.is_err());
        assert!(!exists(&name).await);
        assert!(exists(other.name()).await);
    }

    #[tokio::test]
    async fn what_a_dead_process_left_is_swept() {
        let name = format!("{}_4194305_0", prefix());
        let mut admin = connect().await.unwrap();
        execute(&mut admin, format!("create database {name}")).await.unwrap();

        sweep(&mut admin).await.unwrap();

        assert!(!exists(&name).await);
    }

    async fn exists(name: &str) -> bool {
        let mut admin = connect().await.unwrap();
        let found: Option<(i32,)> = sqlx::query_as("select 1 from pg_database where datname = $1")
            .bind(name)
            .fetch_optional(&mut admin)
            .await
            .unwrap();
        found.is_some()
    }
}
