//! The lock, the watch and the steps in Postgres.

use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use sqlx::migrate::{Migrate as _, Migration, Migrator};
use sqlx::{Connection as _, PgConnection, Postgres, Transaction};
use tokio::time::Instant;

use super::{Blocker, GivenUp, Migrated, MigratedStep, ONE_WAIT, PAUSE, Patience, TABLE, Waiting};
use crate::{Dialect, Failure, Options, Schema};

/// The lock of whoever migrates this database: `rekeymig`, as a number.
const LOCK: i64 = 0x7265_6b65_796d_6967;

/// A lock that somebody else had for too long.
const NOT_AVAILABLE: &str = "55P03";

/// Sessions, as [`Row`]s.
const SESSION: &str =
    "select pid, coalesce(application_name, ''), coalesce(usename, ''), coalesce(state, 'active'),
        coalesce(extract(epoch from now() - xact_start), 0)::bigint
   from pg_stat_activity";

/// Whoever has the lock.
const HOLDER: &str = "where pid in (
        select pid from pg_locks
         where locktype = 'advisory' and granted and objsubid = 1
           and database = (select oid from pg_database where datname = current_database())
           and (classid::bigint << 32 | objid::bigint) = $1) limit 1";

/// Whoever a session waits for.
const BLOCKERS: &str = "where pid = any(pg_blocking_pids($1)) order by xact_start limit 1";

type Row = (i32, String, String, String, i64);

pub(super) async fn migrate(
    url: &str,
    options: &Options,
    schema: &Schema,
    patience: Patience,
) -> Result<Migrated, Failure> {
    let end = Instant::now() + patience.lasts;
    let mut holding = crate::postgres::sessionless_connection(url, options).await?;
    let mut working = crate::postgres::sessionless_connection(url, options).await?;
    let mut lock = holding.begin().await?;
    // It is idle while the other connection works, for as long as that takes.
    sqlx::raw_sql("set local idle_in_transaction_session_timeout = 0; set local statement_timeout = 0")
        .execute(&mut *lock)
        .await?;
    take(&mut lock, patience, end).await?;
    let migrated = {
        let mut work = Work { lock, working: &mut working, patience, end };
        let migrated = work.all(schema).await;
        let Work { lock, .. } = work;
        lock.rollback().await?;
        migrated
    };
    working.close().await?;
    holding.close().await?;
    migrated
}

/// Takes the lock, which the transaction has until it ends.
async fn take(lock: &mut Transaction<'_, Postgres>, patience: Patience, end: Instant) -> Result<(), Failure> {
    loop {
        let taken: bool = sqlx::query_scalar("select pg_try_advisory_xact_lock($1)")
            .bind(LOCK)
            .fetch_one(&mut **lock)
            .await?;
        if taken {
            return Ok(());
        }
        let sql = sqlx::AssertSqlSafe(format!("{SESSION} {HOLDER}"));
        let holder: Option<Row> = sqlx::query_as(sql).bind(LOCK).fetch_optional(&mut **lock).await?;
        let waiting = Waiting { what: "migrating".to_owned(), blocker: holder.map(blocker) };
        if Instant::now() >= end {
            return Err(GivenUp::failure(patience, waiting));
        }
        (patience.told)(&waiting);
        tokio::time::sleep(ONE_WAIT.min(end - Instant::now())).await;
    }
}

/// A migration under way.
struct Work<'a> {
    lock: Transaction<'a, Postgres>,
    working: &'a mut PgConnection,
    patience: Patience,
    end: Instant,
}

impl Work<'_> {
    async fn all(&mut self, schema: &Schema) -> Result<Migrated, Failure> {
        let from = version(self.working, schema).await?;
        let mut steps = Vec::new();
        for migration in pending(self.working, &schema.postgres).await? {
            let took = self.one(migration).await?;
            let name = migration.description.to_string();
            steps.push(MigratedStep { number: migration.version, name, took });
        }
        let to = version(self.working, schema).await?.unwrap_or_default();
        Ok(Migrated { from, to, steps })
    }

    /// Tries until the locks that it wants are free.
    async fn one(&mut self, migration: &Migration) -> Result<Duration, Failure> {
        let what = format!("migration {} ({})", migration.version, migration.description);
        loop {
            let pid = AtomicI32::new(0);
            let mut blocker = None;
            let failure = {
                let mut tried = std::pin::pin!(attempt(self.working, migration, &pid));
                let ended = loop {
                    tokio::select! {
                        ended = &mut tried => break ended,
                        () = tokio::time::sleep(PAUSE) => {}
                    }
                    if let Some(found) = blocker_of(&mut self.lock, pid.load(Ordering::Relaxed)).await? {
                        (self.patience.told)(&Waiting { what: what.clone(), blocker: Some(found.clone()) });
                        blocker = Some(found);
                    }
                };
                match ended {
                    Ok(took) => return Ok(took),
                    Err(failure) => failure,
                }
            };
            if failure.code() != Some(NOT_AVAILABLE) {
                return Err(failure);
            }
            if Instant::now() >= self.end {
                return Err(GivenUp::failure(self.patience, Waiting { what, blocker }));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// One go, which says meanwhile by which session.
async fn attempt(
    connection: &mut PgConnection,
    migration: &Migration,
    pid: &AtomicI32,
) -> Result<Duration, Failure> {
    let mut tx = connection.begin().await?;
    // It may take as long as the tables are large; only waiting is bounded.
    let limits =
        format!("set local statement_timeout = 0; set local lock_timeout = {}", ONE_WAIT.as_millis());
    sqlx::raw_sql(sqlx::AssertSqlSafe(limits)).execute(&mut *tx).await?;
    let own: i32 = sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut *tx).await?;
    pid.store(own, Ordering::Relaxed);
    let took = tx.apply(TABLE, migration).await?;
    tx.commit().await?;
    Ok(took)
}

async fn blocker_of(lock: &mut Transaction<'_, Postgres>, pid: i32) -> Result<Option<Blocker>, Failure> {
    let sql = sqlx::AssertSqlSafe(format!("{SESSION} {BLOCKERS}"));
    let found: Option<Row> = sqlx::query_as(sql).bind(pid).fetch_optional(&mut **lock).await?;
    Ok(found.map(blocker))
}

fn blocker((pid, application, user, state, seconds): Row) -> Blocker {
    let lasts = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    Blocker { pid, application, user, state, lasts }
}

/// The migrations that were not made yet, after those that were are seen to be ours.
async fn pending<'m>(
    connection: &mut PgConnection,
    migrator: &'m Migrator,
) -> Result<Vec<&'m Migration>, Failure> {
    let mut tx = connection.begin().await?;
    tx.ensure_migrations_table(TABLE).await?;
    let dirty = tx.dirty_version(TABLE).await?;
    let made = tx.list_applied_migrations(TABLE).await?;
    tx.commit().await?;
    super::unmade(migrator, dirty, made)
}

/// The version that the schema records, if there is one.
async fn version(connection: &mut PgConnection, schema: &Schema) -> Result<Option<i64>, Failure> {
    let mut tx = connection.begin().await?;
    let is_there: bool =
        sqlx::query_scalar("select to_regclass('schema_version') is not null").fetch_one(&mut *tx).await?;
    let recorded: Option<(i64, i64)> = if is_there {
        sqlx::query_as(schema.recorded.text(Dialect::Postgres)).fetch_optional(&mut *tx).await?
    } else {
        None
    };
    tx.commit().await?;
    Ok(recorded.map(|(version, _)| version))
}
