//! Waiting for what a process cannot work without.
//!
//! A store that is not there yet is ordinary in a cluster: everything starts at once. The process stays alive
//! and unready instead of crashing in a circle.

use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use crate::shutdown::Shutdown;

const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// No longer: a store that is back should not wait for its users.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Tries until it works, with pauses that double from 0.2 s to 5 s; `None` when the process was told to stop.
pub async fn persist<T, E, F>(what: &str, shutdown: &Shutdown, attempt: impl FnMut() -> F) -> Option<T>
where
    F: Future<Output = Result<T, E>>,
    E: Display,
{
    persist_from(FIRST_PAUSE, what, shutdown, attempt).await
}

async fn persist_from<T, E, F>(
    mut pause: Duration,
    what: &str,
    shutdown: &Shutdown,
    mut attempt: impl FnMut() -> F,
) -> Option<T>
where
    F: Future<Output = Result<T, E>>,
    E: Display,
{
    loop {
        let outcome = tokio::select! {
            biased;
            () = shutdown.begun() => return None,
            outcome = attempt() => outcome,
        };
        match outcome {
            Ok(done) => return Some(done),
            Err(error) => tracing::warn!(what, error = %format_args!("{error:#}"), "not there yet"),
        }
        if !shutdown.pause(pause).await {
            return None;
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use super::{persist, persist_from};
    use crate::shutdown::Shutdown;

    #[tokio::test]
    async fn it_tries_until_it_works() {
        let tries = Cell::new(0);
        let attempt = || async {
            tries.set(tries.get() + 1);
            if tries.get() < 4 { Err("away") } else { Ok(tries.get()) }
        };

        assert_eq!(persist_from(Duration::ZERO, "store", &Shutdown::new(), attempt).await, Some(4));
    }

    #[tokio::test]
    async fn it_gives_up_when_told_to_stop() {
        let shutdown = Shutdown::new();
        shutdown.begin();

        assert_eq!(persist("store", &shutdown, || async { Err::<(), _>("away") }).await, None);
    }
}
