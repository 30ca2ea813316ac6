//! The password of a relay or a gateway, in a file that may change under a running process.

use std::path::Path;

use secrecy::SecretString;

use crate::settings::{FollowedSecret, SecretFileError};

/// A file and the last password that was good in it.
#[derive(Debug)]
pub struct PasswordFile(FollowedSecret<SecretString>);

impl PasswordFile {
    /// Reads it for the first time.
    ///
    /// # Errors
    /// A missing, unreadable or empty file.
    pub fn open(path: &Path) -> Result<Self, SecretFileError> {
        Ok(Self(FollowedSecret::open(path, |text| Ok(text.clone()))?))
    }

    /// What stands in it now. Where that is nothing, or does not read, the last one stays.
    pub fn read(&self) -> SecretString {
        SecretString::clone(&self.0.read())
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

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
