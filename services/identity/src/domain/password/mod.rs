//! Passwords: what one is, what it must be, when it grows old.
//!
//! [`Password`] is a secret in one normal form; nothing here prints or keeps it. [`rules`] judges a candidate
//! by the tenant's rules and says which *kind* of rule it breaks, never the word it found. [`words`] finds
//! the words, [`expiry`] tells the age, [`speakable`] makes one that can be read out. Hashing is the `hashing` room's.

pub(crate) mod expiry;
pub(crate) mod rules;
pub(crate) mod speakable;
pub(crate) mod words;

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

pub(crate) use rules::{Broken, Verdict, evaluate};

/// What a person typed as a password, in Unicode's NFC as NIST SP 800-63B-4 section 3.1.1.2 asks, so that
/// the same keys on another keyboard give the same bytes. Nothing is trimmed or cut.
#[derive(Clone)]
pub(crate) struct Password(SecretString);

impl Password {
    /// Takes what was typed.
    pub(crate) fn typed(text: &SecretString) -> Self {
        let mut normal = String::with_capacity(text.expose_secret().len() + 16);
        normal.extend(text.expose_secret().nfc());
        Self(SecretString::from(normal))
    }

    /// Its length in code points, each of which counts as one character.
    pub(crate) fn length(&self) -> usize {
        self.0.expose_secret().chars().count()
    }

    /// The text, for the rules.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The secret, for hashing.
    pub(crate) fn secret(&self) -> &SecretString {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests;
