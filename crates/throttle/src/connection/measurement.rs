//! How long Redis takes.

use redis::{Arg, Cmd, RedisFuture, RedisResult};
use rekey_metrics::process::DATABASE_CALLS;
use tokio::time::Instant;

/// The kind of a command, as it is measured.
pub(super) fn operation_of(command: &Cmd) -> &'static str {
    match command.args_iter().next() {
        Some(Arg::Simple(name)) if name.to_ascii_uppercase().starts_with(b"EVAL") => "script",
        _ => "command",
    }
}

/// Measures a command. One that is given up half way is not measured.
pub(super) async fn measured<T>(operation: &'static str, answer: RedisFuture<'_, T>) -> RedisResult<T> {
    let started = Instant::now();
    let answer = answer.await;
    let error = match &answer {
        Ok(_) => "",
        Err(error) if error.is_timeout() => "timeout",
        Err(error) if error.is_io_error() || error.is_connection_dropped() => "unavailable",
        Err(_) => "broken",
    };
    DATABASE_CALLS.record(started.elapsed(), ["redis", operation, error]);
    answer
}
