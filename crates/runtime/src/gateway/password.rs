//! The password of a relay or a gateway, in a file that may change under a running process.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use secrecy::{ExposeSecret as _, SecretString};

use crate::settings::{SecretFileError, secret_file};

/// A file and the last password that was good in it.
#[derive(Debug)]
pub struct PasswordFile {
    path: PathBuf,
    last: Mutex<SecretString>,
}

impl PasswordFile {
    /// Reads it for the first time.
    ///
    /// # Errors
    /// A missing, unreadable or empty file.
    pub fn open(path: &Path) -> Result<Self, SecretFileError> {
        Ok(Self { path: path.to_owned(), last: Mutex::new(secret_file(path)?) })
    }

    /// What stands in it now. Where that is nothing, or does not read, the last one stays.
    pub fn read(&self) -> SecretString {
        let found = secret_file(&self.path);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Ok(found) if found.expose_secret() == last.expose_secret() => {}
            Ok(found) => {
                tracing::info!(file = %self.path.display(), "password read from its file");
                *last = found;
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, file = %self.path.display(), "password not read again; the old stays");
            }
        }
        last.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_password_is_taken_and_an_empty_or_missing_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        std::fs::write(&path, "first\n").unwrap();
        let file = PasswordFile::open(&path).unwrap();
        let read_after = |text: &str| {
            std::fs::write(&path, text).unwrap();
            file.read().expose_secret().to_owned()
        };

        assert_eq!(["second", "", "\n"].map(read_after), ["second", "second", "second"]);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(file.read().expose_secret(), "second");
    }
}
