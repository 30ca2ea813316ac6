//! What a cell has shown, for the table in `docs/faults.md`: a JSON document each, written where `cargo xtask faults` asks for it.

use std::path::PathBuf;
use std::time::Duration;

use rekey_tests::backend::Met;
use serde_json::{Value, json};

use super::cell::Cell;
use super::people::Diary;

/// One row of the table.
pub(super) struct Report(Cell, Value);

impl Report {
    /// What people did in a cell that held, and what their calls met.
    pub(super) fn of(cell: Cell, diaries: &[Diary], met: &Met) -> Self {
        let unexpected = met.keys().filter(|name| name.ends_with("without RetryInfo"));
        assert_eq!(unexpected.count(), 0, "refused without a time to come back: {met:?}");
        let document = json!({
            "target": format!("{:?}", cell.target),
            "fault": format!("{:?}", cell.fault),
            "resets": diaries.iter().map(Diary::resets).sum::<usize>(),
            "void": diaries.iter().map(|diary| diary.void.len()).sum::<usize>(),
            "met": met,
        });
        Self(cell, document)
    }

    /// How long the recovery took, and how many messages ended as unknown.
    pub(super) fn with(mut self, recovery: Duration, unknown: usize) -> Self {
        self.1["recovery_ms"] = json!(u64::try_from(recovery.as_millis()).unwrap());
        self.1["unknown"] = json!(unknown);
        self
    }

    /// Writes it, if somebody asks for it.
    pub(super) fn write(&self) {
        if let Some(folder) = folder() {
            let Self(Cell { target, fault }, document) = self;
            std::fs::write(folder.join(format!("{target:?}-{fault:?}.json")), document.to_string()).unwrap();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a test has no settings document")]
fn folder() -> Option<PathBuf> {
    std::env::var_os("REKEY_TEST_FAULTS").map(PathBuf::from)
}
