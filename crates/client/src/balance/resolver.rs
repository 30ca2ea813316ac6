//! Who says which addresses stand behind a name.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;

use futures_util::future::BoxFuture;

/// Finds the addresses of replicas: DNS by default, or whatever else a caller's machines are registered with.
pub trait Resolver: Debug + Send + Sync {
    /// The addresses of a host now. None of them, or an error, leaves those that are known as they are: an outage of the
    /// resolver should not empty a working set.
    fn resolve(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<BTreeSet<SocketAddr>>>;
}

/// The resolver of the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn resolve(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<BTreeSet<SocketAddr>>> {
        let host = host.to_owned();
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}
