//! How messages leave: one provider per relay or gateway, in the order in which they are tried.
//!
//! A provider takes one rendered message and says what became of it, as a class of failure if need be. It never says
//! why in the words of the other side: those may quote the address. Which providers there are is data, a list in the
//! settings; a new kind is a module here and its line in [`kind::KINDS`].

mod breaker;
pub mod inbox;
mod kind;
mod lane_log;
mod senders;
mod settings;
mod sms;
mod smtp;
mod webhook;

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rekey_metrics::LabelValue;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::{NotificationId, TenantId};

pub(crate) use self::breaker::{Admission, Breaker, BreakerPolicy, Outlook};
pub(crate) use self::kind::ProviderOptions;
use self::lane_log::LaneLog;
pub(crate) use self::senders::{SenderSettings, Senders, TenantSender};
pub(crate) use self::settings::{ProviderSettings, check};
pub use self::smtp::DkimRecord;
pub(crate) use self::webhook::{Endpoints, WebhookSettings};
pub use self::webhook::{WebhookPublicKey, WebhookRequests};
use crate::domain::content::Rendered;
use crate::domain::destination::{Channel, Destination, EndpointName};
use crate::domain::failover::Behind;
use crate::domain::lane::{Lane, PerLane};
use crate::domain::provider::{BreakerState, ProviderView};
use crate::domain::provider_bucket::{ProviderBucket, ProviderRate};
use crate::domain::state::FailureClass;
use crate::metrics;
pub(crate) use rekey_runtime::gateway::PasswordFile;

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
    /// The tenant's own sender, where it has one and this provider sends in its name.
    pub(crate) sender: Option<Arc<TenantSender>>,
    /// When it was accepted: its date, the same at every try.
    pub(crate) created_at: Timestamp,
    /// When this provider is asked: what is left until `not_after` is counted from here.
    pub(crate) now: Timestamp,
    pub(crate) not_after: Timestamp,
    /// Where whoever carries it on reports what became of it: a return path of a mail, a URL of a text message.
    pub(crate) report_to: Option<String>,
    /// Who may be asked where this provider does not answer.
    pub(crate) behind: Behind,
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
    /// up for the timeout. Where another provider is behind it, one that does not answer at all is given up after
    /// `switch_after_ms`, but not once the message may be out.
    async fn send(&self, outgoing: &Outgoing, hand_over: &dyn HandOver) -> Result<(), SendFailure>;

    /// Finds out whether the provider answers at all. Asked twice a second while it is left alone, so without a login: relays
    /// lock an account whose login fails that often. It ends by itself within the send timeout.
    ///
    /// # Errors
    /// It does not.
    async fn ping(&self) -> Result<(), SendFailure> {
        self.probe(Behind::Nobody).await
    }

    /// Finds out, without a message, whether the provider is there, where its kind has a way to. Asked before a message
    /// tries whether it is back. It ends by itself within the send timeout.
    ///
    /// # Errors
    /// It is not.
    async fn probe(&self, _: Behind) -> Result<(), SendFailure> {
        Ok(())
    }
}

/// A provider of the settings, and what keeps it from eating the workers while it is dead.
pub(crate) struct ConfiguredProvider {
    /// Its name in rows and logs.
    pub(crate) name: String,
    kind: &'static str,
    pub(crate) channels: Vec<Channel>,
    /// The endpoint that it is, where it carries webhooks.
    endpoint: Option<EndpointName>,
    pub(crate) sender: Box<dyn Provider>,
    /// A lane's own faults open its breaker and no other's.
    pub(crate) breakers: PerLane<Breaker>,
    /// Whether messages go out in the name of a tenant that has a sender.
    tenant_senders: bool,
    rate: ProviderRate,
    bucket: Mutex<ProviderBucket>,
    logs: PerLane<LaneLog>,
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
        let provider = Self {
            name,
            kind: "",
            channels,
            endpoint: None,
            sender,
            breakers: PerLane::each(|_| Breaker::new(policy)),
            tenant_senders: true,
            rate: ProviderRate::UNLIMITED,
            bucket: Mutex::new(ProviderBucket::new(ProviderRate::UNLIMITED)),
            logs: PerLane::each(|_| LaneLog::default()),
            took: AtomicU64::new(0),
        };
        Lane::ALL.iter().for_each(|lane| provider.show_breaker(*lane));
        provider
    }

    /// The same, no faster than this.
    pub(crate) fn with_rate(self, rate: ProviderRate) -> Self {
        Self { rate, bucket: Mutex::new(ProviderBucket::new(rate)), ..self }
    }

    /// The same as a webhook's endpoint.
    fn of_endpoint(self, name: EndpointName) -> Self {
        Self { kind: webhook::KIND_NAME, endpoint: Some(name), ..self }
    }

    /// Takes a token of its rate for a message of the lane.
    ///
    /// # Errors
    /// There is none; there may be one then.
    pub(crate) fn take_token(&self, lane: Lane, now: Timestamp) -> Result<(), Timestamp> {
        self.bucket().take(lane, now)
    }

    /// Whether there is a token for a message of the lane, which stays there.
    ///
    /// # Errors
    /// There is none; there may be one then.
    pub(crate) fn token_outlook(&self, lane: Lane, now: Timestamp) -> Result<(), Timestamp> {
        self.bucket().outlook(lane, now)
    }

    /// Returns the token of a message that it was not given after all.
    pub(crate) fn give_token_back(&self) {
        self.bucket().give_back();
    }

    fn bucket(&self) -> std::sync::MutexGuard<'_, ProviderBucket> {
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Measures that it was given a message, by how that ended: a decoy as a message.
    pub(crate) fn measure(&self, took: Duration, failure: Option<FailureClass>) {
        let error = failure.map_or("", FailureClass::as_str);
        metrics::SENDS.record::<LabelValue>(
            took,
            ["rekey".into(), "send".into(), self.name.clone().into(), error.into()],
        );
    }

    /// Shows how the breaker of a lane stands by now.
    pub(crate) fn show_breaker(&self, lane: Lane) {
        let now = self.breakers.of(lane).view().state;
        for state in BreakerState::ALL {
            let labels = [self.name.clone().into(), lane.as_str().into(), state.as_str().into()];
            metrics::BREAKER_STATE.set_whether::<LabelValue>(*state == now, labels);
        }
    }

    /// Notes that it took a message of the lane, and how long it took over it.
    pub(crate) fn note_taken(&self, lane: Lane, took: Duration, now: Timestamp) {
        self.took.store(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.logs.of(lane).taken(now);
    }

    /// Notes that a message of the lane failed at it.
    pub(crate) fn note_failed(&self, lane: Lane, class: FailureClass, now: Timestamp) {
        self.logs.of(lane).failed(class, now);
    }

    /// Whether a lane waits for it to come back.
    pub(crate) fn is_awaited(&self, now: Timestamp) -> bool {
        Lane::ALL.iter().any(|lane| self.breakers.of(*lane).is_awaited(now))
    }

    pub(crate) fn usually_takes(&self) -> Duration {
        Duration::from_micros(self.took.load(Ordering::Relaxed))
    }

    fn view(&self, now: Timestamp) -> ProviderView {
        ProviderView {
            name: self.name.clone(),
            kind: self.kind,
            channels: self.channels.clone(),
            per_second: self.rate.per_second,
            lanes: PerLane::each(|lane| self.logs.of(lane).view(self.breakers.of(lane).view(), now)),
        }
    }
}

/// All providers, in the order they are tried, and the senders of tenants. Clones share them.
#[derive(Clone)]
pub(crate) struct Providers {
    all: Arc<[ConfiguredProvider]>,
    senders: Arc<Senders>,
}

impl Providers {
    /// Those of the settings.
    ///
    /// # Errors
    /// An unknown kind, a provider without its settings, an inbox where there is none.
    pub(crate) fn open(
        all: &[ProviderSettings],
        endpoints: &Endpoints,
        options: &ProviderOptions,
    ) -> anyhow::Result<Self> {
        let opened = all.iter().map(|settings| kind::open(settings, options));
        let mut opened = opened.collect::<anyhow::Result<Vec<_>>>()?;
        opened.extend(endpoints.open(options)?);
        Ok(Self::new(opened))
    }

    pub(crate) fn new(all: Vec<ConfiguredProvider>) -> Self {
        Self { all: all.into(), senders: Arc::default() }
    }

    /// The same, sending in the name of these.
    pub(crate) fn sending_as(self, senders: Senders) -> Self {
        Self { senders: Arc::new(senders), ..self }
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &ConfiguredProvider> {
        self.all.iter()
    }

    /// Those of a channel.
    pub(crate) fn of(&self, channel: Channel) -> impl Iterator<Item = &ConfiguredProvider> {
        self.all.iter().filter(move |provider| provider.channels.contains(&channel))
    }

    /// Those that may carry a message there: all of its channel, or the one endpoint.
    pub(crate) fn towards(&self, to: &Destination) -> impl Iterator<Item = &ConfiguredProvider> {
        self.of(to.channel()).filter(move |provider| match to {
            Destination::Webhook(name) => provider.endpoint.as_ref() == Some(name),
            Destination::Email(_) | Destination::Phone(_) => true,
        })
    }

    /// The sender in whose name a provider sends a tenant's messages, if it is not its own.
    pub(crate) fn sender(
        &self,
        provider: &ConfiguredProvider,
        tenant: TenantId,
    ) -> Option<Arc<TenantSender>> {
        if provider.tenant_senders { self.senders.of_tenant(tenant) } else { None }
    }

    /// All of them, for people, in the order they are tried.
    pub(crate) fn views(&self, now: Timestamp) -> Vec<ProviderView> {
        self.all.iter().map(|provider| provider.view(now)).collect()
    }
}
