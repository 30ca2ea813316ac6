//! How a gateway is logged in to.

use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::header::{HeaderValue, InvalidHeaderValue};
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::PasswordFile;
use crate::settings::SecretFileError;

/// What the settings say of a login.
#[derive(Debug, Clone, Copy, Default)]
pub struct LoginFiles<'a> {
    /// The name of HTTP Basic authentication.
    pub username: Option<&'a str>,
    /// The file with its password.
    pub password_file: Option<&'a Path>,
    /// The file with a bearer token instead.
    pub token_file: Option<&'a Path>,
}

/// Settings that make no login. Nothing secret is quoted.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Which of the two is meant cannot be known.
    #[error("`token_file` and `password_file` are both set")]
    Both,
    /// A password without a name.
    #[error("`password_file` is set, but neither `username` nor `account`")]
    NoName,
    /// The file does not read.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// What stands in the file fits no header.
    #[error("the secret holds characters no header may")]
    NoHeader(#[from] InvalidHeaderValue),
}

/// A login. The secret is read again for each request, since it may be another one from tomorrow on.
#[derive(Debug)]
pub enum Login {
    /// None is asked for.
    Nobody,
    /// A bearer token.
    Bearer(PasswordFile),
    /// A name and a password.
    Basic(String, PasswordFile),
}

impl Login {
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// Settings that contradict each other, or a file that does not read.
    pub fn of(files: LoginFiles<'_>) -> Result<Self, LoginError> {
        let login = match (files.token_file, files.password_file) {
            (Some(_), Some(_)) => return Err(LoginError::Both),
            (Some(file), None) => Self::Bearer(PasswordFile::open(file)?),
            (None, Some(file)) => {
                let name = files.username.ok_or(LoginError::NoName)?;
                Self::Basic(name.to_owned(), PasswordFile::open(file)?)
            }
            (None, None) => Self::Nobody,
        };
        login.header()?;
        Ok(login)
    }

    /// The header of `Authorization`, if there is a login.
    ///
    /// # Errors
    /// A secret with characters that no header may have.
    pub fn header(&self) -> Result<Option<HeaderValue>, InvalidHeaderValue> {
        let text = match self {
            Self::Nobody => return Ok(None),
            Self::Bearer(token) => Zeroizing::new(format!("Bearer {}", token.read().expose_secret())),
            Self::Basic(name, password) => {
                let login = Zeroizing::new(format!("{name}:{}", password.read().expose_secret()));
                Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(login.as_bytes())))
            }
        };
        let mut value = HeaderValue::from_str(&text)?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_one_of_two_or_none_and_shows_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "s3cr3t\n").unwrap();
        let file = Some(file.as_path());
        let basic = LoginFiles { username: Some("AC1"), password_file: file, token_file: None };
        let header = |files| Login::of(files).unwrap().header().unwrap();

        let expected = format!("Basic {}", BASE64_STANDARD.encode("AC1:s3cr3t"));
        assert_eq!(header(basic).unwrap(), expected.as_str());
        assert_eq!(
            header(LoginFiles { token_file: file, ..LoginFiles::default() }).unwrap(),
            "Bearer s3cr3t"
        );
        assert_eq!(header(LoginFiles::default()), None);
        assert!(matches!(Login::of(LoginFiles { token_file: file, ..basic }), Err(LoginError::Both)));
        assert!(matches!(Login::of(LoginFiles { username: None, ..basic }), Err(LoginError::NoName)));
        assert!(!format!("{:?}", Login::of(basic).unwrap()).contains("s3cr3t"));
    }
}
