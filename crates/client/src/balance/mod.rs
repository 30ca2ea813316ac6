//! Load balancing over the replicas behind one name, of which some may be dead.
//!
//! A name is resolved again and again, and each address behind it is connected to, with a task of its own. A call goes to
//! the less busy of two addresses that are connected, chosen at random; an address that cannot be connected to, or has
//! broken its connection, gets no calls until it is connected again. A call that another attempt follows goes to an
//! address that it has not tried.
//!
//! tonic's `Channel::balance_channel` cannot do that: its endpoints count as ready when connecting has failed, and their
//! load is always zero. tower's `Balance`, below it, leaves out what is not ready, but it cannot be told which addresses a
//! call has tried, and a call waits for its deadline when all of them are dead. So the choice is made here, of tonic's
//! own channels; connecting, TLS and HTTP/2 stay with tonic.

mod replica;
mod resolver;
mod set;
mod watch;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::task::JoinSet;

pub use self::resolver::{Resolver, SystemResolver};
pub(crate) use self::set::{Away, Lease};
use self::set::{Choice, Set};
use self::watch::Watch;
use crate::settings::{ClientSettings, Files, OpenError};

/// The replicas behind the host of an endpoint. Its tasks end when it is dropped.
#[derive(Debug)]
pub(crate) struct Balancer {
    set: Arc<Set>,
    _tasks: JoinSet<()>,
}

impl Balancer {
    /// Begins to resolve and to connect.
    pub(crate) fn open(
        settings: ClientSettings,
        files: Arc<Files>,
        resolver: Arc<dyn Resolver>,
    ) -> Result<Self, OpenError> {
        let (host, port) = settings.host_and_port()?;
        let set = Arc::new(Set::default());
        let watch = Watch { settings, files, resolver, host, port, set: Arc::clone(&set) };
        let mut tasks = JoinSet::new();
        tasks.spawn(watch.run());
        Ok(Self { set, _tasks: tasks })
    }

    /// A connected replica, one that was not tried where there is any. Waits for those that are connecting for the first
    /// time, or again after a connection that was good; fails when there is nothing to wait for.
    pub(crate) async fn lease(&self, tried: &[SocketAddr]) -> Result<Lease, Away> {
        let mut changes = self.set.changes();
        loop {
            changes.mark_unchanged();
            match self.set.lease(tried) {
                Choice::Take(lease) => return Ok(lease),
                Choice::Nobody(away) => return Err(away),
                // The set lives as long as this borrow of it, so there is always a next change to wait for.
                Choice::Wait => _ = changes.changed().await,
            }
        }
    }
}
