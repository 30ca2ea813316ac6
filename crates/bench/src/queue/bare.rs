//! What the same database does with nothing but claims: the table of a queue, and a loop that takes what is due.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};
use tokio::time::Instant;

use crate::stores::DatabaseOf;

/// Loops at once: as many as lanes and workers have connections by default.
const CONNECTIONS: u32 = 8;

/// Rows that are claimed at once, as the bulk lane does by default.
const BATCH: u32 = 50;

/// Rows that wait: more than any loop takes in the time.
const ROWS: u32 = 400_000;

const TABLE: &str =
    "create table bare_queue (id bigint primary key, state smallint not null, due bigint not null)";
const INDEX: &str = "create index bare_queue_due on bare_queue (due) where state = 1";

/// Claims a second, as rows of the loop that takes batches and of the one that takes them one by one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claims {
    pub(super) in_batches: f64,
    pub(super) one_by_one: f64,
}

/// A database with a table of its own, which is dropped again.
#[derive(Clone)]
enum Bare {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

/// Measures for this long each.
pub(super) async fn measure(database: DatabaseOf, length: Duration) -> anyhow::Result<Claims> {
    let bare = Bare::open(database).await?;
    bare.fill().await?;
    let in_batches = bare.claims_a_second(BATCH, length).await?;
    bare.fill().await?;
    let one_by_one = bare.claims_a_second(1, length).await?;
    bare.execute("drop table bare_queue").await?;
    Ok(Claims { in_batches, one_by_one })
}

impl Bare {
    async fn open(database: DatabaseOf) -> anyhow::Result<Self> {
        let bare = match database {
            DatabaseOf::Postgres(url) => {
                Self::Postgres(PgPoolOptions::new().max_connections(CONNECTIONS).connect(&url).await?)
            }
            DatabaseOf::Sqlite(beside) => {
                // A file of its own on the same disk, kept as durably: the suite's own has one writer.
                let options = SqliteConnectOptions::new()
                    .filename(beside.with_file_name("bare-queue.db"))
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full);
                Self::Sqlite(SqlitePoolOptions::new().max_connections(1).connect_with(options).await?)
            }
        };
        bare.execute("drop table if exists bare_queue").await?;
        bare.execute(TABLE).await?;
        bare.execute(INDEX).await?;
        Ok(bare)
    }

    async fn execute(&self, text: &str) -> anyhow::Result<u64> {
        let text = AssertSqlSafe(text.to_owned());
        Ok(match self {
            Self::Postgres(pool) => sqlx::query(text).execute(pool).await?.rows_affected(),
            Self::Sqlite(pool) => sqlx::query(text).execute(pool).await?.rows_affected(),
        })
    }

    async fn fill(&self) -> anyhow::Result<()> {
        self.execute("delete from bare_queue").await?;
        let rows = match self {
            Self::Postgres(_) => format!("generate_series(1, {ROWS}) number"),
            Self::Sqlite(_) => format!(
                "(with recursive n (number) as (select 1 union all select number + 1 from n where number < {ROWS})
                  select number from n)"
            ),
        };
        self.execute(&format!("insert into bare_queue select number, 1, number from {rows}")).await?;
        self.execute(if matches!(self, Self::Postgres(_)) { "vacuum analyze bare_queue" } else { "analyze" })
            .await?;
        Ok(())
    }

    /// How many rows are claimed in a second, so many in one statement.
    async fn claims_a_second(&self, batch: u32, length: Duration) -> anyhow::Result<f64> {
        let skip = if matches!(self, Self::Postgres(_)) { " for update skip locked" } else { "" };
        let claim: Arc<str> = format!(
            "with taken as (select id from bare_queue where state = 1 order by due limit {batch}{skip})
             update bare_queue set state = 3 from taken where bare_queue.id = taken.id"
        )
        .into();
        let (claimed, began) = (Arc::new(AtomicU64::default()), Instant::now());
        let loops: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let (bare, claim, claimed) = (self.clone(), Arc::clone(&claim), Arc::clone(&claimed));
                tokio::spawn(async move {
                    while began.elapsed() < length {
                        claimed.fetch_add(bare.execute(&claim).await?, Ordering::Relaxed);
                    }
                    anyhow::Ok(())
                })
            })
            .collect();
        for one in loops {
            one.await??;
        }
        Ok(claimed.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64())
    }
}
