//! A TLS handshake that looks: the certificate is judged as it would be, remembered, and the connection ended before a word is
//! said over it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, bail, ensure};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What a client of Postgres says to ask for TLS, and the answer that grants it.
const POSTGRES_ASKS: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
const POSTGRES_GRANTS: u8 = b'S';

/// The name that whoever has none gives to a mail server (RFC 5321, 4.1.4).
const HELLO: &[u8] = b"EHLO [127.0.0.1]\r\n";

/// A reply of SMTP may be so long, over all its lines.
const REPLY_BYTES: usize = 64 * 1024;

/// How TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// With the first byte.
    AtOnce,
    /// After Postgres was asked for it.
    Postgres,
    /// After STARTTLS (RFC 3207).
    Smtp,
}

/// Whose certificates are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authorities {
    /// Those of the system.
    System,
    /// These alone.
    Only(PathBuf),
    /// These beside those of the system.
    Also(PathBuf),
}

impl Authorities {
    /// Those of a file, or of the system where there is none.
    pub(crate) fn of(ca_file: Option<PathBuf>) -> Self {
        ca_file.map_or(Self::System, Self::Only)
    }

    fn roots(&self) -> anyhow::Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        if !matches!(self, Self::Only(_)) {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        if let Self::Only(file) | Self::Also(file) = self {
            for certificate in CertificateDer::pem_file_iter(file)? {
                roots.add(certificate?)?;
            }
        }
        Ok(roots)
    }
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
    pub(crate) authorities: Authorities,
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
        let looking = Arc::new(Looking::believing(&self.authorities)?);
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&looking) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        let name = ServerName::try_from(self.name.clone()).context("no name of a server")?;
        let mut stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        match self.opening {
            Opening::AtOnce => {}
            Opening::Postgres => {
                stream.write_all(&POSTGRES_ASKS).await?;
                ensure!(stream.read_u8().await? == POSTGRES_GRANTS, "this Postgres speaks no TLS");
            }
            Opening::Smtp => start_tls(&mut stream).await?,
        }
        let shaken = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        match (looking.shown(), shaken) {
            (Some(shown), _) => Ok(shown),
            (None, Err(error)) => Err(error.into()),
            (None, Ok(_)) => bail!("it showed no certificate"),
        }
    }
}

/// Has a relay begin TLS, as a provider does before it logs in.
async fn start_tls(stream: &mut TcpStream) -> anyhow::Result<()> {
    ensure!(reply(stream).await?.starts_with("220"), "it greets as no mail server does");
    stream.write_all(HELLO).await?;
    let offers = reply(stream).await?;
    let is_offered = |line: &str| line.get(4..).is_some_and(|word| word.eq_ignore_ascii_case("STARTTLS"));
    ensure!(offers.lines().any(is_offered), "this mail server does not offer STARTTLS");
    stream.write_all(b"STARTTLS\r\n").await?;
    ensure!(reply(stream).await?.starts_with("220"), "this mail server refuses STARTTLS");
    Ok(())
}

/// A reply of SMTP: its last line has no hyphen behind the code. Read byte by byte, since what comes behind it is TLS.
async fn reply(stream: &mut (impl AsyncRead + Unpin)) -> anyhow::Result<String> {
    let (mut text, mut line_at) = (Vec::new(), 0);
    while text.len() < REPLY_BYTES {
        let byte = stream.read_u8().await?;
        text.push(byte);
        if byte == b'\n' {
            if text.get(line_at + 3) != Some(&b'-') {
                return Ok(String::from_utf8_lossy(&text).into_owned());
            }
            line_at = text.len();
        }
    }
    bail!("a reply without end")
}

/// The verifier that judges as any other, and lets everything pass so that there is something to look at.
#[derive(Debug)]
struct Looking {
    judge: Arc<WebPkiServerVerifier>,
    shown: Mutex<Option<Shown>>,
}

impl Looking {
    fn believing(authorities: &Authorities) -> anyhow::Result<Self> {
        let roots = authorities.roots()?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reply_ends_with_its_last_line_and_nothing_behind_it_is_read() {
        let mut said: &[u8] = b"250-mail.example\r\n250-STARTTLS\r\n250 SIZE 1000\r\n\x16\x03";

        let offers = reply(&mut said).await.unwrap();
        let no_more = reply(&mut said).await;

        assert_eq!(offers, "250-mail.example\r\n250-STARTTLS\r\n250 SIZE 1000\r\n");
        assert!(no_more.is_err());
    }
}
