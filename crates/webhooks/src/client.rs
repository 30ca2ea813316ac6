//! One request to a receiver: the address is judged and then connected to, so nothing is looked up a second time; no proxy
//! stands between, no redirect is followed, and of the answer nothing but its head is read.

use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, HOST, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::failure::{FailedTry, FailureKind};
use crate::url::{Endpoint, Host, UrlRules, WebhookUrl};

/// The most that the head of an answer may take.
const HEAD_BYTES: usize = 16 * 1024;

/// Who knocks.
const AGENT: &str = concat!("rekey-webhooks/", env!("CARGO_PKG_VERSION"));

/// Finds the addresses of a name.
#[async_trait]
pub trait Resolve: Send + Sync {
    /// All of them, in the order they are tried.
    ///
    /// # Errors
    /// There are none, or nobody can be asked.
    async fn addresses(&self, name: &str, port: u16) -> std::io::Result<Vec<SocketAddr>>;
}

/// Asks as the system does.
struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn addresses(&self, name: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((name, port)).await?.collect())
    }
}

/// Posts events to receivers.
#[derive(Clone)]
pub struct Client {
    tls: TlsConnector,
    resolver: Arc<dyn Resolve>,
    urls: UrlRules,
    timeouts: Timeouts,
}

/// How long a try may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Until there is a connection.
    pub connect: Duration,
    /// The whole of it.
    pub whole: Duration,
}

/// An event on its way.
#[derive(Debug, Clone)]
pub struct Post<'a> {
    /// Where it goes.
    pub url: &'a WebhookUrl,
    /// The event's id, which stays over every try.
    pub id: &'a str,
    /// When this try is made.
    pub unix_seconds: i64,
    /// A signature for each secret that serves, with a space between.
    pub signature: String,
    /// The media type of the body.
    pub content_type: &'static str,
    /// The event.
    pub body: Bytes,
}

impl Client {
    /// A client that trusts the authorities of the system, and those of a file.
    ///
    /// # Errors
    /// The file is missing or holds something else.
    pub fn new(urls: UrlRules, timeouts: Timeouts, authorities: Option<&Path>) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        // A system without any is no reason not to start: there may be no webhook.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() && authorities.is_none() {
            tracing::warn!("no certificate authorities are known here: webhooks will be refused by TLS");
        }
        if let Some(file) = authorities {
            let certificates =
                CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            let certificates = certificates.with_context(|| format!("reading {}", file.display()))?;
            for certificate in certificates {
                roots.add(certificate).with_context(|| format!("reading {}", file.display()))?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("the versions of TLS")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let tls = TlsConnector::from(Arc::new(config));
        Ok(Self { tls, resolver: Arc::new(SystemResolver), urls, timeouts })
    }

    /// The same, with names looked up in another way.
    #[must_use]
    pub fn resolving_by(self, resolver: Arc<dyn Resolve>) -> Self {
        Self { resolver, ..self }
    }

    /// Posts an event.
    ///
    /// # Errors
    /// The receiver did not take it.
    pub async fn post(&self, post: &Post<'_>) -> Result<(), FailedTry> {
        match timeout(self.timeouts.whole, self.post_untimed(post)).await {
            Ok(done) => done,
            Err(_) => Err(FailedTry::of(FailureKind::TimedOut)),
        }
    }

    async fn post_untimed(&self, post: &Post<'_>) -> Result<(), FailedTry> {
        let failed = FailedTry::of;
        let endpoint = post.url.endpoint().ok_or(failed(FailureKind::NotResolved))?;
        // A store may hold what was taken while this was no production.
        if !endpoint.is_tls && !self.urls.allow_http {
            return Err(failed(FailureKind::AddressRefused));
        }
        let stream = match timeout(self.timeouts.connect, self.connect(&endpoint)).await {
            Ok(connected) => connected.map_err(failed)?,
            Err(_) => return Err(failed(FailureKind::NotConnected)),
        };
        let answer = if endpoint.is_tls {
            let handshake = self.tls.connect(server_name(&endpoint.host)?, stream);
            let stream = match timeout(self.timeouts.connect, handshake).await {
                Ok(Ok(stream)) => stream,
                Ok(Err(_)) | Err(_) => return Err(failed(FailureKind::Tls)),
            };
            exchange(stream, request(post, &endpoint)?).await
        } else {
            exchange(stream, request(post, &endpoint)?).await
        };
        let answer = answer.map_err(|_| failed(FailureKind::AnswerLost))?;
        let (status, retry_after) = (answer.status().as_u16(), retry_after(answer.headers()));
        FailedTry::by_status(status, retry_after).map_or(Ok(()), Err)
    }

    /// A connection to the first address that is let through and answers.
    async fn connect(&self, endpoint: &Endpoint) -> Result<TcpStream, FailureKind> {
        let found: Vec<SocketAddr> = match &endpoint.host {
            Host::Address(address) => vec![SocketAddr::new(*address, endpoint.port)],
            Host::Name(name) => {
                let found = self.resolver.addresses(name, endpoint.port).await;
                found.map_err(|_| FailureKind::NotResolved)?
            }
        };
        if found.is_empty() {
            return Err(FailureKind::NotResolved);
        }
        let mut why = FailureKind::AddressRefused;
        for address in found.into_iter().filter(|address| self.urls.guard.lets_through(address.ip())) {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(_) => why = FailureKind::NotConnected,
            }
        }
        Err(why)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("timeouts", &self.timeouts).finish_non_exhaustive()
    }
}

fn server_name(host: &Host) -> Result<ServerName<'static>, FailedTry> {
    match host {
        Host::Address(address) => Ok(ServerName::IpAddress((*address).into())),
        Host::Name(name) => {
            ServerName::try_from(name.clone()).map_err(|_| FailedTry::of(FailureKind::NotResolved))
        }
    }
}

fn request(post: &Post<'_>, endpoint: &Endpoint) -> Result<Request<Full<Bytes>>, FailedTry> {
    Request::builder()
        .method(Method::POST)
        .uri(&endpoint.target)
        .header(HOST, &endpoint.authority)
        .header(USER_AGENT, AGENT)
        .header(CONTENT_TYPE, post.content_type)
        .header("webhook-id", post.id)
        .header("webhook-timestamp", post.unix_seconds)
        .header("webhook-signature", &post.signature)
        .body(Full::new(post.body.clone()))
        .map_err(|_| FailedTry::of(FailureKind::NotResolved))
}

/// Sends the request and takes the head of the answer. The connection ends with it.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, hyper::Error> {
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(HEAD_BYTES).handshake(TokioIo::new(stream)).await?;
    let (mut connection, mut answer) = (pin!(connection), pin!(sender.send_request(request)));
    tokio::select! {
        biased;
        answer = answer.as_mut() => answer,
        // It may have brought the answer with its end.
        _ = connection.as_mut() => answer.await,
    }
}

/// How long the receiver asks to be left alone: seconds, or an instant measured by its own clock where it gives one
/// (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok();
    let asked = text(RETRY_AFTER)?;
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(asked).ok()?;
    at.duration_since(httpdate::parse_http_date(text(DATE)?).ok()?).ok()
}

#[cfg(test)]
mod tests;
