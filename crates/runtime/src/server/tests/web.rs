//! What comes to a port besides gRPC.

use axum::body::Body;
use http::{Request, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{CHECK, PORTAL, Running, ServerSettings, bearer, settings};

const APP: &str = "https://app.example.com";

/// A call over HTTP/1.1, as a browser makes it, and what came back.
async fn browse(part: &Running, headers: &[(&str, &str)], method: &str) -> String {
    let mut socket = TcpStream::connect(part.address).await.unwrap();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!(
        "{method} {CHECK} HTTP/1.1\r\nhost: part\r\nconnection: close\r\ncontent-length: 5\r\n{headers}\r\n"
    );
    socket.write_all(&[head.as_bytes(), &[0; 5]].concat()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn over_http2(part: &Running, content_type: &str) -> StatusCode {
    let socket = TokioIo::new(TcpStream::connect(part.address).await.unwrap());
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), socket).await.unwrap();
    tokio::spawn(connection);
    let request = Request::post(format!("http://part{CHECK}")).header("content-type", content_type);
    client.send_request(request.body(Body::from(vec![0; 5])).unwrap()).await.unwrap().status()
}

#[tokio::test]
async fn what_is_no_grpc_is_unsupported() {
    let part = Running::with(settings()).await;

    for content_type in ["application/json", "application/grpc-web+proto", "text/plain"] {
        assert_eq!(
            over_http2(&part, content_type).await,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "{content_type}"
        );
    }
    assert_eq!(over_http2(&part, "application/grpc").await, StatusCode::OK);
}

#[tokio::test]
async fn pages_that_were_named_may_call_and_read_the_answer() {
    let part = Running::with(ServerSettings { web_origins: vec![APP.to_owned()], ..settings() }).await;
    let portal = bearer(PORTAL);
    let call = [("origin", APP), ("content-type", "application/grpc-web+proto"), ("authorization", &*portal)];
    let ask_first = [("origin", APP), ("access-control-request-method", "POST")];
    let elsewhere = [("origin", "https://evil.example"), call[1], call[2]];

    let answer = browse(&part, &call, "POST").await;
    let allowed = browse(&part, &ask_first, "OPTIONS").await;
    let unnamed = browse(&part, &elsewhere, "POST").await;
    let status = over_http2(&part, "application/grpc").await;

    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("grpc-status:0"), "{answer}");
    assert!(answer.contains(&format!("access-control-allow-origin: {APP}")), "{answer}");
    assert!(allowed.contains("rekey-access-token"), "{allowed}");
    assert!(!unnamed.contains("access-control-allow-origin"), "{unnamed}");
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_page_that_is_no_origin_is_refused_at_the_start() {
    let part = Running::with(ServerSettings { web_origins: vec!["*".to_owned()], ..settings() }).await;

    let refused = part.served.await.unwrap().unwrap_err();

    assert!(matches!(refused, super::ServeError::Origins(_)), "{refused}");
}
