//! `[[notification.webhooks]]` and `[notification.webhook_requests]`: who gets events, and how they are reached.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use rekey_primitives::id::TenantId;
use rekey_webhooks::address::{AddressGuard, Network};
use rekey_webhooks::url::{Host, UrlRules, WebhookUrl};
use serde::Deserialize;

use super::super::settings::list;
use crate::domain::destination::EndpointName;
use crate::domain::provider_bucket::ProviderRate;
use crate::domain::webhook_tenants::{AllowedTenants, WebhookTenants};

/// An endpoint.
#[derive(Clone, Deserialize, derive_more::Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookSettings {
    /// What callers call it.
    name: String,
    /// Where it is. Some receivers' addresses are secrets of theirs.
    #[debug(skip)]
    url: String,
    /// Whose events it gets: ids of tenants, or `*`.
    #[serde(default, deserialize_with = "list")]
    tenants: Option<Vec<String>>,
    /// What signs: all of them do.
    #[serde(default, deserialize_with = "list")]
    secret_files: Option<Vec<String>>,
    /// Events a second; without it no limit.
    #[serde(default)]
    per_second: u32,
}

/// `[notification.webhook_requests]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookRequests {
    /// Internal networks that endpoints may be in.
    pub allow_networks: Vec<String>,
    /// Authorities that endpoints may be certified by, beside those of the system.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// How long a try may take.
    pub timeout_seconds: u64,
}

/// One endpoint, read.
#[derive(Clone, derive_more::Debug)]
pub(super) struct Configured {
    pub(super) name: EndpointName,
    #[debug(skip)]
    pub(super) url: String,
    pub(super) secret_files: Vec<PathBuf>,
    pub(super) rate: ProviderRate,
    tenants: AllowedTenants,
}

/// All endpoints, and how they are reached.
#[derive(Debug, Clone)]
pub(crate) struct Endpoints {
    pub(super) all: Vec<Configured>,
    pub(super) timeout: Duration,
    pub(super) ca_file: Option<PathBuf>,
    guard: AddressGuard,
}

/// Networks of this machine, where a receiver under development listens.
static LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1"];

impl Endpoints {
    /// Reads them, without their secrets.
    ///
    /// # Errors
    /// An endpoint that cannot be, or two of a name.
    pub(crate) fn of(
        all: &[WebhookSettings],
        requests: &WebhookRequests,
        production: bool,
    ) -> anyhow::Result<Self> {
        let mut allowed = Vec::new();
        for text in &requests.allow_networks {
            let network: Network = text.parse().with_context(|| format!("allow_networks: `{text}`"))?;
            allowed.push(network);
        }
        let loopback = LOOPBACK.iter().filter(|_| !production).filter_map(|text| text.parse().ok());
        let guard = AddressGuard { allowed: allowed.into_iter().chain(loopback).collect() };
        let (timeout, ca_file) = (Duration::from_secs(requests.timeout_seconds), requests.ca_file.clone());
        let mut endpoints = Self { all: Vec::with_capacity(all.len()), timeout, ca_file, guard };
        for settings in all {
            let read = endpoints.read(settings, production);
            let read = read.with_context(|| format!("the endpoint `{}`", settings.name))?;
            ensure!(
                endpoints.all.iter().all(|one| one.name != read.name),
                "the endpoint `{}` stands there twice",
                settings.name
            );
            endpoints.all.push(read);
        }
        Ok(endpoints)
    }

    fn read(&self, settings: &WebhookSettings, production: bool) -> anyhow::Result<Configured> {
        let WebhookSettings { name, url, tenants, secret_files, per_second } = settings;
        let name = EndpointName::parse(name);
        let name = name.context("`name` is at most 64 of a to z, 0 to 9, `-` and `_`")?;
        let url = WebhookUrl::parse(url, !production, &self.guard);
        let url = url.context("`url` is no https URL of a public address or a network that is allowed")?;
        let is_protected =
            url.endpoint().is_some_and(|endpoint| endpoint.is_tls || is_loopback(&endpoint.host));
        ensure!(is_protected, "`url` must be https, except to this machine outside production");
        let secret_files: Vec<PathBuf> = secret_files.iter().flatten().map(PathBuf::from).collect();
        ensure!(!secret_files.is_empty(), "`secret_files` names none, so nobody could verify what comes");
        let tenants = allowed(tenants.as_deref().unwrap_or_default())?;
        let rate = ProviderRate { per_second: *per_second, burst: (*per_second).max(1), critical_share: 50 };
        let url = url.as_str().to_owned();
        Ok(Configured { name, url, secret_files, rate, tenants })
    }

    /// Whose events go where.
    pub(crate) fn tenants(&self) -> WebhookTenants {
        WebhookTenants::new(self.all.iter().map(|one| (one.name.clone(), one.tenants.clone())))
    }

    /// What an endpoint's URL may be when something is sent there.
    pub(super) fn urls(&self, one: &Configured) -> UrlRules {
        // That it is plain was let through above, to this machine alone.
        UrlRules { allow_http: one.url.starts_with("http:"), guard: self.guard.clone() }
    }

    /// The files of secrets, each with its setting.
    pub(crate) fn secret_files(&self) -> impl Iterator<Item = (String, PathBuf)> {
        self.all.iter().flat_map(|one| {
            let setting = format!("notification.webhooks: `{}` secret_files", one.name.as_str());
            one.secret_files.iter().map(move |file| (setting.clone(), file.clone()))
        })
    }
}

fn is_loopback(host: &Host) -> bool {
    match host {
        Host::Address(address) => address.is_loopback(),
        Host::Name(name) => name == "localhost",
    }
}

fn allowed(tenants: &[String]) -> anyhow::Result<AllowedTenants> {
    if tenants.is_empty() {
        bail!("`tenants` names none; \"*\" is all of them");
    }
    if tenants.iter().any(|one| one == "*") {
        return Ok(AllowedTenants::All);
    }
    let parse =
        |text: &String| TenantId::parse(text).with_context(|| format!("`{text}` is no id of a tenant"));
    Ok(AllowedTenants::Only(tenants.iter().map(parse).collect::<anyhow::Result<BTreeSet<_>>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(text: &str, production: bool) -> anyhow::Result<Endpoints> {
        #[derive(Deserialize)]
        struct Document {
            webhooks: Vec<WebhookSettings>,
        }
        let requests = WebhookRequests {
            allow_networks: vec!["10.20.0.0/16".to_owned()],
            ca_file: None,
            timeout_seconds: 20,
        };
        let document: Document = toml::from_str(text).unwrap();
        Endpoints::of(&document.webhooks, &requests, production)
    }

    fn with_url(url: &str) -> String {
        format!("[[webhooks]]\nname = 'shop'\nurl = '{url}'\ntenants = ['*']\nsecret_files = ['/x']")
    }

    #[test]
    fn an_endpoint_is_where_it_may_be() {
        let is_taken = |url: &str, production| endpoints(&with_url(url), production).is_ok();

        for url in ["https://hooks.example/in", "https://10.20.0.7/in"] {
            assert!(is_taken(url, true) && is_taken(url, false), "{url}");
        }
        for url in ["http://127.0.0.1:8080/in", "http://localhost:8080/in", "https://127.0.0.1/in"] {
            assert!(is_taken(url, false) && !is_taken(url, true) || url.contains("localhost"), "{url}");
        }
        assert!(!is_taken("http://localhost:8080/in", true));
        for url in ["http://hooks.example/in", "https://10.21.0.7/in", "https://169.254.169.254/", "shop"] {
            assert!(!is_taken(url, false), "{url}");
        }
    }

    #[test]
    fn an_endpoint_shows_the_public_halves_of_its_keys_and_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let shared = file("shared", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
        let own = file("own", "whsk_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n");
        let files = format!("['{shared}', '{own}']");
        let text = with_url("https://hooks.example/in").replace("['/x']", &files);

        let keys = endpoints(&text, true).unwrap().public_keys().unwrap();

        let public_key = "whpk_6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=".to_owned();
        assert_eq!(keys, [super::super::WebhookPublicKey { endpoint: "shop".to_owned(), public_key }]);
        let missing = endpoints(&with_url("https://hooks.example/in"), true).unwrap().public_keys();
        assert!(missing.unwrap_err().to_string().contains("/x"));
    }

    #[test]
    fn an_endpoint_that_cannot_be_is_refused_and_says_why() {
        let good = with_url("https://hooks.example/in?key=s3cr3t");
        for (from, to, why) in [
            ("'shop'", "'Shop'", "`name` is at most 64"),
            ("['*']", "[]", "`tenants` names none"),
            ("['*']", "['acme']", "is no id of a tenant"),
            ("['/x']", "[]", "nobody could verify"),
        ] {
            let refused = format!("{:#}", endpoints(&good.replace(from, to), true).unwrap_err());
            assert!(refused.contains(why) && !refused.contains("s3cr3t"), "{refused}");
        }
        let twice = format!("{good}\n{good}");
        assert!(endpoints(&twice, true).unwrap_err().to_string().contains("stands there twice"));
        assert!(!format!("{:?}", endpoints(&good, true).unwrap()).contains("s3cr3t"));
    }
}
