//! The password of a store, in a file beside a URL that names everything else.
//!
//! A URL stands in a settings document, in `config show` and in the backups of both; a password may stand in none of
//! them. So a store takes its password from `password_file`, and this room puts the two together, in memory only.

use std::path::Path;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};

use super::secret::{SecretFileError, secret_file};

/// Why a URL and a password do not go together. Neither is ever quoted.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The file does not read.
    #[error("password_file")]
    File(#[from] SecretFileError),
    /// Nothing that a password could stand in.
    #[error("the url takes no password")]
    NoUrl,
    /// Which of the two is right cannot be known.
    #[error("both the url and password_file hold a password")]
    Twice,
}

/// The URL with the password of the file, where a user may stand already; the URL itself if there is no file.
///
/// It is put before the first host, as RFC 3986 (3.2.1) has it, which is also where the Redis URLs with several hosts
/// expect it.
///
/// # Errors
/// A file that does not read, a URL that has no place for a password, or one that holds one.
pub fn url_with_password(url: &str, password_file: Option<&Path>) -> Result<SecretString, PasswordError> {
    match password_file {
        Some(file) => with_password(url, &secret_file(file)?),
        None => Ok(SecretString::from(url)),
    }
}

fn with_password(url: &str, password: &SecretString) -> Result<SecretString, PasswordError> {
    let (scheme, rest) = url.split_once("://").ok_or(PasswordError::NoUrl)?;
    let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    // Postgres takes one among its parameters, too.
    let is_password = |parameter: &str| parameter.split('=').next() == Some("password");
    let (user, hosts) = place.rsplit_once('@').unwrap_or(("", place));
    if user.contains(':') || parameters.split('&').any(is_password) {
        return Err(PasswordError::Twice);
    }
    let password = utf8_percent_encode(password.expose_secret(), NON_ALPHANUMERIC);
    let mark = if parameters.is_empty() { "" } else { "?" };
    Ok(SecretString::from(format!("{scheme}://{user}:{password}@{hosts}{mark}{parameters}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Beside a file that ends with a line, as `echo` writes it.
    fn joined(url: &str) -> Result<String, PasswordError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "p@s/s\n").unwrap();
        url_with_password(url, Some(&file)).map(|url| url.expose_secret().to_owned())
    }

    #[test]
    fn a_password_from_a_file_is_put_into_the_url() {
        let one = joined("redis://one:1/2").unwrap();
        let several = joined("redis-cluster://anna@one:1,two:2").unwrap();
        let database = joined("postgres://anna@db:5432/rekey?sslmode=require&options=a@b").unwrap();

        assert_eq!(one, "redis://:p%40s%2Fs@one:1/2");
        assert_eq!(several, "redis-cluster://anna:p%40s%2Fs@one:1,two:2");
        assert_eq!(database, "postgres://anna:p%40s%2Fs@db:5432/rekey?sslmode=require&options=a@b");
    }

    #[test]
    fn without_a_file_the_url_stays_as_it_is() {
        let url = url_with_password("postgres://anna:own@db/rekey", None).unwrap();

        assert_eq!(url.expose_secret(), "postgres://anna:own@db/rekey");
    }

    #[test]
    fn two_passwords_are_refused_and_neither_is_quoted() {
        for url in ["redis://:s3cr3t@one", "postgres://a:s3cr3t@db/x", "postgres://db/x?a=b&password=s3cr3t"]
        {
            let refused = joined(url).unwrap_err();

            assert!(matches!(refused, PasswordError::Twice), "{refused:?}");
            let said = format!("{refused} {refused:?}");
            assert!(!said.contains("s3cr3t") && !said.contains("p@s"), "{said}");
        }
    }

    #[test]
    fn what_is_no_url_takes_no_password() {
        assert!(matches!(joined("memory:"), Err(PasswordError::NoUrl)));
    }
}
