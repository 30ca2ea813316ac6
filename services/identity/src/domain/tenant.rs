//! A tenant: one organisation, its name in addresses and the domains people know it by.
//!
//! A [`Handle`] is the short name in commands, links and file names, so it is held to the shape of one DNS
//! label. A [`DomainName`] is kept in the canonical form of the domain of an e-mail address.

use std::fmt;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::EmailAddress;
use rekey_primitives::id::TenantId;
use rekey_primitives::text::character_count;
use rekey_primitives::text::shown::shown_line;

use super::region::Region;

/// Longest display name of a tenant or an account, in characters: fits one line of a mail's subject.
pub(crate) const DISPLAY_NAME_MAX: usize = 128;

/// Most domains of one tenant. `LookupTenant` matches against all of them, and a page shows them all.
pub(crate) const DOMAINS_MAX: usize = 100;

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tenant {
    /// Leads every primary key of the tenant's data.
    pub id: TenantId,
    /// The short name, unique in the suite.
    pub handle: Handle,
    /// The name people read in mails and pages; part of the organisation's banned words.
    pub display_name: String,
    /// Domains by which `LookupTenant` finds the tenant; each belongs to one tenant only.
    pub domains: Vec<DomainName>,
    /// Seats for self-service reset; `None` means as many as there are accounts.
    pub licensed_accounts: Option<u32>,
    /// Where help requests go instead of to administrators.
    pub help_mailbox: Option<EmailAddress>,
    /// A page shown instead of the form for a help request.
    pub help_url: Option<HelpUrl>,
    /// The region whose database has its people; `None`: wherever it is. It never changes.
    pub home_region: Option<Region>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// When it was deleted, softly; a deleted tenant exists for nobody but the restore.
    pub deleted_at: Option<Timestamp>,
    /// Raised by every change; the etag shown to callers is made of it.
    pub version: i64,
}

/// A tenant's short name: 2 to 63 of `a-z`, `0-9` and inner `-`, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Handle(String);

/// A DNS name, lower-case, in A-labels.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct DomainName(String);

/// An `https` address of at most 2,048 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HelpUrl(String);

/// A text that is not what its type promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {what}")]
pub(crate) struct InvalidText {
    /// What was expected, in the words of the API.
    pub what: &'static str,
}

impl Handle {
    /// Reads a handle; upper case is refused rather than folded, so that one tenant has one spelling.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidText> {
        let bytes = text.as_bytes();
        let shaped = (2..=63).contains(&bytes.len())
            && bytes[0].is_ascii_lowercase()
            && bytes[bytes.len() - 1] != b'-'
            && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
            && !text.contains("--");
        if shaped { Ok(Self(text.to_owned())) } else { Err(InvalidText { what: "handle" }) }
    }

    /// Takes a handle that was stored, as it is.
    pub(crate) const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The handle as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl DomainName {
    /// Reads a domain by the rules for the domain of an e-mail address, so both compare byte by byte.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidText> {
        let invalid = InvalidText { what: "domain" };
        if text.contains('@') || !text.contains('.') {
            return Err(invalid);
        }
        let address = EmailAddress::parse(&format!("a@{text}")).map_err(|_| invalid)?;
        Ok(Self(address.domain().to_owned()))
    }

    /// Takes a domain that was stored, as it is.
    pub(crate) const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The domain as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl HelpUrl {
    /// Reads an address; only `https` with a host is taken, since it ends up as a link on a page.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidText> {
        let host = text.strip_prefix("https://").map(|rest| rest.split(['/', '?', '#']).next().unwrap_or(""));
        let clean =
            text.len() <= 2048 && text.chars().all(|c| c.is_ascii_graphic() && !"\"<>\\^`{|}".contains(c));
        match host {
            Some(host) if clean && !host.is_empty() && !host.contains('@') => Ok(Self(text.to_owned())),
            _ => Err(InvalidText { what: "help url" }),
        }
    }

    /// The address as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name fit to be shown: 1 to [`DISPLAY_NAME_MAX`] characters, by the rules of [`shown_line`]. The error is what such a
/// name must be.
pub(crate) fn display_name(text: &str) -> Result<(), &'static str> {
    if !(1..=DISPLAY_NAME_MAX).contains(&character_count(text)) {
        return Err("1 to 128 characters");
    }
    shown_line(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_one_lower_case_label() {
        for good in ["ab", "acme", "acme-2", "a1"] {
            assert!(Handle::parse(good).is_ok(), "{good}");
        }

        for bad in ["", "a", "Acme", "-acme", "acme-", "ac--me", "2acme", "ac me", "äcme", &"a".repeat(64)] {
            assert!(Handle::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_domain_has_one_spelling() {
        let domain = DomainName::parse("Example.COM").unwrap();

        assert_eq!(domain.as_str(), "example.com");
        assert!(DomainName::parse("localhost").is_err());
        assert!(DomainName::parse("a@b.example").is_err());
    }

    #[test]
    fn a_help_link_is_https_and_names_its_host_plainly() {
        assert!(HelpUrl::parse("https://help.example.com/reset?x=1").is_ok());

        for bad in
            ["http://help.example.com", "https://", "https://a@b.example/", "javascript:x", "https://a\" b"]
        {
            assert!(HelpUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_display_name_is_short_and_plain() {
        for good in [
            "Zoë Ünal",
            "Booking.com B.V.",
            "می\u{200c}خواهم",
            "Ana \u{2764}\u{fe0f}",
            &"u\u{308}".repeat(128),
        ] {
            assert_eq!(display_name(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn a_refused_display_name_is_told_what_it_must_be() {
        let must_be = |text: &str| display_name(text).unwrap_err();

        for (bad, says) in [
            ("", "1 to 128 characters"),
            (&*"x".repeat(129), "1 to 128 characters"),
            (" padded", "without blanks"),
            ("two\nlines", "without line breaks"),
            ("two\u{2028}lines", "without line breaks"),
            ("An\u{200b}na", "characters that do not show"),
            ("Anna\u{202e}", "characters that do not show"),
            ("Acme (https://acme.example)", "`://`"),
            ("Acme evil.xn--p1ai", "`xn--`"),
            ("Acme evil[.]example", "without a link"),
            ("Acme 192.0.2.7", "without a link"),
        ] {
            assert!(must_be(bad).contains(says), "{bad:?}: {}", must_be(bad));
        }
    }
}
