//! A database that is open: its pools, and the steps that are taken on them.

use std::time::Duration;

use crate::connection::{Driver, Session};
use crate::measurement::Wait;
use crate::postgres::PostgresPool;
use crate::sqlite::SqlitePools;
use crate::{Connection, Failure, Finished, Row, Schema, SchemaFit, Sql, Transaction, Value};

/// How often a step is done in all when it loses races: deadlocks need luck to happen twice.
const ATTEMPTS: u32 = 4;

/// Which of the two it is, where it matters to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Many processes, each with many connections.
    Postgres,
    /// One process, one writer at a time.
    Sqlite,
}

/// How a database is used.
#[derive(Debug, Clone)]
pub struct Options {
    /// What connections to Postgres call themselves.
    pub application_name: &'static str,
    /// How many connections to Postgres this process holds at most.
    pub connections: u32,
    /// How long a call waits for one of them.
    pub acquire_timeout: Duration,
    /// How long one statement may take in Postgres.
    pub statement_timeout: Duration,
    /// How long one statement may wait for a lock in Postgres.
    pub lock_timeout: Duration,
    /// How long a connection to Postgres may lie idle and still be used without asking whether it lives.
    pub idle_trust: Duration,
    /// How many connections read from a SQLite file at once.
    pub readers: u32,
    /// How long to wait for a connection to a SQLite file, or for its lock.
    pub busy_timeout: Duration,
}

impl Options {
    /// 8 connections do what two cores can; 2 s for a connection or a lock and 5 s for a statement leave room for an
    /// answer within the 10 s of a call without a deadline. Under load no connection is idle for 1 s, so asking costs
    /// nothing there, and after an outage the dead ones are found before a call is.
    ///
    /// 4 readers are more than the cores of a machine that runs everything in one process; 5 s of patience are half the
    /// life of a call without a deadline.
    #[must_use]
    pub const fn named(application_name: &'static str) -> Self {
        Self {
            application_name,
            connections: 8,
            acquire_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(2),
            idle_trust: Duration::from_secs(1),
            readers: 4,
            busy_timeout: Duration::from_secs(5),
        }
    }
}

/// Where a database is. The URL may hold a password, so nothing quotes it.
pub(crate) enum Location<'a> {
    Postgres(&'a str),
    Sqlite(&'a str),
}

impl<'a> Location<'a> {
    pub(crate) fn parse(url: &'a str) -> Result<Self, Failure> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            return Ok(Self::Sqlite(path));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url));
        }
        Err(Failure::Broken("a database URL begins with `postgres://` or `sqlite:`".into()))
    }
}

/// A database that is open. Clones share its pools.
#[derive(Debug, Clone)]
pub struct Database(Pools);

#[derive(Debug, Clone)]
enum Pools {
    Postgres(PostgresPool),
    Sqlite(SqlitePools),
}

impl Database {
    /// Opens the database of a `postgres://` URL, or the file behind `sqlite:`. Connections to Postgres are made when
    /// they are first needed, so one that is away shows in [`ping`](Self::ping) and in every call, not here. A file is
    /// made if it is missing, for its owner alone, and no other process may have it open.
    ///
    /// # Errors
    /// A URL that does not read; a file that cannot be opened or that another process has.
    pub async fn open(url: &str, options: &Options) -> Result<Self, Failure> {
        Ok(Self(match Location::parse(url)? {
            Location::Postgres(url) => Pools::Postgres(PostgresPool::open(url, options)?),
            Location::Sqlite(path) => Pools::Sqlite(SqlitePools::open(path.as_ref(), options).await?),
        }))
    }

    /// Opens connections by another URL from now on, as when a password has changed; false if it is the one of before, or a
    /// file, which has none. Connections that are open go on.
    ///
    /// # Errors
    /// A URL that does not read; the old one stays.
    pub fn reload(&self, url: &str) -> Result<bool, Failure> {
        match &self.0 {
            Pools::Postgres(pool) => pool.go_over_to(url),
            Pools::Sqlite(_) => Ok(false),
        }
    }

    /// Ends all connections. What was committed stays.
    pub async fn close(&self) {
        match &self.0 {
            Pools::Postgres(pool) => pool.sessions.close().await,
            Pools::Sqlite(pools) => pools.close().await,
        }
    }

    /// Which of the two it is.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self.0 {
            Pools::Postgres(_) => Dialect::Postgres,
            Pools::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// A connection for statements that read, each as of the last commit.
    ///
    /// # Errors
    /// The database is away or all connections are in use.
    pub async fn reader(&self) -> Result<Connection, Failure> {
        let _wait = Wait::begin(self.dialect());
        Ok(Connection(match &self.0 {
            Pools::Postgres(pool) => {
                Driver::Postgres(pool.loan(Session::Plain(pool.sessions.acquire().await?)))
            }
            Pools::Sqlite(pools) => Driver::Sqlite(pools.reader().await?),
        }))
    }

    /// A connection for statements that write, each of which is a step by itself.
    ///
    /// # Errors
    /// As [`reader`](Self::reader).
    pub async fn writer(&self) -> Result<Connection, Failure> {
        let _wait = Wait::begin(self.dialect());
        Ok(Connection(match &self.0 {
            Pools::Postgres(pool) => {
                Driver::Postgres(pool.loan(Session::Plain(pool.sessions.acquire().await?)))
            }
            Pools::Sqlite(pools) => Driver::Sqlite(pools.writer().await?),
        }))
    }

    /// Takes a step: all that `work` does happens, or none of it. `work` decides which by how it ends its transaction,
    /// `Ok(tx.commit(answer))` or `Ok(tx.roll_back(answer))`; a failure and a step that is given up half way undo it. A
    /// step that loses a race against another is done again from its beginning, and so is one whose session turns out to
    /// take no writes: another session may have found the new primary.
    ///
    /// Postgres runs it at READ COMMITTED: conditions stand in the statement that writes, and a row that a rule must
    /// judge first is locked. SQLite begins it as the only writer.
    ///
    /// # Errors
    /// Those of `work` and of the database.
    pub async fn step<T, F>(&self, work: impl Fn(Transaction) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<Finished<T>, Failure>>,
    {
        let mut attempt = 1;
        loop {
            match self.attempt(&work).await {
                Err(failure) if attempt < ATTEMPTS && failure.is_mended_by_a_repeat() => attempt += 1,
                ended => return ended,
            }
        }
    }

    async fn attempt<T, F>(&self, work: &impl Fn(Transaction) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<Finished<T>, Failure>>,
    {
        // Boxed, so that the futures of whoever takes the step stay small.
        Box::pin(work(self.begin().await?)).await?.end().await
    }

    pub(crate) async fn begin(&self) -> Result<Transaction, Failure> {
        let _wait = Wait::begin(self.dialect());
        Ok(Transaction(Connection(match &self.0 {
            Pools::Postgres(pool) => {
                Driver::Postgres(pool.loan(Session::InTransaction(pool.sessions.begin().await?)))
            }
            Pools::Sqlite(pools) => Driver::Sqlite(pools.begin().await?),
        })))
    }

    /// A step of one statement: how many rows it wrote or deleted.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn execute(&self, sql: Sql, values: &[Value<'_>]) -> Result<u64, Failure> {
        self.writer().await?.execute(sql, values).await
    }

    /// Reads the first row, if there is one.
    ///
    /// # Errors
    /// As [`Connection::optional`].
    pub async fn optional<R: Row>(&self, sql: Sql, values: &[Value<'_>]) -> Result<Option<R>, Failure> {
        self.reader().await?.optional(sql, values).await
    }

    /// Reads the row of a statement that always has one.
    ///
    /// # Errors
    /// As [`Connection::one`].
    pub async fn one<R: Row>(&self, sql: Sql, values: &[Value<'_>]) -> Result<R, Failure> {
        self.reader().await?.one(sql, values).await
    }

    /// Reads all rows.
    ///
    /// # Errors
    /// As [`Connection::all`].
    pub async fn all<R: Row>(&self, sql: Sql, values: &[Value<'_>]) -> Result<Vec<R>, Failure> {
        self.reader().await?.all(sql, values).await
    }

    /// Reads the one column of the row of a statement that always has one.
    ///
    /// # Errors
    /// As [`Connection::scalar`].
    pub async fn scalar<T>(&self, sql: Sql, values: &[Value<'_>]) -> Result<T, Failure>
    where
        (T,): Row,
    {
        self.reader().await?.scalar(sql, values).await
    }

    /// Answers when the database can be read and written.
    ///
    /// # Errors
    /// It cannot.
    pub async fn ping(&self) -> Result<(), Failure> {
        match &self.0 {
            Pools::Postgres(pool) => pool.ping().await,
            Pools::Sqlite(pools) => pools.ping().await,
        }
    }

    /// Which database it is and why it failed, for operators: nothing of anybody's data, and no password.
    pub async fn cause(&self, failure: &Failure) -> String {
        let (target, behind) = match &self.0 {
            Pools::Postgres(pool) if failure.is_without_connection() => {
                (pool.target(), pool.why_without_connection().await)
            }
            Pools::Postgres(pool) => (pool.target(), None),
            Pools::Sqlite(pools) => (pools.target(), None),
        };
        format!("{target}: {}", behind.as_ref().unwrap_or(failure).cause())
    }

    /// Which database it is, without a password.
    pub(crate) fn target(&self) -> String {
        match &self.0 {
            Pools::Postgres(pool) => pool.target(),
            Pools::Sqlite(pools) => pools.target(),
        }
    }

    /// Whether what is set on a session stays set on it, as everything here relies on. A pooler in transaction mode does
    /// not grant that.
    ///
    /// # Errors
    /// The database is away, or the pooler refuses the settings of a session.
    pub async fn keeps_sessions(&self) -> Result<bool, Failure> {
        match &self.0 {
            Pools::Postgres(pool) => pool.keeps_sessions().await,
            Pools::Sqlite(_) => Ok(true),
        }
    }

    /// Whether the schema is one that this code can work with.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn schema_fit(&self, schema: &Schema) -> Result<SchemaFit, Failure> {
        crate::schema::fit(&mut self.reader().await?, schema).await
    }

    /// Lets the database read statements without carrying them out, and names those that it does not understand. A
    /// statement without a text for this database is passed over.
    ///
    /// # Errors
    /// The database is away.
    pub async fn misunderstood(&self, statements: &[Sql]) -> Result<Vec<String>, Failure> {
        let mut connection = self.reader().await?;
        let mut misunderstood = Vec::new();
        let of_this_database = |sql: &&Sql| !sql.text(self.dialect()).is_empty();
        for sql in statements.iter().filter(of_this_database) {
            if let Err(error) = connection.prepare(*sql).await {
                misunderstood.push(format!("{}: {error}", sql.name()));
            }
        }
        Ok(misunderstood)
    }
}
