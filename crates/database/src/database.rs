//! A database that is open: its pools, and the steps that are taken on them.

use std::time::Duration;

use crate::connection::{Driver, Session};
use crate::measurement::Wait;
use crate::options::Location;
use crate::password::UrlSource;
use crate::postgres::PostgresPool;
use crate::replica::Replica;
use crate::sqlite::SqlitePools;
use crate::{Connection, Failure, Finished, Options, Row, Schema, SchemaFit, Sql, Transaction, Value};

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

/// A database that is open. Clones share its pools.
#[derive(Debug, Clone)]
pub struct Database {
    pools: Pools,
    replica: Option<Replica>,
    may_lag: bool,
}

#[derive(Debug, Clone)]
enum Pools {
    Postgres(PostgresPool),
    Sqlite(SqlitePools),
}

/// Carries out a statement that reads: on the replica where it may lag, and on the primary where it may not or the replica fails.
macro_rules! read {
    ($database:ident, $method:ident, $sql:ident, $values:ident) => {{
        if let Some((replica, mut connection)) = $database.lagging_session().await {
            match connection.$method($sql, $values).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => replica.failed(&failure),
            }
        }
        $database.reader().await?.$method($sql, $values).await
    }};
}

impl Database {
    /// Opens the database of a `postgres://` URL, or the file behind `sqlite:`. Connections to Postgres are made when
    /// they are first needed, so one that is away shows in [`ping`](Self::ping) and in every call, not here. A file is
    /// made if it is missing, for its owner alone, and no other process may have it open.
    ///
    /// # Errors
    /// A URL that does not read; a file that cannot be opened or that another process has.
    pub async fn open(url: &str, options: &Options) -> Result<Self, Failure> {
        let pools = match Location::parse(url)? {
            Location::Postgres(url) => Pools::Postgres(PostgresPool::open(url, options)?),
            Location::Sqlite(path) => Pools::Sqlite(SqlitePools::open(path.as_ref(), options).await?),
        };
        Ok(Self { pools, replica: None, may_lag: false })
    }

    /// The same with a replica, by its URL, for reads that may lag behind by so much. One that is away is no error.
    ///
    /// # Errors
    /// A URL that is not one of Postgres, and a file, which has no replica.
    pub fn with_replica(self, url: &str, most: Duration, options: &Options) -> Result<Self, Failure> {
        let (Pools::Postgres(_), Location::Postgres(url)) = (&self.pools, Location::parse(url)?) else {
            return Err(Failure::Broken("only a Postgres has a replica, which is one itself".into()));
        };
        let replica = Some(Replica::open(url, most, options)?);
        Ok(Self { replica, ..self })
    }

    /// The same, with what makes its URL of files: when Postgres refuses a login, they are read again at once, and a call that
    /// needs a session waits for a password that is taken as long as it would wait for a session. A file has no password.
    #[must_use]
    pub fn with_url_source(self, source: UrlSource) -> Self {
        let pools = match self.pools {
            Pools::Postgres(pool) => Pools::Postgres(pool.with_source(source)),
            file @ Pools::Sqlite(_) => file,
        };
        Self { pools, ..self }
    }

    /// The same for its replica, if it has one.
    #[must_use]
    pub fn with_replica_source(self, source: UrlSource) -> Self {
        let replica = self.replica.map(|replica| replica.with_source(source));
        Self { replica, ..self }
    }

    /// The same database, whose statements by themselves that read go to the replica while that keeps up, if there is one: what
    /// they find may be a little old. Steps and [`reader`](Self::reader) stay with the primary.
    #[must_use]
    pub fn lagging(&self) -> Self {
        Self { may_lag: true, ..self.clone() }
    }

    /// A session of the replica, where this read may lag and the replica does not too much.
    async fn lagging_session(&self) -> Option<(&Replica, Connection)> {
        let (Pools::Postgres(primary), Some(replica), true) = (&self.pools, &self.replica, self.may_lag)
        else {
            return None;
        };
        let _wait = Wait::begin(Dialect::Postgres);
        // Boxed, so that the futures of reads that go to the primary stay small.
        Box::pin(replica.session(primary)).await.map(|connection| (replica, connection))
    }

    /// Opens connections by another URL from now on, as when a password has changed; false if it is the one of before, or a
    /// file, which has none. Connections that are open go on.
    ///
    /// # Errors
    /// A URL that does not read; the old one stays.
    pub fn reload(&self, url: &str) -> Result<bool, Failure> {
        match &self.pools {
            Pools::Postgres(pool) => pool.go_over_to(url),
            Pools::Sqlite(_) => Ok(false),
        }
    }

    /// The same for its replica, if it has one.
    ///
    /// # Errors
    /// As [`reload`](Self::reload).
    pub fn reload_replica(&self, url: &str) -> Result<bool, Failure> {
        self.replica.as_ref().map_or(Ok(false), |replica| replica.pool.go_over_to(url))
    }

    /// Ends all connections. What was committed stays.
    pub async fn close(&self) {
        if let Some(replica) = &self.replica {
            replica.pool.sessions.close().await;
        }
        match &self.pools {
            Pools::Postgres(pool) => pool.sessions.close().await,
            Pools::Sqlite(pools) => pools.close().await,
        }
    }

    /// Which of the two it is.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self.pools {
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
        Ok(Connection(match &self.pools {
            Pools::Postgres(pool) => Driver::Postgres(pool.loan(Session::Plain(pool.acquire().await?))),
            Pools::Sqlite(pools) => Driver::Sqlite(pools.reader().await?),
        }))
    }

    /// A connection for statements that write, each of which is a step by itself.
    ///
    /// # Errors
    /// As [`reader`](Self::reader).
    pub async fn writer(&self) -> Result<Connection, Failure> {
        let _wait = Wait::begin(self.dialect());
        Ok(Connection(match &self.pools {
            Pools::Postgres(pool) => Driver::Postgres(pool.loan(Session::Plain(pool.acquire().await?))),
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
        Ok(Transaction(Connection(match &self.pools {
            Pools::Postgres(pool) => Driver::Postgres(pool.loan(Session::InTransaction(pool.begin().await?))),
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
        read!(self, optional, sql, values)
    }

    /// Reads the row of a statement that always has one.
    ///
    /// # Errors
    /// As [`Connection::one`].
    pub async fn one<R: Row>(&self, sql: Sql, values: &[Value<'_>]) -> Result<R, Failure> {
        read!(self, one, sql, values)
    }

    /// Reads all rows.
    ///
    /// # Errors
    /// As [`Connection::all`].
    pub async fn all<R: Row>(&self, sql: Sql, values: &[Value<'_>]) -> Result<Vec<R>, Failure> {
        read!(self, all, sql, values)
    }

    /// Reads the one column of the row of a statement that always has one.
    ///
    /// # Errors
    /// As [`Connection::scalar`].
    pub async fn scalar<T>(&self, sql: Sql, values: &[Value<'_>]) -> Result<T, Failure>
    where
        (T,): Row,
    {
        read!(self, scalar, sql, values)
    }

    /// Answers when the database can be read and written.
    ///
    /// # Errors
    /// It cannot.
    pub async fn ping(&self) -> Result<(), Failure> {
        match &self.pools {
            Pools::Postgres(pool) => pool.ping().await,
            Pools::Sqlite(pools) => pools.ping().await,
        }
    }

    /// Which database it is and why it failed, for operators: nothing of anybody's data, and no password.
    pub async fn cause(&self, failure: &Failure) -> String {
        let (target, behind) = match &self.pools {
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
        match &self.pools {
            Pools::Postgres(pool) => pool.target(),
            Pools::Sqlite(pools) => pools.target(),
        }
    }

    /// Whether what is set on a session stays set on it, where the options rely on that. A pooler in transaction mode does
    /// not grant it.
    ///
    /// # Errors
    /// The database is away, or the pooler refuses the settings of a session.
    pub async fn keeps_sessions(&self) -> Result<bool, Failure> {
        match &self.pools {
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
