//! Who takes passkeys: a domain, and the pages under it.

use serde::Deserialize;

use crate::domain::passkey::RelyingParty;

/// `[identity.passkeys]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passkeys {
    /// The domain that passkeys belong to; empty where none are taken.
    pub relying_party_id: String,
    /// The origins of the pages and apps that may ask for them.
    pub origins: Vec<String>,
}

impl Passkeys {
    /// Who takes passkeys, if anybody does.
    pub(crate) fn relying_party(&self) -> Option<RelyingParty> {
        let Self { relying_party_id, origins } = self;
        let is_set = !relying_party_id.is_empty();
        is_set.then(|| RelyingParty { id: relying_party_id.clone(), origins: origins.clone() })
    }

    /// The first origin from which no browser would use a passkey of the domain, or that is none.
    pub(super) fn odd_origin(&self) -> Option<&String> {
        self.origins.iter().find(|origin| !is_within(origin, &self.relying_party_id))
    }
}

/// Whether a page of this origin may use passkeys of a domain (WebAuthn Level 3 section 5.1.3): over TLS, or on the machine
/// itself, under the domain. Apps of Android have origins of their own.
fn is_within(origin: &str, domain: &str) -> bool {
    if origin.starts_with("android:apk-key-hash:") {
        return true;
    }
    let (is_tls, rest) = match (origin.strip_prefix("https://"), origin.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return false,
    };
    let (host, port) = rest.split_once(':').unwrap_or((rest, "443"));
    let is_under = host == domain || host.strip_suffix(domain).is_some_and(|above| above.ends_with('.'));
    let is_here = host == "localhost" || host.ends_with(".localhost");
    is_under && (is_tls || is_here) && port.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::{Contradiction, Settings, for_tests};
    use super::*;

    #[test]
    fn passkeys_belong_to_a_domain_and_pages_under_it() {
        let with = |id: &str, origins: &[&str]| {
            let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
            let passkeys = Passkeys { relying_party_id: id.to_owned(), origins };
            Settings { passkeys, ..for_tests() }.check()
        };
        let odd = |origin: &str| Err(Contradiction::PasskeyOrigin(origin.to_owned()));

        assert_eq!(with("example.com", &["https://example.com", "https://id.example.com:8443"]), Ok(()));
        assert_eq!(with("localhost", &["http://localhost:3000"]), Ok(()));
        assert_eq!(with("example.com", &["android:apk-key-hash:abc"]), Ok(()));
        assert_eq!(with("example.com", &[]), Err(Contradiction::Passkeys));
        assert_eq!(with("", &["https://example.com"]), Err(Contradiction::Passkeys));
        for origin in ["https://evilexample.com", "http://example.com", "example.com", "https://example.com/"]
        {
            assert_eq!(with("example.com", &[origin]), odd(origin));
        }
    }
}
