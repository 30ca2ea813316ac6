//! Waiting for what another process does.
//!
//! Nobody tells us when a process is ready, a mail has arrived or a queue is empty, so it is looked at again and again
//! until it is so. A deadline turns waiting for ever into a failure that says what was waited for.

use std::time::Duration;

/// Conditions are looked at this often.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Far above what anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What `look` finds, as soon as it finds something.
///
/// # Panics
/// When it finds nothing for a minute.
pub async fn eventually<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    match within(PATIENCE, look).await {
        Some(found) => found,
        None => panic!("not within {PATIENCE:?}: {what}"),
    }
}

/// The same for whoever goes on without it after some time.
pub async fn within<T>(patience: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::time::timeout(patience, looking).await.ok()
}
