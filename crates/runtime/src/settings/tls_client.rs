//! The TLS files of a client: whom it believes and how it proves who it is.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use super::secret::{SecretFileError, secret_file};

/// What every certificate in PEM begins with.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";

/// Why the files are not usable.
#[derive(Debug, thiserror::Error)]
pub enum TlsClientError {
    /// One of them does not read, or is empty.
    #[error("a file for TLS")]
    File(#[from] SecretFileError),
    /// One that should hold a certificate has none: more likely half written than meant.
    #[error("no certificate in {}", _0.display())]
    NoCertificate(PathBuf),
    /// A certificate without its key, or the other way round.
    #[error("certificate_file and key_file go together")]
    Half,
}

/// Where they are.
#[derive(Debug, Clone, Copy, Default)]
pub struct TlsClientFiles<'a> {
    /// The authorities to believe.
    pub ca_file: Option<&'a Path>,
    /// Our certificate chain.
    pub certificate_file: Option<&'a Path>,
    /// Its key.
    pub key_file: Option<&'a Path>,
}

/// What is in them, in PEM.
#[derive(Debug)]
pub struct TlsClientTexts {
    /// The authorities to believe; none are those of the system.
    pub authorities: Option<String>,
    /// Our certificate chain and its key.
    pub own: Option<(String, SecretString)>,
}

impl TlsClientFiles<'_> {
    /// Reads those that are set; `None` where none is.
    ///
    /// # Errors
    /// A file that does not read or holds no certificate, or one half of two.
    pub fn read(&self) -> Result<Option<TlsClientTexts>, TlsClientError> {
        let authorities = self.ca_file.map(certificates).transpose()?;
        let own = match (self.certificate_file, self.key_file) {
            (Some(certificate), Some(key)) => Some((certificates(certificate)?, secret_file(key)?)),
            (None, None) => None,
            _ => return Err(TlsClientError::Half),
        };
        Ok((authorities.is_some() || own.is_some()).then_some(TlsClientTexts { authorities, own }))
    }
}

fn certificates(path: &Path) -> Result<String, TlsClientError> {
    let text = secret_file(path)?;
    if !text.expose_secret().contains(CERTIFICATE) {
        return Err(TlsClientError::NoCertificate(path.to_owned()));
    }
    Ok(text.expose_secret().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_files_and_empty_ones_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            folder.path().join(name)
        };
        let (good, empty, other) = (write("ca", CERTIFICATE), write("empty", "\n"), write("other", "half a"));
        let of = |ca: &Path| TlsClientFiles { ca_file: Some(ca), ..TlsClientFiles::default() }.read();
        let half = TlsClientFiles { certificate_file: Some(&good), ..TlsClientFiles::default() };

        assert!(of(&good).unwrap().unwrap().own.is_none());
        assert!(matches!(of(&empty), Err(TlsClientError::File(SecretFileError::Empty { .. }))));
        assert!(matches!(of(&other), Err(TlsClientError::NoCertificate(_))));
        assert!(matches!(half.read(), Err(TlsClientError::Half)));
        assert!(TlsClientFiles::default().read().unwrap().is_none());
    }
}
