//! The most memory that a suite has in RAM while something happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::suite::{Suite, resident_bytes};

/// How often it is looked at: more often than anything worth seeing comes and goes.
const EVERY: Duration = Duration::from_millis(20);

/// Looks until it is dropped.
pub(super) struct Peak {
    bytes: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Peak {
    pub(super) fn watch(suite: &Suite) -> Self {
        let (bytes, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (process, seen, stop) = (suite.process_id(), Arc::clone(&bytes), Arc::clone(&over));
        tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                seen.fetch_max(resident_bytes(process).unwrap_or_default(), Ordering::Relaxed);
                tokio::time::sleep(EVERY).await;
            }
        });
        Self { bytes, over }
    }

    /// The most so far.
    pub(super) fn megabytes(&self) -> f64 {
        self.bytes.load(Ordering::Relaxed) as f64 / 1e6
    }
}

impl Drop for Peak {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
