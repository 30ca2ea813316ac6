//! Key files: read at the start, and again for as long as the process runs, so that a rotation restarts nothing.
//!
//! A text is taken as a whole or not at all: one that does not read, that has no active key or that lost the active one, and one
//! in which an id came to stand for another key leave the keys as they are. So do keys that are not those of the part's store, which
//! knows every one that it was used with: a process that starts with such keys ends.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rekey_metrics::process::KEY_MADE;
use rekey_sealing::{HeldKey, KeyId, KeyRing, KeyStore, KeyStoreFailure, KeyText, NotTaken, WrongKeys};
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
    /// The store was used with others.
    #[error("{setting} does not name the keys of the store")]
    Wrong {
        /// The setting that names the file.
        setting: String,
        /// What is wrong with them.
        source: WrongKeys,
    },
    /// What a key sealed would be lost with it.
    #[error(
        "{id} is missing, which still seals {what}: put it back until nothing is left, or start without it to lose them"
    )]
    StillInUse {
        /// The key.
        id: KeyId,
        /// What it seals, counted.
        what: String,
    },
    /// The store could not be asked.
    #[error("the store cannot be asked whether it knows these keys")]
    Store(#[source] KeyStoreFailure),
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

    /// Has keys that were made of it go over to what it will hold, as long as that fits the store.
    #[must_use]
    pub fn followed_by(self, keys: impl KeyRing + 'static, store: Arc<dyn KeyStore>) -> Arc<FollowedKeys> {
        Arc::new(FollowedKeys { file: self, keys: Box::new(keys), store })
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
    store: Arc<dyn KeyStore>,
}

impl FollowedKeys {
    /// The setting that names their file.
    pub(crate) fn setting(&self) -> String {
        self.file.setting()
    }

    /// Holds the keys to those of the store.
    ///
    /// # Errors
    /// They are others ([`KeyFileError::Wrong`]), or the store did not answer.
    pub async fn hold(&self) -> Result<(), KeyFileError> {
        self.hold_to_store(&self.keys.held()).await
    }

    async fn hold_to_store(&self, held: &[HeldKey]) -> Result<(), KeyFileError> {
        let verdict = self.store.hold(self.file.key, held).await.map_err(KeyFileError::Store)?;
        verdict.map_err(|source| KeyFileError::Wrong { setting: self.setting(), source })
    }

    /// Whether the keys that are missing among the next ones seal nothing any more.
    async fn nothing_is_lost(&self, next: &[HeldKey]) -> Result<(), KeyFileError> {
        let held = self.keys.held();
        for gone in held.iter().filter(|key| !next.iter().any(|after| after.id == key.id)) {
            let sealed =
                self.store.still_sealed_by(self.file.key, &gone.id).await.map_err(KeyFileError::Store)?;
            if let Some(what) = sealed {
                return Err(KeyFileError::StillInUse { id: gone.id.clone(), what });
            }
        }
        Ok(())
    }

    /// Reads the file again. On an error the keys stay; otherwise it is told which ones there are now, if that is new.
    pub(crate) async fn reread(&self) -> Result<Option<String>, KeyFileError> {
        let text = secret_file(&self.file.path)?;
        let next = KeyText::parse(text.expose_secret()).map_err(NotTaken::from)?;
        let held = next.held();
        if held == self.keys.held() {
            return Ok(None);
        }
        self.keys.judge(&next)?;
        // Before the store learns of the new ones: a text that is refused leaves nothing behind.
        self.nothing_is_lost(&held).await?;
        self.hold_to_store(&held).await?;
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
    use std::sync::Mutex;

    use async_trait::async_trait;
    use rekey_primitives::entropy::SeededEntropy;
    use rekey_sealing::{AeadKeys, KeptCheck};
    use tempfile::TempDir;

    use super::*;

    const A: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const B: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";

    /// Knows keys as a store does.
    #[derive(Default)]
    struct Known(Mutex<Vec<KeptCheck>>);

    #[async_trait]
    impl KeyStore for Known {
        async fn hold(&self, _: &str, held: &[HeldKey]) -> Result<Result<(), WrongKeys>, KeyStoreFailure> {
            let mut known = self.0.lock().unwrap();
            let new = match rekey_sealing::hold(held, &known) {
                Ok(new) => new,
                Err(wrong) => return Ok(Err(wrong)),
            };
            let kept = |key: &HeldKey| KeptCheck {
                id: key.id.as_str().to_owned(),
                check: key.check.as_bytes().to_vec(),
            };
            known.extend(new.into_iter().map(kept).collect::<Vec<_>>());
            Ok(Ok(()))
        }

        async fn still_sealed_by(&self, _: &str, id: &KeyId) -> Result<Option<String>, KeyStoreFailure> {
            Ok((id.as_str() == "used").then(|| "3 passwords".to_owned()))
        }
    }

    const C: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI";

    const D: &str = "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM";

    struct World {
        folder: TempDir,
        store: Arc<Known>,
        keys: AeadKeys,
        followed: Arc<FollowedKeys>,
    }

    impl World {
        fn new() -> Self {
            let store = Arc::new(Known::default());
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("tokens");
            fs::write(&path, format!("a active {A}\n")).unwrap();
            let file = KeyFile::of("identity", "tokens", Some(&path)).unwrap();
            let keys = AeadKeys::from_text(file.text().unwrap().expose_secret()).unwrap();
            let followed = file.followed_by(keys.clone(), store.clone());
            Self { folder, store, keys, followed }
        }

        async fn reread(&self, text: &str) -> Result<Option<String>, KeyFileError> {
            fs::write(self.folder.path().join("tokens"), text).unwrap();
            self.followed.reread().await
        }
    }

    #[tokio::test]
    async fn keys_follow_their_file_and_what_was_taken_is_said_once() {
        let world = World::new();
        let sealed = world.keys.seal(&SeededEntropy::new(1), b"", b"one");

        let added = world.reread(&format!("a active {A}\nb accept {B}\n")).await.unwrap();
        let activated = world.reread(&format!("a retired {A}\nb active {B}\n")).await.unwrap();
        let again = world.reread(&format!("# the same\na retired {A}\nb active {B}\n")).await.unwrap();

        assert_eq!(added.as_deref(), Some("a active, b accept"));
        assert_eq!(activated.as_deref(), Some("a retired, b active"));
        assert_eq!(again, None);
        assert!(!world.keys.is_current(&sealed) && world.keys.open(b"", &sealed).is_ok());
    }

    #[tokio::test]
    async fn an_empty_or_broken_file_never_takes_the_place_of_a_good_one() {
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
            let refused = world.reread(&text).await.unwrap_err();
            let said =
                format!("{refused} {:?}", std::error::Error::source(&refused).map(ToString::to_string));
            assert!(said.contains(expected) && !said.contains(A) && !said.contains(B), "{said}");
        }
        fs::remove_file(world.folder.path().join("tokens")).unwrap();
        assert!(matches!(world.followed.reread().await, Err(KeyFileError::File(_))));

        assert!(world.keys.is_current(&sealed) && world.keys.open(b"", &sealed).is_ok());
        assert_eq!(world.reread(&format!("a active {A}")).await.unwrap(), None);
    }

    #[tokio::test]
    async fn keys_that_the_store_knows_otherwise_are_not_taken() {
        let world = World::new();
        world.followed.hold().await.unwrap();
        world.store.0.lock().unwrap().push(KeptCheck { id: "b".to_owned(), check: vec![7; 32] });

        let refused = world.reread(&format!("a active {A}\nb accept {B}")).await.unwrap_err();

        let KeyFileError::Wrong { setting, source } = refused else { panic!("{refused}") };
        assert_eq!(setting, "identity.keys.tokens_file");
        assert!(source.to_string().starts_with("b is not the key that this store knows"), "{source}");
        assert_eq!(world.keys.held().len(), 1);
    }

    #[tokio::test]
    async fn a_key_goes_when_it_seals_nothing_any_more() {
        let world = World::new();
        let (used, spent) = (format!("used accept {B}"), format!("spent accept {C}"));
        world.reread(&format!("a active {A}\n{used}\n{spent}")).await.unwrap();

        let without_spent = world.reread(&format!("a active {A}\n{used}")).await.unwrap();
        let known = world.store.0.lock().unwrap().len();
        let refused = world.reread(&format!("a active {A}\nnew accept {D}")).await.unwrap_err().to_string();

        assert_eq!(world.store.0.lock().unwrap().len(), known, "a refused key is not the store's");
        assert_eq!(without_spent.as_deref(), Some("a active, used accept"));
        assert!(refused.starts_with("used is missing, which still seals 3 passwords"), "{refused}");
        assert_eq!(world.keys.held().len(), 2);
    }

    #[test]
    fn a_setting_that_names_no_file_is_named() {
        let refused = KeyFile::of("identity", "pepper", None).unwrap_err().to_string();

        assert_eq!(refused, "[identity.keys] pepper_file is not set");
    }
}
