//! The secrets of an endpoint, each in a file that may change under a running process.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use rekey_runtime::settings::secret_file;
use rekey_sealing::WebhookKey;
use secrecy::{ExposeSecret as _, SecretString};

/// All of them sign, so that a receiver may go over from one to the next.
pub(in crate::providers) struct Secrets(Vec<SecretFile>);

struct SecretFile {
    path: PathBuf,
    last: Mutex<(SecretString, WebhookKey)>,
}

impl Secrets {
    /// Reads them for the first time.
    pub(super) fn open(files: &[PathBuf]) -> anyhow::Result<Self> {
        let open = |path: &PathBuf| {
            let last = read(path).with_context(|| path.display().to_string())?;
            Ok(SecretFile { path: path.clone(), last: Mutex::new(last) })
        };
        Ok(Self(files.iter().map(open).collect::<anyhow::Result<_>>()?))
    }

    /// The signatures of a message by what stands in the files now, with a blank between.
    pub(super) fn sign(&self, id: &str, unix_seconds: i64, body: &[u8]) -> String {
        let signatures: Vec<String> =
            self.0.iter().map(|file| file.with_key(|key| key.sign(id, unix_seconds, body))).collect();
        signatures.join(" ")
    }
}

impl SecretFile {
    /// Uses the key that stands in the file now. Where that is none, the last one stays.
    fn with_key<T>(&self, act: impl FnOnce(&WebhookKey) -> T) -> T {
        let found = read(&self.path);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Ok(found) if found.0.expose_secret() == last.0.expose_secret() => {}
            Ok(found) => {
                tracing::info!(file = %self.path.display(), "webhook secret read from its file");
                *last = found;
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, file = %self.path.display(), "webhook secret not read again; the old stays");
            }
        }
        act(&last.1)
    }
}

fn read(path: &Path) -> anyhow::Result<(SecretString, WebhookKey)> {
    let text = secret_file(path)?;
    let key = WebhookKey::parse(text.expose_secret().trim());
    let key =
        key.context("neither `whsec_` with 24 to 64 bytes nor `whsk_` with an Ed25519 key, in base64")?;
    Ok((text, key))
}
