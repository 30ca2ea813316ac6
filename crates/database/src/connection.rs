//! One connection, whichever database is behind it.

use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, FromRow, PgConnection, Postgres, SqlSafeStr as _};

use crate::findings::Findings;
use crate::measurement::Measurement;
use crate::sqlite::SqliteLoan;
use crate::value::{for_postgres, for_sqlite};
use crate::{Dialect, Failure, Sql, Value};

/// A connection on loan from a pool, or one with a transaction open on it.
pub struct Connection(pub(crate) Driver);

/// The driver at work.
pub(crate) enum Driver {
    Postgres(PostgresLoan),
    Sqlite(SqliteLoan),
}

/// A connection to Postgres that the pool has given.
pub(crate) struct PostgresLoan {
    pub(crate) session: Session,
    /// Told when the session turns out to take no writes.
    pub(crate) findings: Findings,
    /// How a transaction begins where every statement needs one, since the next may meet another session.
    pub(crate) begin: Option<Arc<str>>,
}

/// A session with Postgres, with or without a transaction open on it.
pub(crate) enum Session {
    Plain(PoolConnection<Postgres>),
    InTransaction(sqlx::Transaction<'static, Postgres>),
}

/// What one statement runs on.
enum Opened<'c> {
    Session(&'c mut PgConnection),
    OwnTransaction(sqlx::Transaction<'c, Postgres>),
}

/// A row that either database can fill. `#[derive(FromRow)]` makes one of a struct whose fields both databases can
/// decode; tuples are rows as well.
pub trait Row: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin + 'static {}

impl<T> Row for T where T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin + 'static
{}

/// The rows of a statement as its driver gave them. So one function carries statements out, whatever is read from their rows;
/// one for each kind of row took half a megabyte.
enum Rows {
    Postgres(Vec<PgRow>),
    Sqlite(Vec<SqliteRow>),
}

/// Runs `$run` with the statement and its values as a query of whichever driver is at work, and its connection, and measures
/// it.
macro_rules! on_driver {
    ($self:ident, $sql:ident, $values:ident, |$query:ident, $connection:ident| $run:expr) => {{
        let dialect = $self.dialect();
        let text = $sql.text(dialect);
        let measurement = Measurement::start(dialect, text);
        let ran: Result<_, Failure> = match &mut $self.0 {
            Driver::Postgres(loan) => {
                let $query = for_postgres($values).map_err(sqlx::Error::Encode)?;
                let $query = sqlx::query_with(text, $query).persistent(loan.begin.is_none());
                // Boxed, so that the futures of whoever takes a step stay small.
                let ran: Result<_, Failure> = Box::pin(async {
                    let mut opened = loan.open().await?;
                    let $connection = opened.connection();
                    let ran: Result<_, Failure> = async { $run }.await;
                    opened.end(ran).await
                })
                .await;
                loan.findings.learn(ran)
            }
            Driver::Sqlite(loan) => {
                let ($query, $connection) = (for_sqlite($values), loan.connection());
                let $query = sqlx::query_with(text, $query.map_err(sqlx::Error::Encode)?);
                Box::pin(async { $run }).await
            }
        };
        measurement.end(&ran);
        ran
    }};
}

impl Connection {
    /// Which database is behind it.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        match self.0 {
            Driver::Postgres(_) => Dialect::Postgres,
            Driver::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Carries out a statement, and tells how many rows it wrote or deleted.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn execute(&mut self, sql: Sql, values: &[Value<'_>]) -> Result<u64, Failure> {
        on_driver!(self, sql, values, |query, connection| {
            Ok(query.execute(connection).await?.rows_affected())
        })
    }

    /// The first row, if there is one.
    ///
    /// # Errors
    /// Those of the database, and a row that does not read.
    pub async fn optional<R: Row>(&mut self, sql: Sql, values: &[Value<'_>]) -> Result<Option<R>, Failure> {
        Ok(self.rows(sql, values).await?.first()?)
    }

    /// The row of a statement that always has one.
    ///
    /// # Errors
    /// As [`optional`](Self::optional), and no row.
    pub async fn one<R: Row>(&mut self, sql: Sql, values: &[Value<'_>]) -> Result<R, Failure> {
        let row = self.optional(sql, values).await?;
        row.ok_or_else(|| Failure::from(sqlx::Error::RowNotFound))
    }

    /// All rows.
    ///
    /// # Errors
    /// As [`optional`](Self::optional).
    pub async fn all<R: Row>(&mut self, sql: Sql, values: &[Value<'_>]) -> Result<Vec<R>, Failure> {
        Ok(self.rows(sql, values).await?.all()?)
    }

    /// The one column of the row of a statement that always has one.
    ///
    /// # Errors
    /// As [`one`](Self::one).
    pub async fn scalar<T>(&mut self, sql: Sql, values: &[Value<'_>]) -> Result<T, Failure>
    where
        (T,): Row,
    {
        Ok(self.one::<(T,)>(sql, values).await?.0)
    }

    /// Whether there is a row.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn exists(&mut self, sql: Sql, values: &[Value<'_>]) -> Result<bool, Failure> {
        Ok(!self.rows(sql, values).await?.is_empty())
    }

    /// All rows are asked for: SQLite ends a statement, and commits it, only behind the last one.
    async fn rows(&mut self, sql: Sql, values: &[Value<'_>]) -> Result<Rows, Failure> {
        on_driver!(self, sql, values, |query, connection| {
            Ok(Rows::from(query.fetch_all(connection).await?))
        })
    }

    /// Carries out a text that was put together: a table's name cannot be a parameter. Nothing that anybody typed may
    /// be in it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn execute_text(&mut self, text: String) -> Result<(), Failure> {
        let text = sqlx::raw_sql(AssertSqlSafe(text));
        match &mut self.0 {
            Driver::Postgres(loan) => text.execute(loan.connection()).await.map(drop)?,
            Driver::Sqlite(loan) => text.execute(loan.connection()).await.map(drop)?,
        }
        Ok(())
    }

    /// Lets the database read a statement without carrying it out.
    pub(crate) async fn prepare(&mut self, sql: Sql) -> Result<(), sqlx::Error> {
        let text = sql.text(self.dialect()).into_sql_str();
        match &mut self.0 {
            Driver::Postgres(loan) => loan.connection().prepare(text).await.map(drop),
            Driver::Sqlite(loan) => loan.connection().prepare(text).await.map(drop),
        }
    }
}

impl Rows {
    fn first<R: Row>(&self) -> Result<Option<R>, sqlx::Error> {
        match self {
            Self::Postgres(rows) => rows.first().map(R::from_row).transpose(),
            Self::Sqlite(rows) => rows.first().map(R::from_row).transpose(),
        }
    }

    fn all<R: Row>(&self) -> Result<Vec<R>, sqlx::Error> {
        match self {
            Self::Postgres(rows) => rows.iter().map(R::from_row).collect(),
            Self::Sqlite(rows) => rows.iter().map(R::from_row).collect(),
        }
    }

    const fn is_empty(&self) -> bool {
        match self {
            Self::Postgres(rows) => rows.is_empty(),
            Self::Sqlite(rows) => rows.is_empty(),
        }
    }
}

impl From<Vec<PgRow>> for Rows {
    fn from(rows: Vec<PgRow>) -> Self {
        Self::Postgres(rows)
    }
}

impl From<Vec<SqliteRow>> for Rows {
    fn from(rows: Vec<SqliteRow>) -> Self {
        Self::Sqlite(rows)
    }
}

impl PostgresLoan {
    fn connection(&mut self) -> &mut PgConnection {
        match &mut self.session {
            Session::Plain(connection) => connection,
            Session::InTransaction(transaction) => transaction,
        }
    }

    /// What the next statement runs on.
    async fn open(&mut self) -> Result<Opened<'_>, sqlx::Error> {
        Ok(match (&mut self.session, &self.begin) {
            (Session::Plain(connection), Some(begin)) => {
                Opened::OwnTransaction(connection.begin_with(AssertSqlSafe(Arc::clone(begin))).await?)
            }
            (Session::Plain(connection), None) => Opened::Session(connection),
            (Session::InTransaction(transaction), _) => Opened::Session(transaction),
        })
    }
}

impl Opened<'_> {
    fn connection(&mut self) -> &mut PgConnection {
        match self {
            Self::Session(connection) => connection,
            Self::OwnTransaction(transaction) => transaction,
        }
    }

    /// A statement that did not fail is a step by itself.
    async fn end<T>(self, ran: Result<T, Failure>) -> Result<T, Failure> {
        match self {
            Self::OwnTransaction(transaction) if ran.is_ok() => transaction.commit().await?,
            Self::OwnTransaction(_) | Self::Session(_) => {}
        }
        ran
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Connection").field(&self.dialect()).finish()
    }
}
