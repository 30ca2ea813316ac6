use std::sync::{Arc, Mutex};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::address::AddressGuard;

const TIMEOUTS: Timeouts = Timeouts { connect: Duration::from_secs(5), whole: Duration::from_secs(10) };

fn loopback() -> UrlRules {
    let guard = AddressGuard { allowed: vec!["127.0.0.0/8".parse().unwrap()] };
    UrlRules { allow_http: true, guard }
}

/// Takes one request and answers these words, or none at all.
async fn receiver(answer: &'static str) -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?key=1", listener.local_addr().unwrap());
    let seen = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&seen);
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        converse(stream, answer, &kept).await;
    });
    (url, seen)
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &str, seen: &Mutex<String>) {
    let mut bytes = vec![0; 16 * 1024];
    let mut request = String::new();
    while !request.ends_with("the body") {
        let read = stream.read(&mut bytes).await.unwrap();
        request.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
    }
    *seen.lock().unwrap() = request;
    if answer.is_empty() {
        std::future::pending::<()>().await;
    }
    stream.write_all(answer.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
}

async fn post(client: &Client, url: &str) -> Result<(), FailedTry> {
    let url = WebhookUrl::from_stored(url.to_owned());
    let post = Post {
        url: &url,
        id: "the-id",
        unix_seconds: 1_900_000_000,
        signature: "v1,one v1,two".to_owned(),
        content_type: "application/cloudevents+json",
        body: Bytes::from_static(b"the body"),
    };
    client.post(&post).await
}

async fn answered(answer: &'static str) -> Result<(), FailedTry> {
    let (url, _) = receiver(answer).await;
    post(&Client::new(loopback(), TIMEOUTS, None).unwrap(), &url).await
}

#[tokio::test]
async fn an_event_is_posted_with_its_id_time_and_signatures() {
    let (url, seen) = receiver("HTTP/1.1 204 No Content\r\n\r\n").await;
    let authority = url.trim_start_matches("http://").trim_end_matches("/hook?key=1").to_owned();

    post(&Client::new(loopback(), TIMEOUTS, None).unwrap(), &url).await.unwrap();

    let seen = seen.lock().unwrap().clone();
    assert!(seen.starts_with("POST /hook?key=1 HTTP/1.1\r\n"), "{seen}");
    for line in [
        &format!("host: {authority}"),
        "content-type: application/cloudevents+json",
        "content-length: 8",
        "webhook-id: the-id",
        "webhook-timestamp: 1900000000",
        "webhook-signature: v1,one v1,two",
    ] {
        assert!(seen.contains(&format!("\r\n{line}\r\n")), "{line}: {seen}");
    }
    assert!(seen.ends_with("\r\n\r\nthe body"), "{seen}");
}

#[tokio::test]
async fn what_is_no_2xx_is_told_by_its_status() {
    let failed = async |answer| answered(answer).await.unwrap_err();

    let redirected = failed("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\n\r\n").await;
    let busy = failed("HTTP/1.1 429 Too Many Requests\r\nretry-after: 120\r\n\r\n").await;
    let gone = failed("HTTP/1.1 410 Gone\r\n\r\n").await;
    let no_http = failed("220 mail.example ESMTP\r\n").await;
    let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(64 * 1024)).leak();

    assert_eq!((redirected.kind, redirected.status), (FailureKind::Redirected, Some(302)));
    assert_eq!((busy.kind, busy.retry_after), (FailureKind::Status, Some(Duration::from_secs(120))));
    assert!(gone.is_gone());
    assert_eq!(no_http, FailedTry::of(FailureKind::AnswerLost));
    assert_eq!(failed(endless).await, FailedTry::of(FailureKind::AnswerLost));
}

#[tokio::test]
async fn a_receiver_that_is_silent_or_not_there_fails_the_try() {
    let short = Timeouts { whole: Duration::from_millis(200), ..TIMEOUTS };
    let client = Client::new(loopback(), short, None).unwrap();
    let (silent, _) = receiver("").await;

    let timed_out = post(&client, &silent).await;
    let nobody = post(&client, "http://127.0.0.1:1/").await;
    let no_name = post(&Client::new(loopback(), TIMEOUTS, None).unwrap(), "http://nowhere.invalid/").await;

    assert_eq!(timed_out, Err(FailedTry::of(FailureKind::TimedOut)));
    assert_eq!(nobody, Err(FailedTry::of(FailureKind::NotConnected)));
    assert_eq!(no_name, Err(FailedTry::of(FailureKind::NotResolved)));
}

#[tokio::test]
async fn an_internal_address_is_not_connected_to_by_whatever_name() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let strangers = UrlRules { allow_http: true, guard: AddressGuard::default() };
    let client = Client::new(strangers, TIMEOUTS, None).unwrap();

    for host in ["127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433"] {
        let refused = post(&client, &format!("http://{host}:{port}/")).await.unwrap_err();
        assert_eq!(refused, FailedTry::of(FailureKind::AddressRefused), "{host}");
    }
    let accepted = tokio::time::timeout(Duration::from_millis(1), listener.accept()).await;
    assert!(accepted.is_err(), "somebody connected");
}

#[tokio::test]
async fn a_certificate_is_trusted_by_its_authority_alone() {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.crt");
    std::fs::write(&file, cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(stream) = acceptor.accept(stream).await {
                converse(stream, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", &Mutex::default()).await;
            }
        }
    });

    let trusting = Client::new(loopback(), TIMEOUTS, Some(&file)).unwrap();
    let strict = Client::new(loopback(), TIMEOUTS, None).unwrap();

    assert_eq!(post(&strict, &url).await, Err(FailedTry::of(FailureKind::Tls)));
    assert_eq!(post(&trusting, &url).await, Ok(()));
}

#[tokio::test]
async fn what_was_set_in_development_is_not_sent_in_the_clear_in_production() {
    let (url, seen) = receiver("HTTP/1.1 204 No Content\r\n\r\n").await;
    let production = UrlRules { allow_http: false, ..loopback() };

    let refused = post(&Client::new(production, TIMEOUTS, None).unwrap(), &url).await;

    assert_eq!(refused, Err(FailedTry::of(FailureKind::AddressRefused)));
    assert_eq!(*seen.lock().unwrap(), "");
}

/// Whatever it is asked, it gives these addresses.
struct Names(Vec<&'static str>);

#[async_trait]
impl Resolve for Names {
    async fn addresses(&self, _: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        Ok(self.0.iter().map(|address| SocketAddr::new(address.parse().unwrap(), port)).collect())
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_after_it_was_looked_up() {
    let strangers = UrlRules { allow_http: true, guard: AddressGuard::default() };
    for inside in
        ["127.0.0.1", "10.0.0.7", "169.254.169.254", "100.64.0.1", "::1", "fd00::1", "::ffff:10.0.0.7"]
    {
        let client = Client::new(strangers.clone(), TIMEOUTS, None).unwrap();
        let client = client.resolving_by(Arc::new(Names(vec![inside])));

        let refused = post(&client, "https://hooks.example/").await;

        assert_eq!(refused, Err(FailedTry::of(FailureKind::AddressRefused)), "{inside}");
    }
}

#[tokio::test]
async fn of_several_addresses_only_those_that_are_let_through_are_connected_to() {
    let (url, seen) = receiver("HTTP/1.1 204 No Content\r\n\r\n").await;
    let port = url.trim_end_matches("/hook?key=1").rsplit_once(':').unwrap().1.to_owned();
    let client = Client::new(loopback(), TIMEOUTS, None).unwrap();
    let client = client.resolving_by(Arc::new(Names(vec!["10.0.0.7", "127.0.0.1"])));

    let taken = post(&client, &format!("http://hooks.example:{port}/")).await;

    assert_eq!(taken, Ok(()));
    assert!(seen.lock().unwrap().contains(&format!("host: hooks.example:{port}\r\n")));
}

mod public_faults;
