//! Callbacks as a gateway posts them, through the routes.

use axum::http::Request;
use rekey_primitives::clock::Clock as _;
use rekey_primitives::id::NotificationId;
use rekey_sealing::sign_form;
use tower::ServiceExt as _;

use super::*;
use crate::domain::lane::Lane;
use crate::domain::suppression::{Reason, Stream};
use crate::fixtures::entropy;
use crate::receipts::tests::World;

const TOKEN: &str = "the account's auth token";
const PUBLIC: &str = "https://id.example.com";

struct Gateway {
    world: World,
    routes: Router,
    _file: tempfile::NamedTempFile,
}

/// What a gateway posts.
struct Post {
    provider: &'static str,
    message: String,
    fields: Vec<(String, String)>,
    signature: Option<String>,
}

fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn status(status: &str, code: &str) -> Vec<(String, String)> {
    let all =
        [("MessageSid", "SM0123"), ("To", "+4915112345678"), ("MessageStatus", status), ("ErrorCode", code)];
    fields(&all[..if code.is_empty() { 3 } else { 4 }])
}

impl Post {
    /// Signed as the gateway would.
    fn signed(message: String, fields: Vec<(String, String)>) -> Self {
        let url = format!("{PUBLIC}/receipts/sms/texts?message={message}");
        let signature = Some(sign_form(TOKEN, &url, &fields));
        Self { provider: "texts", message, fields, signature }
    }
}

impl Gateway {
    async fn new() -> Self {
        let world = World::new().await;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), TOKEN).unwrap();
        let tokens = BTreeMap::from([("texts".to_owned(), PasswordFile::open(file.path()).unwrap())]);
        let port = CallbackPort { receipts: world.receipts.clone(), public_url: PUBLIC.to_owned(), tokens };
        Self { routes: port.routes(), world, _file: file }
    }

    async fn post(&self, post: Post) -> StatusCode {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&post.fields).finish();
        let uri = format!("/receipts/sms/{}?message={}", post.provider, post.message);
        let mut request = Request::post(uri).header("host", "evil.example");
        if let Some(signature) = &post.signature {
            request = request.header("X-Twilio-Signature", signature);
        }
        let request = request.body(Body::from(body)).unwrap();
        self.routes.clone().oneshot(request).await.unwrap().status()
    }

    async fn message(&self) -> (NotificationId, String) {
        let id = self.world.handed_over(Channel::Sms, Lane::Critical).await;
        (id, World::token(id))
    }
}

#[tokio::test]
async fn a_delivered_message_shows_its_receipt_however_often_it_is_reported() {
    let gateway = Gateway::new().await;
    let (id, token) = gateway.message().await;

    let first = gateway.post(Post::signed(token.clone(), status("delivered", ""))).await;
    let changed_at = gateway.world.get(id).await.changed_at;
    gateway.world.clock.advance(Duration::from_secs(1));
    let again = gateway.post(Post::signed(token, status("delivered", ""))).await;

    assert_eq!((first, again), (StatusCode::NO_CONTENT, StatusCode::NO_CONTENT));
    assert_eq!(gateway.world.receipt(id).await, Some((ReceiptState::Delivered, String::new())));
    assert_eq!(gateway.world.get(id).await.changed_at, changed_at);
}

#[tokio::test]
async fn a_failure_shows_its_code_and_who_unsubscribed_is_written_down() {
    let gateway = Gateway::new().await;
    let (id, token) = gateway.message().await;

    gateway.post(Post::signed(token, status("failed", "21610"))).await;

    assert_eq!(gateway.world.receipt(id).await, Some((ReceiptState::Failed, "21610".to_owned())));
    let suppressed = gateway.world.suppressed(Channel::Sms, "+4915112345678").await;
    let shown: Vec<_> = suppressed.iter().map(|one| (one.stream, one.reason, one.expires_at)).collect();
    assert_eq!(shown, [(Stream::All, Reason::Unsubscribed, None)]);
}

#[tokio::test]
async fn a_phone_that_is_off_is_not_suppressed() {
    let gateway = Gateway::new().await;
    let (id, token) = gateway.message().await;

    gateway.post(Post::signed(token, status("undelivered", "30003"))).await;

    assert_eq!(gateway.world.receipt(id).await, Some((ReceiptState::Failed, "30003".to_owned())));
    assert_eq!(gateway.world.suppressed(Channel::Sms, "+4915112345678").await, []);
}

#[tokio::test]
async fn what_is_known_anyway_is_answered_and_changes_nothing() {
    let gateway = Gateway::new().await;
    let (id, token) = gateway.message().await;

    for known in ["queued", "sending", "sent", "accepted"] {
        let answer = gateway.post(Post::signed(token.clone(), status(known, ""))).await;
        assert_eq!(answer, StatusCode::NO_CONTENT, "{known}");
    }

    assert_eq!(gateway.world.receipt(id).await, None);
}

#[tokio::test]
async fn what_is_not_signed_by_the_gateway_moves_nothing() {
    let gateway = Gateway::new().await;
    let (id, token) = gateway.message().await;
    let good = || Post::signed(token.clone(), status("delivered", ""));
    let elsewhere = format!("https://evil.example/receipts/sms/texts?message={token}");
    let forged = [
        Post { signature: None, ..good() },
        Post { signature: Some("AAAA".to_owned()), ..good() },
        Post { fields: status("failed", "21610"), ..good() },
        Post { signature: Some(sign_form(TOKEN, &elsewhere, &good().fields)), ..good() },
        Post { signature: Some(sign_form("another token", PUBLIC, &good().fields)), ..good() },
        Post { provider: "other", ..good() },
        Post { provider: "other", signature: None, ..good() },
    ];

    for post in forged {
        assert_eq!(gateway.post(post).await, StatusCode::FORBIDDEN);
    }

    assert_eq!(gateway.world.receipt(id).await, None);
}

#[tokio::test]
async fn an_unknown_message_is_not_found() {
    let gateway = Gateway::new().await;
    let later = gateway.world.clock.now().plus(Duration::from_secs(1));
    let nobodys = World::token(NotificationId::generate(entropy().as_ref(), later));

    let made_up = gateway.post(Post::signed("a".repeat(56), status("delivered", ""))).await;
    let unknown = gateway.post(Post::signed(nobodys, status("delivered", ""))).await;

    assert_eq!([made_up, unknown], [StatusCode::NOT_FOUND; 2]);
}

#[tokio::test]
async fn a_name_of_nobody_and_a_form_without_a_signature_get_the_same_answers() {
    let gateway = Gateway::new().await;
    let forms = [
        (status("delivered", ""), StatusCode::FORBIDDEN),
        (fields(&[("Body", &"x".repeat(FORM_BYTES))]), StatusCode::PAYLOAD_TOO_LARGE),
        (vec![("a".to_owned(), String::new()); FIELDS + 1], StatusCode::BAD_REQUEST),
    ];
    let unsigned = |provider, form: &[(String, String)]| {
        let post = Post::signed("a".repeat(56), form.to_vec());
        gateway.post(Post { provider, signature: None, ..post })
    };

    for (form, expected) in forms {
        let (known, unknown) = (unsigned("texts", &form).await, unsigned("other", &form).await);
        assert_eq!([known, unknown], [expected; 2]);
    }
}

#[tokio::test]
async fn a_token_of_a_mail_reports_of_no_text_message() {
    let gateway = Gateway::new().await;
    let mail = gateway.world.handed_over(Channel::Email, Lane::Critical).await;

    let answer = gateway.post(Post::signed(World::token(mail), status("failed", "21610"))).await;

    assert_eq!(answer, StatusCode::NOT_FOUND);
    assert_eq!(gateway.world.receipt(mail).await, None);
}

#[tokio::test]
async fn a_form_that_is_too_large_or_of_too_many_fields_is_refused() {
    let gateway = Gateway::new().await;
    let (id, token) = gateway.message().await;
    let large = [status("delivered", ""), fields(&[("Body", &"x".repeat(FORM_BYTES))])].concat();
    let many = [status("delivered", ""), vec![("a".to_owned(), String::new()); FIELDS]].concat();

    let large = gateway.post(Post::signed(token.clone(), large)).await;
    let many = gateway.post(Post::signed(token, many)).await;

    assert_eq!((large, many), (StatusCode::PAYLOAD_TOO_LARGE, StatusCode::BAD_REQUEST));
    assert_eq!(gateway.world.receipt(id).await, None);
}
