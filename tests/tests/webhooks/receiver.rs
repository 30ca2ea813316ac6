//! A receiver of events that answers as it is told, and programs that are not ours to verify what it got: the library of Standard
//! Webhooks for shared secrets, which has no Ed25519, and PyNaCl for that.

use std::collections::{BTreeMap, VecDeque};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use rekey_primitives::clock::SharedClock;
use rekey_tests::processes::run;
use serde_json::{Value, json};

/// How long taking an event takes, so that two at once would meet.
const TAKES: Duration = Duration::from_millis(5);

/// How a receiver answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Status(u16),
    /// 429, and after how many seconds to come back.
    Later(u64),
    /// To another path of this very receiver.
    Redirect,
    /// None at all.
    Silence,
}

/// An event that came, or what says it is one.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    pub(crate) answer: Answer,
    /// When it came.
    unix_seconds: i64,
}

impl Received {
    pub(crate) fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    /// As it would have come at the time that it says it was sent.
    pub(crate) fn at_its_timestamp(self) -> Self {
        Self { unix_seconds: self.headers["webhook-timestamp"].parse().unwrap(), ..self }
    }

    /// As somebody on the way would have changed it.
    pub(crate) fn with_body(&self, body: &str) -> Self {
        Self { body: body.to_owned(), ..self.clone() }
    }

    pub(crate) fn is_taken(&self) -> bool {
        self.answer == Answer::Status(204)
    }
}

#[derive(Clone)]
struct Shared {
    clock: SharedClock,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    received: Arc<Mutex<Vec<Received>>>,
    under_way: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
}

/// Listens on this machine until the test ends.
pub(crate) struct Receiver {
    pub(crate) port: u16,
    shared: Shared,
}

impl Receiver {
    pub(crate) async fn start(clock: SharedClock) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Shared {
            clock,
            answers: Arc::default(),
            received: Arc::default(),
            under_way: Arc::default(),
            most_at_once: Arc::default(),
        };
        let router = Router::new().fallback(take).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { port, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/audit", self.port)
    }

    /// Answers these first, and then well.
    pub(crate) fn answers(&self, answers: &[Answer]) {
        self.shared.answers.lock().unwrap().extend(answers);
    }

    /// Everything that came so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    /// The ids of the events that were taken so far.
    pub(crate) fn taken(&self) -> Vec<String> {
        let taken = self.received().into_iter().filter(Received::is_taken);
        taken.map(|received| received.id().to_owned()).collect()
    }

    /// How many requests were under way at the same time.
    pub(crate) fn most_at_once(&self) -> usize {
        self.shared.most_at_once.load(Ordering::SeqCst)
    }
}

/// A request, until it is answered or its sender hangs up.
struct UnderWay(Arc<AtomicUsize>);

impl UnderWay {
    fn begin(shared: &Shared) -> Self {
        let now = shared.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        shared.most_at_once.fetch_max(now, Ordering::SeqCst);
        Self(Arc::clone(&shared.under_way))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn take(State(shared): State<Shared>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let under_way = UnderWay::begin(&shared);
    let answer = shared.answers.lock().unwrap().pop_front().unwrap_or(Answer::Status(204));
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap().to_owned();
    let received = Received {
        path: uri.path().to_owned(),
        headers: headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: String::from_utf8(body.to_vec()).unwrap(),
        answer,
        unix_seconds: shared.clock.now().unix_seconds(),
    };
    shared.received.lock().unwrap().push(received);
    tokio::time::sleep(TAKES).await;
    drop(under_way);
    match answer {
        Answer::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Answer::Later(seconds) => {
            (StatusCode::TOO_MANY_REQUESTS, [("retry-after", seconds.to_string())]).into_response()
        }
        Answer::Redirect => (StatusCode::TEMPORARY_REDIRECT, [("location", "/elsewhere")]).into_response(),
        Answer::Silence => std::future::pending().await,
    }
}

/// The published library, at the time of each message: which secret verifies which.
const SHARED_SECRETS: &str = r#"
import json, sys
import standardwebhooks.webhooks as library

class At(library.datetime):
    seconds = 0
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(cls.seconds, tz)

def verifies(secret, message):
    At.seconds = message["seconds"]
    try:
        library.Webhook(secret).verify(message["body"], message["headers"])
        return True
    except library.WebhookVerificationError:
        return False

library.datetime = At
given = json.load(open(sys.argv[1]))
print(json.dumps([[verifies(secret, message) for secret in given["secrets"]] for message in given["messages"]]))
"#;

/// The words `v1a` of a message by the Ed25519 of libsodium: which public key verifies which.
const PUBLIC_KEYS: &str = r#"
import base64, json, sys
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

def is_signature(key, signed, signature):
    try:
        VerifyKey(base64.b64decode(key.removeprefix("whpk_"))).verify(signed, base64.b64decode(signature))
        return True
    except BadSignatureError:
        return False

def verifies(key, message):
    headers = message["headers"]
    signed = ".".join([headers["webhook-id"], headers["webhook-timestamp"], message["body"]]).encode()
    words = [word.split(",") for word in headers["webhook-signature"].split(" ")]
    return any(is_signature(key, signed, signature) for version, signature in words if version == "v1a")

given = json.load(open(sys.argv[1]))
print(json.dumps([[verifies(key, message) for key in given["secrets"]] for message in given["messages"]]))
"#;

/// Which of the secrets verifies each of the messages, by `standardwebhooks`.
pub(crate) async fn verified(messages: &[Received], secrets: &[&str]) -> Vec<Vec<bool>> {
    judged_by(SHARED_SECRETS, messages, secrets).await
}

/// Which of the public keys verifies each of the messages, by PyNaCl.
pub(crate) async fn verified_by_keys(messages: &[Received], keys: &[&str]) -> Vec<Vec<bool>> {
    judged_by(PUBLIC_KEYS, messages, keys).await
}

async fn judged_by(program: &str, messages: &[Received], secrets: &[&str]) -> Vec<Vec<bool>> {
    let messages: Vec<Value> = messages
        .iter()
        .map(|one| json!({ "headers": one.headers, "body": one.body, "seconds": one.unix_seconds }))
        .collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), json!({ "messages": messages, "secrets": secrets }).to_string()).unwrap();
    let mut python = Command::new(rekey_testing::tools().join("python/bin/python"));
    python.args(["-c", program]).arg(file.path());
    let output = run(python).await;
    serde_json::from_value(output.json()).unwrap()
}
