//! The database as tests have it: in a simulation every call of it may fail before it was done, behind it, and before its
//! commit, or be given up there. Elsewhere it is the database.

use std::ops::Deref;
use std::time::Duration;

use rekey_database::{
    Connection, Failure, Finished, Options, Row, Sql, Transaction, UrlSource, Value, values,
};
use rekey_testing::simulation::{Fault, Faults};

use super::Store;
use super::resets::MethodKey;
use crate::domain::scope::TenantScope;

/// A database and its faults.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    database: rekey_database::Database,
    faults: Faults,
}

impl Store {
    /// The same store with these faults.
    pub(crate) fn with_faults(self, faults: Faults) -> Self {
        Self { database: Database { faults, ..self.database } }
    }

    /// How many attempts at a method are held against it.
    pub(crate) async fn attempts_in_a_row(
        &self,
        scope: &TenantScope,
        method: MethodKey,
    ) -> Result<usize, Failure> {
        let sql = Sql::unlisted("select in_a_row from method_tries where tenant_id = $1 and method_key = $2");
        let found: Option<(i64,)> = self.database.optional(sql, values![scope.tenant_id(), method]).await?;
        Ok(found.and_then(|(count,)| usize::try_from(count).ok()).unwrap_or_default())
    }
}

impl Database {
    pub(super) async fn open(url: &str, options: &Options) -> Result<Self, Failure> {
        let database = rekey_database::Database::open(url, options).await?;
        Ok(Self { database, faults: Faults::default() })
    }

    pub(super) fn with_replica(self, url: &str, most: Duration, options: &Options) -> Result<Self, Failure> {
        Ok(Self { database: self.database.with_replica(url, most, options)?, ..self })
    }

    pub(super) fn with_url_source(self, source: UrlSource) -> Self {
        Self { database: self.database.with_url_source(source), ..self }
    }

    pub(super) fn with_replica_source(self, source: UrlSource) -> Self {
        Self { database: self.database.with_replica_source(source), ..self }
    }

    pub(super) fn lagging(&self) -> Self {
        Self { database: self.database.lagging(), ..self.clone() }
    }

    pub(super) async fn reader(&self) -> Result<Connection, Failure> {
        self.faults.point().await.map_err(failed)?;
        self.database.reader().await
    }

    pub(super) async fn writer(&self) -> Result<Connection, Failure> {
        self.faults.point().await.map_err(failed)?;
        self.database.writer().await
    }

    pub(super) async fn step<T, F>(&self, work: impl Fn(Transaction) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<Finished<T>, Failure>>,
    {
        let faults = &self.faults;
        let step = self.database.step(|tx| {
            let working = work(tx);
            async move {
                let finished = working.await?;
                // Whoever goes on here could wait for what this step has locked.
                faults.point_alone().await.map_err(failed)?;
                Ok(finished)
            }
        });
        self.faults.around(step, failed).await
    }

    pub(super) async fn execute(&self, sql: Sql, values: &[Value<'_>]) -> Result<u64, Failure> {
        self.faults.around(self.database.execute(sql, values), failed).await
    }

    pub(super) async fn optional<R: Row>(
        &self,
        sql: Sql,
        values: &[Value<'_>],
    ) -> Result<Option<R>, Failure> {
        self.faults.around(self.database.optional(sql, values), failed).await
    }

    pub(super) async fn one<R: Row>(&self, sql: Sql, values: &[Value<'_>]) -> Result<R, Failure> {
        self.faults.around(self.database.one(sql, values), failed).await
    }

    pub(super) async fn all<R: Row>(&self, sql: Sql, values: &[Value<'_>]) -> Result<Vec<R>, Failure> {
        self.faults.around(self.database.all(sql, values), failed).await
    }

    pub(super) async fn scalar<T>(&self, sql: Sql, values: &[Value<'_>]) -> Result<T, Failure>
    where
        (T,): Row,
    {
        self.faults.around(self.database.scalar(sql, values), failed).await
    }
}

impl Deref for Database {
    type Target = rekey_database::Database;

    fn deref(&self) -> &rekey_database::Database {
        &self.database
    }
}

fn failed(fault: Fault) -> Failure {
    Failure::Unavailable(Box::new(fault))
}
