//! Identity's store in Postgres, shared by all replicas.
//!
//! Steps run at READ COMMITTED and protect themselves: conditions stand in the statement that writes, a row that a
//! rule must judge first is locked, and locks are taken in one order (answer, tenant, account, then what belongs to
//! it, the head of the audit chain last). A step that still loses a race is done again from its beginning.

mod accounts;
mod answers;
mod audit;
mod changes;
mod columns;
mod creation;
mod expiry;
mod help;
mod lockouts;
mod notices;
mod open;
mod outbox;
mod passwords;
mod resets;
mod sessions;
mod sign_ins;
mod tries;
mod upkeep;

use sqlx::{PgPool, Postgres, Transaction};

pub use open::{PostgresOptions, migrate};

use super::Failure;

/// How often a step is done in all when it loses races: deadlocks need luck to happen twice.
const TRIES: u32 = 4;

/// Does a step until it does not lose a race.
macro_rules! retried {
    ($step:expr) => {{
        let mut tries = 1;
        loop {
            match $step.await {
                Err(failure)
                    if tries < $crate::store::postgres::TRIES
                        && $crate::store::Failure::lost_a_race(&failure) =>
                {
                    tries += 1
                }
                outcome => break outcome,
            }
        }
    }};
}
use retried;

/// The store.
#[derive(Debug, Clone)]
pub struct PostgresStore {
    pub(in crate::store) pool: PgPool,
}

impl PostgresStore {
    /// Begins a step that writes.
    async fn begin(&self) -> Result<Transaction<'static, Postgres>, Failure> {
        Ok(self.pool.begin().await?)
    }
}
