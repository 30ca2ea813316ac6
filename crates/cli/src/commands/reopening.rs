//! Streams that a command opens again whenever they end: how long one may last, and how long to wait while nobody answers.

use std::time::Duration;

use tonic::{Code, Status};

/// As long as a stream may last.
pub(super) const DEADLINE: Duration = Duration::from_secs(60);

/// The first wait, and how long those after it grow.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// The waits before a stream is opened again.
pub(super) struct Backoff {
    wait: Duration,
}

impl Backoff {
    pub(super) const fn new() -> Self {
        Self { wait: FIRST_WAIT }
    }

    /// Somebody answered.
    pub(super) const fn reset(&mut self) {
        self.wait = FIRST_WAIT;
    }

    /// Waits twice as long as the time before.
    pub(super) async fn wait(&mut self) {
        tokio::time::sleep(self.wait).await;
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
    }

    /// Waits after what ended a stream early. A refusal is given back: the next stream would end like this one.
    pub(super) async fn wait_after(&mut self, status: Status) -> Result<(), Status> {
        if !passes(&status) {
            return Err(status);
        }
        self.wait().await;
        Ok(())
    }
}

/// Whether it is worth asking again: somebody is away, or the connection broke.
fn passes(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::ResourceExhausted
            | Code::Unknown
    )
}
