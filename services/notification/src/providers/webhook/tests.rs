use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rekey_primitives::id::NotificationId;
use rekey_primitives::secret::Zeroizing;
use rekey_webhooks::address::AddressGuard;
use rekey_webhooks::client::Resolve;
use rekey_webhooks::url::UrlRules;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::*;
use crate::domain::destination::Destination;
use crate::domain::failover::Behind;
use crate::fixtures::{NOW, Open, event};

const TIMEOUTS: Timeouts = Timeouts { connect: Duration::from_secs(5), whole: Duration::from_secs(10) };
const SECRETS: [&str; 2] =
    ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="];

fn outgoing() -> Outgoing {
    Outgoing {
        id: NotificationId::from_uuid(Uuid::from_u128(7)),
        destination: Destination::parse(Channel::Webhook, "shop").unwrap(),
        content: Rendered::Event { json: event().into_json() },
        sender: None,
        created_at: NOW,
        now: NOW.plus(Duration::from_secs(30)),
        not_after: NOW.plus(Duration::from_secs(600)),
        report_to: None,
        behind: Behind::Nobody,
    }
}

/// A receiver that gives these answers, one a connection, and keeps what came.
struct Receiver {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

async fn receiver(answers: &'static [&'static str]) -> Receiver {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, seen) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
    let kept = Arc::clone(&seen);
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut request, mut bytes) = (String::new(), vec![0; 16 * 1024]);
            while !request.ends_with(event().as_str()) {
                let read = stream.read(&mut bytes).await.unwrap();
                request.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
            }
            kept.lock().unwrap().push(request);
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    Receiver { address, seen }
}

impl Receiver {
    fn endpoint(&self, folder: &std::path::Path) -> Endpoint {
        let guard = AddressGuard { allowed: vec!["127.0.0.0/8".parse().unwrap()] };
        let client = Client::new(UrlRules { allow_http: true, guard }, TIMEOUTS, None).unwrap();
        Endpoint::new(client, &format!("http://{}/in", self.address), secrets(folder, &SECRETS))
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

fn secrets(folder: &std::path::Path, all: &[&str]) -> Secrets {
    let mut files = Vec::new();
    for (place, secret) in all.iter().enumerate() {
        files.push(folder.join(format!("secret-{place}")));
        std::fs::write(&files[place], format!("{secret}\n")).unwrap();
    }
    Secrets::open(&files).unwrap()
}

fn header<'a>(request: &'a str, name: &str) -> &'a str {
    let line = request.lines().find(|line| line.starts_with(&format!("{name}: ")));
    line.unwrap().split_once(": ").unwrap().1
}

#[tokio::test]
async fn an_event_is_posted_as_it_is_and_signed_by_every_secret() {
    let (folder, receiver) =
        (tempfile::tempdir().unwrap(), receiver(&["HTTP/1.1 204 No Content\r\n\r\n"]).await);

    receiver.endpoint(folder.path()).send(&outgoing(), &Open).await.unwrap();

    let request = receiver.seen().remove(0);
    assert!(request.starts_with("POST /in HTTP/1.1\r\n") && request.ends_with(event().as_str()));
    assert_eq!(header(&request, "content-type"), "application/cloudevents+json");
    assert_eq!(header(&request, "webhook-id"), "00000000-0000-0000-0000-000000000007");
    assert_eq!(header(&request, "webhook-timestamp"), (NOW.unix_seconds() + 30).to_string());
    let kinds: Vec<_> = header(&request, "webhook-signature").split(' ').map(|one| &one[..3]).collect();
    assert_eq!(kinds, ["v1,", "v1a"]);
}

#[tokio::test]
async fn a_secret_that_changes_signs_from_the_next_event_on_and_one_that_does_not_read_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = secrets(folder.path(), &SECRETS[..1]);
    let file = folder.path().join("secret-0");
    let signed_after = |text: &str| {
        std::fs::write(&file, text).unwrap();
        secrets.sign("id", 7, b"body")
    };

    let first = secrets.sign("id", 7, b"body");
    let broken = signed_after("whsec_short");
    let rotated = signed_after("whsec_AfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");

    assert_eq!(first, broken);
    assert_ne!(first, rotated);
}

#[tokio::test]
async fn answers_are_told_apart() {
    let cases: [(&[&str], FailureClass, Option<u64>); 7] = [
        (&["HTTP/1.1 429 Too Many Requests\r\nretry-after: 30\r\n\r\n"], FailureClass::Provider, Some(30)),
        (&["HTTP/1.1 503 Service Unavailable\r\n\r\n"], FailureClass::Provider, None),
        (&["HTTP/1.1 500 Internal Server Error\r\n\r\n"], FailureClass::Provider, None),
        (&["HTTP/1.1 302 Found\r\nlocation: https://other.example/\r\n\r\n"], FailureClass::Refused, None),
        (&["HTTP/1.1 400 Bad Request\r\n\r\n"], FailureClass::Refused, None),
        (&["HTTP/1.1 413 Content Too Large\r\n\r\n"], FailureClass::Content, None),
        (&["nothing like it"], FailureClass::Provider, None),
    ];
    for (answers, class, retry_after) in cases {
        let (folder, receiver) = (tempfile::tempdir().unwrap(), receiver(answers).await);

        let failed = receiver.endpoint(folder.path()).send(&outgoing(), &Open).await.unwrap_err();

        let expected = (class, retry_after.map(Duration::from_secs));
        assert_eq!((failed.class, failed.retry_after), expected, "{answers:?}");
        assert_eq!(receiver.seen().len(), 1);
    }
}

#[tokio::test]
async fn an_endpoint_that_is_gone_gets_no_more() {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), receiver(&["HTTP/1.1 410 Gone\r\n\r\n"]).await);
    let endpoint = receiver.endpoint(folder.path());

    let first = endpoint.send(&outgoing(), &Open).await.unwrap_err();
    let second = endpoint.send(&outgoing(), &Open).await.unwrap_err();

    assert_eq!((first.class, first.is_ours), (FailureClass::Address, false));
    assert_eq!((second.class, second.is_ours), (FailureClass::Address, true));
    assert_eq!(receiver.seen().len(), 1);
}

/// Leads every name to this machine.
struct Inside;

#[async_trait]
impl Resolve for Inside {
    async fn addresses(&self, _: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
        Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))])
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_gets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let urls = UrlRules { allow_http: true, guard: AddressGuard::default() };
    let client = Client::new(urls, TIMEOUTS, None).unwrap().resolving_by(Arc::new(Inside));
    let url = format!("http://hooks.example:{}/in", listener.local_addr().unwrap().port());
    let endpoint = Endpoint::new(client, &url, secrets(folder.path(), &SECRETS));

    let refused = endpoint.send(&outgoing(), &Open).await.unwrap_err();

    assert_eq!(refused, SendFailure::new(FailureClass::Refused, "address refused"));
}

#[tokio::test]
async fn a_mail_is_no_event() {
    let (folder, receiver) = (tempfile::tempdir().unwrap(), receiver(&[]).await);
    let text = Zeroizing::new("271828".to_owned());
    let mail = Outgoing { content: Rendered::Sms { text }, ..outgoing() };

    let refused = receiver.endpoint(folder.path()).send(&mail, &Open).await.unwrap_err();

    assert_eq!((refused.class, refused.is_ours), (FailureClass::Content, true));
}
