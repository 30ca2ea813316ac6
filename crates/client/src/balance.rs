//! Load balancing over the addresses behind one name, which is resolved again and again.
//!
//! tonic balances over a set of endpoints but never asks DNS; this resolves the name and tells tonic which addresses
//! came and went. A name that does not resolve changes nothing: a DNS outage should not empty a working set.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tonic::transport::channel::Change;
use tonic::transport::{Channel, Endpoint};

use crate::settings::{ClientSettings, Files};

/// A new Pod gets calls after this at the latest; the connection age of servers (10 min) evens out the rest.
const RESOLVE_EVERY: Duration = Duration::from_secs(15);
const CHANGES_IN_FLIGHT: usize = 64;

/// A channel over every address that the settings' host resolves to. Ends its watching when the channel is
/// dropped.
pub(crate) fn channel(settings: ClientSettings, files: Arc<Files>, host: String, port: u16) -> Channel {
    let (channel, changes) = Channel::balance_channel(CHANGES_IN_FLIGHT);
    tokio::spawn(async move {
        let mut targets = Targets { settings, files, present: BTreeSet::new() };
        loop {
            match tokio::net::lookup_host((host.as_str(), port)).await {
                Ok(found) => targets.update(&changes, found.collect()).await,
                Err(error) => tracing::warn!(%error, host, "the name does not resolve"),
            }
            tokio::select! {
                () = changes.closed() => return,
                () = tokio::time::sleep(RESOLVE_EVERY) => {}
            }
        }
    });
    channel
}

/// The addresses that the channel knows, and what it takes to add one.
struct Targets {
    settings: ClientSettings,
    files: Arc<Files>,
    present: BTreeSet<SocketAddr>,
}

impl Targets {
    /// Tells the channel which addresses came and went. None at all changes nothing.
    async fn update(&mut self, changes: &Sender<Change<SocketAddr, Endpoint>>, found: BTreeSet<SocketAddr>) {
        if found.is_empty() {
            return;
        }
        let mut now = BTreeSet::new();
        for address in found {
            if self.present.contains(&address) {
                now.insert(address);
                continue;
            }
            match self.settings.endpoint_at(address, &self.files) {
                // A send only fails when nobody listens any more, which the loop notices.
                Ok(endpoint) => {
                    let _nobody_listens = changes.send(Change::Insert(address, endpoint)).await;
                    now.insert(address);
                }
                Err(error) => tracing::warn!(%error, %address, "address left out"),
            }
        }
        for address in self.present.difference(&now) {
            let _nobody_listens = changes.send(Change::Remove(*address)).await;
        }
        self.present = now;
    }
}
