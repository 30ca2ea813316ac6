//! Certificates for a Redis that speaks TLS and asks whoever comes for one.

use std::path::Path;

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rekey_servers::RedisTls;
use tempfile::TempDir;

use crate::ready;

/// An authority of a test's own, with the files of the servers that it vouches for.
#[derive(Debug)]
pub struct RedisAuthority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    folder: TempDir,
}

impl RedisAuthority {
    /// An authority that nobody else believes.
    ///
    /// # Panics
    /// When its files cannot be written.
    #[must_use]
    pub fn new() -> Self {
        ready("an authority for this test", Self::made())
    }

    fn made() -> Result<Self> {
        let key = KeyPair::generate()?;
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // OpenSSL takes a certificate of its issuer's name for one that signed itself.
        parameters.distinguished_name.push(DnType::CommonName, "authority of a test");
        let pem = parameters.self_signed(&key)?.pem();
        let made = Self { issuer: Issuer::new(parameters, key), pem, folder: tempfile::tempdir()? };
        let (certificate, key) = made.signed("127.0.0.1")?;
        for (name, text) in [("ca", &made.pem), ("cert", &certificate), ("key", &key)] {
            std::fs::write(made.folder.path().join(name), text)?;
        }
        Ok(made)
    }

    /// Its own certificate, in PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate by that name, and its key, in PEM.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn vouch_for(&self, name: &str) -> (String, String) {
        ready("a certificate for this test", self.signed(name))
    }

    fn signed(&self, name: &str) -> Result<(String, String)> {
        let key = KeyPair::generate()?;
        let parameters = CertificateParams::new(vec![name.to_owned()])?;
        Ok((parameters.signed_by(&key, &self.issuer)?.pem(), key.serialize_pem()))
    }

    /// What servers on `127.0.0.1` show. The files go with this value.
    #[must_use]
    pub fn server(&self) -> RedisTls {
        let file = |name: &str| Path::join(self.folder.path(), name);
        RedisTls { authority: file("ca"), certificate: file("cert"), key: file("key") }
    }
}

impl Default for RedisAuthority {
    fn default() -> Self {
        Self::new()
    }
}
