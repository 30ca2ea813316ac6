//! `[[notification.providers]]`: what the settings say about providers, whatever their kind.

use std::path::PathBuf;

use rekey_runtime::settings::Table;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::{DkimRecord, TlsServer, kind};
use crate::domain::destination::Channel;
use crate::domain::provider_bucket::ProviderRate;

/// One relay or gateway. The order of the list is the order in which a channel's providers are tried.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ProviderSettings {
    /// What rows and logs call it; that of its kind where there is none.
    #[serde(default)]
    name: Option<String>,
    pub(super) kind: String,
    /// Only these of the channels that the kind carries; all of them where it is missing.
    #[serde(default, deserialize_with = "list")]
    channels: Option<Vec<String>>,
    /// Messages a second over all lanes; without it no limit.
    #[serde(default, deserialize_with = "number")]
    per_second: Option<u32>,
    /// The most that go at once after a quiet while; without it a second's worth.
    #[serde(default, deserialize_with = "number")]
    burst: Option<u32>,
    /// How much of the burst bulk leaves to codes, in hundredths.
    #[serde(default, deserialize_with = "number")]
    critical_share_percent: Option<u32>,
    /// Whether messages go out in the name of a tenant that has a sender; true where it is missing.
    #[serde(default, deserialize_with = "whether")]
    tenant_senders: Option<bool>,
    /// The settings of its kind.
    #[serde(flatten)]
    pub(super) own: Table,
}

/// A list, which the environment writes as a text with commas.
pub(super) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum List {
        Items(Vec<String>),
        Text(String),
    }
    Ok(Some(match List::deserialize(deserializer)? {
        List::Items(items) => items,
        List::Text(text) => text.split(',').map(|item| item.trim().to_owned()).collect(),
    }))
}

/// A number, which the environment writes as a text.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Number(u32),
        Text(String),
    }
    match Number::deserialize(deserializer)? {
        Number::Number(number) => Ok(Some(number)),
        Number::Text(text) => text.trim().parse().map(Some).map_err(D::Error::custom),
    }
}

/// True or false, which the environment writes as a text.
fn whether<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Whether {
        Whether(bool),
        Text(String),
    }
    match Whether::deserialize(deserializer)? {
        Whether::Whether(answer) => Ok(Some(answer)),
        Whether::Text(text) => text.trim().parse().map(Some).map_err(D::Error::custom),
    }
}

/// What bulk leaves of a burst unless it is said: half, so that as many codes find a token as a mailing did.
const CRITICAL_SHARE_PERCENT: u32 = 50;

/// An entry of the list that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("notification.providers: `{name}` {what}")]
pub(crate) struct WrongProvider {
    pub(crate) name: String,
    pub(crate) what: String,
}

impl ProviderSettings {
    /// A provider of that kind, with the kind's defaults.
    #[cfg(test)]
    pub(crate) fn of_kind(kind: &str) -> Self {
        Self {
            name: None,
            kind: kind.to_owned(),
            channels: None,
            per_second: None,
            burst: None,
            critical_share_percent: None,
            tenant_senders: None,
            own: Table::default(),
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.kind)
    }

    /// The channels it carries; none where its kind is not known.
    pub(crate) fn channels(&self) -> Vec<Channel> {
        let of_kind = kind::find(&self.kind).map_or(&[][..], |kind| kind.channels);
        let is_wanted = |channel: &&Channel| {
            self.channels.as_ref().is_none_or(|only| only.iter().any(|one| one == channel.as_str()))
        };
        of_kind.iter().filter(is_wanted).copied().collect()
    }

    /// How fast it may be given messages.
    pub(super) fn rate(&self) -> ProviderRate {
        let per_second = self.per_second.unwrap_or(0);
        ProviderRate {
            per_second,
            burst: self.burst.unwrap_or(per_second).max(1),
            critical_share: self.critical_share_percent.unwrap_or(CRITICAL_SHARE_PERCENT),
        }
    }

    /// Whether it sends in the name of tenants that have a sender.
    pub(super) fn tenant_senders(&self) -> bool {
        self.tenant_senders.unwrap_or(true)
    }

    /// Whether it shows messages instead of sending them.
    pub(crate) fn is_inbox(&self) -> bool {
        self.kind == super::inbox::KIND_NAME
    }

    /// The files of secrets that it names, by their keys.
    pub(crate) fn secret_files(&self) -> Vec<(String, PathBuf)> {
        self.own.secret_files()
    }

    /// The file with what a gateway signs its status callbacks with.
    pub(crate) fn callback_token_file(&self) -> Option<PathBuf> {
        self.channels()
            .contains(&Channel::Sms)
            .then(|| self.own.text("callback_token_file"))?
            .map(PathBuf::from)
    }

    /// The domain that its mails are from; `None` where it carries none, or names no address.
    pub(crate) fn sender_domain(&self) -> Option<String> {
        if !self.channels().contains(&Channel::Email) || self.is_inbox() {
            return None;
        }
        let from = self.own.text("from")?;
        from.rsplit_once('@').map(|(_, domain)| domain.trim_end_matches('>').to_ascii_lowercase())
    }

    /// The server that it speaks TLS to, if it does.
    pub(crate) fn tls_server(&self) -> Option<TlsServer> {
        (kind::find(&self.kind)?.tls_server)(&self.own)
    }

    /// The public keys of what it signs mails with.
    pub(crate) fn dkim_records(&self) -> anyhow::Result<Vec<DkimRecord>> {
        kind::find(&self.kind).map_or(Ok(Vec::new()), |kind| (kind.dkim_records)(&self.own))
    }

    fn check(&self) -> Result<(), String> {
        let Some(kind) = kind::find(&self.kind) else {
            return Err(format!("is of the kind `{}`; the kinds are {}", self.kind, kind::names()));
        };
        let carried = |one: &String| kind.channels.iter().any(|channel| one == channel.as_str());
        if let Some(other) = self.channels.iter().flatten().find(|one| !carried(one)) {
            return Err(format!("names the channel `{other}`, which its kind does not carry"));
        }
        (kind.fault)(&self.own).map_or(Ok(()), |fault| Err(format!("is wrong: {fault}")))
    }
}

/// Refuses a list that cannot be opened for what it says, before anything is sent by it.
pub(crate) fn check(all: &[ProviderSettings]) -> Result<(), WrongProvider> {
    for (place, one) in all.iter().enumerate() {
        let wrong = |what| WrongProvider { name: one.name().to_owned(), what };
        one.check().map_err(wrong)?;
        if all[..place].iter().any(|earlier| earlier.name() == one.name()) {
            return Err(wrong("stands there twice; a second one of a kind needs a `name`".to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(text: &str) -> ProviderSettings {
        toml::from_str(text).unwrap()
    }

    fn complaint(all: &[ProviderSettings]) -> String {
        check(all).unwrap_err().to_string()
    }

    #[test]
    fn a_provider_is_named_after_its_kind_and_carries_what_its_kind_carries() {
        let relay = provider("kind = 'smtp'\nhost = 'smtp.example.com'\nfrom = 'no-reply@example.com'");
        let texts = provider("kind = 'inbox'\nname = 'texts'\nchannels = ['sms']");

        assert_eq!((relay.name(), relay.channels()), ("smtp", vec![Channel::Email]));
        assert_eq!((texts.name(), texts.channels()), ("texts", vec![Channel::Sms]));
        assert_eq!(check(&[relay, texts]), Ok(()));
    }

    #[test]
    fn a_server_that_shows_a_certificate_is_read_off_the_settings_of_its_kind() {
        let server = |text: &str| provider(text).tls_server().map(|one| (one.host, one.port, one.starts_tls));
        let relay = |tls: &str| format!("kind = 'smtp'\nhost = 'mx.example'\nport = 465\ntls = '{tls}'");

        assert_eq!(server(&relay("starttls")), Some(("mx.example".to_owned(), 465, true)));
        assert_eq!(server(&relay("implicit")), Some(("mx.example".to_owned(), 465, false)));
        assert_eq!(server(&relay("none")), None);
        let gateway = server("kind = 'sms'\nurl = 'https://sms.example/send'\nfrom = 'Acme'");
        assert_eq!(gateway, Some(("sms.example".to_owned(), 443, false)));
        assert_eq!(server("kind = 'sms'\nurl = 'http://127.0.0.1:8080/send'\nfrom = 'Acme'"), None);
        assert_eq!(server("kind = 'inbox'"), None);
    }

    #[test]
    fn a_rate_reads_as_a_number_and_as_the_text_of_the_environment() {
        let of = |text: &str| provider(&format!("kind = 'inbox'\n{text}")).rate();
        let rate = ProviderRate { per_second: 20, burst: 20, critical_share: 50 };

        assert_eq!(of("per_second = 20"), rate);
        assert_eq!(of("per_second = '20'"), rate);
        assert_eq!(of("per_second = 20\nburst = 5").burst, 5);
        assert_eq!((of("").per_second, of("").burst), (0, 1));
        assert!(provider("kind = 'inbox'").tenant_senders());
        assert!(!provider("kind = 'inbox'\ntenant_senders = 'false'").tenant_senders());
    }

    #[test]
    fn an_unknown_kind_channel_or_setting_and_a_name_that_stands_twice_are_refused() {
        let unknown = complaint(&[provider("kind = 'pigeon'")]);
        let channel = complaint(&[provider("kind = 'smtp'\nchannels = ['sms']")]);
        let setting = complaint(&[provider("kind = 'sms'\nuri = 'x'")]);
        let twice = complaint(&[provider("kind = 'inbox'"), provider("kind = 'inbox'")]);

        assert!(unknown.contains("`pigeon`") && unknown.contains("smtp, sms, inbox"), "{unknown}");
        assert!(channel.contains("`sms`, which its kind does not carry"), "{channel}");
        assert!(setting.contains("uri") && setting.contains("notification.providers"), "{setting}");
        assert!(twice.contains("stands there twice"), "{twice}");
    }
}
