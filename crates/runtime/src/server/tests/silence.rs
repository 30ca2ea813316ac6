//! Sockets and calls that say nothing.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::Code;
use tonic::client::Grpc;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_prost::ProstCodec;

use super::{CHECK, PORTAL, Running, ServerSettings, bearer, reason, settings};

/// What a client of HTTP/2 begins with: the preface, and settings that say nothing.
const GREETING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Connects, writes this and waits until the other side has closed.
async fn closed_after(part: &Running, written: &[u8]) {
    let mut socket = TcpStream::connect(part.address).await.unwrap();
    socket.write_all(written).await.unwrap();
    let mut rest = Vec::new();
    // A reset is an end as well.
    let _ = socket.read_to_end(&mut rest).await;
}

#[tokio::test]
async fn a_socket_on_which_no_call_begins_is_closed() {
    let part = Running::with(ServerSettings { first_call_ms: 50, ..settings() }).await;
    // Headers that promise more headers, which never come.
    let unfinished = [GREETING, b"\0\0\x01\x01\0\0\0\0\x01\x82"].concat();

    for written in [b"".as_slice(), &GREETING[..9], GREETING, &unfinished] {
        closed_after(&part, written).await;
    }
    let answered = part.check("", &[("authorization", &bearer(PORTAL))]).await;

    assert!(answered.is_ok());
}

#[tokio::test]
async fn a_peer_holds_its_share_of_connections_and_no_more() {
    let part = Running::with(ServerSettings { connections_per_peer: 2, ..settings() }).await;
    let headers = [("authorization", &*bearer(PORTAL))];
    let first = part.channel().await;
    super::call(first.clone(), CHECK, "", &headers).await.unwrap();
    let second = TcpStream::connect(part.address).await.unwrap();

    closed_after(&part, b"").await;
    let answered = super::call(first, CHECK, "", &headers).await;
    drop(second);

    assert!(answered.is_ok());
    let again = async || super::call(part.try_channel().await.ok()?, CHECK, "", &headers).await.ok();
    while again().await.is_none() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_call_whose_message_never_comes_gives_its_place_back() {
    let part = Running::with(ServerSettings { message_ms: 50, ..settings() }).await;
    let mut grpc = Grpc::new(part.channel().await);
    grpc.ready().await.unwrap();
    let nothing = tokio_stream::pending::<HealthCheckRequest>();
    let nothing = super::request(nothing, &[("authorization", &bearer(PORTAL)), ("grpc-timeout", "60S")]);
    let codec = ProstCodec::<HealthCheckRequest, HealthCheckResponse>::default();

    let path = http::uri::PathAndQuery::from_static(CHECK);
    let status = grpc.client_streaming(nothing, path, codec).await.unwrap_err();

    assert_eq!((status.code(), reason(&status).as_str()), (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"));
}
