//! The organisation that a person belongs to, and how they name it.

use rekey_primitives::colour::Colour;
use rekey_primitives::id::TenantId;
use serde::{Deserialize, Serialize};

use super::Palette;

/// An organisation, as far as its pages show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Organisation {
    pub(crate) tenant: TenantId,
    /// The name that people read.
    pub(crate) name: String,
    /// Where help is found instead of with our form; empty where there is none.
    pub(crate) help_url: String,
    pub(crate) look: Look,
}

/// How an organisation's pages look; what is missing, they have of the portal itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Look {
    pub(crate) accent: Option<Colour>,
    /// What tells its logo from earlier ones.
    pub(crate) logo: Option<String>,
}

impl Look {
    /// Digits of a digest that tell one logo from another.
    const DIGITS: usize = 16;

    /// Takes what identity says, as far as it can be shown.
    pub(crate) fn of(accent: &str, logo_digest: &str) -> Self {
        let accent = Colour::parse(accent).ok().filter(|accent| Palette::of(*accent).is_some());
        let is_digest = !logo_digest.is_empty() && logo_digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        let logo = is_digest.then(|| logo_digest.chars().take(Self::DIGITS).collect());
        Self { accent, logo }
    }
}

/// How somebody names an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OrganisationKey {
    Handle(String),
    /// The mail domain.
    Domain(String),
    Tenant(TenantId),
}

impl OrganisationKey {
    /// The longest domain there is (RFC 1035).
    const LONGEST: usize = 253;

    /// Reads what a person typed: an address or what stands behind its `@`, or the short name of the organisation.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let named = text.rsplit_once('@').map_or(text, |(_, domain)| domain).to_lowercase();
        let is_blank = |c: char| c.is_whitespace() || c.is_control();
        if named.is_empty() || named.len() > Self::LONGEST || named.contains(is_blank) {
            return None;
        }
        Some(if named.contains('.') || text.contains('@') {
            Self::Domain(named)
        } else {
            Self::Handle(named)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_holds_what_can_be_shown() {
        let whole = Look::of("#0b57a4", &"ab".repeat(32));
        let wrong = Look::of("#777777", "\"><script>");

        assert_eq!(whole.accent, Colour::parse("#0b57a4").ok());
        assert_eq!(whole.logo.as_deref(), Some("abababababababab"));
        assert_eq!([wrong, Look::of("", "")], [Look::default(), Look::default()]);
    }

    #[test]
    fn an_organisation_is_named_by_handle_domain_or_address() {
        let domain = Some(OrganisationKey::Domain("acme.example".to_owned()));

        assert_eq!(OrganisationKey::parse(" Acme "), Some(OrganisationKey::Handle("acme".to_owned())));
        assert_eq!(OrganisationKey::parse("Acme.Example"), domain);
        assert_eq!(OrganisationKey::parse("zoe@acme.example"), domain);
        for wrong in ["", "  ", "zoe@", "two words", &"x".repeat(254)] {
            assert_eq!(OrganisationKey::parse(wrong), None, "{wrong}");
        }
    }
}
