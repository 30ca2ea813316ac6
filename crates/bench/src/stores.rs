//! Where suites keep their data: Postgres and Redis servers of the bench's own, or the program's embedded stores.
//!
//! Suites share one Postgres, each with its own databases, and have a Redis each, since keys of two programs must not
//! meet. Postgres is set up to survive a power cut, as an operator has it; see [`Postgres::start_durable`].

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context as _;
use rekey_servers::{Postgres, Redis};
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use crate::apart::Apart;

/// What all suites of a run keep their data in.
#[derive(Clone)]
pub(crate) enum Stores {
    /// SQLite and the memory of the process.
    Embedded,
    /// Postgres and Redis.
    Servers(Arc<Servers>),
}

/// A Postgres, and how many suites have databases in it.
pub(crate) struct Servers {
    apart: Arc<Apart>,
    postgres: Postgres,
    suites: AtomicU32,
}

/// What one suite keeps its data in.
pub(crate) enum SuiteStores {
    /// SQLite below this folder.
    Embedded { data: PathBuf },
    /// Databases with this prefix, and a Redis.
    Servers { servers: Arc<Servers>, prefix: String, redis: Redis },
}

/// The database of a part.
pub(crate) enum DatabaseOf {
    /// A file.
    Sqlite(PathBuf),
    /// A URL.
    Postgres(String),
}

impl Stores {
    /// Starts a Postgres.
    pub(crate) fn start_servers(apart: Arc<Apart>) -> anyhow::Result<Self> {
        let postgres =
            Postgres::start_durable().context("starting Postgres, which --embedded does without")?;
        apart.put("postgres", postgres.processes())?;
        Ok(Self::Servers(Arc::new(Servers { apart, postgres, suites: AtomicU32::default() })))
    }

    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Embedded => "SQLite and memory",
            Self::Servers(_) => "Postgres and Redis",
        }
    }

    /// Empty stores for a suite with this data folder.
    pub(crate) async fn for_suite(&self, data: &Path) -> anyhow::Result<SuiteStores> {
        let Self::Servers(servers) = self else {
            return Ok(SuiteStores::Embedded { data: data.to_owned() });
        };
        let prefix = format!("bench{}", servers.suites.fetch_add(1, Ordering::Relaxed));
        // `rekey up --postgres` makes two databases beside the one that it is given.
        let mut admin = PgConnection::connect(&servers.postgres.url("postgres")).await?;
        sqlx::query(AssertSqlSafe(format!("create database {prefix}"))).execute(&mut admin).await?;
        admin.close().await?;
        let redis = Redis::start(&[])?;
        servers.apart.put("redis", [redis.process_id()])?;
        Ok(SuiteStores::Servers { servers: Arc::clone(servers), prefix, redis })
    }
}

impl SuiteStores {
    /// What `rekey up` is told about them.
    pub(crate) fn arguments(&self) -> Vec<String> {
        match self {
            Self::Embedded { .. } => Vec::new(),
            Self::Servers { servers, prefix, redis } => {
                let postgres = servers.postgres.url(prefix);
                ["--postgres".to_owned(), postgres, "--redis".to_owned(), redis.url()].into()
            }
        }
    }

    /// Where codes are kept, if not in the process.
    pub(crate) fn redis(&self) -> Option<String> {
        match self {
            Self::Embedded { .. } => None,
            Self::Servers { redis, .. } => Some(redis.url()),
        }
    }

    /// Brings statistics up to date after a large import, as autovacuum does a minute later.
    pub(crate) async fn settle(&self) -> anyhow::Result<()> {
        if let DatabaseOf::Postgres(url) = self.identity_database() {
            let mut connection = PgConnection::connect(&url).await?;
            sqlx::query("vacuum analyze").execute(&mut connection).await?;
            connection.close().await?;
        }
        Ok(())
    }

    /// The rows of one of identity's tables.
    pub(crate) async fn count_rows(&self, table: &str) -> anyhow::Result<i64> {
        self.identity_database().count(&format!("select count(*) from {table}")).await
    }

    pub(crate) fn identity_database(&self) -> DatabaseOf {
        self.database_of("identity")
    }

    pub(crate) fn notification_database(&self) -> DatabaseOf {
        self.database_of("notification")
    }

    fn database_of(&self, part: &str) -> DatabaseOf {
        match self {
            Self::Embedded { data } => DatabaseOf::Sqlite(data.join(format!("{part}.db"))),
            Self::Servers { servers, prefix, .. } => {
                DatabaseOf::Postgres(servers.postgres.url(&format!("{prefix}_{part}")))
            }
        }
    }
}

impl DatabaseOf {
    /// What a statement counts.
    pub(crate) async fn count(&self, statement: &str) -> anyhow::Result<i64> {
        let count = AssertSqlSafe(statement.to_owned());
        Ok(match self {
            Self::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await?;
                sqlx::query_scalar(count).fetch_one(&mut connection).await?
            }
            Self::Sqlite(file) => {
                let options = SqliteConnectOptions::new().filename(file).read_only(true);
                let mut connection = options.connect().await?;
                sqlx::query_scalar(count).fetch_one(&mut connection).await?
            }
        })
    }
}
