//! The kinds of providers: what a `kind` in the settings stands for.

use std::time::Duration;

use anyhow::Context as _;
use rekey_runtime::settings::Table;
use serde::de::DeserializeOwned;

use super::breaker::BreakerPolicy;
use super::inbox::{Inbox, InboxProvider};
use super::settings::ProviderSettings;
use super::sms::Gateway;
use super::smtp::{DkimRecord, Relay};
use super::{ConfiguredProvider, Provider, TlsServer};
use crate::domain::destination::Channel;

/// Every kind. A new one is a module and a line here.
pub(super) const KINDS: [ProviderKind; 3] =
    [ProviderKind::of::<Relay>(), ProviderKind::of::<Gateway>(), ProviderKind::of::<InboxProvider>()];

/// What all providers are opened with.
pub(crate) struct ProviderOptions {
    /// The most one provider may take for one message.
    pub(crate) send_timeout: Duration,
    /// The most it may take to answer at all, where another one is behind it.
    pub(crate) switch_after: Duration,
    pub(crate) breaker: BreakerPolicy,
    /// Where there is none, the kind `inbox` cannot be opened.
    pub(crate) inbox: Option<Inbox>,
}

/// What a kind says about itself.
pub(super) trait OpenProvider: Provider + Sized + 'static {
    const KIND: &'static str;
    const CHANNELS: &'static [Channel];
    type Settings: DeserializeOwned;

    /// What is wrong with the settings as far as they tell without reading a file.
    fn check(settings: &Self::Settings) -> anyhow::Result<()>;

    /// The server that it speaks TLS to, if it does.
    fn tls_server(_: &Self::Settings) -> Option<TlsServer> {
        None
    }

    /// The public keys of what it signs mails with.
    fn dkim_records(_: &Self::Settings) -> anyhow::Result<Vec<DkimRecord>> {
        Ok(Vec::new())
    }

    /// Opens one, which connects to nobody yet.
    fn open(settings: Self::Settings, options: &ProviderOptions) -> anyhow::Result<Self>;
}

/// A kind, whatever its settings.
pub(super) struct ProviderKind {
    name: &'static str,
    pub(super) channels: &'static [Channel],
    /// What is wrong with the settings of the kind, if anything is.
    pub(super) fault: fn(&Table) -> Option<String>,
    /// The server that it speaks TLS to, if it does.
    pub(super) tls_server: fn(&Table) -> Option<TlsServer>,
    /// The public keys of what it signs mails with.
    pub(super) dkim_records: fn(&Table) -> anyhow::Result<Vec<DkimRecord>>,
    open: fn(&Table, &ProviderOptions) -> anyhow::Result<Box<dyn Provider>>,
}

impl ProviderKind {
    const fn of<P: OpenProvider>() -> Self {
        Self {
            name: P::KIND,
            channels: P::CHANNELS,
            fault: |own| match own.read::<P::Settings>() {
                Ok(settings) => P::check(&settings).err().map(|error| format!("{error:#}")),
                Err(error) => Some(error.to_string()),
            },
            tls_server: |own| P::tls_server(&own.read().ok()?),
            dkim_records: |own| P::dkim_records(&own.read()?),
            open: |own, options| Ok(Box::new(P::open(own.read()?, options)?)),
        }
    }
}

pub(super) fn find(name: &str) -> Option<&'static ProviderKind> {
    const { &KINDS }.iter().find(|kind| kind.name == name)
}

/// The names of all kinds, for people.
pub(super) fn names() -> String {
    KINDS.map(|kind| kind.name).join(", ")
}

/// Opens a provider of the settings.
pub(super) fn open(
    settings: &ProviderSettings,
    options: &ProviderOptions,
) -> anyhow::Result<ConfiguredProvider> {
    let whose = || format!("the provider `{}` of notification.providers", settings.name());
    let kind = find(&settings.kind).with_context(|| format!("`{}` is no kind", settings.kind));
    let kind = kind.with_context(whose)?;
    let sender = (kind.open)(&settings.own, options).with_context(whose)?;
    let name = settings.name().to_owned();
    let opened = ConfiguredProvider::new(name, settings.channels(), sender, options.breaker);
    let opened = opened.with_rate(settings.rate());
    Ok(ConfiguredProvider { kind: kind.name, tenant_senders: settings.tenant_senders(), ..opened })
}
