//! A certificate authority, as a cluster runs one: a certificate per workload, with its SPIFFE ID.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use rekey_client::ClientSettings;

/// An authority and the folder it writes to.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

/// The files of a workload.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
}

impl Authority {
    /// A new authority; its certificate lies in the folder as `ca.crt`.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn new(folder: &Path) -> Self {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join("ca.crt"), issuer.pem()).unwrap();
        Self { issuer, folder: folder.to_owned() }
    }

    /// Its own certificate.
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    /// What callers of `name` are known by.
    pub fn spiffe_id(name: &str) -> String {
        format!("spiffe://rekey.example/{name}")
    }

    /// A certificate for a workload, which serves `localhost` and calls by its SPIFFE ID.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn issue(&self, name: &str) -> Certificate {
        self.issue_for(name, "localhost")
    }

    /// The same for a workload that serves another host.
    ///
    /// # Panics
    /// When the folder cannot be written.
    pub fn issue_for(&self, name: &str, host: &str) -> Certificate {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::default();
        parameters.subject_alt_names = vec![
            SanType::DnsName(host.try_into().unwrap()),
            SanType::URI(Self::spiffe_id(name).try_into().unwrap()),
        ];
        let signed = parameters.signed_by(&key, &self.issuer).unwrap();
        let files = Certificate {
            certificate: self.folder.join(format!("{name}.crt")),
            key: self.folder.join(format!("{name}.key")),
        };
        std::fs::write(&files.certificate, signed.pem()).unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
        // Production refuses a key that everybody may read.
        std::fs::set_permissions(&files.key, std::fs::Permissions::from_mode(0o600)).unwrap();
        files
    }

    /// Settings of a client that calls `localhost` with this certificate.
    pub fn client(&self, port: u16, certificate: &Certificate) -> ClientSettings {
        ClientSettings {
            ca_file: Some(self.certificate()),
            certificate_file: Some(certificate.certificate.clone()),
            key_file: Some(certificate.key.clone()),
            ..ClientSettings::to(format!("https://localhost:{port}"))
        }
    }
}
