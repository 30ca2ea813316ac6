//! Redis behind TLS, where both sides show a certificate.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use redis::{ClientTlsConfig, TlsCertificates};
use rekey_servers::scratch::Folder;
use rekey_servers::{Redis, free_port};
use rekey_throttle::connection::{Connection, Options};

/// An authority, and whom it vouches for.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // OpenSSL takes a certificate of its issuer's name for one that signed itself.
        parameters.distinguished_name.push(DnType::CommonName, "authority of a test");
        let pem = parameters.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(parameters, key), pem }
    }

    /// Certificate and key.
    fn vouch_for(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (parameters.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    fn certificates_for(&self, name: &str) -> TlsCertificates {
        let (certificate, key) = self.vouch_for(name);
        let client_tls = ClientTlsConfig { client_cert: certificate.into(), client_key: key.into() };
        TlsCertificates { client_tls: Some(client_tls), root_cert: Some(self.pem.clone().into()) }
    }
}

/// A server for `localhost` that asks for a certificate, and its URL.
fn start(authority: &Authority, folder: &Folder) -> (Redis, String) {
    let (certificate, key) = authority.vouch_for("localhost");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let files = [write("cert", &certificate), write("key", &key), write("ca", &authority.pem)];
    let port = free_port().to_string();
    let server = Redis::start(&[
        "--tls-port",
        &port,
        "--tls-cert-file",
        &files[0],
        "--tls-key-file",
        &files[1],
        "--tls-ca-cert-file",
        &files[2],
        "--tls-auth-clients",
        "yes",
    ]);
    (server.unwrap(), format!("rediss://localhost:{port}"))
}

async fn ping(url: &str, tls: TlsCertificates) -> redis::RedisResult<()> {
    let options = Options { tls: Some(tls), ..Options::single(url) };
    Connection::open(&options)?.ping().await
}

#[tokio::test]
async fn only_the_right_certificates_on_both_sides_connect() {
    // Another test of this process may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (ours, theirs, folder) = (Authority::new(), Authority::new(), Folder::new("tls").unwrap());
    let (_server, url) = start(&ours, &folder);
    let right = ours.certificates_for("verification");

    let known = ping(&url, right.clone()).await;
    let elsewhere = TlsCertificates { root_cert: Some(theirs.pem.clone().into()), ..right.clone() };
    let unknown_server = ping(&url, elsewhere).await;
    let wrong_name = ping(&url.replace("localhost", "127.0.0.1"), right.clone()).await;
    let unnamed_client = ping(&url, TlsCertificates { client_tls: None, ..right.clone() }).await;
    let stranger =
        TlsCertificates { client_tls: theirs.certificates_for("verification").client_tls, ..right };
    let unknown_client = ping(&url, stranger).await;

    assert!(known.is_ok(), "{known:?}");
    assert!(unknown_server.is_err());
    assert!(wrong_name.is_err());
    assert!(unnamed_client.is_err());
    assert!(unknown_client.is_err());
}
