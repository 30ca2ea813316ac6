//! Background loops: named, watched, and stopped together.
//!
//! A loop that ends early ends the process. Without that, a process whose relay or worker has died would go on
//! answering probes and deliver nothing; a restart repairs it.

use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::health::Health;
use crate::shutdown::Shutdown;

/// How long loops may take to stop. What they leave undone is durable or was never promised.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// A loop that ended without being told to.
#[derive(Debug, thiserror::Error)]
pub enum LoopEnded {
    /// It returned.
    #[error("the loop `{0}` returned early")]
    Returned(&'static str),
    /// It gave up.
    #[error("the loop `{name}` failed: {reason}")]
    Failed {
        /// The loop.
        name: &'static str,
        /// What it said.
        reason: String,
    },
    /// It panicked; the message is in the log.
    #[error("the loop `{0}` panicked")]
    Panicked(&'static str),
}

/// The loops of a process.
#[derive(Debug)]
pub struct Loops {
    running: JoinSet<(&'static str, Result<(), LoopEnded>)>,
    shutdown: Shutdown,
    health: Health,
}

impl Loops {
    /// No loops yet. Their health shows in `health`.
    #[must_use]
    pub fn new(health: Health) -> Self {
        Self { running: JoinSet::new(), shutdown: Shutdown::new(), health }
    }

    /// The signal that stops the loops: given after the servers have drained, not when the process is told.
    #[must_use]
    pub fn shutdown(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// Starts a loop. It should return `Ok` soon after the signal it is handed, and never before.
    pub fn spawn<F, E>(&mut self, name: &'static str, start: impl FnOnce(Shutdown) -> F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        let work = tokio::spawn(start(self.shutdown()));
        self.running.spawn(async move {
            let ended = match work.await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(failure)) => Err(LoopEnded::Failed { name, reason: format!("{failure:#}") }),
                Err(_) => Err(LoopEnded::Panicked(name)),
            };
            (name, ended)
        });
    }

    /// Waits until the loops have stopped as told, or one ended early. Then the others are told to stop, too.
    ///
    /// # Errors
    /// The loop that ended first.
    pub async fn watch(mut self) -> Result<(), LoopEnded> {
        let mut first = Ok(());
        while !self.shutdown.has_begun() {
            let ended = tokio::select! {
                biased;
                () = self.shutdown.begun() => break,
                // Without loops this branch is off and the signal is waited for.
                Some(ended) = self.running.join_next() => ended,
            };
            if let Ok((name, outcome)) = ended {
                let failure = outcome.err().unwrap_or(LoopEnded::Returned(name));
                tracing::error!(error = %failure, "background loop ended");
                self.health.loop_ended();
                self.shutdown.begin();
                first = Err(failure);
            }
        }
        self.stop(first).await
    }

    async fn stop(mut self, first: Result<(), LoopEnded>) -> Result<(), LoopEnded> {
        let rest = async {
            let mut outcome = first;
            while let Some(ended) = self.running.join_next().await {
                if let Ok((_, Err(failure))) = ended
                    && outcome.is_ok()
                {
                    outcome = Err(failure);
                }
            }
            outcome
        };
        if let Ok(outcome) = tokio::time::timeout(STOP_WITHIN, rest).await {
            return outcome;
        }
        tracing::warn!("background loops did not stop in time");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::{LoopEnded, Loops};
    use crate::health::Health;
    use crate::shutdown::Shutdown;

    async fn until_told(shutdown: Shutdown) -> Result<(), Infallible> {
        shutdown.begun().await;
        Ok(())
    }

    #[tokio::test]
    async fn loops_that_stop_as_told_are_fine() {
        let mut loops = Loops::new(Health::new());
        loops.spawn("relay", until_told);
        let shutdown = loops.shutdown();

        shutdown.begin();

        assert!(loops.watch().await.is_ok());
    }

    #[tokio::test]
    async fn a_panicking_loop_is_named() {
        let mut loops = Loops::new(Health::new());
        loops.spawn("worker", |_| async { if true { panic!("broken") } else { Ok::<_, Infallible>(()) } });

        assert!(matches!(loops.watch().await, Err(LoopEnded::Panicked("worker"))));
    }
}
