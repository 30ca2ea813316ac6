//! How long statements take, and how long steps wait for a connection.

use rekey_metrics::process::{CONNECTION_WAITS, DATABASE_CALLS, operation_of};
use tokio::time::Instant;

use crate::{Dialect, Failure};

/// A statement under way. One that is given up half way is not measured: nobody knows how it ended.
pub(crate) struct Measurement {
    dialect: Dialect,
    operation: &'static str,
    started: Instant,
}

impl Measurement {
    pub(crate) fn start(dialect: Dialect, statement: &str) -> Self {
        Self { dialect, operation: operation_of(statement), started: Instant::now() }
    }

    pub(crate) fn end<T>(self, ran: &Result<T, Failure>) {
        let error = match ran {
            Ok(_) => "",
            Err(Failure::Unavailable(_)) => "unavailable",
            Err(Failure::TimedOut) => "timeout",
            Err(Failure::Unreadable { .. } | Failure::Broken(_)) => "broken",
        };
        DATABASE_CALLS.record(self.started.elapsed(), [name(self.dialect), self.operation, error]);
    }
}

/// The wait for a connection, be it had or not: measured when it is dropped. A future around the one that waits would make
/// those of whoever takes a step larger by all of it.
pub(crate) struct Wait {
    dialect: Dialect,
    started: Instant,
}

impl Wait {
    pub(crate) fn begin(dialect: Dialect) -> Self {
        Self { dialect, started: Instant::now() }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        CONNECTION_WAITS.record(self.started.elapsed(), [name(self.dialect)]);
    }
}

const fn name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => "postgresql",
        Dialect::Sqlite => "sqlite",
    }
}
