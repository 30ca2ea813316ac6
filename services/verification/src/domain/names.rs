//! What callers name things by, read once at the edge into types that cannot be wrong.
//!
//! Names are public and may stand in logs, except subjects: a caller may use an address as one.

use rekey_primitives::template::TemplateName;
use rekey_primitives::text::{breaks_line, character_count};

/// The longest organisation name a message shows, in characters.
pub(crate) const ORGANISATION_MAX: usize = 128;

/// A name that breaks the rule of its kind; the text is the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct InvalidName(pub(crate) &'static str);

/// What a code is for; it chooses the message's text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Purpose(String);

impl Purpose {
    /// Reads 1 to 40 of `a-z0-9_.-`.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidName> {
        let fits = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'.' | b'-')
        };
        if (1..=40).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName("must be 1 to 40 of a-z, 0-9, '_', '.' and '-'"))
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The template of the message.
    pub(crate) fn template(&self) -> TemplateName {
        TemplateName::of_purpose(&self.0)
    }
}

/// Whom a verification is about; its limits are per subject and caller.
#[derive(Clone, PartialEq, Eq, Hash, derive_more::Debug)]
#[debug("[subject]")]
pub(crate) struct Subject(String);

impl Subject {
    /// Reads 1 to 128 printable ASCII characters.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidName> {
        if is_printable(text, 128) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName("must be 1 to 128 printable ASCII characters"))
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a backend: the caller, or the audience of a grant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct CallerName(String);

impl CallerName {
    /// Reads 1 to 128 characters, none of them a control character.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidName> {
        if (1..=128).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName("must be 1 to 128 printable characters"))
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Bytes a grant is bound to, such as a digest of an amount and a payee. May be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Binding(Vec<u8>);

impl Binding {
    /// Takes at most 64 bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, InvalidName> {
        if bytes.len() <= 64 {
            Ok(Self(bytes.to_vec()))
        } else {
            Err(InvalidName("must be at most 64 bytes"))
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Whether notification puts this name into a message: it refuses breaks of lines and links, and then no code would go out.
pub(crate) fn is_organisation(text: &str) -> bool {
    character_count(text) <= ORGANISATION_MAX && !text.chars().any(breaks_line) && !text.contains("://")
}

/// Whether `text` is 1 to `max` characters from the space to the tilde.
fn is_printable(text: &str, max: usize) -> bool {
    (1..=max).contains(&text.len()) && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_break_their_rule_are_refused() {
        assert!(["", "Reset", "a b", &"a".repeat(41)].iter().all(|text| Purpose::parse(text).is_err()));
        assert!(["", "ä", "a\n", &"a".repeat(129)].iter().all(|text| Subject::parse(text).is_err()));
        assert!(Binding::parse(&[0; 65]).is_err());
        assert!(Binding::parse(&[0; 64]).is_ok());
    }

    #[test]
    fn an_organisation_is_what_a_message_can_show() {
        assert!(is_organisation("Acme") && is_organisation("") && is_organisation(&"x".repeat(128)));
        for odd in ["two\nlines", "two\u{2028}lines", "Acme (https://acme.example)", &"x".repeat(129)] {
            assert!(!is_organisation(odd), "{odd:?}");
        }
    }

    #[test]
    fn debug_shows_no_subject() {
        let subject = Subject::parse("anna@example.com").unwrap();

        assert_eq!(format!("{subject:?}"), "[subject]");
    }
}
