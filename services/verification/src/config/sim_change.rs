//! `[verification.sim_change]`

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::domain::sim_change::{SimChangeRule, WhenUnknown};

/// Whether a gateway is asked for changed SIMs before a code goes by text.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimChangeSettings {
    /// Where the gateway is; without it nobody is asked.
    #[serde(default)]
    pub url: Option<String>,
    /// What is asked for there; `{number}` stands for the number.
    pub path: String,
    /// The name of HTTP Basic authentication.
    #[serde(default)]
    pub username: Option<String>,
    /// The file with its password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The file with a bearer token instead.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    pub(crate) changed_at: String,
    pub(crate) changed: String,
    pub(crate) hold_hours: u32,
    pub(crate) when_unknown: WhenUnknown,
    pub(crate) timeout_ms: u64,
    pub(crate) cache_seconds: u64,
    pub(crate) cache_entries: usize,
    pub(crate) lookups_per_day: u32,
}

impl SimChangeSettings {
    pub(crate) fn rule(&self) -> SimChangeRule {
        let hold = Duration::from_secs(u64::from(self.hold_hours) * 3_600);
        SimChangeRule { hold, when_unknown: self.when_unknown }
    }
}
