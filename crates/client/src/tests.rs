//! Against real sockets, with the health service of tonic as the peer.

mod fuzz;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::transport::Server;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::{ClientSettings, Connection, OpenError};

/// A peer that answers each attempt from a list (then OK) and keeps what it was sent.
#[derive(Clone, Default)]
struct Peer {
    answers: Arc<Mutex<Vec<Status>>>,
    seen: Arc<Mutex<Vec<HeaderMap>>>,
}

impl NamedService for Peer {
    const NAME: &'static str = "grpc.health.v1.Health";
}

impl tower::Service<Request<Body>> for Peer {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = futures_util::future::BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let peer = self.clone();
        Box::pin(async move {
            peer.seen.lock().unwrap().push(request.headers().clone());
            let answer = peer.answers.lock().unwrap().pop();
            match answer {
                Some(status) if status.message() == "never" => std::future::pending().await,
                Some(status) => Ok(status.into_http()),
                None => {
                    let (_, server) = tonic_health::server::health_reporter();
                    let mut server = server;
                    tower::Service::call(&mut server, request).await
                }
            }
        })
    }
}

impl Peer {
    async fn answering(answers: impl IntoIterator<Item = Status>) -> (Self, SocketAddr) {
        let peer = Self::default();
        let mut answers: Vec<_> = answers.into_iter().collect();
        answers.reverse();
        *peer.answers.lock().unwrap() = answers;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server::builder().add_service(peer.clone());
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        (peer, address)
    }

    fn header(&self, attempt: usize, name: &str) -> Option<String> {
        Some(self.seen.lock().unwrap()[attempt].get(name)?.to_str().unwrap().to_owned())
    }

    fn attempts(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

fn settings(address: SocketAddr) -> ClientSettings {
    ClientSettings::to(format!("http://{address}"))
}

async fn check(connection: Connection) -> Result<(), Status> {
    HealthClient::new(connection).check(HealthCheckRequest::default()).await.map(drop)
}

fn pushed_back(milliseconds: &'static str) -> Status {
    let mut status = Status::unavailable("away");
    status.metadata_mut().insert("grpc-retry-pushback-ms", milliseconds.parse().unwrap());
    status
}

#[tokio::test]
async fn a_call_carries_tokens_and_its_deadline() {
    let (peer, address) = Peer::answering([]).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "s3cret\n").unwrap();
    let connection = Connection::open(&settings(address).with_token_file(path), || None).unwrap();

    check(connection.acting_for(&"p3rson".into()).unwrap()).await.unwrap();

    assert_eq!(peer.header(0, "authorization").as_deref(), Some("Bearer s3cret"));
    assert_eq!(peer.header(0, "rekey-access-token").as_deref(), Some("p3rson"));
    let timeout = peer.header(0, "grpc-timeout").unwrap();
    assert!(timeout.ends_with('u') && timeout.len() == 8, "a bit less than 10 s: {timeout}");
    assert_eq!(peer.header(0, "grpc-previous-rpc-attempts"), None);
}

#[tokio::test]
async fn what_is_unavailable_is_tried_again_and_says_so() {
    let (peer, address) = Peer::answering([pushed_back("0"), pushed_back("0")]).await;
    let connection = Connection::open(&settings(address), || None).unwrap();

    check(connection).await.unwrap();

    assert_eq!(peer.attempts(), 3);
    assert_eq!(peer.header(2, "grpc-previous-rpc-attempts").as_deref(), Some("2"));
}

#[tokio::test]
async fn attempts_end_and_the_last_error_is_the_answer() {
    let (peer, address) = Peer::answering((0..9).map(|_| pushed_back("0"))).await;
    let connection = Connection::open(&settings(address), || None).unwrap();

    let error = check(connection).await.unwrap_err();

    assert_eq!((error.code(), error.message()), (Code::Unavailable, "away"));
    assert_eq!(peer.attempts(), 3);
}

#[tokio::test]
async fn a_server_that_wants_no_retry_gets_none() {
    let (peer, address) = Peer::answering([pushed_back("-1")]).await;
    let connection = Connection::open(&settings(address), || None).unwrap();

    assert_eq!(check(connection).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(peer.attempts(), 1);
}

#[tokio::test]
async fn other_errors_are_not_repeated() {
    let (peer, address) = Peer::answering([Status::resource_exhausted("full")]).await;
    let connection = Connection::open(&settings(address), || None).unwrap();

    assert_eq!(check(connection).await.unwrap_err().code(), Code::ResourceExhausted);
    assert_eq!(peer.attempts(), 1);
}

#[tokio::test]
async fn a_call_that_hangs_ends_as_deadline_exceeded_and_not_as_cancelled() {
    let (_peer, address) = Peer::answering([Status::unavailable("never")]).await;
    let connection = Connection::open(&settings(address), || Some(Duration::from_millis(120))).unwrap();

    assert_eq!(check(connection).await.unwrap_err().code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_call_with_no_time_left_is_not_sent() {
    let (peer, address) = Peer::answering([]).await;
    let connection = Connection::open(&settings(address), || Some(Duration::ZERO)).unwrap();

    assert_eq!(check(connection).await.unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(peer.attempts(), 0);
}

#[tokio::test]
async fn a_peer_that_is_away_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let connection = Connection::open(&settings(address), || None).unwrap();

    assert_eq!(check(connection).await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn half_of_the_tls_settings_is_refused() {
    let without_authorities = ClientSettings::to("https://localhost:1");
    let open = |settings: &ClientSettings| Connection::open(settings, || None).map(drop);

    assert!(matches!(open(&without_authorities), Err(OpenError::Missing("ca_file", _))));
    assert!(matches!(open(&ClientSettings::to("not a url")), Err(OpenError::Endpoint { .. })));
    let lost = ClientSettings::to("http://localhost:1").with_token_file("/nowhere/token");
    assert!(matches!(open(&lost), Err(OpenError::Unreadable { .. })));
}

#[tokio::test]
async fn a_balanced_connection_finds_its_peer_by_name() {
    let (peer, address) = Peer::answering([]).await;
    let mut settings = ClientSettings::to(format!("http://localhost:{}", address.port()));
    settings.balance = true;
    let connection = Connection::open(&settings, || None).unwrap();

    check(connection).await.unwrap();

    assert_eq!(peer.attempts(), 1);
}

/// Begins to answer the first call of a connection, and dies.
async fn begin_and_die(listener: TcpListener) {
    /// A `SETTINGS` frame, and a `HEADERS` frame on stream 1: status 200 and `content-type: application/grpc`.
    const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
    const HEADERS: &[u8] = b"\0\0\x13\x01\x04\0\0\0\x01\x88\x5f\x10application/grpc";
    let (mut connection, _) = listener.accept().await.unwrap();
    connection.write_all(SETTINGS).await.unwrap();
    connection.read_exact(&mut [0; b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len()]).await.unwrap();
    loop {
        let mut head = [0; 9];
        connection.read_exact(&mut head).await.unwrap();
        let mut payload = vec![0; usize::from(head[1]) * 256 + usize::from(head[2])];
        connection.read_exact(&mut payload).await.unwrap();
        if head[3] == 1 {
            break;
        }
    }
    connection.write_all(HEADERS).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_was_cut_short_is_unavailable_and_not_unknown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connection = Connection::open(&settings(listener.local_addr().unwrap()), || None).unwrap();
    tokio::spawn(begin_and_die(listener));

    let cut_short = check(connection).await.unwrap_err();

    assert_eq!(cut_short.code(), Code::Unavailable, "{cut_short:?}");
}

mod balancing;
mod tls;
