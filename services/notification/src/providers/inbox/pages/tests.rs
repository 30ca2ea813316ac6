//! The pages over HTTP, without a socket.

use axum::body::Body;
use axum::http::Request;
use tower::ServiceExt as _;

use super::*;

const HOSTILE: &str = "<script>alert(1)</script>";

fn mail() -> InboxMessage {
    InboxMessage {
        to: "jo@example.com".to_owned(),
        channel: Channel::Email.as_str(),
        subject: HOSTILE.to_owned(),
        text: "a & b\n\nhttp://127.0.0.1:7300/new-password?token=\"x\n".to_owned(),
        html: format!("<!doctype html>\n<html>\n<head>\n</head>\n<body>{HOSTILE}</body>\n</html>\n"),
        created_at: "2026-07-25T17:20:00.000000Z".to_owned(),
    }
}

fn text_message() -> InboxMessage {
    InboxMessage {
        to: "+4915112345678".to_owned(),
        channel: Channel::Sms.as_str(),
        subject: String::new(),
        text: "271828 is your code".to_owned(),
        html: String::new(),
        created_at: "2026-07-25T17:21:00.000000Z".to_owned(),
    }
}

struct Seen {
    status: StatusCode,
    policy: String,
    html: String,
}

async fn look(messages: &[InboxMessage], path: &str) -> Seen {
    let inbox = Inbox::new();
    messages.iter().for_each(|message| inbox.put(message.clone()));
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = routes(inbox).oneshot(request).await.unwrap();
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    let status = response.status();
    let html = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    Seen { status, policy, html: String::from_utf8(html.to_vec()).unwrap() }
}

#[tokio::test]
async fn the_list_leads_to_each_message_newest_first() {
    let seen = look(&[mail(), text_message()], PAGE).await;

    let places = ["/dev/inbox/2\"", "271828 is your code", "/dev/inbox/1\"", "&lt;script&gt;alert(1)"];
    let found = places.map(|place| seen.html.find(place).unwrap());
    assert!(found.is_sorted(), "{}", seen.html);
    assert!(!seen.html.contains(HOSTILE));
    assert!(seen.html.contains("<meta http-equiv=\"refresh\" content=\"10\">"));
}

#[tokio::test]
async fn an_empty_list_says_what_to_do() {
    let seen = look(&[], PAGE).await;

    assert!(seen.html.contains("Nothing has been sent yet"), "{}", seen.html);
}

#[tokio::test]
async fn a_mail_is_shown_as_html_in_a_frame_and_as_text_with_links() {
    let seen = look(&[mail()], "/dev/inbox/1").await;

    assert!(seen.html.contains("src=\"/dev/inbox/1/html\"></iframe>"), "{}", seen.html);
    assert!(seen.html.contains("a &amp; b") && !seen.html.contains(HOSTILE), "{}", seen.html);
    let link = "href=\"http://127.0.0.1:7300/new-password?token=&quot;x\">";
    assert!(seen.html.contains(link), "{}", seen.html);
    assert!(!seen.policy.contains("unsafe") && seen.policy.contains("frame-ancestors 'none'"));
}

#[tokio::test]
async fn the_html_of_a_mail_is_in_a_sandbox_and_runs_nothing() {
    let seen = look(&[mail()], "/dev/inbox/1/html").await;

    assert!(seen.html.contains("<base target=\"_blank\">"), "{}", seen.html);
    assert!(
        seen.policy.contains("default-src 'none'") && seen.policy.contains("; sandbox"),
        "{}",
        seen.policy
    );
    assert!(!seen.policy.contains("script-src") && !seen.policy.contains("allow-scripts"));
}

#[tokio::test]
async fn a_text_message_is_a_bubble_and_has_no_html() {
    let seen = look(&[text_message()], "/dev/inbox/1").await;
    let html = look(&[text_message()], "/dev/inbox/1/html").await;

    assert!(seen.html.contains("class=\"bubble\" dir=\"auto\">271828 is your code</p>"), "{}", seen.html);
    assert!(!seen.html.contains("<iframe"));
    assert_eq!(html.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_gone() {
    for path in ["/dev/inbox/2", "/dev/inbox/0", "/dev/inbox/x", "/dev/inbox/2/html"] {
        let seen = look(&[mail()], path).await;

        assert_eq!(seen.status, StatusCode::NOT_FOUND, "{path}");
        assert!(seen.html.contains("This message is not here"), "{path}");
    }
}
