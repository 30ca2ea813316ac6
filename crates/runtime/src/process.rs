//! The life of a process: servers and loops run until the signal, then stop in order.
//!
//! Servers drain first. Only then are the background loops told to stop, because the last requests still leave
//! work for them (audit events, notices).

use std::future::Future;
use std::pin::Pin;

use crate::loops::{LoopEnded, Loops};
use crate::server::ServeError;
use crate::shutdown::Shutdown;
pub use crate::transport::raise_descriptor_limit;

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
                Ok(Err(failure)) => record(&mut first, failure.into(), &shutdown),
                Err(panic) => record(&mut first, ServeError::Panicked(panic.to_string()).into(), &shutdown),
            },
            ended = &mut watched, if !loops_done => {
                loops_done = true;
                if let Ok(Err(ended)) = ended {
                    record(&mut first, ended.into(), &shutdown);
                }
            }
        }
    }
    loops_token.begin();
    if !loops_done && let Ok(Err(ended)) = watched.await {
        record(&mut first, ended.into(), &shutdown);
    }
    first
}

fn record(first: &mut Result<(), RunError>, failure: RunError, shutdown: &Shutdown) {
    shutdown.begin();
    if first.is_ok() {
        *first = Err(failure);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::{RunError, Server, run};
    use crate::health::Health;
    use crate::loops::{LoopEnded, Loops};
    use crate::shutdown::Shutdown;

    async fn until_told(shutdown: Shutdown) -> Result<(), Infallible> {
        shutdown.begun().await;
        Ok(())
    }

    #[tokio::test]
    async fn a_loop_that_returns_early_stops_the_others_and_the_process() {
        let mut loops = Loops::new(Health::new());
        loops.spawn("relay", until_told);
        loops.spawn("worker", |_| async { Ok::<_, Infallible>(()) });
        let shutdown = Shutdown::new();

        let outcome = run(Vec::new(), loops, shutdown.clone()).await;

        assert!(matches!(outcome, Err(RunError::Loop(LoopEnded::Returned("worker")))), "{outcome:?}");
        assert!(shutdown.has_begun());
    }

    #[tokio::test]
    async fn loops_stop_after_the_servers() {
        let mut loops = Loops::new(Health::new());
        let (asked, mut answer) = tokio::sync::mpsc::unbounded_channel();
        let loop_said = asked.clone();
        loops.spawn("relay", |shutdown| async move {
            shutdown.begun().await;
            loop_said.send("loop").unwrap();
            Ok::<_, Infallible>(())
        });
        let shutdown = Shutdown::new();
        let told = shutdown.clone();
        let server: Server = Box::pin(async move {
            told.begun().await;
            asked.send("server").unwrap();
            Ok(())
        });

        shutdown.begin();
        run(vec![server], loops, shutdown).await.unwrap();

        assert_eq!(answer.recv().await, Some("server"));
        assert_eq!(answer.recv().await, Some("loop"));
    }
}
