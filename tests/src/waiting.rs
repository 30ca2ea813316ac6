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
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    match tokio::time::timeout(PATIENCE, looking).await {
        Ok(found) => found,
        Err(_) => panic!("not within {PATIENCE:?}: {what}"),
    }
}
