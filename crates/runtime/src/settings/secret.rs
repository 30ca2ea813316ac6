//! Secrets stand in files, so that they never pass through a settings document, a process list or a shell.
//!
//! Where a platform hands out secrets as environment variables only, `env:NAME` in place of a path reads one.

use std::path::{Path, PathBuf};

use secrecy::SecretString;

/// A secret's file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// Missing, not readable, or not UTF-8.
    #[error("cannot read the secret file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The variable of an `env:NAME` is not set, or not UTF-8.
    #[error("the environment variable {0} holds no secret")]
    NoVariable(String),
    /// It holds something else than is needed.
    #[error("the secret file {}: {why}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// What it should have held, or does not.
        why: &'static str,
    },
    /// Nothing but white space: more likely a failed mount than an empty secret.
    #[error("the secret file {} is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// In place of a path: the rest names an environment variable.
const VARIABLE: &str = "env:";

/// Reads a secret from a file, or from the variable of an `env:NAME`, without the line ends that editors and `echo`
/// append.
///
/// # Errors
/// A missing, unreadable or empty file.
pub fn secret_file(path: impl AsRef<Path>) -> Result<SecretString, SecretFileError> {
    let path = path.as_ref();
    let text = zeroize::Zeroizing::new(match variable_name(path) {
        Some(name) => variable(name)?,
        None => std::fs::read_to_string(path)
            .map_err(|source| SecretFileError::Unreadable { path: path.to_owned(), source })?,
    });
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.trim().is_empty() {
        return Err(SecretFileError::Empty { path: path.to_owned() });
    }
    Ok(SecretString::from(secret))
}

/// Whether a setting names a variable in place of a file.
pub fn is_variable(path: impl AsRef<Path>) -> bool {
    variable_name(path.as_ref()).is_some()
}

fn variable_name(path: &Path) -> Option<&str> {
    path.to_str()?.strip_prefix(VARIABLE)
}

fn variable(name: &str) -> Result<String, SecretFileError> {
    #[expect(clippy::disallowed_methods, reason = "this is the room that reads the environment")]
    std::env::var(name).map_err(|_| SecretFileError::NoVariable(name.to_owned()))
}
