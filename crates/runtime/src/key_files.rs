//! Key files: read at the start, and again for as long as the process runs, so that a rotation restarts nothing.
//!
//! A text is taken as a whole or not at all: one that does not read, that has no active key or that lost the active one, and one
//! in which an id came to stand for another key leave the keys as they are.

use std::path::{Path, PathBuf};

use rekey_metrics::process::KEY_MADE;
use rekey_sealing::{HeldKey, KeyRing, KeyText, NotTaken};
use secrecy::{ExposeSecret as _, SecretString};

use crate::settings::{SecretFileError, secret_file};

/// Why the keys of a file are not had.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// No setting names it.
    #[error("[{part}.keys] {key}_file is not set")]
    NotSet {
        /// The part.
        part: &'static str,
        /// The kind of key.
        key: &'static str,
    },
    /// It does not read.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// What it holds may not take the place of what was held.
    #[error("these keys may not follow the ones before")]
    NotTaken(#[from] NotTaken),
}

/// The file of a kind of key.
#[derive(Debug, Clone)]
pub struct KeyFile {
    part: &'static str,
    key: &'static str,
    path: PathBuf,
}

impl KeyFile {
    /// The file that `[part.keys] key_file` names.
    ///
    /// # Errors
    /// It names none.
    pub fn of(part: &'static str, key: &'static str, path: Option<&Path>) -> Result<Self, KeyFileError> {
        let path = path.ok_or(KeyFileError::NotSet { part, key })?.to_owned();
        Ok(Self { part, key, path })
    }

    /// The setting that names it.
    #[must_use]
    pub fn setting(&self) -> String {
        format!("{}.keys.{}_file", self.part, self.key)
    }

    /// What it holds, for the start.
    ///
    /// # Errors
    /// It does not read. What stands in it is judged by who makes keys of it.
    pub fn text(&self) -> Result<SecretString, KeyFileError> {
        let text = secret_file(&self.path)?;
        if let Ok(keys) = KeyText::parse(text.expose_secret()) {
            self.record(&keys);
        }
        Ok(text)
    }

    /// Has keys that were made of it go over to what it will hold.
    #[must_use]
    pub fn followed_by(self, keys: impl KeyRing + 'static) -> FollowedKeys {
        FollowedKeys { file: self, keys: Box::new(keys) }
    }

    fn record(&self, keys: &KeyText) {
        if let Some(made_at) = keys.made_at() {
            KEY_MADE.set(made_at.as_secs_f64(), [self.part, self.key]);
        }
    }
}

/// Keys that follow their file.
pub struct FollowedKeys {
    file: KeyFile,
    keys: Box<dyn KeyRing>,
}

impl FollowedKeys {
    /// The setting that names their file.
    pub(crate) fn setting(&self) -> String {
        self.file.setting()
    }

    /// Reads the file again. On an error the keys stay; otherwise it is told which ones there are now, if that is new.
    pub(crate) fn reread(&self) -> Result<Option<String>, KeyFileError> {
        let text = secret_file(&self.file.path)?;
        let next = KeyText::parse(text.expose_secret()).map_err(NotTaken::from)?;
        let held = next.held();
        if held == self.keys.held() {
            return Ok(None);
        }
        self.keys.take(&next)?;
        self.file.record(&next);
        Ok(Some(told(&held)))
    }
}

/// Ids and states, for the log.
fn told(held: &[HeldKey]) -> String {
    let words: Vec<String> = held.iter().map(|key| format!("{} {}", key.id, key.state.as_str())).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rekey_primitives::entropy::SeededEntropy;
    use rekey_sealing::AeadKeys;
    use tempfile::TempDir;

    use super::*;

    const A: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const B: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

    struct World {
        folder: TempDir,
        keys: AeadKeys,
        followed: FollowedKeys,
    }

    impl World {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("tokens");
            fs::write(&path, format!("a active {A}\n")).unwrap();
            let file = KeyFile::of("identity", "tokens", Some(&path)).unwrap();
            let keys = AeadKeys::from_text(file.text().unwrap().expose_secret()).unwrap();
            Self { folder, followed: file.followed_by(keys.clone()), keys }
        }

        fn reread(&self, text: &str) -> Result<Option<String>, KeyFileError> {
            fs::write(self.folder.path().join("tokens"), text).unwrap();
            self.followed.reread()
        }
    }

    #[test]
    fn keys_follow_their_file_and_what_was_taken_is_said_once() {
        let world = World::new();
        let sealed = world.keys.seal(&SeededEntropy::new(1), b"", b"one");

        let added = world.reread(&format!("a active {A}\nb accept {B}\n")).unwrap();
        let activated = world.reread(&format!("a retired {A}\nb active {B}\n")).unwrap();
        let again = world.reread(&format!("# the same\na retired {A}\nb active {B}\n")).unwrap();

        assert_eq!(added.as_deref(), Some("a active, b accept"));
        assert_eq!(activated.as_deref(), Some("a retired, b active"));
        assert_eq!(again, None);
        assert!(!world.keys.is_current(&sealed) && world.keys.open(b"", &sealed).is_ok());
    }

    #[test]
    fn an_empty_or_broken_file_never_takes_the_place_of_a_good_one() {
        let world = World::new();
        let sealed = world.keys.seal(&SeededEntropy::new(1), b"", b"one");
        let broken = [
            (String::new(), "empty"),
            ("\n \n".to_owned(), "empty"),
            ("a active AAAA".to_owned(), "line 1"),
            (format!("a active {A}\nb acc"), "line 2"),
            (format!("a accept {A}"), "none of the keys is active"),
            (format!("b active {B}"), "a is missing"),
            (format!("a active {B}"), "the material of a is not the one it had"),
        ];

        for (text, expected) in broken {
            let refused = world.reread(&text).unwrap_err();
            let said = format!("{refused} {:?}", std::error::Error::source(&refused).map(ToString::to_string));
            assert!(said.contains(expected) && !said.contains(A) && !said.contains(B), "{said}");
        }
        fs::remove_file(world.folder.path().join("tokens")).unwrap();
        assert!(matches!(world.followed.reread(), Err(KeyFileError::File(_))));

        assert!(world.keys.is_current(&sealed) && world.keys.open(b"", &sealed).is_ok());
        assert_eq!(world.reread(&format!("a active {A}")).unwrap(), None);
    }

    #[test]
    fn a_setting_that_names_no_file_is_named() {
        let refused = KeyFile::of("identity", "pepper", None).unwrap_err().to_string();

        assert_eq!(refused, "[identity.keys] pepper_file is not set");
    }
}
