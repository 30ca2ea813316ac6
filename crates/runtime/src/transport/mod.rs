//! Sockets, for every port of the process: accepting, TLS handshakes, the age of a connection and its end.
//!
//! tonic's own server is not used, because it gives every connection the same age (so that all clients come
//! back at once), cuts without GOAWAY when a grace is set, and cannot exchange certificates.

mod places;
mod spiffe;
mod tls;

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rekey_metrics::process::{CONNECTIONS, CONNECTIONS_REFUSED};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;
use tower::Service;

pub(crate) use self::places::holder;
pub use self::places::raise_descriptor_limit;
pub(crate) use self::tls::Tls;
pub use self::tls::{TlsError, TlsFiles};
use crate::shares::{Share, Shares};
use crate::shutdown::Shutdown;

/// Twice the 8 KiB of metadata that gRPC advises.
const MAX_HEADER_BYTES: u32 = 16 * 1024;
/// Finds peers that vanished without closing the connection (gRFC A8 lets servers ping this often).
const PING_EVERY: Duration = Duration::from_secs(60);
const PING_ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// After an accept error such as "too many open files" an immediate retry would only spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// gRFC A9: connection age varies by ten per cent either way.
const AGE_JITTER_DIVISOR: u32 = 10;

/// What is still written to a peer that never began a call.
const SILENT_GRACE: Duration = Duration::from_secs(1);

/// How a port serves its connections.
#[derive(Clone)]
pub(crate) struct ConnectionOptions {
    pub(crate) tls: Option<Tls>,
    pub(crate) connection_limit: usize,
    /// How many of them one peer may hold.
    pub(crate) connections_per_peer: usize,
    /// How long a TLS handshake may take, and the headers of a request over HTTP/1.
    pub(crate) handshake_within: Duration,
    /// Within which time the headers of the first call must be complete.
    pub(crate) first_call_within: Duration,
    /// `None` lets connections live.
    pub(crate) connection_age: Option<Duration>,
    pub(crate) grace: Duration,
    pub(crate) http2_only: bool,
}

/// The other end of a connection, in the extensions of each of its requests.
#[derive(Debug, Clone)]
pub struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) spiffe_id: Option<Arc<str>>,
}

impl Peer {
    /// One of which only the address is known: for tests of what stands behind a port.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        Self { address, spiffe_id: None }
    }

    /// Where it is.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Accepts until `stop`, then waits for the connections to end: at most a grace, after which they are cut.
pub(crate) async fn listen(
    listener: TcpListener,
    router: Router,
    options: ConnectionOptions,
    stop: Shutdown,
) {
    let connections = TaskTracker::new();
    let places = Places {
        all: Arc::new(Semaphore::new(places::connections(options.connection_limit))),
        of_peers: Shares::new(options.connections_per_peer),
    };
    let port = Port { router, options, stop };
    loop {
        let accepted = tokio::select! {
            biased;
            () = port.stop.begun() => break,
            accepted = places.accept(&listener) => accepted,
        };
        match accepted {
            Ok((stream, address, Some(place))) => {
                let port = port.clone();
                connections.spawn(async move {
                    let open = OpenConnection::count();
                    port.open(stream, address).await;
                    drop((place, open));
                });
            }
            Ok((_, address, None)) => {
                CONNECTIONS_REFUSED.add(1, ["peer_limit"]);
                tracing::debug!(peer = %address.ip(), "a peer over its share of connections");
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // Closed before the wait: newcomers are refused at once instead of hanging in the backlog.
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// A connection that is counted among the open ones of the process until it is dropped.
struct OpenConnection;

static OPEN_CONNECTIONS: AtomicUsize = AtomicUsize::new(0);

impl OpenConnection {
    fn count() -> Self {
        CONNECTIONS.set_count::<&str>(OPEN_CONNECTIONS.fetch_add(1, Ordering::Relaxed) + 1, []);
        Self
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        CONNECTIONS.set_count::<&str>(OPEN_CONNECTIONS.fetch_sub(1, Ordering::Relaxed).saturating_sub(1), []);
    }
}

/// The places for connections of a port.
struct Places {
    all: Arc<Semaphore>,
    of_peers: Shares<IpAddr>,
}

/// A place for one connection: of all, and of its peer's share.
type Place = (OwnedSemaphorePermit, Share<IpAddr>);

impl Places {
    /// The next connection once the limit permits one, and its place unless its peer has its share already.
    async fn accept(
        &self,
        listener: &TcpListener,
    ) -> std::io::Result<(TcpStream, SocketAddr, Option<Place>)> {
        let permit = Arc::clone(&self.all).acquire_owned().await.map_err(std::io::Error::other)?;
        let (stream, address) = listener.accept().await?;
        let share = self.of_peers.take(places::holder(address.ip()));
        Ok((stream, address, share.map(|share| (permit, share))))
    }
}

/// What every connection of a port is served with.
#[derive(Clone)]
struct Port {
    router: Router,
    options: ConnectionOptions,
    stop: Shutdown,
}

impl Port {
    async fn open(&self, stream: TcpStream, address: SocketAddr) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        let Some(tls) = &self.options.tls else {
            return self.serve(stream, Peer { address, spiffe_id: None }).await;
        };
        match tokio::time::timeout(self.options.handshake_within, tls.accept(stream)).await {
            Ok(Ok((stream, spiffe_id))) => {
                self.serve(stream, Peer { address, spiffe_id: spiffe_id.map(Arc::from) }).await;
            }
            Ok(Err(error)) => {
                CONNECTIONS_REFUSED.add(1, ["tls_failed"]);
                tracing::info!(peer = %address.ip(), %error, "TLS handshake failed");
            }
            Err(_) => {
                CONNECTIONS_REFUSED.add(1, ["tls_slow"]);
                tracing::info!(peer = %address.ip(), "TLS handshake took too long");
            }
        }
    }

    async fn serve(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, peer: Peer) {
        let router = self.router.clone();
        let port = peer.address.port();
        let first_call = Arc::new(Notify::new());
        let begun = Arc::clone(&first_call);
        let service = hyper::service::service_fn(move |mut request: http::Request<Incoming>| {
            begun.notify_one();
            request.extensions_mut().insert(peer.clone());
            router.clone().call(request)
        });
        let builder = builder(&self.options);
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let over = self.is_over(port, &first_call);
        let grace = tokio::select! {
            ended = connection.as_mut() => return log_end(ended),
            grace = over => grace,
        };
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            ended = connection.as_mut() => log_end(ended),
            () = tokio::time::sleep(grace) => tracing::debug!("connection cut after its grace"),
        }
    }

    /// Waits until a connection should end: no call began in time, it is old enough, or the process stops. Returns how
    /// long what is running may go on.
    async fn is_over(&self, port: u16, first_call: &Notify) -> Duration {
        // A moment more than the calls get, so that their last answers are still written.
        let grace = self.options.grace + Duration::from_millis(500);
        tokio::select! {
            () = self.stop.begun() => return grace,
            () = first_call.notified() => {}
            () = tokio::time::sleep(self.options.first_call_within) => {
                CONNECTIONS_REFUSED.add(1, ["silent"]);
                return SILENT_GRACE;
            }
        }
        let age = async {
            match self.options.connection_age {
                Some(age) => tokio::time::sleep(jittered(age, port)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.stop.begun() => {}
            () = age => {}
        }
        grace
    }
}

fn builder(options: &ConnectionOptions) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    if options.http2_only {
        builder = builder.http2_only();
    }
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(MAX_HEADER_BYTES)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_ANSWER_WITHIN);
    builder.http1().timer(TokioTimer::new()).header_read_timeout(options.handshake_within);
    builder
}

fn log_end(ended: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "connection ended");
    }
}

/// The age, ten per cent more or less. The peer's port is random enough for spreading reconnects.
fn jittered(age: Duration, port: u16) -> Duration {
    let width = age / AGE_JITTER_DIVISOR * 2;
    age - age / AGE_JITTER_DIVISOR + width.mul_f64(f64::from(port.reverse_bits()) / f64::from(u16::MAX))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::jittered;

    #[test]
    fn ages_spread_over_ten_per_cent_either_way() {
        let age = Duration::from_secs(600);
        let ages: Vec<_> = (0..=u16::MAX).map(|port| jittered(age, port).as_secs()).collect();

        assert_eq!(ages.iter().min(), Some(&540));
        assert_eq!(ages.iter().max(), Some(&660));
        assert!(jittered(age, 40_000).abs_diff(jittered(age, 40_001)) > Duration::from_secs(10));
    }
}
