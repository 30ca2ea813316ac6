//! Work that one process does at a time.

use crate::{Database, Dialect, Failure, Sql};

const TAKE: Sql = Sql::unlisted("select pg_try_advisory_xact_lock(hashtext($1))");

impl Database {
    /// Does this work unless another process does work under the same name; false then. Nobody waits.
    ///
    /// The lock is held by a transaction that does nothing else, so it wants a connection besides those of the work. It ends
    /// with its connection and is never left in a pooler's session. At its level of isolation it keeps no snapshot between
    /// statements, so an index that is built concurrently does not wait for it.
    ///
    /// # Errors
    /// Those of the work, and of the database.
    pub async fn alone(
        &self,
        name: &'static str,
        work: impl Future<Output = Result<(), Failure>>,
    ) -> Result<bool, Failure> {
        if self.dialect() == Dialect::Sqlite {
            // The file is one process's.
            work.await?;
            return Ok(true);
        }
        let mut lock = self.begin().await?;
        let limits = "set transaction isolation level read committed; \
                      set local idle_in_transaction_session_timeout = 0";
        lock.execute_text(limits.to_owned()).await?;
        let is_ours: bool = lock.scalar(TAKE, crate::values![name]).await?;
        if is_ours {
            work.await?;
        }
        lock.roll_back(is_ours).end().await
    }
}
