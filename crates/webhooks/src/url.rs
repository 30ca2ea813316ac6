//! The URL that events are posted to.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::address::AddressGuard;

/// Longest URL, in bytes.
const URL_MAX: usize = 2_048;

/// Where events are posted to. It may hold a secret of the receiver's, so it is not shown in logs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WebhookUrl(String);

/// Which URLs a deployment takes, when one is set and again whenever something is sent there.
#[derive(Debug, Clone)]
pub struct UrlRules {
    /// Only in development.
    pub allow_http: bool,
    /// What judges addresses.
    pub guard: AddressGuard,
}

/// A host, as a URL names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// An address.
    Address(IpAddr),
    /// A name, to be looked up.
    Name(String),
}

/// A URL taken apart.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
pub struct Endpoint {
    /// Whether it is `https`.
    pub is_tls: bool,
    /// Who is called.
    pub host: Host,
    /// Its port, said or usual.
    pub port: u16,
    /// What the `Host` header says.
    pub authority: String,
    /// Path and query, which may hold a secret of the receiver's.
    #[debug(skip)]
    pub target: String,
}

impl WebhookUrl {
    /// A URL that may be a webhook's: `https`, or `http` where it is allowed, without a login, and not at an address that is
    /// refused. What a name resolves to is looked at when events are sent.
    #[must_use]
    pub fn parse(text: &str, allow_http: bool, guard: &AddressGuard) -> Option<Self> {
        if text.len() > URL_MAX || text.contains(['#', '@', '\\']) || !text.is_ascii() {
            return None;
        }
        let url = Self(text.to_owned());
        let endpoint = url.endpoint()?;
        let is_refused = matches!(endpoint.host, Host::Address(address) if !guard.lets_through(address));
        ((endpoint.is_tls || allow_http) && !is_refused).then_some(url)
    }

    /// Takes one as it is stored.
    #[must_use]
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its parts; `None` for what is no URL of HTTP.
    #[must_use]
    pub fn endpoint(&self) -> Option<Endpoint> {
        let uri: http::Uri = self.0.parse().ok()?;
        let is_tls = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
        let bare = authority.host().trim_matches(['[', ']']);
        let host = match bare.parse() {
            Ok(address) => Host::Address(address),
            Err(_) if bare.is_empty() || bare.contains(':') => return None,
            Err(_) => Host::Name(bare.to_owned()),
        };
        let has_port = authority.as_str().len() > authority.host().len();
        let port = match authority.port_u16() {
            Some(port) if port > 0 => port,
            None if !has_port => {
                if is_tls {
                    443
                } else {
                    80
                }
            }
            _ => return None,
        };
        // Written out, it has the slash that a query alone lacks.
        let target = uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
        Some(Endpoint { is_tls, host, port, authority: authority.as_str().to_owned(), target })
    }
}

impl std::fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookUrl(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<WebhookUrl> {
        WebhookUrl::parse(text, false, &AddressGuard::default())
    }

    #[test]
    fn a_url_is_taken_apart() {
        let endpoint = parse("https://hooks.example:8443/audit?key=1").unwrap().endpoint().unwrap();

        let expected = Endpoint {
            is_tls: true,
            host: Host::Name("hooks.example".to_owned()),
            port: 8443,
            authority: "hooks.example:8443".to_owned(),
            target: "/audit?key=1".to_owned(),
        };
        assert_eq!(endpoint, expected);
        let short = parse("https://hooks.example").unwrap().endpoint().unwrap();
        assert_eq!((short.port, short.target.as_str()), (443, "/"));
        let query = parse("https://hooks.example?key=1").unwrap().endpoint().unwrap();
        assert_eq!(query.target, "/?key=1");
        let six = parse("https://[2a00:1450::1]/x").unwrap().endpoint().unwrap();
        assert_eq!(six.host, Host::Address("2a00:1450::1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_https_url_of_a_stranger_is_refused() {
        let long = format!("https://hooks.example/{}", "x".repeat(URL_MAX));
        for wrong in [
            "",
            "hooks.example",
            "/audit",
            "http://hooks.example/",
            "ftp://hooks.example/",
            "https:///audit",
            "https://user:password@hooks.example/",
            "https://hooks.example/#part",
            "https://hooks.example:0/",
            "https://hooks.example:/",
            "https://hooks.example:99999/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/latest/meta-data",
            "https://höks.example/",
            "https://hooks.example/a b",
            &long,
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn plain_http_is_for_development_alone() {
        let parsed = WebhookUrl::parse("http://hooks.example/", true, &AddressGuard::default());

        assert_eq!(parsed.unwrap().endpoint().unwrap().port, 80);
    }
}
