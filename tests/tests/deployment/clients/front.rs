//! A load balancer before identity that loses answers: the first call of each reaches identity, which does the work, and
//! the caller is told `UNAVAILABLE`. Only a repeat gets through, so whoever gets anything done has repeated.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Status;
use tonic::codegen::Service as _;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint, Server};

/// How often gRPC says it has sent a call before.
const EARLIER_ATTEMPTS: &str = "grpc-previous-rpc-attempts";
/// Far above every message here.
const MESSAGE_LIMIT: usize = 1 << 16;

/// A call as it came by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Passed {
    /// The name of the RPC.
    pub(crate) rpc: String,
    /// How many times it came by before, in its own words.
    pub(crate) earlier_attempts: String,
    /// Its message.
    pub(crate) message: Bytes,
}

/// The load balancer.
#[derive(Clone)]
pub(crate) struct Front {
    identity: Channel,
    passed: Arc<Mutex<Vec<Passed>>>,
}

impl Front {
    /// Starts one before the identity at this address; its own address.
    pub(crate) async fn before(identity: &str) -> (Self, String) {
        let identity = Endpoint::from_shared(format!("http://{identity}")).unwrap().connect_lazy();
        let front = Self { identity, passed: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let routes = Routes::from(Router::new().fallback(pass).with_state(front.clone()));
        let served =
            Server::builder().add_routes(routes).serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(served);
        (front, address)
    }

    /// Every call so far, in the order in which they came.
    pub(crate) fn passed(&self) -> Vec<Passed> {
        self.passed.lock().unwrap().clone()
    }
}

async fn pass(State(mut front): State<Front>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let message = to_bytes(body, MESSAGE_LIMIT).await.unwrap();
    let rpc = head.uri.path().rsplit('/').next().unwrap_or_default().to_owned();
    let earlier_attempts = earlier_attempts(&head.headers);
    let is_first = earlier_attempts == "0";
    front.passed.lock().unwrap().push(Passed { rpc, earlier_attempts, message: message.clone() });
    std::future::poll_fn(|context| front.identity.poll_ready(context)).await.unwrap();
    let forwarded = Request::from_parts(head, tonic::body::Body::new(Body::from(message)));
    let answer = front.identity.call(forwarded).await.unwrap();
    if is_first { Status::unavailable("the answer was lost").into_http() } else { answer.map(Body::new) }
}

fn earlier_attempts(headers: &HeaderMap) -> String {
    let said = headers.get(EARLIER_ATTEMPTS).and_then(|value| value.to_str().ok());
    said.unwrap_or("0").to_owned()
}
