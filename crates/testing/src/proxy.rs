//! A TCP proxy that breaks connections on demand, between a client and a server under test.
//!
//! When a network drops packets, TCP loses no bytes: it sends them again later. So the faults that withhold bytes deliver
//! them when the fault ends; only [`Proxy::cut`] loses anything.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::ready;

/// What is wrong with the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Every piece of data is late by this much, in both directions.
    Latency(Duration),
    /// Connections open, and nothing passes in either direction.
    Blackhole,
    /// Requests pass, answers do not: the server did the work and nobody knows.
    AnswersWithheld,
    /// New connections are reset at once; open ones go on.
    Reset,
}

/// A listener on loopback that passes connections on to one server.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    servers: watch::Sender<Vec<SocketAddr>>,
    faults: watch::Sender<Fault>,
    cuts: watch::Sender<u64>,
    strandings: watch::Sender<u64>,
    accepting: JoinHandle<()>,
}

/// What a connection through the proxy is told.
#[derive(Clone)]
struct Orders {
    fault: watch::Receiver<Fault>,
    cuts: watch::Receiver<u64>,
    strandings: watch::Receiver<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Request,
    Answer,
}

impl Proxy {
    /// Starts a proxy before the server at this address.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn before(server: SocketAddr) -> Self {
        Self::balancing(vec![server]).await
    }

    /// Starts a proxy before the servers on these loopback ports: each new connection goes to the next of them, as a balancer
    /// of TCP does.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn before_ports(ports: &[u16]) -> Self {
        Self::balancing(ports.iter().map(|port| (Ipv4Addr::LOCALHOST, *port).into()).collect()).await
    }

    async fn balancing(servers: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(anyhow::Error::from);
        let listener = ready("a port for the proxy", listener);
        let address = ready("the proxy's address", listener.local_addr().map_err(anyhow::Error::from));
        let (servers, faults) = (watch::Sender::new(servers), watch::Sender::new(Fault::None));
        let (cuts, strandings) = (watch::Sender::new(0), watch::Sender::new(0));
        let orders =
            Orders { fault: faults.subscribe(), cuts: cuts.subscribe(), strandings: strandings.subscribe() };
        let accepting = tokio::spawn(accept(listener, servers.subscribe(), orders));
        Self { address, servers, faults, cuts, strandings, accepting }
    }

    /// Starts a proxy before the server on this loopback port.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn before_port(port: u16) -> Self {
        Self::before((Ipv4Addr::LOCALHOST, port).into()).await
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port of [`address`](Self::address).
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Leads to the server on this loopback port from now on, and closes every open connection: another one has taken over, and its
    /// address with it.
    pub fn lead_to(&self, port: u16) {
        self.servers.send_replace(vec![(Ipv4Addr::LOCALHOST, port).into()]);
        self.cut();
    }

    /// The network is like this from now on; open connections feel it too.
    pub fn set(&self, fault: Fault) {
        self.faults.send_replace(fault);
    }

    /// Connections that are open now stay so and pass nothing any more, whatever comes later; new ones pass. That is a
    /// firewall that forgot them.
    pub fn strand(&self) {
        self.strandings.send_modify(|strandings| *strandings += 1);
    }

    /// Closes every open connection, with whatever was held back on it.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, servers: watch::Receiver<Vec<SocketAddr>>, orders: Orders) {
    let mut turns = 0..;
    while let Ok((client, _)) = listener.accept().await {
        if *orders.fault.borrow() == Fault::Reset {
            let _ = client.set_zero_linger();
            continue;
        }
        let Some(server) = turns.next().and_then(|turn| in_turn(&servers.borrow(), turn)) else { return };
        let Orders { fault, mut cuts, mut strandings } = orders.clone();
        cuts.mark_unchanged();
        strandings.mark_unchanged();
        tokio::spawn(async move {
            tokio::select! {
                // Also when the proxy itself is dropped.
                _ = cuts.changed() => {}
                () = forward(client, server, fault, strandings) => {}
            }
        });
    }
}

/// One server after the other.
fn in_turn(servers: &[SocketAddr], turn: usize) -> Option<SocketAddr> {
    servers.get(turn.checked_rem(servers.len())?).copied()
}

async fn forward(
    mut client: TcpStream,
    server: SocketAddr,
    fault: watch::Receiver<Fault>,
    mut strandings: watch::Receiver<u64>,
) {
    let Ok(mut server) = TcpStream::connect(server).await else {
        let _ = client.set_zero_linger();
        return;
    };
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    // Both are this function's until it ends, so that no end of a stranded connection sees it close.
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let passing = async {
        tokio::join!(
            pump(from_client, to_server, Direction::Request, fault.clone()),
            pump(from_server, to_client, Direction::Answer, fault),
        );
    };
    tokio::select! {
        biased;
        Ok(()) = strandings.changed() => std::future::pending().await,
        () = passing => {}
    }
}

async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    direction: Direction,
    mut fault: watch::Receiver<Fault>,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer).await.unwrap_or(0);
        // The end of the stream is held back like any other data.
        let passing = fault.wait_for(|fault| match fault {
            Fault::Blackhole => false,
            Fault::AnswersWithheld => direction == Direction::Request,
            Fault::None | Fault::Latency(_) | Fault::Reset => true,
        });
        let Ok(now) = passing.await.map(|fault| *fault) else { return };
        if let Fault::Latency(delay) = now {
            tokio::time::sleep(delay).await;
        }
        if count == 0 || to.write_all(&buffer[..count]).await.is_err() {
            let _ = to.shutdown().await;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that sends back what it gets, behind a proxy, and a client connected through it.
    async fn echo() -> (Proxy, TcpStream) {
        let proxy = Proxy::before_port(echoing().await).await;
        let client = TcpStream::connect(proxy.address()).await.unwrap();
        (proxy, client)
    }

    /// The port of a server that sends back what it gets.
    async fn echoing() -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = connection.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        port
    }

    async fn ask(client: &mut TcpStream) -> std::io::Result<u8> {
        client.write_u8(7).await?;
        client.read_u8().await
    }

    #[tokio::test]
    async fn bytes_pass_when_nothing_is_wrong() {
        let (_proxy, mut client) = echo().await;

        assert_eq!(ask(&mut client).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn a_blackhole_withholds_and_healing_delivers() {
        let (proxy, mut client) = echo().await;
        proxy.set(Fault::Blackhole);

        client.write_u8(7).await.unwrap();
        let while_broken = tokio::time::timeout(Duration::from_millis(50), client.read_u8()).await;
        proxy.set(Fault::None);

        assert!(while_broken.is_err());
        assert_eq!(client.read_u8().await.unwrap(), 7);
    }

    #[tokio::test]
    async fn a_cut_ends_open_connections_and_lets_new_ones_in() {
        let (proxy, mut client) = echo().await;
        ask(&mut client).await.unwrap();

        proxy.cut();

        assert!(client.read_u8().await.is_err());
        let mut next = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(ask(&mut next).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn a_stranded_connection_stays_open_and_passes_nothing_and_new_ones_pass() {
        let (proxy, mut client) = echo().await;
        ask(&mut client).await.unwrap();

        proxy.strand();

        let stranded = tokio::time::timeout(Duration::from_millis(50), ask(&mut client)).await;
        assert!(stranded.is_err(), "{stranded:?}");
        let mut next = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(ask(&mut next).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn another_server_takes_over_at_the_same_address() {
        let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap();
        let proxy = Proxy::before(nobody).await;
        let mut before = TcpStream::connect(proxy.address()).await.unwrap();

        let refused = ask(&mut before).await;
        proxy.lead_to(echoing().await);
        let mut after = TcpStream::connect(proxy.address()).await.unwrap();

        assert!(refused.is_err());
        assert_eq!(ask(&mut after).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn a_reset_refuses_new_connections_only() {
        let (proxy, mut client) = echo().await;
        ask(&mut client).await.unwrap();
        proxy.set(Fault::Reset);

        let mut next = TcpStream::connect(proxy.address()).await.unwrap();

        assert!(ask(&mut next).await.is_err());
        assert_eq!(ask(&mut client).await.unwrap(), 7);
    }
}
