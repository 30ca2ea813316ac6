//! The one signal to stop, and the order in which things do.
//!
//! [`run`] is the life of a process: servers serve until the signal and drain; only then are the background
//! loops told to stop, because the last requests still leave work for them (audit events, notices).

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::loops::{LoopEnded, Loops};
use crate::server::ServeError;

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

/// Something that serves until the signal and drains: a boxed [`crate::server::Part::serve`], or the portal.
pub type Server = Pin<Box<dyn Future<Output = Result<(), ServeError>> + Send>>;

/// Why a process ended other than by being told to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A server could not go on.
    #[error("a server stopped")]
    Server(#[from] ServeError),
    /// A background loop ended by itself.
    #[error("a background loop stopped")]
    Loop(#[from] LoopEnded),
}

/// Runs servers and loops until the signal, then stops them in order. The first failure stops everything too.
///
/// # Errors
/// The failure that came first.
pub async fn run(servers: Vec<Server>, loops: Loops, shutdown: Shutdown) -> Result<(), RunError> {
    let mut serving = tokio::task::JoinSet::new();
    for server in servers {
        serving.spawn(server);
    }
    let loops_token = loops.shutdown();
    let mut watched = tokio::spawn(loops.watch());
    let mut first: Result<(), RunError> = Ok(());
    let mut loops_done = false;
    loop {
        tokio::select! {
            () = shutdown.begun(), if serving.is_empty() => break,
            Some(served) = serving.join_next(), if !serving.is_empty() => match served {
                Ok(Ok(())) => {}
                Ok(Err(failure)) => keep(&mut first, failure.into(), &shutdown),
                Err(panic) => keep(&mut first, ServeError::Panicked(panic.to_string()).into(), &shutdown),
            },
            ended = &mut watched, if !loops_done => {
                loops_done = true;
                if let Ok(Err(ended)) = ended {
                    keep(&mut first, ended.into(), &shutdown);
                }
            }
        }
    }
    loops_token.begin();
    if !loops_done && let Ok(Err(ended)) = watched.await {
        keep(&mut first, ended.into(), &shutdown);
    }
    first
}

fn keep(first: &mut Result<(), RunError>, failure: RunError, shutdown: &Shutdown) {
    shutdown.begin();
    if first.is_ok() {
        *first = Err(failure);
    }
}
