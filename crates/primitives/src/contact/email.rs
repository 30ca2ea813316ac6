//! E-mail addresses as mail servers take them: RFC 5321 with the UTF-8 local parts of RFC 6531.
//!
//! The domain is folded to lower-case A-labels, since DNS compares it so. The local part is kept as written, in NFC:
//! only its own server knows whether case matters there. To count and compare, every spelling of a mailbox has one
//! form, since hardly a server tells two people apart by case. Quoted local parts, address literals and single-label
//! domains are refused: no provider hands them out, and each has been used to smuggle one address past one parser as
//! another.

use std::fmt;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

use super::InvalidAddress;
use crate::login::{mapped, with_usual_width};
use crate::text::{is_mark, is_visible, nfc};

/// RFC 5321, 4.5.3.1.1.
const LOCAL_PART_OCTETS: usize = 64;
/// RFC 5321, 4.5.3.1.3 gives a path 256 octets, two of which are its angle brackets.
const ADDRESS_OCTETS: usize = 254;

/// A mailbox as mail goes to it, its domain in canonical form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress {
    text: String,
    at: usize,
}

impl EmailAddress {
    /// Reads `local@domain`; nothing around it is trimmed.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        // Bounds the work below. A domain can shrink on its way to A-labels (full-width letters take
        // three octets), so the exact size is judged at the end.
        if text.len() > 4 * ADDRESS_OCTETS {
            return Err(InvalidAddress::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidAddress::Malformed)?;
        let local = nfc(local);
        if local.len() > LOCAL_PART_OCTETS {
            return Err(InvalidAddress::TooLong);
        }
        if !local.split('.').all(is_atom) {
            return Err(InvalidAddress::Malformed);
        }
        let domain = canonical_domain(domain)?;
        if local.len() + 1 + domain.len() > ADDRESS_OCTETS {
            return Err(InvalidAddress::TooLong);
        }
        Ok(Self { text: format!("{local}@{domain}"), at: local.len() })
    }

    /// Takes an address that was stored, as it is.
    pub fn from_stored(text: String) -> Self {
        let at = text.rfind('@').unwrap_or(text.len());
        Self { text, at }
    }

    /// What all spellings of this mailbox share, to compare and count by: it is also the login of this address. Mail
    /// goes to the address as it was given.
    pub fn mailbox(&self) -> String {
        let local = mapped(self.local_part());
        format!("{}@{}", local.as_deref().unwrap_or(self.local_part()), self.domain())
    }

    /// The whole address, as it goes on an envelope.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands before the `@`, as written.
    pub fn local_part(&self) -> &str {
        &self.text[..self.at]
    }

    /// The domain in lower-case A-labels.
    pub fn domain(&self) -> &str {
        self.text.get(self.at + 1..).unwrap_or_default()
    }

    /// First characters in lower case and a fixed number of bullets: `a•••••@e•••••`.
    pub fn masked(&self) -> String {
        let first = |part: &str| part.chars().flat_map(char::to_lowercase).next().unwrap_or('•');
        format!("{}•••••@{}•••••", first(self.local_part()), first(self.domain()))
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// `atext` of RFC 5322 or visible characters beyond ASCII, of which marks need one to stand on. Invisible ones are
/// refused: they make two addresses look like one. A full-width form is judged as the usual one.
fn is_atom(text: &str) -> bool {
    let may_stand = |c: char| match with_usual_width(c) {
        c @ '\0'..='\u{7f}' => c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c),
        c => is_visible(c),
    };
    let stands_on_nothing = |c: char| is_mark(with_usual_width(c));
    !text.is_empty() && text.chars().all(may_stand) && !text.starts_with(stands_on_nothing)
}

/// Lower-case A-labels by UTS #46 with the rules of STD 3 and DNS lengths.
fn canonical_domain(domain: &str) -> Result<String, InvalidAddress> {
    let ascii = Uts46::new()
        .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
        .map_err(|_| InvalidAddress::BadDomain)?;
    // A last label of digits alone is an IPv4 address in disguise (RFC 3696, 2).
    match ascii.rsplit_once('.') {
        Some((_, last)) if !last.bytes().all(|byte| byte.is_ascii_digit()) => Ok(ascii.into_owned()),
        _ => Err(InvalidAddress::BadDomain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, InvalidAddress> {
        EmailAddress::parse(text).map(|address| address.as_str().to_owned())
    }

    #[test]
    fn the_domain_is_folded_and_the_local_part_kept() {
        assert_eq!(parse("Anna.Meier+x@EXAMPLE.Com"), Ok("Anna.Meier+x@example.com".to_owned()));
        assert_eq!(parse("müller@Bücher.example"), Ok("müller@xn--bcher-kva.example".to_owned()));
        assert_eq!(parse("a@bücher。example"), Ok("a@xn--bcher-kva.example".to_owned()));
    }

    #[test]
    fn spellings_of_one_mailbox_share_one_form_and_stay_as_they_were_given() {
        let [given, other] = ["Jürgen.Σ@Bücher.example", "ju\u{308}RGEN.ς@xn--bcher-kva.example"]
            .map(|text| EmailAddress::parse(text).unwrap());

        assert_eq!(given.as_str(), "Jürgen.Σ@xn--bcher-kva.example");
        assert_eq!(given.mailbox(), "jürgen.σ@xn--bcher-kva.example");
        assert_eq!(given.mailbox(), other.mailbox());
        assert_ne!(given, other);
    }

    #[test]
    fn what_was_stored_is_not_judged_again() {
        for odd in ["no address", "a@b", "", "a\u{378}@example.com", "@"] {
            let stored = EmailAddress::from_stored(odd.to_owned());

            assert_eq!(stored.as_str(), odd);
            assert_eq!(stored.masked().chars().count(), 13, "{odd}");
        }
    }

    #[test]
    fn sizes_are_those_of_rfc_5321() {
        let label = "d".repeat(63);
        let domain = format!("{label}.{label}.{}.de", "d".repeat(58));
        let local = "a".repeat(64);

        assert_eq!(local.len() + 1 + domain.len(), 254);
        assert!(parse(&format!("{local}@{domain}")).is_ok());
        assert!(parse(&format!("{}@example.com", "u\u{308}".repeat(32))).is_ok());
        assert_eq!(parse(&format!("{local}a@example.com")), Err(InvalidAddress::TooLong));
        assert_eq!(parse(&format!("{local}@d.{domain}")), Err(InvalidAddress::TooLong));
        assert_eq!(parse(&format!("a@{label}d.de")), Err(InvalidAddress::BadDomain));
        assert_eq!(parse(&"a@".repeat(5_000)), Err(InvalidAddress::TooLong));
    }

    #[test]
    fn what_is_no_mailbox_is_refused() {
        for wrong in
            ["", "@", "anna", "@example.com", ".a@example.com", "a..b@example.com", "a b@example.com"]
        {
            assert_eq!(parse(wrong), Err(InvalidAddress::Malformed), "{wrong}");
        }
        for smuggled in [
            "a@b@example.com",
            "\"a\"@example.com",
            "a\r\nBcc: b@example.com",
            "a\u{202e}b@example.com",
            "\u{301}a@example.com",
            "a\u{378}@example.com",
            "a\u{e000}@example.com",
            "a\u{fe0f}@example.com",
        ] {
            assert_eq!(parse(smuggled), Err(InvalidAddress::Malformed), "{smuggled:?}");
        }
    }

    #[test]
    fn what_is_no_full_domain_name_is_refused() {
        for wrong in [
            "localhost",
            "[192.0.2.1]",
            "192.0.2.1",
            "a..de",
            "-a.de",
            "a_b.de",
            "example.com.",
            "a b.de",
            "",
        ] {
            assert_eq!(parse(&format!("anna@{wrong}")), Err(InvalidAddress::BadDomain), "{wrong}");
        }
    }

    #[test]
    fn a_mask_has_the_same_length_whatever_the_address() {
        let addresses = ["A@b.de", "alexandra.von.humboldt@a-long-provider.example.org", "ü@bücher.example"];

        let masks = addresses.map(|text| EmailAddress::parse(text).unwrap().masked());

        assert_eq!(masks, ["a•••••@b•••••", "a•••••@a•••••", "ü•••••@x•••••"]);
        assert!(masks.iter().all(|mask| mask.chars().count() == 13));
    }
}
