//! Identity's store in one SQLite file, for one process.
//!
//! One connection writes, and every writing step begins IMMEDIATE on it, so steps happen one after the other and
//! what a step reads cannot change under it; readers have a pool and see the last commit. A lock file beside the
//! database keeps a second process away: it would be correct, but it would wait for locks it cannot see.

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

use std::fs::File;
use std::sync::Arc;

use sqlx::{Sqlite, SqlitePool, Transaction};

pub use open::{SqliteOptions, migrate};

use super::Failure;

/// The store.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    /// One connection.
    pub(in crate::store) writer: SqlitePool,
    readers: SqlitePool,
    /// Held for as long as any clone of the store lives.
    _lock: Arc<File>,
}

impl SqliteStore {
    /// Begins a step that writes.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>, Failure> {
        Ok(self.writer.begin_with("begin immediate").await?)
    }
}
