//! A private key in a file that may change under a running process.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail};
use rekey_runtime::settings::secret_file;
use rekey_sealing::DkimKey;
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret as _, SecretString};

/// A file and the last key that was good in it.
pub(super) struct KeyFile {
    path: PathBuf,
    last: Mutex<(SecretString, Arc<DkimKey>)>,
}

impl KeyFile {
    /// Reads it for the first time.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let text = secret_file(path)?;
        let key = Arc::new(parse(&text)?);
        Ok(Self { path: path.to_owned(), last: Mutex::new((text, key)) })
    }

    /// The key that stands in it now. Where that is none, the last one stays.
    pub(super) fn read(&self) -> Arc<DkimKey> {
        let found = secret_file(&self.path).map_err(anyhow::Error::from);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = match found {
            Ok(text) if text.expose_secret() == last.0.expose_secret() => return Arc::clone(&last.1),
            Ok(text) => parse(&text).map(|key| (text, Arc::new(key))),
            Err(error) => Err(error),
        };
        match taken {
            Ok(taken) => {
                tracing::info!(file = %self.path.display(), "DKIM key read from its file");
                *last = taken;
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), file = %self.path.display(), "DKIM key not read again; the old stays");
            }
        }
        Arc::clone(&last.1)
    }
}

fn parse(text: &SecretString) -> anyhow::Result<DkimKey> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(text.expose_secret().as_bytes());
    let der = der.ok().context("no PEM with a private key in PKCS #8 (`BEGIN PRIVATE KEY`)")?;
    match DkimKey::from_pkcs8(der.secret_pkcs8_der()) {
        Some(key) => Ok(key),
        None => bail!("neither an RSA key of 2048 to 4096 bits nor an Ed25519 key"),
    }
}
