//! Secrets stand in files, so that they never pass through a settings document, a process list or a shell.

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
    /// Nothing but white space: more likely a failed mount than an empty secret.
    #[error("the secret file {} is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// Reads a secret, without the line ends that editors and `echo` leave behind.
///
/// # Errors
/// A missing, unreadable or empty file.
pub fn secret_file(path: impl AsRef<Path>) -> Result<SecretString, SecretFileError> {
    let path = path.as_ref();
    let text = zeroize::Zeroizing::new(
        std::fs::read_to_string(path)
            .map_err(|source| SecretFileError::Unreadable { path: path.to_owned(), source })?,
    );
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.trim().is_empty() {
        return Err(SecretFileError::Empty { path: path.to_owned() });
    }
    Ok(SecretString::from(secret))
}
