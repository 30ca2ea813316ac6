//! The end of a server and of a connection.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tonic::Code;

use super::{CHECK, PORTAL, Running, ServerSettings, bearer, call, reason, settings};
use crate::health::Serving;
use crate::shutdown::Shutdown;
use crate::transport::{ConnectionOptions, listen};

/// An HTTP/2 client that says hello and nothing else.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// A whole call, `GET /` by three entries of HPACK's static table: frame type 1 on stream 1, which ends with it.
const CALL: &[u8] = b"\0\0\x03\x01\x05\0\0\0\x01\x82\x86\x84";
/// Frame type 7 on stream 0, after its length of 8.
const GOAWAY: &[u8] = b"\0\0\x08\x07\0\0\0\0\0";

#[tokio::test]
async fn an_idle_server_stops_at_once_and_says_it_is_not_ready() {
    let part = Running::with(settings()).await;
    let (health, address) = (part.health.clone(), part.address);
    part.check("", &[("authorization", &bearer(PORTAL))]).await.unwrap();

    part.shutdown.begin();
    part.stopped().await;

    assert_eq!(health.serving("rekey.test.v1.Office"), Serving::No);
    assert!(!health.is_ready());
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_waiting_stream_is_sent_elsewhere_when_draining_begins() {
    let part = Running::with(settings()).await;
    let mut stream = part.watch("").await;
    assert_eq!(stream.message().await.unwrap().unwrap().status, 1);

    part.shutdown.begin();
    let status = stream.message().await.unwrap_err();
    part.stopped().await;

    assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "SHUTTING_DOWN"));
}

#[tokio::test]
async fn work_still_running_after_the_grace_is_answered_and_cut() {
    let part = Running::with(ServerSettings { grace_seconds: 0, ..settings() }).await;
    let channel = part.channel().await;
    let portal = bearer(PORTAL);
    let headers = [("authorization", portal.as_str())];

    let (answer, ()) = tokio::join!(call(channel, CHECK, "hang", &headers), async {
        part.hanging.notified().await;
        part.shutdown.begin();
    });
    part.stopped().await;

    let status = answer.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "SHUTTING_DOWN"));
}

/// A port without routes and without patience.
async fn bare(
    connection_limit: usize,
    connection_age: Option<Duration>,
) -> (SocketAddr, Shutdown, JoinHandle<()>) {
    let listener = crate::server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = Shutdown::new();
    let options = ConnectionOptions {
        tls: None,
        connection_limit,
        connections_per_peer: connection_limit,
        handshake_within: Duration::from_secs(60),
        first_call_within: Duration::from_secs(60),
        connection_age,
        grace: Duration::ZERO,
        http2_only: true,
    };
    let served = tokio::spawn(listen(listener, axum::Router::new(), options, stop.clone()));
    (address, stop, served)
}

#[tokio::test]
async fn a_newcomer_waits_until_there_is_a_place() {
    let (address, stop, served) = bare(1, None).await;
    let mut first = TcpStream::connect(address).await.unwrap();
    first.write_all(PREFACE).await.unwrap();
    first.read_u8().await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    second.write_all(PREFACE).await.unwrap();

    let nothing_yet = second.try_read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
    drop(first);
    let heard = second.read_u8().await;

    assert!(nothing_yet && heard.is_ok());
    stop.begin();
    served.await.unwrap();
}

#[tokio::test]
async fn an_old_connection_gets_goaway_and_is_cut_after_its_grace() {
    let (address, stop, served) = bare(1, Some(Duration::from_millis(5))).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(&[PREFACE, CALL].concat()).await.unwrap();

    let mut heard = Vec::new();
    client.read_to_end(&mut heard).await.unwrap();

    assert!(heard.windows(GOAWAY.len()).any(|frame| frame == GOAWAY), "{heard:?}");
    stop.begin();
    served.await.unwrap();
}
