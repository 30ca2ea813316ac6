//! What calls find out about a Postgres, for the pool and for health.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::Failure;

/// How long after a disk was found full the database counts as away. Nothing but a write that needs room finds out, and
/// those that health could make itself would fill the catalogue.
const FULL_FOR: Duration = Duration::from_secs(30);

/// What calls found out about the database. Clones share it.
///
/// Sessions outlive a failover: a primary that became a standby keeps them, and each would fail every call until the
/// pool gives it up, half an hour later. So all that are older than the last such finding are thrown away.
#[derive(Debug, Clone, Default)]
pub(crate) struct Findings(Arc<Mutex<Found>>);

/// When it was last found.
#[derive(Debug, Default)]
struct Found {
    read_only: Option<Instant>,
    full: Option<Instant>,
}

impl Findings {
    /// Takes note of a failure that says so, and passes everything on.
    pub(crate) fn learn<T>(&self, ran: Result<T, Failure>) -> Result<T, Failure> {
        if let Err(failure) = &ran {
            let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if failure.only_reads() {
                found.read_only = Some(Instant::now());
            }
            if failure.is_of_full_disk() {
                found.full = Some(Instant::now());
            }
        }
        ran
    }

    /// Whether a session of this age may still be one that takes no writes.
    pub(crate) fn only_read_at(&self, age: Duration) -> bool {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).read_only;
        found.is_some_and(|found| age >= found.elapsed())
    }

    /// Whether the disk had no room a moment ago.
    pub(crate) fn is_full(&self) -> bool {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).full;
        found.is_some_and(|found| found.elapsed() < FULL_FOR)
    }
}
