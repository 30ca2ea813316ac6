//! Certificates, and what happens when they are replaced under a running process.

use std::path::Path;

use tokio::task::JoinHandle;
use tonic::transport::{Certificate, Identity, ServerTlsConfig};

use super::*;

/// An authority, and files for `localhost` signed by it: `(ca, certificate, key)`.
fn certificates(folder: &std::path::Path) -> [std::path::PathBuf; 3] {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    [("ca.crt", authority.pem()), ("tls.crt", leaf.pem()), ("tls.key", key.serialize_pem())].map(
        |(name, text)| {
            std::fs::write(folder.join(name), text).unwrap();
            folder.join(name)
        },
    )
}

#[tokio::test]
async fn mutual_tls_works_by_name_and_by_every_address_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let named = mutual(folder.path(), listener.local_addr().unwrap());
    serve(listener, folder.path());
    let balanced = ClientSettings { balance: true, ..named.clone() };
    let anonymous = ClientSettings { certificate_file: None, key_file: None, attempts: 1, ..named.clone() };

    assert!(check(Connection::open(&named, || None).unwrap()).await.is_ok());
    assert!(check(Connection::open(&balanced, || None).unwrap()).await.is_ok());
    assert!(check(Connection::open(&anonymous, || None).unwrap()).await.is_err());
}

/// A peer with the certificate in the folder, which believes the authority there and nobody else.
fn serve(listener: TcpListener, folder: &Path) -> (Peer, JoinHandle<()>) {
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let identity = Identity::from_pem(read("tls.crt"), read("tls.key"));
    let tls = ServerTlsConfig::new().identity(identity).client_ca_root(Certificate::from_pem(read("ca.crt")));
    let peer = Peer::default();
    let server = Server::builder().tls_config(tls).unwrap().add_service(peer.clone());
    let serving = tokio::spawn(async move {
        server.serve_with_incoming(TcpListenerStream::new(listener)).await.unwrap();
    });
    (peer, serving)
}

/// A caller that proves itself by the certificate in the folder, and believes the authority there.
fn mutual(folder: &Path, address: SocketAddr) -> ClientSettings {
    ClientSettings {
        ca_file: Some(folder.join("ca.crt")),
        certificate_file: Some(folder.join("tls.crt")),
        key_file: Some(folder.join("tls.key")),
        attempts: 1,
        ..ClientSettings::to(format!("https://localhost:{}", address.port()))
    }
}

/// Replaces the authority, certificate and key of one folder by those of another.
fn rotate(folder: &Path, newer: &Path) {
    for name in ["ca.crt", "tls.crt", "tls.key"] {
        std::fs::copy(newer.join(name), folder.join(name)).unwrap();
    }
}

#[tokio::test]
async fn a_new_certificate_and_a_new_authority_hold_without_a_restart() {
    let (own, newer) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    certificates(own.path());
    certificates(newer.path());
    for balance in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        rotate(folder.path(), own.path());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (before, serving) = serve(listener, own.path());
        let settings = ClientSettings { balance, ..mutual(folder.path(), address) };
        let connection = Connection::open(&settings, || None).unwrap();
        check(connection.clone()).await.unwrap();
        let unchanged = connection.reload().unwrap();

        rotate(folder.path(), newer.path());
        serving.abort();
        serving.await.unwrap_err();
        let (after, _serving) = serve(TcpListener::bind(address).await.unwrap(), newer.path());
        let changed = connection.reload().unwrap();
        check(connection).await.unwrap();

        assert_eq!((unchanged, changed), (false, true));
        assert_eq!((before.attempts(), after.attempts()), (1, 1));
    }
}

#[tokio::test]
async fn files_that_do_not_belong_together_change_nothing() {
    let (folder, newer) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    certificates(folder.path());
    certificates(newer.path());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = mutual(folder.path(), listener.local_addr().unwrap());
    let (peer, _serving) = serve(listener, folder.path());
    let connection = Connection::open(&settings, || None).unwrap();

    std::fs::copy(newer.path().join("tls.crt"), folder.path().join("tls.crt")).unwrap();
    let without_its_key = connection.reload();
    std::fs::write(folder.path().join("ca.crt"), "").unwrap();
    let without_authorities = connection.reload();
    check(connection).await.unwrap();

    assert!(matches!(without_its_key, Err(OpenError::Endpoint { .. })), "{without_its_key:?}");
    assert!(matches!(without_authorities, Err(OpenError::NoCertificate(_))), "{without_authorities:?}");
    assert_eq!(peer.attempts(), 1);
}

#[tokio::test]
async fn a_new_token_is_sent_without_a_restart() {
    let (peer, address) = Peer::answering([]).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "old").unwrap();
    let connection = Connection::open(&settings(address).with_token_file(&path), || None).unwrap();
    check(connection.clone()).await.unwrap();

    std::fs::write(&path, "new").unwrap();
    connection.reload().unwrap();
    check(connection).await.unwrap();

    assert_eq!(peer.header(0, "authorization").as_deref(), Some("Bearer old"));
    assert_eq!(peer.header(1, "authorization").as_deref(), Some("Bearer new"));
}

async fn cause(settings: &ClientSettings) -> String {
    let error = check(Connection::open(settings, || None).unwrap()).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error:?}");
    error.message().to_owned()
}

#[tokio::test]
async fn what_is_wrong_with_tls_is_said_with_the_address() {
    let (own, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    certificates(own.path());
    certificates(other.path());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_peer, _serving) = serve(listener, own.path());
    let (_plain, plain_address) = Peer::answering([]).await;
    let right = mutual(own.path(), address);
    let peer = format!("localhost:{}", address.port());
    let cases = [
        (
            ClientSettings { ca_file: Some(other.path().join("ca.crt")), ..right.clone() },
            format!("the certificate of {peer} is not signed by an authority in ca_file"),
        ),
        (
            ClientSettings { server_name: Some("identity.example".to_owned()), ..right.clone() },
            format!("the certificate of {peer} is for another name"),
        ),
        (
            ClientSettings { certificate_file: None, key_file: None, ..right.clone() },
            format!("{peer} refuses our certificate"),
        ),
        (
            mutual(own.path(), plain_address),
            format!("localhost:{} does not speak TLS: is its address http://?", plain_address.port()),
        ),
    ];

    check(Connection::open(&right, || None).unwrap()).await.unwrap();
    for (settings, begins) in cases {
        let told = cause(&settings).await;
        assert!(told.starts_with(&begins), "{told} is not {begins}");
    }
    let in_plain_text = ClientSettings { attempts: 1, ..settings(address) };
    let told = cause(&in_plain_text).await;
    assert!(
        told.starts_with(&address.to_string()) && told.ends_with("does it want TLS (https://)?"),
        "{told}"
    );
}
