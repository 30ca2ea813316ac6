use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use rekey_primitives::id::NotificationId;
use rekey_primitives::secret::Zeroizing as Wiped;

use super::*;
use crate::domain::destination::Destination;
use crate::fixtures::{NOW, Open};

/// What the gateway saw, and what it answers.
#[derive(Clone)]
struct Seen {
    requests: Arc<Mutex<Vec<(String, String)>>>,
    answer: (StatusCode, &'static str),
}

async fn take(State(seen): State<Seen>, headers: HeaderMap, body: String) -> (StatusCode, &'static str) {
    let login = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    seen.requests.lock().unwrap().push((login.unwrap_or_default(), body));
    seen.answer
}

async fn gateway(answer: (StatusCode, &'static str)) -> (String, Seen) {
    let seen = Seen { requests: Arc::default(), answer };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/Accounts/{{account}}/Messages.json", listener.local_addr().unwrap());
    let router = Router::new().route("/Accounts/AC1/Messages.json", post(take)).with_state(seen.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, seen)
}

fn settings(url: &str) -> SmsSettings {
    SmsSettings {
        url: Some(url.to_owned()),
        account: Some("AC1".to_owned()),
        from: Some("+15005550006".to_owned()),
        ..SmsSettings::default()
    }
}

fn outgoing(seconds_left: u64) -> Outgoing {
    Outgoing {
        id: NotificationId::from_uuid(uuid::Uuid::from_u128(1)),
        destination: Destination::parse(Channel::Sms, "+4915112345678").unwrap(),
        content: Rendered::Sms { text: Wiped::new("Code 1&2 für @x".to_owned()) },
        sender: None,
        created_at: NOW,
        now: NOW,
        not_after: NOW.plus(Duration::from_secs(seconds_left)),
        report_to: None,
        behind: Behind::Nobody,
    }
}

async fn send(settings: &SmsSettings, outgoing: &Outgoing) -> Result<(), SendFailure> {
    Gateway::new(settings, Duration::from_secs(10)).unwrap().send(outgoing, &Open).await
}

#[tokio::test]
async fn a_message_is_posted_as_a_form_that_lives_as_long_as_the_message() {
    let (url, seen) = gateway((StatusCode::CREATED, "{}")).await;
    let password = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(password.path(), "secret\n").unwrap();
    let mut settings = settings(&url);
    settings.password_file = Some(password.path().to_owned());
    settings.fields = [("Callback".to_owned(), "https://x".to_owned())].into();

    send(&settings, &outgoing(90)).await.unwrap();

    let requests = seen.requests.lock().unwrap().clone();
    let form = "To=%2B4915112345678&From=%2B15005550006&Body=Code+1%262+f%C3%BCr+%40x&ValidityPeriod=90\
        &Callback=https%3A%2F%2Fx";
    assert_eq!(requests, [(format!("Basic {}", BASE64_STANDARD.encode("AC1:secret")), form.to_owned())]);
}

#[tokio::test]
async fn the_validity_is_never_longer_than_the_gateway_takes() {
    let (url, seen) = gateway((StatusCode::OK, "")).await;

    send(&settings(&url), &outgoing(100_000)).await.unwrap();

    assert!(seen.requests.lock().unwrap()[0].1.ends_with("ValidityPeriod=14400"));
}

#[tokio::test]
async fn refusals_are_told_apart_by_status_and_code() {
    let cases = [
        (StatusCode::BAD_REQUEST, r#"{"code": 21211}"#, FailureClass::Address),
        (StatusCode::BAD_REQUEST, r#"{"code": 21617}"#, FailureClass::Content),
        (StatusCode::BAD_REQUEST, r#"{"code": 21212}"#, FailureClass::Provider),
        (StatusCode::BAD_REQUEST, r#"{"code": 21999}"#, FailureClass::Refused),
        (StatusCode::NOT_FOUND, r#"{"code": 21999}"#, FailureClass::Refused),
        (StatusCode::BAD_REQUEST, "no JSON", FailureClass::Refused),
        (StatusCode::UNPROCESSABLE_ENTITY, "", FailureClass::Refused),
        (StatusCode::PAYLOAD_TOO_LARGE, "", FailureClass::Content),
        (StatusCode::NOT_FOUND, "", FailureClass::Provider),
        (StatusCode::UNAUTHORIZED, r#"{"code": 20003}"#, FailureClass::Provider),
        (StatusCode::FORBIDDEN, r#"{"code": 21999}"#, FailureClass::Provider),
        (StatusCode::TOO_MANY_REQUESTS, "", FailureClass::Provider),
        (StatusCode::SERVICE_UNAVAILABLE, "", FailureClass::Provider),
        (StatusCode::REQUEST_TIMEOUT, "", FailureClass::Transient),
        (StatusCode::BAD_GATEWAY, "<html>", FailureClass::AnswerLost),
        (StatusCode::GATEWAY_TIMEOUT, "", FailureClass::AnswerLost),
        (StatusCode::BAD_GATEWAY, r#"{"code": 20500}"#, FailureClass::Provider),
    ];
    for (status, body, class) in cases {
        let (url, _) = gateway((status, body)).await;

        let failure = send(&settings(&url), &outgoing(60)).await.unwrap_err();

        assert_eq!(failure.class, class, "{status} {body}");
        assert!(failure.detail.starts_with("HTTP "), "{failure}");
    }
}

#[tokio::test]
async fn a_gateway_that_is_not_there_is_at_fault() {
    let failure = send(&settings("http://127.0.0.1:1/{account}"), &outgoing(60)).await.unwrap_err();

    assert_eq!(failure, SendFailure::new(FailureClass::Provider, "connecting: no address answers"));
    let failure = send(&settings("https://nowhere.invalid/{account}"), &outgoing(60)).await.unwrap_err();
    assert!(failure.detail.starts_with("resolving"), "{failure}");
}

#[tokio::test]
async fn a_connection_that_fell_silent_costs_no_message() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    // Every connection takes one message and keeps silent from then on, but open.
    tokio::spawn(async move {
        let mut kept = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 1024]).await.unwrap();
            let answer = b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n";
            tokio::io::AsyncWriteExt::write_all(&mut stream, answer).await.unwrap();
            kept.push(stream);
        }
    });
    let gateway = Gateway::new(&settings(&url), Duration::from_secs(5)).unwrap();

    let sent = [gateway.send(&outgoing(60), &Open).await, gateway.send(&outgoing(60), &Open).await];

    assert_eq!(sent, [Ok(()), Ok(())]);
}

/// A port that neither accepts nor refuses: the queue of its listener is full of these connections.
async fn full_port() -> (tokio::net::TcpListener, Vec<TcpStream>) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) = tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await
    {
        queued.push(stream.unwrap());
    }
    (listener, queued)
}

#[tokio::test]
async fn a_gateway_that_cannot_be_connected_to_gives_way_to_another_and_the_last_one_does_not() {
    let (listener, _queued) = full_port().await;
    let settings = settings(&format!("http://{}/", listener.local_addr().unwrap()));
    let gateway = Gateway::new(&settings, Duration::from_secs(3_600)).unwrap();
    let gateway = gateway.switching_after(Duration::from_millis(300)).unwrap();
    let (last, hurried) = (outgoing(60), Outgoing { behind: Behind::Another, ..outgoing(60) });

    let probed = gateway.probe(Behind::Another).await;
    let given_up = tokio::select! {
        biased;
        answer = gateway.send(&last, &Open) => panic!("the last one was given up as well: {answer:?}"),
        answer = gateway.send(&hurried, &Open) => answer,
    };

    let classes = [probed, given_up].map(|answer| answer.unwrap_err().class);
    assert_eq!(classes, [FailureClass::Provider, FailureClass::Provider]);
}

#[tokio::test]
async fn an_answer_that_never_comes_leaves_it_unknown() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let hang_up = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 64]).await.unwrap();
    };

    let settings = settings(&url);
    let message = outgoing(60);
    let (answer, ()) = tokio::join!(send(&settings, &message), hang_up);

    assert_eq!(answer.unwrap_err().class, FailureClass::AnswerLost);
}

#[tokio::test]
async fn a_refusal_is_kept_although_its_body_never_comes() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let refuse_and_stall = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 1024]).await.unwrap();
        let head = b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 15\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut stream, head).await.unwrap();
        stream
    };

    let settings = settings(&url);
    let message = outgoing(60);
    let (answer, _stream) = tokio::join!(send(&settings, &message), refuse_and_stall);

    assert_eq!(answer.unwrap_err(), SendFailure::new(FailureClass::Provider, "HTTP 401"));
}

#[test]
fn a_gateway_that_asks_to_be_left_alone_is_heard() {
    let headers = |retry_after: &str, date: &str| {
        let pairs =
            [(RETRY_AFTER, retry_after), (DATE, date)].map(|(name, value)| (name, value.parse().unwrap()));
        super::retry_after(&HeaderMap::from_iter(pairs))
    };
    let date = "Sat, 25 Jul 2026 17:20:00 GMT";

    assert_eq!(headers("120", date), Some(Duration::from_secs(120)));
    assert_eq!(headers("Sat, 25 Jul 2026 17:21:30 GMT", date), Some(Duration::from_secs(90)));
    assert_eq!(headers("Sat, 25 Jul 2026 17:19:30 GMT", date), None);
    assert_eq!(headers("soon", date), None);
    assert_eq!(super::retry_after(&HeaderMap::new()), None);
}

#[tokio::test]
async fn what_a_gateway_asks_for_comes_with_its_refusal() {
    async fn busy() -> (StatusCode, [(http::HeaderName, &'static str); 1]) {
        (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "7")])
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(busy))).await });

    let failure = send(&settings(&url), &outgoing(60)).await.unwrap_err();

    assert_eq!((failure.class, failure.retry_after), (FailureClass::Provider, Some(Duration::from_secs(7))));
}

#[test]
fn an_unprotected_gateway_elsewhere_is_refused() {
    let mut wrong = settings("http://sms.example.com/{account}");
    assert!(Gateway::new(&wrong, Duration::from_secs(1)).is_err());

    wrong.url = Some("https://sms.example.com/{account}".to_owned());
    assert!(Gateway::new(&wrong, Duration::from_secs(1)).is_ok());
    wrong.account = None;
    assert!(Gateway::new(&wrong, Duration::from_secs(1)).is_err());
}

mod public_faults;
