//! E-mail addresses as mail servers take them: RFC 5321 with the UTF-8 local parts of RFC 6531.
//!
//! The domain is folded to lower-case A-labels, since DNS compares it so. The local part is kept
//! as written: only its own server knows whether case matters there. Quoted local parts, address
//! literals and single-label domains are refused: no provider hands them out, and each has been
//! used to smuggle one address past one parser as another.

use std::fmt;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

use super::InvalidAddress;

/// RFC 5321, 4.5.3.1.1.
const LOCAL_PART_OCTETS: usize = 64;
/// RFC 5321, 4.5.3.1.3 gives a path 256 octets, two of which are its angle brackets.
const ADDRESS_OCTETS: usize = 254;

/// A mailbox, its domain in canonical form.
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
        if local.len() > LOCAL_PART_OCTETS {
            return Err(InvalidAddress::TooLong);
        }
        if !local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(may_stand_in_atom)) {
            return Err(InvalidAddress::Malformed);
        }
        let domain = canonical_domain(domain)?;
        if local.len() + 1 + domain.len() > ADDRESS_OCTETS {
            return Err(InvalidAddress::TooLong);
        }
        Ok(Self { text: format!("{local}@{domain}"), at: local.len() })
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
        &self.text[self.at + 1..]
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

/// `atext` of RFC 5322 or a visible character beyond ASCII. Invisible and direction-changing ones
/// are refused: they make two addresses look like one.
fn may_stand_in_atom(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    }
    let invisible =
        matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}');
    let special = matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..);
    !(c.is_control() || c.is_whitespace() || invisible || special)
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
    fn sizes_are_those_of_rfc_5321() {
        let label = "d".repeat(63);
        let domain = format!("{label}.{label}.{}.de", "d".repeat(58));
        let local = "a".repeat(64);

        assert_eq!(local.len() + 1 + domain.len(), 254);
        assert!(parse(&format!("{local}@{domain}")).is_ok());
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
        for smuggled in
            ["a@b@example.com", "\"a\"@example.com", "a\r\nBcc: b@example.com", "a\u{202e}b@example.com"]
        {
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
