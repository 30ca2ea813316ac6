//! The parts as one process or as several: settings in, servers out.
//!
//! [`start`] runs any selection of parts on sockets it is given, which is what `rekey up`, `rekey serve` and the tests
//! all do; they differ in settings, sockets and environment only.

mod assembly;
mod inbox;
#[cfg(test)]
mod numbers;
mod sockets;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rekey_notification::Inbox;
use rekey_primitives::clock::{SharedClock, SystemClock};
use rekey_primitives::entropy::{SharedEntropy, SystemEntropy};
use rekey_runtime::health::{self, Health};
use rekey_runtime::loops::Loops;
use rekey_runtime::process;
use rekey_runtime::settings::Document;
use rekey_runtime::shutdown::Shutdown;
use rekey_runtime::telemetry::Metrics;
use tokio::task::JoinHandle;

use self::assembly::Assembly;
pub(crate) use self::assembly::rehearse;
pub use self::sockets::{Ports, Sockets};
use crate::key_set::KeySet;

/// How often a start is asked whether it is ready.
const POLL_READINESS: Duration = Duration::from_millis(5);

/// What the parts take from the world, so that a test can hand them another.
#[derive(Clone)]
pub struct Environment {
    /// The time.
    pub clock: SharedClock,
    /// Chance.
    pub entropy: SharedEntropy,
    /// What the process counts.
    pub metrics: Metrics,
    /// The development inbox; without one the provider `inbox` does not exist.
    pub inbox: Option<Inbox>,
}

impl Environment {
    /// The real clock and the system's generator, and no inbox.
    pub fn system(metrics: Metrics) -> Self {
        Self { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy), metrics, inbox: None }
    }
}

/// Running parts.
pub struct Suite {
    /// What they say about themselves.
    pub health: Health,
    shutdown: Shutdown,
    ended: JoinHandle<anyhow::Result<()>>,
}

impl Suite {
    /// Waits until every part is ready, or until one gave up.
    pub async fn ready(&mut self) -> anyhow::Result<()> {
        while !self.health.is_ready() {
            tokio::select! {
                ended = &mut self.ended => {
                    ended??;
                    anyhow::bail!("the suite stopped before it was ready");
                }
                () = tokio::time::sleep(POLL_READINESS) => {}
            }
        }
        Ok(())
    }

    /// Tells the parts to stop and waits until they have.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.shutdown.begin();
        self.ended.await?
    }

    /// Waits until the parts stop by themselves: told by a signal, or because something broke.
    pub async fn ended(self) -> anyhow::Result<()> {
        self.ended.await?
    }
}

/// Starts parts on their sockets. Stores that are away leave them unready, not ended.
pub async fn start(
    document: &Document,
    sockets: Sockets,
    environment: Environment,
    shutdown: Shutdown,
) -> anyhow::Result<Suite> {
    let health = Health::new();
    // Probes are answered from the first moment on, and nothing is ready before every part has said what it needs.
    let starting = health.part("suite", std::iter::empty());
    starting.require("start");
    let mut loops = Loops::new(health.clone());
    let keys = KeySet::default();
    let metrics = environment.metrics.clone();
    let probes = health::serve(sockets.health, health.clone(), metrics, keys.routes(), loops.shutdown());
    let probes = tokio::spawn(probes);
    let mut assembly = Assembly::of_services(document, environment, health.clone(), &mut loops, keys);
    let mut servers = Vec::new();
    for (part, listener) in sockets.parts {
        let served = assembly.part(part).await.with_context(|| format!("starting {}", part.name()))?;
        servers.push(served.serve(listener, shutdown.clone()));
    }
    starting.meet("start");
    let running = shutdown.clone();
    let ended = tokio::spawn(async move {
        let outcome = process::run(servers, loops, running).await;
        let _ = probes.await;
        Ok(outcome?)
    });
    Ok(Suite { health, shutdown, ended })
}
