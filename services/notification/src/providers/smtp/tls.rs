//! How connections to a relay are protected.

use std::sync::Arc;

use anyhow::Context as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::settings::{SmtpSettings, SmtpTls};

/// What a relay must prove, and when.
pub(super) enum Protection {
    /// Only after STARTTLS, and never without.
    Upgraded(Handshake),
    /// From the first byte.
    Implicit(Handshake),
    /// Not at all: loopback.
    None,
}

/// What is needed to shake hands.
#[derive(Clone)]
pub(super) struct Handshake {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Protection {
    /// Once and for all connections to the host.
    pub(super) fn of(settings: &SmtpSettings, host: &str) -> anyhow::Result<Self> {
        match settings.tls {
            SmtpTls::None => Ok(Self::None),
            SmtpTls::Implicit => Ok(Self::Implicit(Handshake::of(settings, host)?)),
            SmtpTls::StartTls => Ok(Self::Upgraded(Handshake::of(settings, host)?)),
        }
    }
}

impl Handshake {
    fn of(settings: &SmtpSettings, host: &str) -> anyhow::Result<Self> {
        let name = ServerName::try_from(host.to_owned()).context("`host` is no name of a server")?;
        let mut roots = RootCertStore::empty();
        // Some of the system's may not read; a relay whose authority is among those is refused, and said so.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(file) = &settings.ca_file {
            let pem = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
            for certificate in CertificateDer::pem_slice_iter(&pem) {
                roots.add(certificate.context("`ca_file`")?).context("`ca_file`")?;
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .context("preparing TLS")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), name })
    }

    pub(super) async fn shake(&self, stream: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.connector.connect(self.name.clone(), stream).await
    }
}
