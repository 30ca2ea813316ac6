//! How the collector is reached: over TLS, with headers that let us in.

use opentelemetry_otlp::{WithExportConfig, WithTonicConfig};
use secrecy::{ExposeSecret as _, SecretString};
use tonic::metadata::{Ascii, MetadataKey, MetadataMap, MetadataValue};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use super::TelemetrySettings;
use crate::settings::{SecretFileError, TlsClientError, TlsClientFiles, secret_file};

/// What is needed to reach the collector does not read.
#[derive(Debug, thiserror::Error)]
pub enum CollectorError {
    /// Certificates or their key.
    #[error("otlp_ca_file, otlp_certificate_file and otlp_key_file")]
    Tls(#[from] TlsClientError),
    /// The file of the headers.
    #[error("otlp_headers_file")]
    Headers(#[from] SecretFileError),
    /// A line of it. The line is not quoted: it is a secret.
    #[error("line {0} of otlp_headers_file is not `name: value`")]
    Header(usize),
}

/// A collector and what it asks for.
pub(super) struct Collector {
    endpoint: String,
    tls: Option<ClientTlsConfig>,
    headers: MetadataMap,
}

impl Collector {
    /// Reads what the settings name; `None` without an endpoint.
    pub(super) fn of(settings: &TelemetrySettings) -> Result<Option<Self>, CollectorError> {
        let Some(endpoint) = settings.otlp_endpoint.clone() else { return Ok(None) };
        let files = TlsClientFiles {
            ca_file: settings.otlp_ca_file.as_deref(),
            certificate_file: settings.otlp_certificate_file.as_deref(),
            key_file: settings.otlp_key_file.as_deref(),
        };
        let texts = files.read()?;
        let tls = endpoint.starts_with("https://").then(|| {
            let mut tls = ClientTlsConfig::new();
            let (authorities, own) = texts.map_or((None, None), |texts| (texts.authorities, texts.own));
            tls = match authorities {
                Some(authorities) => tls.ca_certificate(Certificate::from_pem(authorities)),
                None => tls.with_native_roots(),
            };
            match own {
                Some((certificate, key)) => {
                    tls.identity(Identity::from_pem(certificate, key.expose_secret()))
                }
                None => tls,
            }
        });
        let headers = match &settings.otlp_headers_file {
            Some(file) => headers(&secret_file(file)?)?,
            None => MetadataMap::new(),
        };
        Ok(Some(Self { endpoint, tls, headers }))
    }

    /// An exporter that reaches it.
    pub(super) fn reached_by<B: WithExportConfig + WithTonicConfig>(self, builder: B) -> B {
        let builder = builder.with_endpoint(self.endpoint).with_metadata(self.headers);
        match self.tls {
            Some(tls) => builder.with_tls_config(tls),
            None => builder,
        }
    }
}

fn headers(text: &SecretString) -> Result<MetadataMap, CollectorError> {
    let mut headers = MetadataMap::new();
    for (index, line) in text.expose_secret().lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = CollectorError::Header(index + 1);
        let Some((name, value)) = line.split_once(':') else { return Err(wrong) };
        let name = name.trim().to_ascii_lowercase().parse::<MetadataKey<Ascii>>();
        let value = value.trim().parse::<MetadataValue<Ascii>>();
        let (Ok(name), Ok(mut value)) = (name, value) else { return Err(wrong) };
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::extract::Request;
    use opentelemetry::trace::{Tracer as _, TracerProvider as _};
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use tokio_stream::wrappers::TcpListenerStream;
    use tonic::service::Routes;
    use tonic::transport::{Server, ServerTlsConfig};

    use super::*;
    use crate::telemetry::Telemetry;

    #[test]
    fn headers_are_read_line_by_line_and_never_quoted() {
        let read = |text: &str| headers(&SecretString::from(text));

        let good = read("# from the vendor\nAuthorization: Bearer s3cr3t\n\nx-scope: acme\n").unwrap();
        let bad = read("x-scope: acme\nno colon s3cr3t\n").unwrap_err();

        assert_eq!(good.get("authorization").unwrap(), "Bearer s3cr3t");
        assert_eq!(good.get("x-scope").unwrap(), "acme");
        assert!(!format!("{good:?}").contains("s3cr3t"));
        assert!(bad.to_string().contains("line 2") && !bad.to_string().contains("s3cr3t"), "{bad}");
    }

    /// An authority and a certificate for `localhost`, as files `ca`, `certificate` and `key`.
    fn certificates(folder: &Path) {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &authority).unwrap();
        std::fs::write(folder.join("ca"), authority.pem()).unwrap();
        std::fs::write(folder.join("certificate"), leaf.pem()).unwrap();
        std::fs::write(folder.join("key"), key.serialize_pem()).unwrap();
    }

    #[tokio::test]
    async fn a_collector_behind_tls_is_sent_spans_with_the_headers_that_it_asks_for() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        certificates(folder.path());
        std::fs::write(file("headers"), "authorization: Bearer s3cr3t\n").unwrap();
        let read = |name: &str| std::fs::read(file(name)).unwrap();
        let tls = ServerTlsConfig::new()
            .identity(Identity::from_pem(read("certificate"), read("key")))
            .client_ca_root(Certificate::from_pem(read("ca")));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        let collected = move |request: Request| {
            let header = request.headers().get("authorization").cloned();
            kept.lock().unwrap().push((request.uri().path().to_owned(), header));
            std::future::ready(tonic::Status::ok("").into_http::<axum::body::Body>())
        };
        let routes = Routes::from(Router::new().fallback(collected));
        let server = Server::builder().tls_config(tls).unwrap().add_routes(routes);
        tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
        let document = crate::settings::Document::builder().load().unwrap();
        let settings = TelemetrySettings {
            otlp_endpoint: Some(format!("https://localhost:{port}")),
            otlp_ca_file: Some(file("ca")),
            otlp_certificate_file: Some(file("certificate")),
            otlp_key_file: Some(file("key")),
            otlp_headers_file: Some(file("headers")),
            ..document.part("telemetry").unwrap()
        };

        let telemetry = Telemetry::start(&settings, "rekey-test").unwrap();
        telemetry.traces.tracer("test").in_span("a span", |_| ());
        telemetry.shutdown().await;

        let seen = seen.lock().unwrap();
        let traces = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
        let (_, header) = seen.iter().find(|(path, _)| path == traces).unwrap();
        assert_eq!(header.as_ref().unwrap(), "Bearer s3cr3t");
    }
}
