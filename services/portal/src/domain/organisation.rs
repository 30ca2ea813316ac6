//! The organisation that a person belongs to, and how they name it.

use rekey_primitives::id::TenantId;
use serde::{Deserialize, Serialize};

/// An organisation, as far as its pages show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Organisation {
    pub(crate) tenant: TenantId,
    /// The name that people read.
    pub(crate) name: String,
    /// Where help is found instead of with our form; empty where there is none.
    pub(crate) help_url: String,
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
