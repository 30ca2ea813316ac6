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
    /// What came of a cell that held.
    pub(super) fn of(cell: Cell, diaries: &[Diary], recovery: Duration, met: &Met) -> Self {
        let unexpected = met.keys().filter(|name| name.ends_with("without RetryInfo"));
        assert_eq!(unexpected.count(), 0, "refused without a time to come back: {met:?}");
        let document = json!({
            "target": format!("{:?}", cell.target),
            "fault": format!("{:?}", cell.fault),
            "recovery_ms": u64::try_from(recovery.as_millis()).unwrap(),
            "resets": diaries.iter().map(Diary::resets).sum::<usize>(),
            "void": diaries.iter().map(|diary| diary.void.len()).sum::<usize>(),
            "met": met,
        });
        Self(cell, document)
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
