//! Reads of one row by its key, from the database that identity reads.

use std::sync::Arc;

use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{ConnectOptions as _, PgPool, SqlitePool};
use tonic::Status;
use uuid::Uuid;

use super::echo::Work;
use crate::stores::DatabaseOf;

/// A row that every version of identity has.
const ROW: &str = "select handle from tenants where tenant_id = $1";

/// Connections that read, as identity's SQLite store has them.
const SQLITE_CONNECTIONS: u32 = 4;

/// Connections that identity has to Postgres by default.
const POSTGRES_CONNECTIONS: u32 = 8;

/// Work that reads so many rows, one after the other.
pub(crate) async fn reads(database: DatabaseOf, tenant: Uuid, count: usize) -> anyhow::Result<Work> {
    Ok(match database {
        DatabaseOf::Sqlite(file) => {
            let options = SqliteConnectOptions::new()
                .filename(file)
                .read_only(true)
                .log_statements(tracing::log::LevelFilter::Off);
            let pool = SqlitePoolOptions::new()
                .max_connections(SQLITE_CONNECTIONS)
                .test_before_acquire(false)
                .idle_timeout(None)
                .max_lifetime(None)
                .connect_with(options)
                .await?;
            work(move || read_sqlite(pool.clone(), tenant, count))
        }
        DatabaseOf::Postgres(url) => {
            let pool = PgPoolOptions::new()
                .max_connections(POSTGRES_CONNECTIONS)
                .test_before_acquire(false)
                .idle_timeout(None)
                .max_lifetime(None)
                .connect(&url)
                .await?;
            work(move || read_postgres(pool.clone(), tenant, count))
        }
    })
}

fn work<F>(read: impl Fn() -> F + Send + Sync + 'static) -> Work
where
    F: Future<Output = sqlx::Result<()>> + Send + 'static,
{
    Arc::new(move || {
        let reading = read();
        Box::pin(async move { reading.await.map_err(|error| Status::unavailable(error.to_string())) })
    })
}

async fn read_sqlite(pool: SqlitePool, tenant: Uuid, count: usize) -> sqlx::Result<()> {
    for _ in 0..count {
        sqlx::query_as::<_, (String,)>(ROW).bind(tenant).fetch_one(&pool).await?;
    }
    Ok(())
}

async fn read_postgres(pool: PgPool, tenant: Uuid, count: usize) -> sqlx::Result<()> {
    for _ in 0..count {
        sqlx::query_as::<_, (String,)>(ROW).bind(tenant).fetch_one(&pool).await?;
    }
    Ok(())
}
