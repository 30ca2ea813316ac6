//! The name a person types at sign-in, in the one form that two spellings of it share.
//!
//! A name is folded by the UsernameCaseMapped profile of RFC 8265. A login with an `@` is an
//! e-mail address: its domain goes to lower-case A-labels and its local part through the same
//! profile, because at sign-in `Anna@example.com` and `anna@example.com` are one person. (As a
//! destination the local part stays as written, see [`crate::contact::EmailAddress`].)

use std::fmt;

use precis_profiles::UsernameCaseMapped;
use precis_profiles::precis_core::profile::PrecisFastInvocation;

use crate::contact::EmailAddress;

/// Longest login, in octets, as typed and as kept.
const OCTETS: usize = 256;

/// The text is not a login. The error says no more: what was typed may be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a login")]
pub struct InvalidLogin;

/// A login in canonical form; equal exactly when two spellings name the same person.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Login(String);

impl Login {
    /// Reads a login of 1 to 256 octets; nothing around it is trimmed.
    pub fn parse(text: &str) -> Result<Self, InvalidLogin> {
        if text.is_empty() || text.len() > OCTETS {
            return Err(InvalidLogin);
        }
        // A full-width `＠` becomes `@` in the profile, so fold first and look then.
        let folded = UsernameCaseMapped::enforce(text).map_err(|_| InvalidLogin)?;
        let canonical = if folded.contains('@') {
            EmailAddress::parse(&folded).map_err(|_| InvalidLogin)?.as_str().to_owned()
        } else {
            folded.into_owned()
        };
        if canonical.len() > OCTETS { Err(InvalidLogin) } else { Ok(Self(canonical)) }
    }

    /// The canonical form: what is stored, hashed and compared.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, InvalidLogin> {
        Login::parse(text).map(|login| login.as_str().to_owned())
    }

    #[test]
    fn spellings_of_one_name_are_one_login() {
        for spelling in ["jürgen", "JÜRGEN", "ju\u{308}rgen", "ｊürgen"] {
            assert_eq!(parse(spelling), Ok("jürgen".to_owned()), "{spelling}");
        }
    }

    #[test]
    fn spellings_of_one_address_are_one_login() {
        for spelling in [
            "anna@bücher.example",
            "Anna@BÜCHER.example",
            "anna@xn--bcher-kva.example",
            "anna＠bücher.example",
        ] {
            assert_eq!(parse(spelling), Ok("anna@xn--bcher-kva.example".to_owned()), "{spelling}");
        }
    }

    #[test]
    fn look_alikes_stay_apart() {
        assert_ne!(parse("scope"), parse("ѕсоре"));
    }

    #[test]
    fn spaces_controls_and_half_addresses_are_no_logins() {
        for wrong in [
            "",
            " ",
            "anna meier",
            "anna\n",
            "anna@",
            "@example.com",
            "a@b",
            "a@b@example.com",
            "\u{202e}anna",
        ] {
            assert_eq!(parse(wrong), Err(InvalidLogin), "{wrong:?}");
        }
    }

    #[test]
    fn a_login_has_at_most_256_octets() {
        assert!(parse(&"a".repeat(256)).is_ok());
        assert_eq!(parse(&"a".repeat(257)), Err(InvalidLogin));
    }

    #[test]
    fn reading_a_canonical_form_changes_nothing() {
        for text in ["Ångström", "Anna@Example.COM", "ΣΊΣΥΦΟΣ", "o'neil"] {
            let once = parse(text).unwrap();

            assert_eq!(parse(&once), Ok(once.clone()));
        }
    }

    #[test]
    fn debug_shows_no_login() {
        assert_eq!(format!("{:?}", Login::parse("anna").unwrap()), "Login([redacted])");
    }
}
