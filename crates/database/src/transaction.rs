//! A step's transaction, which ends in the step's answer.

use std::ops::{Deref, DerefMut};

use crate::connection::{Driver, Session};
use crate::{Connection, Failure};

/// A transaction that is open. Dropping it undoes what it did, also when the step is given up half way.
#[derive(Debug)]
pub struct Transaction(pub(crate) Connection);

/// A step's answer, and what becomes of its transaction. Only [`Transaction::commit`] and [`Transaction::roll_back`]
/// make one, so that no step can forget to decide.
#[derive(Debug)]
#[must_use]
pub struct Finished<T> {
    transaction: Transaction,
    commits: bool,
    answer: T,
}

impl Transaction {
    /// The step happened: everything it wrote stays.
    pub const fn commit<T>(self, answer: T) -> Finished<T> {
        Finished { transaction: self, commits: true, answer }
    }

    /// The step did not happen: nothing it wrote stays.
    pub const fn roll_back<T>(self, answer: T) -> Finished<T> {
        Finished { transaction: self, commits: false, answer }
    }
}

impl<T> Finished<T> {
    /// Ends the transaction. In Postgres undoing it is not waited for: whoever gets the connection next does that first.
    pub(crate) async fn end(self) -> Result<T, Failure> {
        match self.transaction.0.0 {
            Driver::Sqlite(loan) => loan.end_transaction(self.commits).await?,
            Driver::Postgres(loan) => {
                if let (true, Session::InTransaction(transaction)) = (self.commits, loan.session) {
                    loan.findings.learn(transaction.commit().await.map_err(Failure::from))?;
                }
            }
        }
        Ok(self.answer)
    }
}

impl Deref for Transaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}
