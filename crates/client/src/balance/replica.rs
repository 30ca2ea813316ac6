//! One address, kept connected.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::transport::Endpoint;

use super::set::{Life, Set};
use crate::cause::{Peer, cause};

/// The pause after the first failure to connect; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// A replica that is back gets calls after this at the latest. To ask for a connection this often burdens nobody.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// An address and what it takes to connect to it.
pub(super) struct Replica {
    pub(super) address: SocketAddr,
    pub(super) endpoint: Endpoint,
    /// How long connecting may take, handshakes included.
    pub(super) within: Duration,
    pub(super) set: Arc<Set>,
}

impl Replica {
    /// Connects when somebody wants to call, and again whenever the connection is over. Never ends.
    pub(super) async fn keep_connected(self) {
        self.set.wanted(self.address).await;
        self.set.connecting(self.address);
        let mut failures = 0;
        loop {
            let ended = match self.connect().await {
                Ok(life) => self.serves(life).await,
                Err(cause) => Err(cause),
            };
            match ended {
                Ok(()) => failures = 0,
                Err(cause) => {
                    tracing::debug!(address = %self.address, cause, "not connected");
                    self.set.away(self.address, cause);
                    tokio::time::sleep(pause(failures)).await;
                    failures += 1;
                }
            }
        }
    }

    /// Waits until a connection is over and another one is wanted. An error where calls went over it and no answer came:
    /// something accepts connections there, and nobody stands behind it.
    async fn serves(&self, life: Life) -> Result<(), String> {
        self.set.connected(self.address, life.clone());
        life.over.cancelled().await;
        if life.was_called() && !life.has_answered() {
            return Err(format!("{} closes its connections", self.address));
        }
        if !life.was_called() {
            // Servers close connections that nobody uses.
            self.set.wanted(self.address).await;
        }
        self.set.connecting(self.address);
        Ok(())
    }

    /// A channel of one connection: when that is over, calls on it fail before they are sent.
    async fn connect(&self) -> Result<Life, String> {
        let over = CancellationToken::new();
        let mut first = Some(over.clone());
        let address = self.address;
        let connector = tower::service_fn(move |_: http::Uri| {
            let over = first.take();
            async move {
                let over = over.ok_or_else(|| io::Error::other("the connection is over"))?;
                let socket = TcpStream::connect(address).await?;
                socket.set_nodelay(true)?;
                Ok::<_, io::Error>(TokioIo::new(Watched { socket, _over: over.drop_guard() }))
            }
        });
        match tokio::time::timeout(self.within, self.endpoint.connect_with_connector(connector)).await {
            Ok(Ok(channel)) => Ok(Life::of(channel, over)),
            Ok(Err(error)) => {
                let is_tls = self.endpoint.uri().scheme_str() == Some("https");
                Err(cause(&error, Peer { name: &self.address.to_string(), is_tls }))
            }
            Err(_) => Err(format!("{} did not answer within {} ms", self.address, self.within.as_millis())),
        }
    }
}

fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << failures.min(8)).min(LONGEST_PAUSE)
}

/// A socket that says when nobody holds it any more: whoever drives a connection drops it at its end.
struct Watched {
    socket: TcpStream,
    _over: DropGuard,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(context, buffer)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}
