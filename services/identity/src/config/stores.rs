//! Where identity keeps things: `[identity.store]` and `[identity.throttle]`.

use std::fmt;
use std::path::PathBuf;

use rekey_runtime::settings::{Pooling, RedisSettings};
use serde::Deserialize;

/// `[identity.store]`
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Store {
    /// `postgres://…` or `sqlite:PATH`. It may hold a password: never logged.
    pub url: String,
    /// A file with the password, where it does not stand in the URL.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The most connections.
    pub connections: u32,
    /// How long a call waits for one.
    pub acquire_timeout_ms: u64,
    /// How long one statement may take.
    pub statement_timeout_ms: u64,
    /// What stands between this part and its Postgres.
    pub pooling: Pooling,
    /// `postgres://…` of a replica for reads that may lag behind. It may hold a password: never logged.
    #[serde(default)]
    pub replica_url: Option<String>,
    /// How far they may.
    pub replica_max_lag_ms: u64,
    /// How often the store is looked at.
    pub check_seconds: u64,
}

/// `[identity.throttle]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// Where budgets are counted.
    #[serde(flatten)]
    pub redis: RedisSettings,
    /// How long one step may take.
    pub timeout_ms: u64,
    /// The most counters kept in the process.
    pub memory_entries: usize,
    /// How many processes share the budgets while Redis is away.
    pub processes: std::num::NonZeroU64,
    /// How long Redis is left alone after it failed.
    pub rest_seconds: u64,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("kind", &kind(&self.url)).finish_non_exhaustive()
    }
}

/// What may be shown of a URL that may hold a password.
fn kind(url: &str) -> &str {
    url.split(':').next().unwrap_or_default()
}
