//! Which servers show us certificates by these settings, and what is in those and in the files of our own ports.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use anyhow::Context as _;
use rekey_client::ClientSettings;
use rekey_notification::TlsServer;
use rekey_primitives::clock::Timestamp;
use rekey_runtime::settings::RedisSettings;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

use super::super::judge::certificates::CertificateFacts;
use super::handshake::{Authorities, Opening, Server, Shown};

const DAY_SECONDS: i64 = 86_400;

/// A port that a URL of Redis does not name.
const REDIS_PORT: u16 = 6379;

/// What a server showed.
pub(crate) fn of_shown(server: &Server, shown: &Shown, now: Timestamp) -> anyhow::Result<CertificateFacts> {
    facts(&server.about, &shown.certificate, shown.trust.clone(), now)
}

/// The first certificate of a file: that of a port.
pub(crate) fn of_file(about: &str, path: &Path, now: Timestamp) -> anyhow::Result<CertificateFacts> {
    let mut chain = CertificateDer::pem_file_iter(path).with_context(|| path.display().to_string())?;
    let first = chain.next().with_context(|| format!("no certificate in {}", path.display()))??;
    facts(about, &first, Ok(()), now)
}

fn facts(
    about: &str,
    der: &[u8],
    trust: Result<(), String>,
    now: Timestamp,
) -> anyhow::Result<CertificateFacts> {
    let (_, certificate) = parse_x509_certificate(der).context("the certificate does not read")?;
    let validity = certificate.validity();
    let seconds = now.unix_seconds();
    let mut names = Vec::new();
    if let Ok(Some(alternatives)) = certificate.subject_alternative_name() {
        names.extend(alternatives.value.general_names.iter().filter_map(|name| match name {
            GeneralName::DNSName(name) | GeneralName::URI(name) => Some((*name).to_owned()),
            _ => None,
        }));
    }
    if names.is_empty() {
        names.push(certificate.subject().to_string());
    }
    Ok(CertificateFacts {
        about: about.to_owned(),
        names,
        days_left: (validity.not_after.timestamp() - seconds).div_euclid(DAY_SECONDS),
        has_begun: validity.not_before.timestamp() <= seconds,
        trust,
    })
}

/// A neighbour behind `https://`.
pub(crate) fn of_neighbour(about: &str, settings: &ClientSettings) -> Option<Server> {
    let uri: axum::http::Uri = settings.endpoint.parse().ok()?;
    if uri.scheme_str() != Some("https") {
        return None;
    }
    let host = uri.host()?.trim_matches(['[', ']']).to_owned();
    let name = settings.server_name.clone().unwrap_or_else(|| host.clone());
    let (port, authorities) = (uri.port_u16().unwrap_or(443), Authorities::of(settings.ca_file.clone()));
    Some(Server { about: about.to_owned(), host, port, name, authorities, opening: Opening::AtOnce })
}

/// A relay or gateway of messages.
pub(crate) fn of_provider(about: &str, server: TlsServer) -> Server {
    let TlsServer { host, port, starts_tls, ca_file } = server;
    let opening = if starts_tls { Opening::Smtp } else { Opening::AtOnce };
    let authorities = ca_file.map_or(Authorities::System, Authorities::Also);
    Server { about: about.to_owned(), name: host.clone(), host, port, authorities, opening }
}

/// A Postgres whose certificate is verified.
pub(crate) fn of_postgres(about: &str, url: &str) -> Option<Server> {
    let options = url.starts_with("postgres").then(|| PgConnectOptions::from_str(url).ok()).flatten()?;
    let is_verified = matches!(options.get_ssl_mode(), PgSslMode::VerifyFull | PgSslMode::VerifyCa);
    if !is_verified || options.get_socket().is_some() {
        return None;
    }
    let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters);
    let names_authority = |name: &str| ["sslrootcert", "ssl-root-cert", "ssl-ca"].contains(&name);
    let ca_file = parameters.split('&').filter_map(|parameter| parameter.split_once('='));
    let ca_file =
        ca_file.filter(|(name, _)| names_authority(name)).map(|(_, path)| PathBuf::from(path)).next_back();
    let host = options.get_host().to_owned();
    let (name, port, authorities) = (host.clone(), options.get_port(), Authorities::of(ca_file));
    Some(Server { about: about.to_owned(), host, port, name, authorities, opening: Opening::Postgres })
}

/// The nodes or Sentinels of a `rediss` URL.
pub(crate) fn of_redis(about: &str, settings: &RedisSettings) -> Vec<Server> {
    let Some((scheme, rest)) = settings.url.split_once("://") else { return Vec::new() };
    if !scheme.starts_with("rediss") {
        return Vec::new();
    }
    let hosts = rest.rsplit_once('@').map_or(rest, |(_, hosts)| hosts);
    let hosts = hosts.split('/').next().unwrap_or_default().split(',').filter(|host| !host.is_empty());
    let server = |host: &str| {
        let (host, port) = match host.rsplit_once(':').map(|(host, port)| (host, port.parse())) {
            Some((host, Ok(port))) => (host, port),
            _ => (host, REDIS_PORT),
        };
        let host = host.trim_matches(['[', ']']).to_owned();
        let (name, authorities) = (host.clone(), Authorities::of(settings.ca_file.clone()));
        Server { about: about.to_owned(), host, port, name, authorities, opening: Opening::AtOnce }
    };
    hosts.map(server).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redis(url: &str) -> RedisSettings {
        RedisSettings {
            url: url.to_owned(),
            password_file: None,
            ca_file: None,
            certificate_file: None,
            key_file: None,
            sentinel_user: None,
            sentinel_password_file: None,
        }
    }

    #[test]
    fn servers_that_show_certificates_are_read_off_the_settings() {
        let postgres = of_postgres(
            "identity.store",
            "postgres://rekey:s3cret@db.internal:5433/identity?sslmode=verify-full&sslrootcert=/etc/ca.crt",
        )
        .unwrap();
        let redis = of_redis("identity.throttle", &redis("rediss-sentinel://:s3cret@one:1,[::1]/codes"));
        let mut settings = ClientSettings::to("https://verification:7302");
        settings.server_name = Some("verification.rekey.svc".to_owned());
        let neighbour = of_neighbour("identity.verification", &settings).unwrap();

        let relay = TlsServer {
            host: "mx.example".to_owned(),
            port: 587,
            starts_tls: true,
            ca_file: Some("/etc/mail-ca.crt".into()),
        };
        let relay = of_provider("notification.providers: `smtp`", relay);

        let address = |server: &Server| format!("{} {} {}", server.host, server.port, server.name);
        assert_eq!(address(&postgres), "db.internal 5433 db.internal");
        assert_eq!(postgres.authorities, Authorities::Only("/etc/ca.crt".into()));
        assert_eq!(redis.iter().map(address).collect::<Vec<_>>(), ["one 1 one", "::1 6379 ::1"]);
        assert_eq!(address(&neighbour), "verification 7302 verification.rekey.svc");
        assert_eq!((address(&relay).as_str(), relay.opening), ("mx.example 587 mx.example", Opening::Smtp));
        assert_eq!(relay.authorities, Authorities::Also("/etc/mail-ca.crt".into()));
    }

    #[test]
    fn what_is_not_encrypted_or_not_verified_shows_nothing_to_judge() {
        assert_eq!(of_postgres("a", "postgres://db/identity?sslmode=require"), None);
        assert_eq!(of_postgres("a", "sqlite:/var/lib/identity.db"), None);
        assert_eq!(of_redis("a", &redis("redis://one:1")), []);
        assert_eq!(of_neighbour("a", &ClientSettings::to("http://127.0.0.1:7302")), None);
    }
}
