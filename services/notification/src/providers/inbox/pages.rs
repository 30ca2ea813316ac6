//! The inbox in a browser: a list that looks again by itself, and each message as it would look.
//!
//! A page runs nothing and loads nothing but its stylesheet. A message is shown, not trusted: its HTML comes from an address of its own,
//! into a frame that may only open links.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Json, Response};
use axum::routing::get;

use super::{Inbox, InboxMessage, NumberedMessage};
use crate::domain::content::escape;
use crate::domain::destination::Channel;

/// Where people read the inbox.
pub const PAGE: &str = "/dev/inbox";

/// Where programs read it, as a JSON array.
pub const MESSAGES: &str = "/dev/inbox.json";

const STYLE: &str = "/dev/inbox.css";

/// What pages may do.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// What the HTML of a message may do: look as mail programs show it, whose styles stand in their elements, and open its links elsewhere.
const BODY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";

/// Characters of a text message that stand in the list.
const EXCERPT_CHARACTERS: usize = 80;

/// The inbox for people and for programs.
pub fn routes(inbox: Inbox) -> Router {
    Router::new()
        .route(PAGE, get(list))
        .route("/dev/inbox/{number}", get(message))
        .route("/dev/inbox/{number}/html", get(body))
        .route(STYLE, get(style))
        .route(MESSAGES, get(json))
        .with_state(inbox)
}

async fn json(State(inbox): State<Inbox>) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], Json(inbox.messages()))
}

async fn style() -> impl IntoResponse {
    let headers = [
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_TYPE, "text/css; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, include_str!("style.css"))
}

async fn list(State(inbox): State<Inbox>) -> Response {
    page(StatusCode::OK, listed(&inbox.numbered()))
}

async fn message(State(inbox): State<Inbox>, Path(number): Path<String>) -> Response {
    match found(&inbox, &number) {
        Some(message) => page(StatusCode::OK, shown(&number, &message)),
        None => page(StatusCode::NOT_FOUND, gone()),
    }
}

/// The HTML of a message, for the frame of its page.
async fn body(State(inbox): State<Inbox>, Path(number): Path<String>) -> Response {
    match found(&inbox, &number).filter(|message| !message.html.is_empty()) {
        Some(message) => {
            // A link of a frame would open in the frame, where most sites refuse to be.
            let html = message.html.replacen("<head>", "<head>\n<base target=\"_blank\">", 1);
            guarded(BODY_POLICY, StatusCode::OK, html)
        }
        None => page(StatusCode::NOT_FOUND, gone()),
    }
}

fn found(inbox: &Inbox, number: &str) -> Option<InboxMessage> {
    inbox.message(number.parse().ok()?)
}

fn page(status: StatusCode, html: String) -> Response {
    let mut response = guarded(PAGE_POLICY, status, html);
    let headers = response.headers_mut();
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // Not with the HTML of a message: browsers show no page that is both in a sandbox and alone in its group.
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    response
}

fn guarded(policy: &'static str, status: StatusCode, html: String) -> Response {
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
        ),
    ];
    (status, headers, Html(html)).into_response()
}

/// What stands around every page; the title is escaped here.
fn framed(title: &str, refresh: &str, main: &str) -> String {
    let mut html = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    html.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.push_str("<meta name=\"color-scheme\" content=\"light dark\">\n");
    html.push_str(refresh);
    html.push_str("<title>");
    escape(&mut html, title);
    html.push_str(&format!(
        "</title>\n<link rel=\"stylesheet\" href=\"{STYLE}\">\n</head>\n<body>\n<main>\n"
    ));
    html.push_str("<h1 dir=\"auto\">");
    escape(&mut html, title);
    html.push_str("</h1>\n");
    html.push_str(main);
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

fn listed(messages: &[NumberedMessage]) -> String {
    let count = match messages.len() {
        1 => "1 message that would have been sent".to_owned(),
        count => format!("{count} messages that would have been sent, newest first"),
    };
    let mut main = format!("<p class=\"hint\">{count}. This page looks again every ten seconds.</p>\n");
    if messages.is_empty() {
        main.push_str(
            "<p class=\"empty\">Nothing has been sent yet. Reset a password, and the code comes here.</p>\n",
        );
    } else {
        main.push_str("<ul class=\"messages\">\n");
        for message in messages {
            push_item(&mut main, message);
        }
        main.push_str("</ul>\n");
    }
    framed("Development inbox", "<meta http-equiv=\"refresh\" content=\"10\">\n", &main)
}

fn push_item(main: &mut String, numbered: &NumberedMessage) {
    let message = &numbered.message;
    main.push_str(&format!("<li><a href=\"{PAGE}/{}\" dir=\"auto\">", numbered.number));
    let excerpt: String = message.text.chars().take(EXCERPT_CHARACTERS).collect();
    escape(main, if message.subject.is_empty() { &excerpt } else { &message.subject });
    main.push_str("</a>\n<p class=\"hint\">");
    main.push_str(kind(message));
    main.push_str(" to ");
    escape(main, &message.to);
    main.push_str(", ");
    push_time(main, &message.created_at);
    main.push_str("</p></li>\n");
}

fn kind(message: &InboxMessage) -> &'static str {
    if message.channel == Channel::Sms.as_str() { "Text message" } else { "Mail" }
}

/// As it stands in the log: whoever develops compares the two.
fn push_time(main: &mut String, at: &str) {
    main.push_str("<time datetime=\"");
    escape(main, at);
    main.push_str("\">");
    escape(main, at);
    main.push_str("</time>");
}

/// One message: its envelope, and what its reader would see.
fn shown(number: &str, message: &InboxMessage) -> String {
    let mut main = String::from("<dl>\n<dt>To</dt><dd>");
    escape(&mut main, &message.to);
    main.push_str("</dd>\n<dt>Time</dt><dd>");
    push_time(&mut main, &message.created_at);
    main.push_str("</dd>\n</dl>\n");
    if message.html.is_empty() {
        main.push_str("<h2>On a phone</h2>\n<div class=\"phone\"><p class=\"bubble\" dir=\"auto\">");
        push_text(&mut main, &message.text);
        main.push_str("</p></div>\n");
    } else {
        let address = format!("{PAGE}/{number}/html");
        main.push_str("<h2>HTML</h2>\n<iframe title=\"The message as HTML\" ");
        main.push_str(&format!(
            "sandbox=\"allow-popups allow-popups-to-escape-sandbox\" src=\"{address}\"></iframe>\n"
        ));
        main.push_str(&format!("<p><a href=\"{address}\">The HTML alone</a></p>\n"));
        main.push_str("<h2>Text</h2>\n<pre dir=\"auto\">");
        push_text(&mut main, &message.text);
        main.push_str("</pre>\n");
    }
    main.push_str(&format!("<p><a href=\"{PAGE}\">All messages</a></p>\n"));
    framed(if message.subject.is_empty() { kind(message) } else { &message.subject }, "", &main)
}

/// Text, its links to be followed.
fn push_text(main: &mut String, text: &str) {
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        if word.starts_with("https://") || word.starts_with("http://") {
            main.push_str("<a rel=\"noreferrer\" href=\"");
            escape(main, word);
            main.push_str("\">");
            escape(main, word);
            main.push_str("</a>");
            main.push_str(&piece[word.len()..]);
        } else {
            escape(main, piece);
        }
    }
}

fn gone() -> String {
    let main = format!(
        "<p>It was dropped for newer ones, or the process began anew. <a href=\"{PAGE}\">All messages</a></p>\n"
    );
    framed("This message is not here", "", &main)
}

#[cfg(test)]
mod tests;
