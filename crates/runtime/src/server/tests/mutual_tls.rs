//! Certificates: who a client is, and what changes while the server runs.

use std::fs;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Status};

use super::{CHECK, Running, ServerSettings, call, reason, settings};
use crate::access::{Allowed, CallerEntry};
use crate::transport::{Tls, TlsError, TlsFiles};

const PORTAL_ID: &str = "spiffe://rekey.example/portal";

/// A small authority.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// Certificate and key for these names.
    fn issue(&self, names: Vec<SanType>) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.subject_alt_names = names;
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }

    fn server(&self) -> (String, String) {
        self.issue(vec![SanType::DnsName("localhost".try_into().unwrap())])
    }

    fn client(&self, ids: &[&str]) -> Identity {
        let names = ids.iter().map(|id| SanType::URI((*id).try_into().unwrap())).collect();
        let (certificate, key) = self.issue(names);
        Identity::from_pem(certificate, key)
    }
}

fn write(folder: &Path, authority: &Authority) -> TlsFiles {
    let (certificate, key) = authority.server();
    let file = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        Some(path)
    };
    TlsFiles {
        certificate_file: file("tls.crt", certificate),
        key_file: file("tls.key", key),
        client_ca_file: file("ca.crt", authority.pem()),
        client_certificate_required: false,
    }
}

async fn served(folder: &Path, authority: &Authority) -> Running {
    let portal = CallerEntry {
        spiffe_id: Some(PORTAL_ID.to_owned()),
        token_sha256: Allowed::nothing(),
        ..CallerEntry::trusted("portal", String::new())
    };
    let tls = write(folder, authority);
    Running::with(ServerSettings { tls, callers: vec![portal], ..settings() }).await
}

async fn connect(
    part: &Running,
    authority: &Authority,
    identity: Option<Identity>,
) -> Result<Channel, tonic::transport::Error> {
    let mut tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(authority.pem()))
        .domain_name("localhost");
    if let Some(identity) = identity {
        tls = tls.identity(identity);
    }
    let endpoint = Endpoint::from_shared(format!("https://{}", part.address)).unwrap();
    endpoint.tls_config(tls).unwrap().connect().await
}

async fn check(part: &Running, authority: &Authority, identity: Option<Identity>) -> Result<String, Status> {
    let channel = connect(part, authority, identity).await.unwrap();
    let answer = call(channel, CHECK, "", &[]).await?;
    Ok(answer.get("caller").unwrap().to_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_certificate_with_a_known_spiffe_id_is_a_caller() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let part = served(folder.path(), &authority).await;

    let portal = check(&part, &authority, Some(authority.client(&[PORTAL_ID]))).await;

    assert_eq!(portal.unwrap(), "portal");
}

#[tokio::test]
async fn other_certificates_and_none_are_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let part = served(folder.path(), &authority).await;
    let identities = [
        None,
        Some(authority.client(&["spiffe://rekey.example/other"])),
        Some(authority.client(&[PORTAL_ID, "spiffe://rekey.example/other"])),
        Some(authority.client(&[])),
    ];
    for identity in identities {
        let status = check(&part, &authority, identity).await.unwrap_err();

        assert_eq!((status.code(), reason(&status).as_str()), (Code::Unauthenticated, "CALLER_UNKNOWN"));
    }
}

#[tokio::test]
async fn a_certificate_of_a_stranger_authority_does_not_connect() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let part = served(folder.path(), &authority).await;
    let forged = Authority::new().client(&[PORTAL_ID]);

    // In TLS 1.3 the refusal may arrive only with the first call.
    let refused = match connect(&part, &authority, Some(forged)).await {
        Ok(channel) => call(channel, CHECK, "", &[]).await.is_err_and(|status| status.details().is_empty()),
        Err(_) => true,
    };

    assert!(refused);
}

#[tokio::test]
async fn new_files_hold_for_the_next_connection_and_broken_ones_for_none() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (Authority::new(), Authority::new());
    let files = write(folder.path(), &old);
    let tls = Tls::load(&files).unwrap().unwrap();
    let listener = crate::server::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepting = tls.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _shaken = accepting.accept(stream).await;
        }
    });
    let believes = async |authority: &Authority| {
        let roots = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(authority.pem()))
            .domain_name("localhost");
        let endpoint =
            Endpoint::from_shared(format!("https://{address}")).unwrap().tls_config(roots).unwrap();
        endpoint.connect().await.is_ok()
    };

    assert!(believes(&old).await);
    assert!(!tls.reload().unwrap());
    write(folder.path(), &new);
    assert!(tls.reload().unwrap());
    assert!(believes(&new).await && !believes(&old).await);

    fs::write(folder.path().join("tls.key"), "no key").unwrap();
    assert!(matches!(tls.reload(), Err(TlsError::Malformed { .. })));
    assert!(believes(&new).await);
}

#[test]
fn half_of_a_pair_is_refused() {
    let files = TlsFiles { key_file: Some("tls.key".into()), ..TlsFiles::default() };

    assert!(matches!(Tls::load(&files), Err(TlsError::Incomplete)));
    assert!(Tls::load(&TlsFiles::default()).unwrap().is_none());
}
