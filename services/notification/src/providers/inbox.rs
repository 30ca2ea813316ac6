//! The development inbox: what would have been sent, in memory, as a page and as JSON.
//!
//! It shows codes in plain sight, so it exists only where a process was handed one, which production never is.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Json, Redirect};
use axum::routing::get;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::kind::{OpenProvider, ProviderOptions};
use super::{HandOver, Outgoing, Provider, SendFailure};
use crate::domain::content::{Rendered, escape};
use crate::domain::destination::Channel;

/// How many messages are kept; older ones go first.
const CAPACITY: usize = 500;

/// What would have been sent. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Inbox(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    messages: Mutex<VecDeque<InboxMessage>>,
    arrivals: watch::Sender<u64>,
}

/// One message. Everything in it is test data by definition: the inbox refuses to exist in production.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InboxMessage {
    /// The address, in full.
    pub to: String,
    /// `email` or `sms`.
    pub channel: &'static str,
    /// The subject; empty for text messages.
    pub subject: String,
    /// The plain body.
    pub text: String,
    /// The HTML body; empty for text messages.
    pub html: String,
    /// When it was accepted, RFC 3339.
    pub created_at: String,
}

impl Inbox {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What is in it, newest first.
    #[must_use]
    pub fn messages(&self) -> Vec<InboxMessage> {
        self.lock().iter().cloned().collect()
    }

    /// The newest message that fits, as soon as there is one.
    pub async fn arrival(&self, fits: impl Fn(&InboxMessage) -> bool) -> InboxMessage {
        let mut arrivals = self.0.arrivals.subscribe();
        loop {
            arrivals.borrow_and_update();
            if let Some(message) = self.messages().into_iter().find(&fits) {
                return message;
            }
            arrivals.changed().await.expect("the sender lives as long as this inbox");
        }
    }

    fn put(&self, message: InboxMessage) {
        let mut messages = self.lock();
        messages.truncate(CAPACITY - 1);
        messages.push_front(message);
        drop(messages);
        self.0.arrivals.send_modify(|count| *count += 1);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<InboxMessage>> {
        self.0.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts messages into an inbox.
pub(super) struct InboxProvider(Inbox);

/// What the settings call the kind.
pub(super) const KIND_NAME: &str = "inbox";

/// `[[notification.providers]]` with `kind = "inbox"`: nothing to set.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InboxSettings {}

impl OpenProvider for InboxProvider {
    const KIND: &'static str = KIND_NAME;
    const CHANNELS: &'static [Channel] = &[Channel::Email, Channel::Sms];
    type Settings = InboxSettings;

    fn check(_: &InboxSettings) -> anyhow::Result<()> {
        Ok(())
    }

    fn open(_: InboxSettings, options: &ProviderOptions) -> anyhow::Result<Self> {
        let inbox = options.inbox.clone().context("the kind `inbox` exists only while developing")?;
        Ok(Self(inbox))
    }
}

#[async_trait]
impl Provider for InboxProvider {
    async fn send(&self, outgoing: &Outgoing, hand_over: &dyn HandOver) -> Result<(), SendFailure> {
        hand_over.begin().await?;
        self.0.put(InboxMessage::of(outgoing));
        Ok(())
    }
}

impl InboxMessage {
    fn of(outgoing: &Outgoing) -> Self {
        let (subject, text, html) = match &outgoing.content {
            Rendered::Email { subject, text, html, .. } => (subject.as_str(), text.as_str(), html.as_str()),
            Rendered::Sms { text } => ("", text.as_str(), ""),
            Rendered::Event { json } => ("", json.as_str(), ""),
        };
        Self {
            to: outgoing.destination.as_str().to_owned(),
            channel: outgoing.destination.channel().as_str(),
            subject: subject.to_owned(),
            text: text.to_owned(),
            html: html.to_owned(),
            created_at: outgoing.created_at.to_string(),
        }
    }
}

/// Where people read the inbox; the root leads there.
pub const PAGE: &str = "/dev/inbox";

/// Where programs read it, as a JSON array.
pub const MESSAGES: &str = "/dev/inbox.json";

/// The inbox for people and for programs.
pub fn routes(inbox: Inbox) -> Router {
    let to_page = get(async || Redirect::temporary(PAGE));
    Router::new().route("/", to_page).route(PAGE, get(page)).route(MESSAGES, get(json)).with_state(inbox)
}

async fn json(State(inbox): State<Inbox>) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], Json(inbox.messages()))
}

/// The page runs nothing and loads nothing: a message is shown, not trusted.
async fn page(State(inbox): State<Inbox>) -> impl IntoResponse {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, Html(render(&inbox.messages())))
}

const STYLE: &str = "body{font-family:sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}\
    article{border:1px solid #767676;border-radius:.5rem;padding:1rem;margin:1rem 0}\
    h2{font-size:1.1rem;margin:0 0 .5rem}pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:1rem}\
    dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:0}dd{margin:0;overflow-wrap:anywhere}";

fn render(messages: &[InboxMessage]) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"refresh\" content=\"10\">\n<title>Development inbox</title>\n<style>{STYLE}</style>\n\
         </head>\n<body>\n<main>\n<h1>Development inbox</h1>\n"
    );
    match messages.len() {
        0 => page.push_str("<p>Nothing has been sent yet. This page looks again every ten seconds.</p>\n"),
        1 => page.push_str("<p>1 message that would have been sent.</p>\n"),
        count => {
            page.push_str(&format!("<p>{count} messages that would have been sent, newest first.</p>\n"));
        }
    }
    for message in messages {
        push_article(&mut page, message);
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn push_article(page: &mut String, message: &InboxMessage) {
    let title = if message.channel == Channel::Sms.as_str() { "Text message" } else { &message.subject };
    page.push_str("<article>\n<h2>");
    escape(page, title);
    page.push_str("</h2>\n<dl>\n");
    for (term, text) in
        [("To", message.to.as_str()), ("Channel", message.channel), ("Time", &message.created_at)]
    {
        page.push_str("<dt>");
        page.push_str(term);
        page.push_str("</dt><dd>");
        escape(page, text);
        page.push_str("</dd>\n");
    }
    page.push_str("</dl>\n<pre>");
    escape(page, &message.text);
    page.push_str("</pre>\n</article>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: usize) -> InboxMessage {
        InboxMessage {
            to: format!("person{number}@example.com"),
            channel: "email",
            subject: "<script>alert(1)</script>".to_owned(),
            text: "a & b".to_owned(),
            html: String::new(),
            created_at: "2026-07-25T17:20:00.000000Z".to_owned(),
        }
    }

    #[test]
    fn the_newest_come_first_and_the_oldest_are_dropped() {
        let inbox = Inbox::new();

        (0..CAPACITY + 3).for_each(|number| inbox.put(message(number)));

        let messages = inbox.messages();
        assert_eq!(messages.len(), CAPACITY);
        assert_eq!(messages[0].to, "person502@example.com");
        assert_eq!(messages[CAPACITY - 1].to, "person3@example.com");
    }

    #[test]
    fn the_page_escapes_what_it_shows() {
        let page = render(&[message(1)]);

        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && page.contains("a &amp; b"));
        assert!(!page.contains("<script>"));
        assert!(render(&[]).contains("Nothing has been sent yet"));
    }
}
