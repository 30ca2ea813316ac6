//! Replicas behind one name: they die, come back and move, and calls get through.

use std::collections::BTreeSet;
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;
use crate::Resolver;

/// A name whose addresses the test says.
#[derive(Debug, Default)]
struct Names {
    addresses: Mutex<BTreeSet<SocketAddr>>,
    resolved: AtomicUsize,
}

impl Names {
    fn of(addresses: impl IntoIterator<Item = SocketAddr>) -> Arc<Self> {
        Arc::new(Self { addresses: Mutex::new(addresses.into_iter().collect()), ..Self::default() })
    }

    fn set(&self, addresses: impl IntoIterator<Item = SocketAddr>) {
        *self.addresses.lock().unwrap() = addresses.into_iter().collect();
    }
}

impl Resolver for Names {
    fn resolve(&self, _: &str, _: u16) -> BoxFuture<'static, io::Result<BTreeSet<SocketAddr>>> {
        let found = self.addresses.lock().unwrap().clone();
        self.resolved.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move { Ok(found) })
    }
}

/// A connection to the replicas that a name has, whose calls have so many attempts.
fn balanced(names: &Arc<Names>, attempts: u32) -> Connection {
    let settings = ClientSettings {
        balance: true,
        resolve_seconds: 1,
        attempts,
        ..ClientSettings::to("http://replicas.example:7301")
    };
    Connection::open_resolving(&settings, || None, Arc::clone(names) as Arc<dyn Resolver>).unwrap()
}

/// A replica, and what ends it.
struct Replica {
    peer: Peer,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Replica {
    async fn start(answers: impl IntoIterator<Item = Status>) -> Self {
        Self::at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), answers).await
    }

    async fn at(address: SocketAddr, answers: impl IntoIterator<Item = Status>) -> Self {
        let peer = Peer::default();
        peer.answers.lock().unwrap().extend(answers);
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server::builder().add_service(peer.clone());
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(async move {
            let incoming = TcpListenerStream::new(listener);
            let stopped = async { stopped.await.unwrap_or_default() };
            server.serve_with_incoming_shutdown(incoming, stopped).await.unwrap();
        });
        Self { peer, address, stop, serving }
    }

    /// Ends it and its connections.
    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap();
    }
}

/// An address at which nobody listens.
async fn deserted() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// Calls until something is so.
async fn call_until(connection: &Connection, so: impl Fn() -> bool) {
    while !so() {
        check(connection.clone()).await.unwrap();
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn calls_are_spread_over_the_replicas() {
    let replicas = [Replica::start([]).await, Replica::start([]).await, Replica::start([]).await];
    let names = Names::of(replicas.iter().map(|replica| replica.address));
    let connection = balanced(&names, 1);

    call_until(&connection, || replicas.iter().all(|replica| replica.peer.attempts() > 5)).await;
}

#[tokio::test]
async fn a_dead_replica_gets_no_calls_and_no_call_fails_by_it() {
    let replica = Replica::start([]).await;
    let names = Names::of([replica.address, deserted().await]);
    let connection = balanced(&names, 1);

    for _ in 0..100 {
        check(connection.clone()).await.unwrap();
    }

    assert_eq!(replica.peer.attempts(), 100);
}

#[tokio::test]
async fn a_replica_that_is_back_gets_calls_again() {
    let [one, other] = [Replica::start([]).await, Replica::start([]).await];
    let names = Names::of([one.address, other.address]);
    let connection = balanced(&names, 1);
    call_until(&connection, || one.peer.attempts() > 0 && other.peer.attempts() > 0).await;

    let address = other.address;
    other.stop().await;
    for _ in 0..100 {
        check(connection.clone()).await.unwrap();
    }
    let back = Replica::at(address, []).await;

    call_until(&connection, || back.peer.attempts() > 5).await;
}

#[tokio::test]
async fn a_retry_goes_to_a_replica_that_was_not_tried() {
    let without_end = std::iter::repeat_with(|| pushed_back("0")).take(1_000);
    let [poor, good] = [Replica::start(without_end).await, Replica::start([]).await];
    let names = Names::of([poor.address, good.address]);
    // Two attempts each: a retry that came back to the same replica would fail the call.
    for _ in 0..20 {
        check(balanced(&names, 2)).await.unwrap();
    }

    assert_eq!(good.peer.attempts(), 20);
}

#[tokio::test]
async fn calls_follow_a_name_to_other_addresses() {
    let [old, new] = [Replica::start([]).await, Replica::start([]).await];
    let names = Names::of([old.address]);
    let connection = balanced(&names, 1);
    call_until(&connection, || old.peer.attempts() > 0).await;

    names.set([new.address]);
    call_until(&connection, || new.peer.attempts() > 5).await;
    let of_old = old.peer.attempts();
    for _ in 0..50 {
        check(connection.clone()).await.unwrap();
    }

    assert_eq!(old.peer.attempts(), of_old);
}

#[tokio::test]
async fn a_call_waits_for_the_name_where_every_address_that_was_known_is_gone() {
    let [one, other, new] = [Replica::start([]).await, Replica::start([]).await, Replica::start([]).await];
    let names = Names::of([one.address, other.address]);
    let connection = balanced(&names, 1);
    call_until(&connection, || one.peer.attempts() > 0 && other.peer.attempts() > 0).await;

    names.set([new.address]);
    one.stop().await;
    other.stop().await;
    for _ in 0..20 {
        check(connection.clone()).await.unwrap();
    }

    assert_eq!(new.peer.attempts(), 20);
}

#[tokio::test]
async fn a_call_waits_no_longer_where_the_name_has_nothing_new() {
    let replica = Replica::start([]).await;
    let names = Names::of([replica.address]);
    let connection = balanced(&names, 1);
    call_until(&connection, || replica.peer.attempts() > 0).await;
    let address = replica.address;

    replica.stop().await;
    let error = check(connection).await.unwrap_err();

    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.message().contains(&format!("connection refused by {address}")), "{error:?}");
}

#[tokio::test]
async fn a_name_that_resolves_to_nothing_leaves_its_replicas_as_they_are() {
    let replica = Replica::start([]).await;
    let names = Names::of([replica.address]);
    let connection = balanced(&names, 1);
    call_until(&connection, || replica.peer.attempts() > 0).await;

    names.set([]);
    let before = names.resolved.load(Ordering::Relaxed);
    call_until(&connection, || names.resolved.load(Ordering::Relaxed) > before + 1).await;

    check(connection).await.unwrap();
}

#[tokio::test]
async fn with_all_replicas_dead_a_call_ends_at_once_and_says_why() {
    let [one, other] = [deserted().await, deserted().await];
    let connection = balanced(&Names::of([one, other]), 1);

    let error = check(connection).await.unwrap_err();

    assert_eq!(error.code(), Code::Unavailable);
    for address in [one, other] {
        let told = format!("connection refused by {address}");
        assert!(error.message().contains(&told), "{error:?}");
    }
}

/// A server that has seen nothing of any call, and says so: it refuses the stream, or goes away before it.
async fn unseeing(goes_away: bool, calls: Arc<AtomicUsize>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(refuse(socket, goes_away, Arc::clone(&calls)));
        }
    });
    address
}

/// Answers each call of a connection by a frame of HTTP/2 that says that it was not seen.
async fn refuse(
    mut socket: tokio::net::TcpStream,
    goes_away: bool,
    calls: Arc<AtomicUsize>,
) -> io::Result<()> {
    const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
    /// `GOAWAY`: no stream was seen, and there is no error.
    const GOES_AWAY: &[u8] = b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0";
    socket.write_all(SETTINGS).await?;
    socket.read_exact(&mut [0; b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len()]).await?;
    loop {
        let mut head = [0; 9];
        socket.read_exact(&mut head).await?;
        let mut payload = vec![0; usize::from(head[1]) * 256 + usize::from(head[2])];
        socket.read_exact(&mut payload).await?;
        if head[3] == 1 {
            calls.fetch_add(1, Ordering::Relaxed);
            let stream = &head[5..];
            // `RST_STREAM` with `REFUSED_STREAM`.
            let refused = [b"\0\0\x04\x03\0", stream, b"\0\0\0\x07"].concat();
            socket.write_all(if goes_away { GOES_AWAY } else { &refused }).await?;
        }
    }
}

#[tokio::test]
async fn what_a_replica_has_not_seen_is_sent_to_another_and_costs_no_attempt() {
    for goes_away in [false, true] {
        let unseen = Arc::new(AtomicUsize::new(0));
        let good = Replica::start([]).await;
        let names = Names::of([unseeing(goes_away, Arc::clone(&unseen)).await, good.address]);
        let mut answered = 0;

        while unseen.load(Ordering::Relaxed) < 20 {
            check(balanced(&names, 1)).await.unwrap();
            answered += 1;
        }

        assert_eq!(good.peer.attempts(), answered);
    }
}
