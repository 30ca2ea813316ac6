//! The policies file as it is followed: read at the start, and again when it changes.
//!
//! A file that does not read, or names nothing any more, keeps the policies that were good: a typing error must not lift a limit
//! or let a blocked number in.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rekey_sealing::digest;

use crate::codes::policies::CurrentPolicies;
use crate::config::{InvalidPolicies, parse_policies};

/// The most that is read: the most entries there may be, of 300 bytes each.
const MOST_BYTES: u64 = 32 * 1024 * 1024;

/// Why policies were not taken. Nothing of the file is quoted that may be an address.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PolicyFileError {
    #[error("cannot read the policies file {}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("the policies file {} is larger than 32 MiB", path.display())]
    TooLarge { path: PathBuf },
    #[error("the policies file {} is wrong", path.display())]
    Invalid { path: PathBuf, source: InvalidPolicies },
    /// More likely half written than meant.
    #[error("the policies file {} names nothing any more", path.display())]
    Emptied { path: PathBuf },
}

/// A file and the policies made of it.
#[derive(Debug)]
pub(crate) struct PolicyFile {
    path: PathBuf,
    current: CurrentPolicies,
    /// A digest of what was taken last: the addresses themselves are held once, in maps.
    taken: Mutex<[u8; 32]>,
}

impl PolicyFile {
    /// Reads it for the first time.
    pub(crate) fn open(path: &Path) -> Result<Self, PolicyFileError> {
        let file =
            Self { path: path.to_owned(), current: CurrentPolicies::default(), taken: Mutex::default() };
        if !file.reload()? {
            tracing::warn!(file = %path.display(), "the policies file names nothing");
        }
        Ok(file)
    }

    /// What operations go by, now and later.
    pub(crate) fn policies(&self) -> CurrentPolicies {
        self.current.clone()
    }

    /// Reads it again; whether anything changed. On an error the policies stay as they are.
    pub(crate) fn reload(&self) -> Result<bool, PolicyFileError> {
        let text = self.read()?;
        let found = digest(&[text.as_bytes()]);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if *taken == found {
            return Ok(false);
        }
        let path = || self.path.clone();
        let read =
            parse_policies(&text).map_err(|source| PolicyFileError::Invalid { path: path(), source })?;
        let (policies, destinations) = read.counts();
        if policies + destinations == 0 {
            let was_empty = self.current.get().counts() == (0, 0);
            return if was_empty { Ok(false) } else { Err(PolicyFileError::Emptied { path: path() }) };
        }
        self.current.replace(read);
        *taken = found;
        tracing::info!(policies, destinations, file = %self.path.display(), "policies taken");
        Ok(true)
    }

    fn read(&self) -> Result<String, PolicyFileError> {
        let unreadable = |source| PolicyFileError::Unreadable { path: self.path.clone(), source };
        if std::fs::metadata(&self.path).map_err(unreadable)?.len() > MOST_BYTES {
            return Err(PolicyFileError::TooLarge { path: self.path.clone() });
        }
        std::fs::read_to_string(&self.path).map_err(unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "[[policy]]\npurpose = \"payment\"\ncode = { tries = 3 }\n";
    const LISTED: &str = "[[destination]]\nmatch = \"anna@example.com\"\naction = \"block\"\n";

    struct Written {
        file: PolicyFile,
        _folder: tempfile::TempDir,
    }

    fn written(text: &str) -> Written {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policies.toml");
        std::fs::write(&path, text).unwrap();
        Written { file: PolicyFile::open(&path).unwrap(), _folder: folder }
    }

    impl Written {
        fn rewrite(&self, text: &str) -> Result<bool, String> {
            std::fs::write(&self.file.path, text).unwrap();
            self.file.reload().map_err(|error| format!("{:#}", anyhow::Error::new(error)))
        }

        fn counts(&self) -> (usize, usize) {
            self.file.policies().get().counts()
        }
    }

    #[test]
    fn a_file_that_changed_is_taken_and_one_that_did_not_is_left_alone() {
        let written = written(POLICY);
        let shared = written.file.policies();

        let same = written.rewrite(POLICY);
        let both = written.rewrite(&format!("{POLICY}{LISTED}"));

        assert_eq!((same, both), (Ok(false), Ok(true)));
        assert_eq!(shared.get().counts(), (1, 1), "whoever has them sees the new ones");
    }

    #[test]
    fn a_broken_or_empty_or_missing_file_never_replaces_a_good_one() {
        let written = written(&format!("{POLICY}{LISTED}"));

        let broken = written.rewrite(&format!("{LISTED}{POLICY}tenant = anna@example.com")).unwrap_err();
        let emptied = [written.rewrite(""), written.rewrite("# anna@example.com\n")];
        let wrong = written.rewrite(&LISTED.replace("anna@example.com", "anna")).unwrap_err();
        std::fs::remove_file(&written.file.path).unwrap();
        let missing = written.file.reload();

        assert!(broken.contains("line 7 is not TOML") && !broken.contains("anna"), "{broken}");
        assert!(emptied.iter().all(|one| one.as_ref().is_err_and(|why| why.contains("names nothing"))));
        assert!(wrong.contains("[[destination]] number 1") && !wrong.contains("anna"), "{wrong}");
        assert!(matches!(missing, Err(PolicyFileError::Unreadable { .. })));
        assert_eq!(written.counts(), (1, 1));
    }

    #[test]
    fn a_file_that_is_empty_at_first_is_filled_later() {
        let written = written("");

        let filled = written.rewrite(LISTED);

        assert_eq!((filled, written.counts()), (Ok(true), (0, 1)));
    }

    #[test]
    fn a_start_refuses_a_broken_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policies.toml");
        std::fs::write(&path, "[[policy]]\npurpose = \"payment\"\ncode = { tries = 11 }\n").unwrap();

        let refused = anyhow::Error::new(PolicyFile::open(&path).unwrap_err());

        assert!(format!("{refused:#}").ends_with("`code.tries` is 11; it must be 1 to 10"), "{refused:#}");
    }
}
