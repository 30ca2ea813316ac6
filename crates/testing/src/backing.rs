//! An empty database of either kind for the world of a test.

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};
use tempfile::TempDir;

use rekey_servers::{PgBouncer, Postgres};

use crate::{Database, pgbouncer, postgres, postgres_from_template, postgres_server, ready, with_replica};

/// Where a world keeps its data, and what keeps that alive: a SQLite file in a folder of its own, or a database of a
/// Postgres. Dropping it drops the data.
#[derive(Debug)]
pub struct Backing {
    url: String,
    _kept: Kept,
}

#[derive(Debug)]
#[expect(dead_code, reason = "kept for as long as the world")]
enum Kept {
    Folder(TempDir),
    Postgres(Database),
    Pooled(Database, PgBouncer),
    Replicated(Box<(Postgres, Postgres)>),
}

impl Backing {
    /// A SQLite file that is not there yet.
    ///
    /// # Panics
    /// When no folder can be made.
    pub fn sqlite() -> Self {
        let folder = match tempfile::tempdir() {
            Ok(folder) => folder,
            Err(error) => panic!("a folder for this test: {error}"),
        };
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        Self { url, _kept: Kept::Folder(folder) }
    }

    /// An empty database of a Postgres.
    ///
    /// # Panics
    /// When no Postgres can be had.
    pub async fn postgres() -> Self {
        Self::of(postgres().await)
    }

    /// A database of a Postgres with the schema that `migrate` makes, see [`postgres_from_template`].
    ///
    /// # Panics
    /// When no Postgres can be had, or when `migrate` fails.
    pub async fn postgres_from_template<E>(
        name: &str,
        migrate: impl AsyncFnOnce(&str) -> Result<(), E>,
    ) -> Self
    where
        E: Into<anyhow::Error>,
    {
        Self::of(postgres_from_template(name, migrate).await)
    }

    /// The same behind a PgBouncer in transaction mode, of the test's own.
    ///
    /// # Panics
    /// When no Postgres or PgBouncer can be had, or when `migrate` fails.
    pub async fn pgbouncer_from_template<E>(
        name: &str,
        migrate: impl AsyncFnOnce(&str) -> Result<(), E>,
    ) -> Self
    where
        E: Into<anyhow::Error>,
    {
        let database = postgres_from_template(name, migrate).await;
        let pooler = pgbouncer().await;
        Self { url: pooler.url(database.name()), _kept: Kept::Pooled(database, pooler) }
    }

    /// An empty database of a Postgres, reached as a role that owns it and may nothing else, as managed services grant it.
    ///
    /// # Panics
    /// When no Postgres can be had.
    pub async fn postgres_of_plain_role() -> Self {
        let database = postgres().await;
        let owned = given_to_plain_role(&database).await;
        Self { url: ready("a database that a plain role owns", owned), _kept: Kept::Postgres(database) }
    }

    /// A Postgres of the test's own with a replica, whose URL comes with it: what is committed was replayed there before that is
    /// told. Both are empty.
    ///
    /// # Panics
    /// When no Postgres can be had, or when the replica does not come up.
    pub async fn replicated() -> (Self, String) {
        let (primary, replica) = with_replica(postgres_server().await).await;
        replay_before_commit(&primary).await;
        let (url, replica_url) = (primary.url("postgres"), replica.url("postgres"));
        (Self { url, _kept: Kept::Replicated(Box::new((primary, replica))) }, replica_url)
    }

    /// What to connect to, as the settings of a store have it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    fn of(database: Database) -> Self {
        Self { url: database.url().to_owned(), _kept: Kept::Postgres(database) }
    }
}

/// Makes the role, which all tests share, and gives it the database; the URL by which it gets there.
async fn given_to_plain_role(database: &Database) -> anyhow::Result<String> {
    let mut superuser = PgConnection::connect(database.url()).await?;
    // Two tests may be the first at once.
    let make = "do $$ begin create role rekey_plain login nosuperuser nocreatedb nocreaterole noreplication;
         exception when duplicate_object or unique_violation then null; end $$";
    superuser.execute(make).await?;
    let give = format!("alter database {} owner to rekey_plain", database.name());
    superuser.execute(AssertSqlSafe(give)).await?;
    superuser.close().await?;
    let options = database.url().parse::<PgConnectOptions>()?.username("rekey_plain");
    Ok(options.to_url_lossy().to_string())
}

/// Makes every commit of a server with a replica wait until the replica shows it. One that is promoted waits for nobody.
///
/// # Panics
/// When the server does not take the settings.
pub async fn replay_before_commit(primary: &Postgres) {
    ready("a replica that commits wait for", waiting_for_replica(primary).await);
}

async fn waiting_for_replica(primary: &Postgres) -> anyhow::Result<()> {
    let mut superuser = PgConnection::connect(&primary.url("postgres")).await?;
    superuser.execute("alter system set synchronous_standby_names = '*'").await?;
    superuser.execute("alter system set synchronous_commit = 'remote_apply'").await?;
    superuser.execute("select pg_reload_conf()").await?;
    Ok(superuser.close().await?)
}
