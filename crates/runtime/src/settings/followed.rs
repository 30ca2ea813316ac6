//! A secret in a file that may change under a running process, such as a password or a key that signs.

use std::fmt::{self, Debug, Formatter};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret as _, SecretString};

use super::secret::{SecretFileError, secret_file};

/// Makes of a file's text what it is used as, or says what the text should have been. Never quotes it.
pub type ParseSecret<T> = fn(&SecretString) -> Result<T, &'static str>;

/// A file and the last good secret in it.
pub struct FollowedSecret<T> {
    path: PathBuf,
    parse: ParseSecret<T>,
    /// As it stood in the file, and parsed.
    last: Mutex<(SecretString, Arc<T>)>,
}

impl<T> FollowedSecret<T> {
    /// Reads it for the first time.
    ///
    /// # Errors
    /// A missing, unreadable or empty file, or one that holds something else.
    pub fn open(path: &Path, parse: ParseSecret<T>) -> Result<Self, SecretFileError> {
        let last = Mutex::new(parsed(path, parse, secret_file(path)?)?);
        Ok(Self { path: path.to_owned(), parse, last })
    }

    /// What stands in it now. Where that is nothing, or does not read, the last one stays.
    pub fn read(&self) -> Arc<T> {
        let found = secret_file(&self.path);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = match found {
            Ok(text) if text.expose_secret() == last.0.expose_secret() => return Arc::clone(&last.1),
            Ok(text) => parsed(&self.path, self.parse, text),
            Err(error) => Err(error),
        };
        match taken {
            Ok(taken) => {
                tracing::info!(file = %self.path.display(), "secret read from its file");
                *last = taken;
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, file = %self.path.display(), "secret not read again; the old stays");
            }
        }
        Arc::clone(&last.1)
    }
}

fn parsed<T>(
    path: &Path,
    parse: ParseSecret<T>,
    text: SecretString,
) -> Result<(SecretString, Arc<T>), SecretFileError> {
    match parse(&text) {
        Ok(secret) => Ok((text, Arc::new(secret))),
        Err(why) => Err(SecretFileError::Unfit { path: path.to_owned(), why }),
    }
}

impl<T> Debug for FollowedSecret<T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("FollowedSecret").field("path", &self.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &SecretString) -> Result<u32, &'static str> {
        text.expose_secret().parse().map_err(|_| "no number")
    }

    #[test]
    fn a_new_secret_is_taken_and_what_is_none_leaves_the_last_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        std::fs::write(&path, "1\n").unwrap();
        let file = FollowedSecret::open(&path, number).unwrap();
        let read_after = |text: &str| {
            std::fs::write(&path, text).unwrap();
            *file.read()
        };

        assert_eq!(["2", "2\n", "", "\n", "s3cr3t"].map(read_after), [2; 5]);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(*file.read(), 2);
    }

    #[test]
    fn what_does_not_read_is_refused_at_first_and_quoted_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("number");
        let open = || FollowedSecret::open(&path, number);

        assert!(matches!(open(), Err(SecretFileError::Unreadable { .. })));
        std::fs::write(&path, "\n").unwrap();
        assert!(matches!(open(), Err(SecretFileError::Empty { .. })));
        std::fs::write(&path, "s3cr3t").unwrap();
        let refused = open().unwrap_err();
        assert_eq!(refused.to_string(), format!("the secret file {}: no number", path.display()));
    }
}
