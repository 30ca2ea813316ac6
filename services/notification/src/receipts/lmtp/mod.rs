//! The port that a mail server delivers bounces and complaints to, by LMTP (RFC 2033).
//!
//! LMTP and not a mailbox that is polled: the mail server keeps what was not taken and tries it again, so nothing has to be
//! remembered here, and each mail is answered by what became of it. The dialogue is our own, as that of sending is: seven
//! commands without TLS and login, on this machine alone, where every limit is a line of it.

mod dialogue;
mod session;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use rekey_runtime::shutdown::Shutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use self::dialogue::Domain;
use self::session::Session;
use super::Receipts;

/// After an error of accepting, such as too many open files, the next one would come at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What bounds the port.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LmtpLimits {
    /// Connections at the same time.
    pub(crate) connections: usize,
    /// How long a line may be waited for.
    pub(crate) line_within: Duration,
    /// How long a connection may last.
    pub(crate) connection_within: Duration,
    /// The largest mail.
    pub(crate) message_bytes: usize,
}

/// The loop that listens.
pub(crate) struct LmtpPort {
    pub(crate) receipts: Receipts,
    /// The domain of return paths: mail to others is not taken.
    pub(crate) return_path_domain: String,
    pub(crate) limits: LmtpLimits,
}

impl LmtpPort {
    /// Listens until told to stop.
    ///
    /// # Errors
    /// The address cannot be had.
    pub(crate) async fn run(self, address: SocketAddr, stop: Shutdown) -> anyhow::Result<()> {
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| format!("notification.receipts.lmtp.listen {address}"))?;
        self.serve(listener, stop).await;
        Ok(())
    }

    /// Serves connections, so many at a time, until told to stop. Those under way end with it: what was not answered by then
    /// the mail server delivers again.
    pub(crate) async fn serve(self, listener: TcpListener, stop: Shutdown) {
        let places = Arc::new(Semaphore::new(self.limits.connections));
        let port = Arc::new(self);
        let mut sessions = JoinSet::new();
        while let Some(place) = unless_stopped(&stop, Arc::clone(&places).acquire_owned()).await {
            let Some(accepted) = unless_stopped(&stop, listener.accept()).await else { break };
            while let Some(ended) = sessions.try_join_next() {
                log_panic(ended);
            }
            match accepted {
                Ok((stream, _)) => {
                    let (port, stop) = (Arc::clone(&port), stop.clone());
                    sessions.spawn(async move {
                        let _place = place;
                        unless_stopped(&stop, port.converse(stream)).await;
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection for receipts");
                    stop.pause(ACCEPT_PAUSE).await;
                }
            }
        }
        while let Some(ended) = sessions.join_next().await {
            log_panic(ended);
        }
    }

    async fn converse(&self, stream: TcpStream) {
        let (reader, writer) = stream.into_split();
        let domain = Domain::new(&self.return_path_domain, self.limits.message_bytes);
        let session = Session::new(&self.receipts, domain, self.limits, reader, writer);
        match tokio::time::timeout(self.limits.connection_within, session.run()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "a connection for receipts broke"),
            Err(_) => tracing::warn!("a connection for receipts took too long"),
        }
    }
}

/// The end of some work; none when the signal came first.
async fn unless_stopped<T>(stop: &Shutdown, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = stop.begun() => None,
        done = work => Some(done),
    }
}

/// The mail server delivers again what such a connection did not answer.
fn log_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "taking a report panicked");
    }
}

#[cfg(test)]
mod tests;
