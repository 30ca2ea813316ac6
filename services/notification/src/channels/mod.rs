//! How messages leave: one provider per relay or gateway, in the order in which they are tried.
//!
//! A provider takes one rendered message and says what became of it, as a class of failure if need be. It never says
//! why in the words of the other side: those may quote the address.

pub mod breaker;
pub mod inbox;
pub mod sms;
pub mod smtp;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{Channel, Destination};
use rekey_primitives::id::NotificationId;

use self::breaker::Breaker;
use self::inbox::{Inbox, InboxProvider};
use self::sms::Gateway;
use self::smtp::Relay;
use crate::config::Settings;
use crate::domain::content::Rendered;
use crate::domain::state::FailureClass;

/// How long reading an answer may take beyond the send timeout, where the answer came in time.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// A message on its way out.
pub struct Outgoing {
    /// Its id, the same at every try: what a Message-ID is made of.
    pub id: NotificationId,
    /// Where it goes.
    pub destination: Destination,
    /// What it says.
    pub content: Rendered,
    /// When it was accepted: its date, the same at every try.
    pub created_at: Timestamp,
    /// When this provider is asked: what is left until `not_after` is counted from here.
    pub now: Timestamp,
    /// When it dies.
    pub not_after: Timestamp,
}

/// A try that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendFailure {
    /// What follows from it.
    pub class: FailureClass,
    /// Step and reply code, such as `RCPT 550 5.1.1`: nothing the other side wrote in words.
    pub detail: String,
    /// Whether it is our own: the provider had no part in it, and may work or not.
    pub is_ours: bool,
}

impl SendFailure {
    /// A failure of this class, by what the provider said or did not say.
    pub fn new(class: FailureClass, detail: impl Into<String>) -> Self {
        Self { class, detail: detail.into(), is_ours: false }
    }

    /// A failure of this class on our own side: the provider had no part in it.
    pub fn before_provider(class: FailureClass, detail: impl Into<String>) -> Self {
        Self { is_ours: true, ..Self::new(class, detail) }
    }
}

impl fmt::Display for SendFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.detail, self.class.as_str())
    }
}

/// The last word before a message leaves.
#[async_trait]
pub trait Threshold: Send + Sync {
    /// Asked right before the step after which the message may be out, however that step ends. When this says yes
    /// the store knows, so that a worker that dies now leaves no message that looks unsent.
    ///
    /// # Errors
    /// The message is another worker's by now, or it has died, or the store cannot be told: it must not leave.
    async fn cross(&self) -> Result<(), SendFailure>;
}

/// A relay or gateway.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Hands the message over, having crossed the threshold. It ends by itself within the send timeout of the
    /// settings, or soon after where an answer came in time and has to be read. An answer that came is never given
    /// up for the timeout.
    async fn send(&self, outgoing: &Outgoing, threshold: &dyn Threshold) -> Result<(), SendFailure>;
}

/// A provider with its name and its breaker.
pub struct Carrier {
    /// Its name in settings, rows and logs.
    pub name: String,
    /// What sends.
    pub provider: Box<dyn Provider>,
    /// What keeps a dead provider from eating the workers.
    pub breaker: Breaker,
}

/// The providers of each channel, in the order they are tried.
#[derive(Clone)]
pub struct Providers {
    email: Arc<[Carrier]>,
    sms: Arc<[Carrier]>,
}

impl Providers {
    /// Those of the settings.
    ///
    /// # Errors
    /// An unknown name, a provider without its settings, an inbox where there is none.
    pub fn from_settings(settings: &Settings, inbox: Option<&Inbox>) -> anyhow::Result<Self> {
        let all = |channel, names: &[String]| {
            let carriers = names.iter().map(|name| carrier(settings, channel, name, inbox));
            carriers.collect::<anyhow::Result<Vec<_>>>()
        };
        Ok(Self::new(
            all(Channel::Email, &settings.email_providers)?,
            all(Channel::Sms, &settings.sms_providers)?,
        ))
    }

    /// These.
    pub fn new(email: Vec<Carrier>, sms: Vec<Carrier>) -> Self {
        Self { email: email.into(), sms: sms.into() }
    }

    /// Those of a channel.
    pub fn of(&self, channel: Channel) -> &[Carrier] {
        match channel {
            Channel::Email => &self.email,
            Channel::Sms => &self.sms,
        }
    }
}

fn carrier(
    settings: &Settings,
    channel: Channel,
    name: &str,
    inbox: Option<&Inbox>,
) -> anyhow::Result<Carrier> {
    let timeout = std::time::Duration::from_secs(settings.delivery.send_timeout_seconds);
    let provider: Box<dyn Provider> = match (channel, name) {
        (_, "inbox") => {
            let inbox = inbox.context("the provider `inbox` exists only while developing")?;
            Box::new(InboxProvider::new(inbox.clone()))
        }
        (Channel::Email, "smtp") => {
            Box::new(Relay::new(&settings.smtp, timeout).context("[notification.smtp]")?)
        }
        (Channel::Email, "smtp_fallback") => {
            Box::new(Relay::new(&settings.smtp_fallback, timeout).context("[notification.smtp_fallback]")?)
        }
        (Channel::Sms, "sms") => {
            Box::new(Gateway::new(&settings.sms, timeout).context("[notification.sms]")?)
        }
        (Channel::Sms, "sms_fallback") => {
            Box::new(Gateway::new(&settings.sms_fallback, timeout).context("[notification.sms_fallback]")?)
        }
        (channel, name) => bail!("`{name}` is no provider for {}", channel.as_str()),
    };
    let delivery = &settings.delivery;
    let pause = std::time::Duration::from_secs(delivery.breaker_pause_seconds);
    Ok(Carrier { name: name.to_owned(), provider, breaker: Breaker::new(delivery.breaker_faults, pause) })
}
