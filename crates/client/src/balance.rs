//! Several addresses behind one name: resolved again and again, with calls spread over what is there.
//!
//! tonic balances over a set of endpoints but never looks at DNS; this watches the name and tells it what came
//! and went. A name that does not resolve changes nothing: a DNS outage should not empty a working set.

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
        let mut present = BTreeSet::new();
        loop {
            match tokio::net::lookup_host((host.as_str(), port)).await {
                Ok(found) => tell(&changes, (&settings, &files), &mut present, found.collect()).await,
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

async fn tell(
    changes: &Sender<Change<SocketAddr, Endpoint>>,
    (settings, files): (&ClientSettings, &Files),
    present: &mut BTreeSet<SocketAddr>,
    found: BTreeSet<SocketAddr>,
) {
    if found.is_empty() {
        return;
    }
    let mut now = BTreeSet::new();
    for address in found {
        if present.contains(&address) {
            now.insert(address);
            continue;
        }
        match settings.endpoint_at(address, files) {
            // A send only fails when nobody listens any more, which the loop notices.
            Ok(endpoint) => {
                let _nobody_listens = changes.send(Change::Insert(address, endpoint)).await;
                now.insert(address);
            }
            Err(error) => tracing::warn!(%error, %address, "address left out"),
        }
    }
    for address in present.difference(&now) {
        let _nobody_listens = changes.send(Change::Remove(*address)).await;
    }
    *present = now;
}
