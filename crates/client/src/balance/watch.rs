//! Following a name: which addresses come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet};

use super::replica::Replica;
use super::resolver::Resolver;
use super::set::Set;
use crate::settings::{ClientSettings, Files};

/// A lost address has the name resolved at once, and no more often than this: a restart loses several, and a resolver
/// serves others too.
const LEAST_PAUSE: Duration = Duration::from_secs(1);

/// A name and what is made of its addresses.
pub(super) struct Watch {
    pub(super) settings: ClientSettings,
    pub(super) files: Arc<Files>,
    pub(super) resolver: Arc<dyn Resolver>,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) set: Arc<Set>,
}

impl Watch {
    /// Resolves for ever. The tasks of the replicas end with it.
    pub(super) async fn run(self) {
        let (mut tasks, mut running) = (JoinSet::new(), BTreeMap::new());
        loop {
            let losses = self.set.losses();
            let unresolved = match self.resolve().await {
                Ok(found) => {
                    self.update(&found, &mut tasks, &mut running);
                    None
                }
                Err(cause) => {
                    tracing::warn!(cause, host = self.host, "the name does not resolve");
                    Some(format!("the name {} does not resolve: {cause}", self.host))
                }
            };
            // Last: whoever waits for the name finds what it has.
            self.set.resolved(losses, unresolved);
            // Those that were ended leave nothing behind.
            while tasks.try_join_next().is_some() {}
            tokio::time::sleep(LEAST_PAUSE.min(self.settings.resolve_every())).await;
            tokio::select! {
                () = self.set.lost() => {}
                () = tokio::time::sleep(self.settings.resolve_every().saturating_sub(LEAST_PAUSE)) => {}
            }
        }
    }

    /// The addresses that the name has, or why there are none. Calls may be waiting for this.
    async fn resolve(&self) -> Result<BTreeSet<SocketAddr>, String> {
        let within = self.settings.connect_within();
        match tokio::time::timeout(within, self.resolver.resolve(&self.host, self.port)).await {
            Ok(Ok(found)) if found.is_empty() => Err("no address".to_owned()),
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} ms", within.as_millis())),
        }
    }

    fn update(
        &self,
        found: &BTreeSet<SocketAddr>,
        tasks: &mut JoinSet<()>,
        running: &mut BTreeMap<SocketAddr, AbortHandle>,
    ) {
        for address in self.set.addresses() {
            if !found.contains(&address) {
                self.set.remove(address);
                if let Some(task) = running.remove(&address) {
                    task.abort();
                }
            }
        }
        for &address in found {
            if running.contains_key(&address) {
                continue;
            }
            match self.settings.endpoint_at(address, &self.files) {
                Ok(endpoint) => {
                    self.set.insert(address);
                    let within = self.settings.connect_within();
                    let replica = Replica { address, endpoint, within, set: Arc::clone(&self.set) };
                    running.insert(address, tasks.spawn(replica.keep_connected()));
                }
                Err(error) => tracing::warn!(%error, %address, "address left out"),
            }
        }
    }
}
