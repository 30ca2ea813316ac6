//! A password that changes in Postgres and in its file, one after the other.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rekey_testing::PostgresServer;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

use super::options;
use crate::{Database, Options, Sql};

/// Long enough that calls of one moment need a session each.
const AWHILE: Sql = Sql::unlisted("select 1 from pg_sleep(0.3)");

/// A server that asks `rekey` for a password, the file with it, and how often that was read.
struct World {
    server: PostgresServer,
    superuser: PgConnection,
    folder: TempDir,
    read: Arc<AtomicU32>,
}

impl World {
    async fn start() -> Self {
        let server = rekey_testing::postgres_server().await;
        let mut superuser = PgConnection::connect(&server.url("postgres")).await.unwrap();
        let (rules,): (String,) = sqlx::query_as("show hba_file").fetch_one(&mut superuser).await.unwrap();
        let world = Self { server, superuser, folder: tempfile::tempdir().unwrap(), read: Arc::default() };
        world.asking_for_passwords(&rules).await
    }

    async fn asking_for_passwords(mut self, rules: &str) -> Self {
        self.run("create role rekey login password 'one'").await;
        let lines = "(values ('host all postgres 127.0.0.1/32 trust'), ('host all rekey 127.0.0.1/32 scram-sha-256'))";
        self.run(&format!("copy {lines} to '{rules}'")).await;
        self.run("select pg_reload_conf()").await;
        self.write("one");
        let without = self.server.url("postgres").replace("postgres@", "rekey@");
        while PgConnection::connect(&without).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self
    }

    async fn run(&mut self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.superuser).await.unwrap();
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("password")
    }

    fn write(&self, password: &str) {
        std::fs::write(self.file(), password).unwrap();
    }

    fn url(&self) -> String {
        url_of(&self.server, &self.file())
    }

    /// The database of the file, which reads that again when a login is refused.
    async fn database(&self) -> Database {
        let options = Options { connections: 4, ..options() };
        let (plain, file, read) = (self.server.url("postgres"), self.file(), Arc::clone(&self.read));
        let source = move || {
            read.fetch_add(1, Ordering::SeqCst);
            let password = std::fs::read_to_string(&file)?;
            Ok(plain.replace("postgres@", &format!("rekey:{password}@")))
        };
        let database = Database::open(&self.url(), &options).await.unwrap();
        database.with_url_source(Arc::new(source))
    }

    async fn somebody_waits(&self) {
        while self.read.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

fn url_of(server: &PostgresServer, file: &Path) -> String {
    let password = std::fs::read_to_string(file).unwrap();
    server.url("postgres").replace("postgres@", &format!("rekey:{password}@"))
}

async fn four_at_once(database: &Database) -> Vec<Result<i32, crate::Failure>> {
    let calls = (0..4).map(|_| database.scalar::<i32>(AWHILE, &[]));
    futures_util::future::join_all(calls).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_changes_in_postgres_first_fails_no_call() {
    let mut world = World::start().await;
    let database = world.database().await;
    database.scalar::<i32>(AWHILE, &[]).await.unwrap();
    let unaware = Database::open(&world.url(), &options()).await.unwrap();

    world.run("alter role rekey password 'two'").await;
    let (calls, ()) = tokio::join!(four_at_once(&database), async {
        world.somebody_waits().await;
        world.write("two");
    });
    let refused = unaware.scalar::<i32>(AWHILE, &[]).await.unwrap_err();

    assert!(calls.iter().all(Result::is_ok), "{calls:?}");
    assert!(refused.is_unavailable() && refused.code() == Some("28P01"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_changes_in_its_file_first_fails_no_call() {
    let mut world = World::start().await;
    let database = world.database().await;
    database.scalar::<i32>(AWHILE, &[]).await.unwrap();

    world.write("two");
    assert!(database.reload(&world.url()).unwrap());
    let read = Arc::clone(&world.read);
    let (calls, ()) = tokio::join!(four_at_once(&database), async {
        while read.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        world.run("alter role rekey password 'two'").await;
    });

    assert!(calls.iter().all(Result::is_ok), "{calls:?}");
}
