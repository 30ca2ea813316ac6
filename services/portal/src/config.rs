//! The `[portal]` table. Values and their reasons stand in `default.toml`; here are their types and the checks that need more than
//! one of them.

use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;
use rekey_client::ClientSettings;
use rekey_primitives::id::TenantId;
use rekey_runtime::server::ServerSettings;
use rekey_webhooks::address::Network;
use serde::Deserialize;

/// The commented defaults.
pub const DEFAULTS: &str = include_str!("default.toml");

/// What the operator decides about this part.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How the part listens.
    pub server: ServerSettings,
    /// Whether what only development may have is refused: a public address without TLS.
    pub production: bool,
    /// Where browsers reach the portal.
    pub public_url: String,
    /// The tenant that every page is of.
    #[serde(default)]
    pub tenant_id: Option<String>,
    /// Proxies whose word on addresses is taken.
    pub trusted_proxies: Vec<String>,
    /// The files of the keys.
    pub keys: KeySettings,
    /// What a request may take.
    pub requests: RequestSettings,
    /// How identity is called.
    pub identity: ClientSettings,
    /// How notification is called.
    pub notification: ClientSettings,
}

/// `[portal.keys]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySettings {
    /// Seals of cookies.
    #[serde(default)]
    pub cookie_file: Option<PathBuf>,
}

/// `[portal.requests]`
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestSettings {
    pub(crate) max_body_bytes: usize,
    pub(crate) deadline_ms: u64,
}

/// Settings that do not fit together.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidSettings {
    /// No origin of a browser.
    #[error(
        "portal.public_url must be `https://host` or `http://host`, with a port if it has one and without a path"
    )]
    PublicUrl,
    /// An id that is none.
    #[error("portal.tenant_id is no UUID")]
    TenantId,
    /// A proxy that is neither an address nor a network; its position.
    #[error("portal.trusted_proxies: entry {0} is neither an address nor a network such as 10.0.0.0/8")]
    Proxy(usize),
}

/// The settings as the pages use them.
#[derive(Debug, Clone)]
pub(crate) struct SiteRules {
    /// What a browser names as the origin of our pages.
    pub(crate) origin: String,
    pub(crate) tenant: Option<TenantId>,
    pub(crate) trusted_proxies: Vec<Network>,
    pub(crate) body_bytes: usize,
    pub(crate) deadline: Duration,
}

impl SiteRules {
    /// Whether browsers come by TLS.
    pub(crate) fn is_protected(&self) -> bool {
        self.origin.starts_with("https://")
    }
}

impl Settings {
    /// Whether the settings fit together.
    ///
    /// # Errors
    /// They do not, and why.
    pub fn check(&self) -> Result<(), InvalidSettings> {
        self.rules().map(|_| ())
    }

    pub(crate) fn rules(&self) -> Result<SiteRules, InvalidSettings> {
        let origin = origin(&self.public_url).ok_or(InvalidSettings::PublicUrl)?;
        let tenant = self.tenant_id.as_deref().map(TenantId::parse).transpose();
        let proxy = |(text, place): (&String, usize)| {
            text.parse::<Network>().map_err(|_| InvalidSettings::Proxy(place))
        };
        Ok(SiteRules {
            origin,
            tenant: tenant.map_err(|_| InvalidSettings::TenantId)?,
            trusted_proxies: self.trusted_proxies.iter().zip(1..).map(proxy).collect::<Result<_, _>>()?,
            body_bytes: self.requests.max_body_bytes,
            deadline: Duration::from_millis(self.requests.deadline_ms),
        })
    }
}

/// A URL as browsers write an origin (RFC 6454, 6.2): in lower case, and without the port that its scheme implies.
fn origin(url: &str) -> Option<String> {
    let uri: Uri = url.trim_end_matches('/').parse().ok()?;
    let scheme = uri.scheme_str().filter(|scheme| ["http", "https"].contains(scheme))?;
    let authority = uri.authority()?;
    if authority.as_str().contains('@') || uri.path() != "/" || uri.query().is_some() {
        return None;
    }
    let host = authority.host().to_ascii_lowercase();
    let implied = if scheme == "https" { 443 } else { 80 };
    Some(match authority.port_u16().filter(|port| *port != implied) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

#[cfg(test)]
mod tests {
    use rekey_runtime::settings::Document;

    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Settings {
        let variables =
            pairs.iter().map(|(name, value)| (format!("REKEY__PORTAL__{name}"), (*value).to_owned()));
        let document = Document::builder().part("portal", 7300, DEFAULTS).environment(variables).load();
        document.unwrap().part("portal").unwrap()
    }

    #[test]
    fn browsers_come_by_tls_where_the_public_url_says_so() {
        let is_protected = |url| with(&[("PUBLIC_URL", url)]).rules().unwrap().is_protected();

        assert!(is_protected("https://id.example.com"));
        assert!(!is_protected("http://127.0.0.1:7300"));
        assert_eq!(with(&[("PUBLIC_URL", "id.example.com")]).check(), Err(InvalidSettings::PublicUrl));
    }

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        assert_eq!(origin("https://ID.example.com:443/").as_deref(), Some("https://id.example.com"));
        assert_eq!(origin("http://127.0.0.1:7300").as_deref(), Some("http://127.0.0.1:7300"));
        for wrong in ["", "id.example.com", "ftp://x", "https://a@b", "https://x/portal", "https://x/?a=b"] {
            assert_eq!(origin(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_no_proxy_and_no_tenant_is_refused() {
        let mut settings = with(&[]);
        settings.trusted_proxies = vec!["10.0.0.0/8".to_owned(), "proxy".to_owned()];

        let proxy = settings.check();
        settings.trusted_proxies.clear();
        settings.tenant_id = Some("acme".to_owned());

        assert_eq!(proxy, Err(InvalidSettings::Proxy(2)));
        assert_eq!(settings.check(), Err(InvalidSettings::TenantId));
    }
}
