//! The development inbox: what would have been sent, in memory, as pages and as JSON.
//!
//! It shows codes in plain sight, so it exists only where a process was handed one, which production never is.

mod pages;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

pub use self::pages::{MESSAGES, PAGE, routes};
use super::kind::{OpenProvider, ProviderOptions};
use super::{HandOver, Outgoing, Provider, SendFailure};
use crate::domain::content::Rendered;
use crate::domain::destination::Channel;

/// How many messages are kept; older ones go first.
const CAPACITY: usize = 500;

/// What would have been sent. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Inbox(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    messages: Mutex<VecDeque<NumberedMessage>>,
    arrivals: watch::Sender<u64>,
}

/// A message under the number by which pages know it: 1 for the first one.
#[derive(Debug, Clone)]
struct NumberedMessage {
    number: u64,
    message: InboxMessage,
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
        self.lock().iter().map(|numbered| numbered.message.clone()).collect()
    }

    /// The same with their numbers.
    fn numbered(&self) -> Vec<NumberedMessage> {
        self.lock().iter().cloned().collect()
    }

    /// The message of a number, while it is kept.
    fn message(&self, number: u64) -> Option<InboxMessage> {
        self.lock().iter().find(|numbered| numbered.number == number).map(|numbered| numbered.message.clone())
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
        let number = messages.front().map_or(1, |newest| newest.number + 1);
        messages.truncate(CAPACITY - 1);
        messages.push_front(NumberedMessage { number, message });
        drop(messages);
        self.0.arrivals.send_modify(|count| *count += 1);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<NumberedMessage>> {
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
    fn a_number_stays_with_its_message_until_it_is_dropped() {
        let inbox = Inbox::new();

        (0..CAPACITY + 3).for_each(|number| inbox.put(message(number)));

        assert_eq!(inbox.message(503).unwrap().to, "person502@example.com");
        assert_eq!(inbox.message(4).unwrap().to, "person3@example.com");
        assert_eq!((inbox.message(3), inbox.message(504)), (None, None));
    }
}
