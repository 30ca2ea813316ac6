//! A TLS handshake that looks: the certificate is judged as it would be, remembered, and the connection ended before a word is
//! said over it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail, ensure};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What a client of Postgres says to ask for TLS, and the answer that grants it.
const POSTGRES_ASKS: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
const POSTGRES_GRANTS: u8 = b'S';

/// How TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// With the first byte.
    AtOnce,
    /// After Postgres was asked for it.
    Postgres,
}

/// A server that shows a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    /// The setting it stands in.
    pub(crate) about: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The name its certificate must carry.
    pub(crate) name: String,
    /// The authorities to believe; those of the system otherwise.
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) opening: Opening,
}

/// What it showed.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    /// Its own certificate, DER.
    pub(crate) certificate: Vec<u8>,
    /// Whether it would be believed; why not, otherwise.
    pub(crate) trust: Result<(), String>,
}

impl Server {
    /// Has it show its certificate. One that wants one of ours has shown its own by then.
    pub(crate) async fn look(&self) -> anyhow::Result<Shown> {
        let looking = Arc::new(Looking::believing(self.ca_file.as_deref())?);
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&looking) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        let name = ServerName::try_from(self.name.clone()).context("no name of a server")?;
        let mut stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        if self.opening == Opening::Postgres {
            stream.write_all(&POSTGRES_ASKS).await?;
            ensure!(stream.read_u8().await? == POSTGRES_GRANTS, "this Postgres speaks no TLS");
        }
        let shaken = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        match (looking.shown(), shaken) {
            (Some(shown), _) => Ok(shown),
            (None, Err(error)) => Err(error.into()),
            (None, Ok(_)) => bail!("it showed no certificate"),
        }
    }
}

/// The verifier that judges as any other, and lets everything pass so that there is something to look at.
#[derive(Debug)]
struct Looking {
    judge: Arc<WebPkiServerVerifier>,
    shown: Mutex<Option<Shown>>,
}

impl Looking {
    fn believing(ca_file: Option<&Path>) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        match ca_file {
            Some(file) => {
                for certificate in CertificateDer::pem_file_iter(file)? {
                    roots.add(certificate?)?;
                }
            }
            None => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let judge = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
        Ok(Self { judge, shown: Mutex::default() })
    }

    fn shown(&self) -> Option<Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ServerCertVerifier for Looking {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let judged = self.judge.verify_server_cert(certificate, intermediates, name, ocsp, now);
        let trust = judged.map(drop).map_err(|error| error.to_string());
        let shown = Shown { certificate: certificate.to_vec(), trust };
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.judge.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.judge.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}
