//! The name a person types at sign-in, in the one form that all its spellings share.
//!
//! A login with an `@` is an e-mail address: its domain goes to lower-case A-labels, its local part is mapped as a
//! username is, because at sign-in `Anna@example.com` and `anna@example.com` are one person. (As a destination the local
//! part stays as written, see [`crate::contact::EmailAddress`].) Any other login is a username by RFC 8265. Blanks
//! around it, and whatever does not show, are dropped.
//!
//! [`Login::parse`] is stable: it reads its own result as itself. Rules and Unicode change all the same, so what is
//! stored is taken as it is and never judged again.

mod username;

use std::fmt;

use crate::contact::EmailAddress;
use crate::text::{character_count, is_blank, is_invisible};

pub(crate) use username::{mapped, with_usual_width};

/// Longest login, in characters.
pub const LOGIN_CHARACTERS: usize = 256;
/// Bounds the work on what is no login: room for any one of that length, however it was typed.
const TYPED_OCTETS: usize = 16 * LOGIN_CHARACTERS;

/// The text is not a login. The error says no more: what was typed may be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a login")]
pub struct InvalidLogin;

/// A login in canonical form; equal exactly when two spellings name the same person.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Login(String);

impl Login {
    /// Reads a login of 1 to 256 characters, or an e-mail address.
    pub fn parse(text: &str) -> Result<Self, InvalidLogin> {
        if text.len() > TYPED_OCTETS {
            return Err(InvalidLogin);
        }
        let text = text.trim_matches(is_blank).replace('\u{ff20}', "@");
        let canonical = match text.rsplit_once('@') {
            Some((local, domain)) => canonical_address(local, domain),
            None => mapped(&text).filter(|name| username::is_username(name)),
        };
        canonical.filter(|name| character_count(name) <= LOGIN_CHARACTERS).map(Self).ok_or(InvalidLogin)
    }

    /// Takes a canonical form that was stored, as it is.
    pub fn from_stored(canonical: String) -> Self {
        Self(canonical)
    }

    /// The canonical form: what is stored, hashed and compared.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The form in which beginnings of logins and of names are compared: that of a login, of whatever length, and be it none. `None`
/// for a text that has no form of rest.
pub fn search_form(text: &str) -> Option<String> {
    mapped(&text.trim_start_matches(is_blank).replace('\u{ff20}', "@"))
}

fn canonical_address(local: &str, domain: &str) -> Option<String> {
    // Joiners tell domain names apart; UTS #46 knows where they may stand.
    let shows = |c: &char| !is_invisible(*c) || matches!(c, '\u{200c}' | '\u{200d}');
    let domain: String = domain.chars().filter(shows).collect();
    let address = EmailAddress::parse(&format!("{}@{domain}", mapped(local)?)).ok()?;
    Some(address.as_str().to_owned())
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login([redacted])")
    }
}

#[cfg(test)]
mod tests;
