//! Identity's store in one SQLite file, for one process.
//!
//! One connection writes, and every writing step begins IMMEDIATE on it, so steps happen one after the other and
//! what a step reads cannot change under it; readers have their own and see the last commit. A lock file beside the
//! database keeps a second process away: it would be correct, but it would wait for locks it cannot see.
//!
//! A step is on the disk before it is answered, but for those that only count or remember: tries, codes that are live,
//! marks, sweeps, and answers kept for a repeat. To lose the last of them to a power cut lets nobody in.

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
mod openings;
mod outbox;
mod passwords;
mod readers;
mod resets;
mod sessions;
mod sign_ins;
mod tries;
mod upkeep;
mod writer;

use std::fs::File;
use std::sync::Arc;

pub use open::{SqliteOptions, migrate};
pub(in crate::store) use writer::Turn;

use readers::{Reader, Readers};
use writer::{Durability, Writer};

use super::Failure;

/// The store.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
    /// Held for as long as any clone of the store lives.
    _lock: Arc<File>,
}

impl SqliteStore {
    /// Begins a step that writes: it is on the disk before it is answered.
    async fn begin(&self) -> Result<Turn, Failure> {
        self.writer.begin(Durability::OnDisk).await
    }

    /// Begins a step that only counts a try or remembers a code: it outlives this process, but a power cut may take back
    /// the last ones. Nobody who guesses can cut the power, and the disk is not waited for.
    async fn begin_counting(&self) -> Result<Turn, Failure> {
        self.writer.begin(Durability::InLog).await
    }

    /// A connection to read from, as of the last commit.
    async fn reader(&self) -> Result<Reader, Failure> {
        self.readers.next().await
    }

    /// A turn for a statement that is a step by itself, which does not wait for the disk either.
    pub(in crate::store) async fn turn(&self) -> Result<Turn, Failure> {
        self.writer.turn().await
    }
}
