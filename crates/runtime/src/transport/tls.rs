//! TLS and mTLS with certificates that change under a running process.
//!
//! Every handshake takes the current configuration, so a new certificate, key or client authority applies from the
//! next connection on and disturbs none. Files that do not read, or do not belong together, change nothing: certificate
//! managers replace several files one after the other.

use std::fmt::{self, Debug, Formatter};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::spiffe::spiffe_id;

/// The `[<part>.server.tls]` table. All files are PEM.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// Certificate chain, leaf first.
    #[serde(default)]
    pub certificate_file: Option<PathBuf>,
    /// The leaf's private key.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// Authorities whose client certificates are trusted.
    #[serde(default)]
    pub client_ca_file: Option<PathBuf>,
    /// Whether a connection without a client certificate is refused.
    #[serde(default)]
    pub client_certificate_required: bool,
}

/// Why certificates are not usable.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Certificate and key only work together.
    #[error("`certificate_file` and `key_file` must both be set, and `client_ca_file` needs them")]
    Incomplete,
    /// A file is missing or not readable.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file holds no PEM of the kind wanted.
    #[error("no usable PEM in {}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rustls_pki_types::pem::Error,
    },
    /// The client authorities make no verifier.
    #[error("the client authorities are not usable")]
    ClientAuthorities(#[from] rustls::server::VerifierBuilderError),
    /// Certificate and key do not belong together, or are too weak for rustls.
    #[error("certificate and key are not usable")]
    Unusable(#[from] rustls::Error),
}

/// The TLS side of a port. Clones share reloads.
#[derive(Clone)]
pub(crate) struct Tls {
    files: Arc<TlsFiles>,
    current: Arc<RwLock<Current>>,
}

struct Current {
    contents: Contents,
    config: Arc<ServerConfig>,
}

/// What the files held when the configuration was made.
#[derive(PartialEq, Eq)]
struct Contents {
    certificate: Vec<u8>,
    key: zeroize::Zeroizing<Vec<u8>>,
    client_ca: Option<Vec<u8>>,
}

impl Debug for Tls {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files; `None` where no certificate is set.
    pub(crate) fn load(files: &TlsFiles) -> Result<Option<Self>, TlsError> {
        match (&files.certificate_file, &files.key_file) {
            (None, None) if files.client_ca_file.is_none() => return Ok(None),
            (Some(_), Some(_)) => {}
            _ => return Err(TlsError::Incomplete),
        }
        let contents = Contents::read(files)?;
        let config = contents.config(files)?;
        let current = Arc::new(RwLock::new(Current { contents, config }));
        Ok(Some(Self { files: Arc::new(files.clone()), current }))
    }

    /// Reads the files again. Returns whether anything changed; on an error everything stays.
    pub(crate) fn reload(&self) -> Result<bool, TlsError> {
        let contents = Contents::read(&self.files)?;
        if self.current.read().unwrap_or_else(PoisonError::into_inner).contents == contents {
            return Ok(false);
        }
        let config = contents.config(&self.files)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Current { contents, config };
        Ok(true)
    }

    /// Performs the handshake; also returns the SPIFFE ID of a client that presented a certificate.
    pub(crate) async fn accept(
        &self,
        stream: TcpStream,
    ) -> std::io::Result<(TlsStream<TcpStream>, Option<String>)> {
        let config = Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).config);
        let stream = TlsAcceptor::from(config).accept(stream).await?;
        let leaf = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let identity = leaf.and_then(|certificate| spiffe_id(certificate));
        Ok((stream, identity))
    }
}

impl Contents {
    fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let read = |path: &Option<PathBuf>| {
            let path = path.as_deref().ok_or(TlsError::Incomplete)?;
            std::fs::read(path).map_err(|source| TlsError::Unreadable { path: path.to_owned(), source })
        };
        Ok(Self {
            certificate: read(&files.certificate_file)?,
            key: read(&files.key_file)?.into(),
            client_ca: files.client_ca_file.is_some().then(|| read(&files.client_ca_file)).transpose()?,
        })
    }

    fn config(&self, files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
        let path = |path: &Option<PathBuf>| path.clone().unwrap_or_default();
        let chain = certificates(&self.certificate, &path(&files.certificate_file))?;
        let key_path = path(&files.key_file);
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|source| TlsError::Malformed { path: key_path, source })?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(authorities) => {
                let mut roots = RootCertStore::empty();
                for authority in certificates(authorities, &path(&files.client_ca_file))? {
                    roots.add(authority)?;
                }
                let mut verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                if !files.client_certificate_required {
                    verifier = verifier.allow_unauthenticated();
                }
                builder.with_client_cert_verifier(verifier.build()?)
            }
        };
        let mut config = builder.with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Arc::new(config))
    }
}

fn certificates(pem: &[u8], path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let malformed = |source| TlsError::Malformed { path: path.to_owned(), source };
    let chain: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(malformed)?;
    if chain.is_empty() {
        return Err(malformed(rustls_pki_types::pem::Error::NoItemsFound));
    }
    Ok(chain)
}
