//! What crosses a network in production: ports, neighbours and stores speak TLS beyond this machine, or a mesh does it
//! for them and the settings say so.

use std::net::SocketAddr;
use std::str::FromStr as _;

use axum::http::Uri;
use rekey_client::ClientSettings;
use rekey_runtime::loopback::is_loopback;
use rekey_runtime::server::{ServerSettings, TrustNetwork};
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::Findings;
use crate::Part;

/// The network of one part.
pub(super) struct Network<'a> {
    part: Part,
    server: &'a ServerSettings,
}

impl<'a> Network<'a> {
    pub(super) const fn of(part: Part, server: &'a ServerSettings) -> Self {
        Self { part, server }
    }

    /// The port: encrypted, and with an authority of clients no client without a certificate.
    pub(super) fn port(&self, findings: &mut Findings) {
        let tls = &self.server.tls;
        let is_plain = tls.certificate_file.is_none() && !self.server.listen.ip().is_loopback();
        self.forbid_plain(findings, is_plain, "server.tls is not set, and server.listen is not loopback");
        findings.forbid_if(
            tls.client_ca_file.is_some() && !tls.client_certificate_required,
            &format!(
                "{}.server.tls.client_certificate_required is off beside a client_ca_file",
                self.part.name()
            ),
        );
    }

    /// A neighbour, to whom the token of this part would go in plain text.
    pub(super) fn neighbour(&self, findings: &mut Findings, name: &str, settings: &ClientSettings) {
        let what = format!("{name}.endpoint is http:// to another machine");
        self.forbid_plain(findings, is_plain_beyond_loopback(&settings.endpoint), &what);
        // The neighbour's own setting is not known here; parts of one deployment drain alike.
        let (part, drain) = (self.part.name(), self.server.drain_seconds);
        findings.forbid_if(
            settings.balance && settings.resolve_seconds >= drain,
            &format!(
                "{part}.{name}.resolve_seconds is {}, no less than the {drain} of {part}.server.drain_seconds: a \
                 neighbour that stops would be called after it has gone",
                settings.resolve_seconds,
            ),
        );
    }

    /// The port that gateways post to: what ends TLS for it is on this machine, or a mesh is between them.
    pub(super) fn callbacks(&self, findings: &mut Findings, listen: Option<SocketAddr>) {
        let is_plain = listen.is_some_and(|at| !at.ip().is_loopback());
        self.forbid_plain(findings, is_plain, "receipts.http.listen speaks plain text and is not loopback");
    }

    /// A database.
    pub(super) fn database(&self, findings: &mut Findings, url: &str) {
        let options = url.starts_with("postgres").then(|| PgConnectOptions::from_str(url).ok()).flatten();
        // Less than that encrypts for whoever answers under the name.
        let is_open = options.is_some_and(|options| {
            let is_verified = matches!(options.get_ssl_mode(), PgSslMode::VerifyFull);
            !is_verified && options.get_socket().is_none() && !is_loopback(options.get_host())
        });
        let what = "store.url is of another machine and has no sslmode=verify-full";
        self.forbid_plain(findings, is_open, what);
    }

    /// A Redis.
    pub(super) fn redis(&self, findings: &mut Findings, setting: &str, url: &str) {
        let Some((scheme, rest)) = url.split_once("://") else { return };
        let hosts = rest.rsplit_once('@').map_or(rest, |(_, hosts)| hosts);
        let mut hosts = hosts.split('/').next().unwrap_or_default().split(',');
        let is_plain = !scheme.starts_with("rediss") && !hosts.all(|host| is_loopback(without_port(host)));
        self.forbid_plain(findings, is_plain, &format!("{setting} is not rediss://"));
    }

    fn forbid_plain(&self, findings: &mut Findings, is_plain: bool, what: &str) {
        let part = self.part.name();
        let has_mesh = self.server.trust_network == TrustNetwork::Mesh;
        findings.forbid_if(
            is_plain && !has_mesh,
            &format!("{part}.{what}: where a mesh encrypts, set {part}.server.trust_network = \"mesh\""),
        );
    }
}

/// The collector of the process, which is told of every call of all its parts.
pub(super) fn collector(findings: &mut Findings, endpoint: Option<&str>) {
    findings.forbid_if(
        endpoint.is_some_and(is_plain_beyond_loopback),
        "telemetry.otlp_endpoint is http:// to another machine: where a mesh encrypts, set \
         server.trust_network = \"mesh\" in every part",
    );
}

fn is_plain_beyond_loopback(endpoint: &str) -> bool {
    let uri = endpoint.parse::<Uri>().ok();
    uri.is_some_and(|uri| {
        uri.scheme_str() == Some("http") && uri.host().is_some_and(|host| !is_loopback(host))
    })
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_loses_its_port() {
        assert_eq!(
            ["[::1]:6379", "one:6379", "one", "[::1]"].map(without_port),
            ["[::1]", "one", "one", "[::1]"]
        );
    }
}
