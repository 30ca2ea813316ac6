//! How messages leave: one provider per relay or gateway, in the order in which they are tried.
//!
//! A provider takes one rendered message and says what became of it, as a class of failure if need be. It never says
//! why in the words of the other side: those may quote the address. Which providers there are is data, a list in the
//! settings; a new kind is a module here and its line in [`kind::KINDS`].

mod breaker;
pub mod inbox;
mod kind;
mod password;
mod settings;
mod sms;
mod smtp;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use rekey_metrics::LabelValue;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{Channel, Destination};
use rekey_primitives::id::NotificationId;

pub(crate) use self::breaker::{Admission, Breaker, BreakerPolicy, Outlook};
pub(crate) use self::kind::ProviderOptions;
pub(crate) use self::settings::{ProviderSettings, check};
use crate::domain::content::Rendered;
use crate::domain::lane::{Lane, PerLane};
use crate::domain::state::FailureClass;
use crate::metrics;

/// How long reading an answer may take beyond the send timeout, where the answer came in time.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// A server that shows a provider its certificate before it is told anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsServer {
    /// Its host, which the certificate must carry.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether TLS begins by STARTTLS, in place of the first byte.
    pub starts_tls: bool,
    /// An authority that is believed beside those of the system.
    pub ca_file: Option<PathBuf>,
}

/// A message on its way out.
pub(crate) struct Outgoing {
    /// Its id, the same at every try: what a Message-ID is made of.
    pub(crate) id: NotificationId,
    pub(crate) destination: Destination,
    pub(crate) content: Rendered,
    /// When it was accepted: its date, the same at every try.
    pub(crate) created_at: Timestamp,
    /// When this provider is asked: what is left until `not_after` is counted from here.
    pub(crate) now: Timestamp,
    pub(crate) not_after: Timestamp,
}

/// A try that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SendFailure {
    /// What follows from it.
    pub(crate) class: FailureClass,
    /// Step and reply code, such as `RCPT 550 5.1.1`: nothing the other side wrote in words.
    pub(crate) detail: String,
    /// Whether it is our own: the provider had no part in it, and may work or not.
    pub(crate) is_ours: bool,
    /// How long the provider asked to be left alone, if it did.
    pub(crate) retry_after: Option<Duration>,
}

impl SendFailure {
    /// A failure of this class, by what the provider said or did not say.
    pub(crate) fn new(class: FailureClass, detail: impl Into<String>) -> Self {
        Self { class, detail: detail.into(), is_ours: false, retry_after: None }
    }

    /// A failure of this class on our own side: the provider had no part in it.
    pub(crate) fn before_provider(class: FailureClass, detail: impl Into<String>) -> Self {
        Self { is_ours: true, ..Self::new(class, detail) }
    }
}

impl fmt::Display for SendFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.detail, self.class.as_str())
    }
}

/// The last question before a message leaves: whether it may still be handed over.
#[async_trait]
pub(crate) trait HandOver: Send + Sync {
    /// Asked right before the step after which the message may be out, however that step ends. When the answer is yes
    /// the store knows it, so that a worker that dies now leaves no message that looks unsent.
    ///
    /// # Errors
    /// The message is another worker's by now, or it has died, or the store cannot be told: it must not leave.
    async fn begin(&self) -> Result<(), SendFailure>;
}

/// A relay or gateway.
#[async_trait]
pub(crate) trait Provider: Send + Sync {
    /// Hands the message over, once `hand_over` has begun. It ends by itself within the send timeout of the
    /// settings, or soon after where an answer came in time and has to be read. An answer that came is never given
    /// up for the timeout.
    async fn send(&self, outgoing: &Outgoing, hand_over: &dyn HandOver) -> Result<(), SendFailure>;
}

/// A provider of the settings, and what keeps it from eating the workers while it is dead.
pub(crate) struct ConfiguredProvider {
    /// Its name in rows and logs.
    pub(crate) name: String,
    pub(crate) channels: Vec<Channel>,
    pub(crate) sender: Box<dyn Provider>,
    /// A lane's own faults open its breaker and no other's.
    pub(crate) breakers: PerLane<Breaker>,
    /// How long it took over the last message that it took, in microseconds: so long a decoy looks under way.
    took: AtomicU64,
}

impl ConfiguredProvider {
    pub(crate) fn new(
        name: String,
        channels: Vec<Channel>,
        sender: Box<dyn Provider>,
        policy: BreakerPolicy,
    ) -> Self {
        for &lane in Lane::ALL {
            metrics::BREAKER_OPEN
                .set_whether::<LabelValue>(false, [name.clone().into(), lane.as_str().into()]);
        }
        Self {
            name,
            channels,
            sender,
            breakers: PerLane::each(|_| Breaker::new(policy)),
            took: AtomicU64::new(0),
        }
    }

    /// Measures that it was given a message, by how that ended: a decoy as a message.
    pub(crate) fn measure(&self, took: Duration, failure: Option<FailureClass>) {
        let error = failure.map_or("", FailureClass::as_str);
        metrics::SENDS.record::<LabelValue>(
            took,
            ["rekey".into(), "send".into(), self.name.clone().into(), error.into()],
        );
    }

    /// Shows that it is left alone in a lane, or is not any more.
    pub(crate) fn show_breaker(&self, lane: Lane, is_open: bool) {
        metrics::BREAKER_OPEN
            .set_whether::<LabelValue>(is_open, [self.name.clone().into(), lane.as_str().into()]);
    }

    pub(crate) fn note_taken(&self, took: Duration) {
        self.took.store(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn usually_takes(&self) -> Duration {
        Duration::from_micros(self.took.load(Ordering::Relaxed))
    }
}

/// All providers, in the order they are tried.
#[derive(Clone)]
pub(crate) struct Providers(Arc<[ConfiguredProvider]>);

impl Providers {
    /// Those of the settings.
    ///
    /// # Errors
    /// An unknown kind, a provider without its settings, an inbox where there is none.
    pub(crate) fn open(all: &[ProviderSettings], options: &ProviderOptions) -> anyhow::Result<Self> {
        let opened = all.iter().map(|settings| kind::open(settings, options));
        Ok(Self::new(opened.collect::<anyhow::Result<Vec<_>>>()?))
    }

    pub(crate) fn new(all: Vec<ConfiguredProvider>) -> Self {
        Self(all.into())
    }

    /// Those of a channel.
    pub(crate) fn of(&self, channel: Channel) -> impl Iterator<Item = &ConfiguredProvider> {
        self.0.iter().filter(move |provider| provider.channels.contains(&channel))
    }
}
