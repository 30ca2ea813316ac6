//! The signal to stop, which everything that serves or loops holds a clone of.
//!
//! In which order things stop is decided in [`crate::process`].

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Tells everybody who holds a clone that the process is to stop.
#[derive(Debug, Clone, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// A signal that only [`Shutdown::begin`] gives.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A signal that SIGTERM and SIGINT give as well. Once is enough: repeating it changes nothing, since the
    /// grace bounds the wait.
    ///
    /// # Errors
    /// The process may not install handlers.
    pub fn on_signals() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let shutdown = Self::new();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let begun = shutdown.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => tracing::info!(signal = "SIGTERM", "shutting down"),
                _ = interrupt.recv() => tracing::info!(signal = "SIGINT", "shutting down"),
            }
            begun.begin();
        });
        Ok(shutdown)
    }

    /// Gives the signal. Giving it twice is fine.
    pub fn begin(&self) {
        self.0.cancel();
    }

    /// Whether it was given.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits for it.
    pub async fn begun(&self) {
        self.0.cancelled().await;
    }

    /// Waits for `pause` to pass; false when the signal came first. For loops between two rounds.
    pub async fn pause(&self, pause: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.begun() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }
}
