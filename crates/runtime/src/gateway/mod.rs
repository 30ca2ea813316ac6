//! Gateways of others that speak HTTP: a client for them, how they are logged in to, and which of their URLs are safe.
//!
//! What is sent and what an answer means is the business of whoever asks. A failure is told by the step it happened at and
//! never in the words of the other side, which may quote a number.

mod login;
mod password;

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::TokioExecutor;

pub use self::login::{Login, LoginError, LoginFiles};
pub use self::password::PasswordFile;
use crate::loopback::is_loopback;

/// Answers are short; more than this is not read.
pub const ANSWER_BYTES: usize = 64 * 1024;

/// A client that believes the system's authorities and keeps no connection.
///
/// One that fell silent takes a request and gives no answer, and what costs money or reaches people is not asked for twice: a
/// handshake each costs less.
#[derive(Debug, Clone)]
pub struct GatewayClient(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl GatewayClient {
    /// Connects within this time, or not.
    ///
    /// # Errors
    /// The system's certificate authorities do not read.
    pub fn new(connect_timeout: Duration) -> io::Result<Self> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(connect_timeout));
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        Ok(Self(Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector)))
    }

    /// Sends a request; the body of its answer is still to come.
    ///
    /// # Errors
    /// There was no connection ([`Error::is_connect`]), or no answer.
    pub async fn request(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Error> {
        self.0.request(request).await
    }

    /// Asks for what is at a URL: the status and the whole answer.
    ///
    /// # Errors
    /// No connection, no answer, or one that is too long.
    pub async fn get(
        &self,
        url: Uri,
        authorization: Option<HeaderValue>,
    ) -> Result<(StatusCode, Bytes), GatewayFailure> {
        let mut request = Request::get(url);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request =
            request.body(Full::default()).map_err(|_| GatewayFailure("the URL makes no request"))?;
        let answer = self.request(request).await.map_err(|error| {
            GatewayFailure(if error.is_connect() { step_of(&error) } else { "the answer was lost" })
        })?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES).collect().await;
        let body = body.map_err(|_| GatewayFailure("the answer broke off or is too long"))?;
        Ok((status, body.to_bytes()))
    }
}

/// The step at which a gateway failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct GatewayFailure(pub &'static str);

/// Which step of connecting failed, so that the operator's log says what to mend. The client has a type for the words
/// of the first two but does not show it; what is neither is the handshake.
#[must_use]
pub fn step_of(error: &Error) -> &'static str {
    let source = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    match source.as_str() {
        words if words.starts_with("dns error") => "resolving: the host has no address",
        words if words.starts_with("tcp connect error") => "connecting: no address answers",
        _ => "TLS or connecting: no connection",
    }
}

/// Plain HTTP only to this machine, where a test or a gateway of one's own listens.
#[must_use]
pub fn is_protected(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default();
    match url.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => is_loopback(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        let protected = |url: &str| is_protected(&url.parse().unwrap());

        assert!(protected("https://sms.example") && protected("http://[::1]:8080/x"));
        assert!(protected("http://localhost/x") && protected("http://127.0.0.2/x"));
        assert!(!protected("http://sms.example") && !protected("ftp://127.0.0.1/") && !protected("/path"));
    }

    #[tokio::test]
    async fn a_gateway_that_is_not_there_is_told_by_the_step() {
        let client = GatewayClient::new(Duration::from_secs(5)).unwrap();

        let nobody = client.get("http://127.0.0.1:1/".parse().unwrap(), None).await;

        assert_eq!(nobody, Err(GatewayFailure("connecting: no address answers")));
    }

    #[tokio::test]
    async fn an_answer_is_read_no_further_than_its_bound() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Uri = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        async fn login(headers: http::HeaderMap) -> String {
            format!("{:?}", headers.get(AUTHORIZATION))
        }
        async fn long() -> String {
            "x".repeat(ANSWER_BYTES + 1)
        }
        let router = axum::Router::new()
            .route("/", axum::routing::get(login))
            .route("/long", axum::routing::get(long));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let client = GatewayClient::new(Duration::from_secs(5)).unwrap();

        let short = client.get(url.clone(), Some(HeaderValue::from_static("Bearer x"))).await.unwrap();
        let long = client.get(format!("{url}long").parse().unwrap(), None).await;

        assert_eq!(short, (StatusCode::OK, Bytes::from_static(b"Some(\"Bearer x\")")));
        assert_eq!(long, Err(GatewayFailure("the answer broke off or is too long")));
    }
}
