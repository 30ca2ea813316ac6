//! What a production configuration must not have, and what it must: the one place that says so, for `serve`, `up
//! --production` and `config check`.
//!
//! Each part says of itself that it is in production, by a setting that is on unless somebody turns it off, as `rekey
//! up` does. What only development may have is forbidden wherever it is found, what one process keeps for itself where
//! parts are served one by one. All findings are told at once. What crosses a network stands in `network`, who may read a
//! secret in `files`, what codes can go by in `channels`.

pub(crate) mod channels;
mod files;
mod network;

use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::Uri;
use rekey_client::ClientSettings;
use rekey_identity::config::Settings as Identity;
use rekey_notification::config::Settings as Notification;
use rekey_portal::config::Settings as Portal;
use rekey_primitives::contact::Channel;
use rekey_runtime::server::{ServerSettings, TrustNetwork};
use rekey_runtime::settings::{Document, RedisSettings, is_variable};
use rekey_runtime::telemetry::TelemetrySettings;
use rekey_verification::config::Settings as Verification;

use self::network::Network;
use crate::folder::DEMO_FILE;
use crate::{Part, settings};

/// The least `answer_floor_ms`: above what a sign-in takes on a slow machine, a hash and two round trips to the store.
const LEAST_ANSWER_FLOOR: Duration = Duration::from_millis(100);

/// Memory in KiB and passes of Argon2id that count as equal (OWASP, ASVS 5.0 appendix C); a cost is at least one of them.
const LEAST_COSTS: [(u32, u32); 5] = [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)];

/// What was found about one or more parts.
#[derive(Debug, Default)]
struct Findings {
    /// What only development may have.
    forbidden: Vec<String>,
    /// What is missing.
    missing: Vec<String>,
    /// What would be kept in one process, where several serve.
    in_process: Vec<String>,
    /// The files of the keys that are set.
    key_files: Vec<PathBuf>,
    /// Parts that are not in production.
    not_in_production: Vec<Part>,
}

/// Checks parts of which each is about to run by itself, or would by these settings: what `serve` refuses. A part that is
/// not in production passes; tells whether all of them are.
pub(crate) fn check_served(document: &Document, parts: &[Part]) -> anyhow::Result<bool> {
    let found = Findings::of(document, parts)?;
    refuse(&found.of_served())?;
    Ok(found.not_in_production.is_empty())
}

/// What [`check_served`] refuses, one by one.
pub(crate) fn served_findings(document: &Document, parts: &[Part]) -> anyhow::Result<Vec<String>> {
    Ok(Findings::of(document, parts)?.of_served())
}

/// Checks all parts as one business runs them: each of them is in production, notification accepts the links of
/// identity, and no key lies in the data folder, since whoever copies it must not get both.
pub(crate) fn check_business(document: &Document, data: &Path) -> anyhow::Result<()> {
    refuse(&business_findings(document, data)?)
}

/// What [`check_business`] refuses, one by one.
pub(crate) fn business_findings(document: &Document, data: &Path) -> anyhow::Result<Vec<String>> {
    let Findings { forbidden: mut findings, missing, key_files, not_in_production, .. } =
        Findings::of(document, &settings::business_parts(document))?;
    findings.extend(not_in_production.iter().map(|part| format!("{}.production is off", part.name())));
    findings.extend(missing);
    findings.extend(missing_link_host(document)?);
    for file in key_files {
        if is_inside(&file, data)? {
            findings.push(format!("the key file {} lies in the data folder", file.display()));
        }
    }
    if data.join(DEMO_FILE).exists() {
        findings.push(format!("{} holds demo people, whose passwords lie beside them", data.display()));
    }
    Ok(findings)
}

fn refuse(findings: &[String]) -> anyhow::Result<()> {
    anyhow::ensure!(findings.is_empty(), "not in production: {}", findings.join("; "));
    Ok(())
}

impl Findings {
    fn of(document: &Document, parts: &[Part]) -> anyhow::Result<Self> {
        let mut findings = Self::default();
        let mut has_mesh = true;
        for part in parts {
            let in_production = match part {
                Part::Identity => findings.identity(&document.part(part.name())?),
                Part::Verification => findings.verification(&document.part(part.name())?),
                Part::Notification => findings.notification(&document.part(part.name())?),
                Part::Portal => findings.portal(&document.part(part.name())?),
            };
            if in_production {
                let server: ServerSettings = document.part(&format!("{}.server", part.name()))?;
                has_mesh &= server.trust_network == TrustNetwork::Mesh;
            } else {
                findings.not_in_production.push(*part);
            }
        }
        let telemetry: TelemetrySettings = document.part("telemetry")?;
        findings.secret_file("telemetry.otlp_headers_file", telemetry.otlp_headers_file.as_deref());
        findings.secret_file("telemetry.otlp_key_file", telemetry.otlp_key_file.as_deref());
        if !has_mesh {
            network::collector(&mut findings, telemetry.otlp_endpoint.as_deref());
        }
        let knows_providers = parts.contains(&Part::Identity) && parts.contains(&Part::Notification);
        if knows_providers && !findings.not_in_production.contains(&Part::Identity) {
            channels::offered(&mut findings, document)?;
        }
        Ok(findings)
    }

    fn of_served(&self) -> Vec<String> {
        [&self.forbidden[..], &self.missing[..], &self.in_process[..]].concat()
    }

    fn identity(&mut self, settings: &Identity) -> bool {
        if settings.production {
            self.forbid_if(settings.server.reflection, "identity.server.reflection is on");
            self.forbid_if(
                settings.answer_floor() < LEAST_ANSWER_FLOOR,
                "identity.answer_floor_ms is below 100, so answers tell by their speed who has an account",
            );
            let cost = settings.hashing.cost;
            let is_least = |&(memory_kib, passes)| cost.memory_kib >= memory_kib && cost.passes >= passes;
            self.forbid_if(
                !LEAST_COSTS.iter().any(is_least),
                "identity.hashing.cost is less than Argon2id needs: 19456 KiB and 2 passes, or as much",
            );
            let network = Network::of(Part::Identity, &settings.server);
            network.port(self);
            network.neighbour(self, "verification", &settings.verification);
            network.neighbour(self, "notification", &settings.notification);
            network.database(self, &settings.store.url);
            settings.store.replica_url.iter().for_each(|url| network.database(self, url));
            network.redis(self, "throttle.url", &settings.throttle.redis.url);
            self.keep_beyond_process("identity.throttle.url", &settings.throttle.redis);
            self.secrets_of_port("identity", &settings.server);
            self.secret_file("identity.store.password_file", settings.store.password_file.as_deref());
            self.secrets_of_redis("identity.throttle", &settings.throttle.redis);
            self.forbid_if(
                is_beside_demo_people(&settings.store.url),
                "identity.store.url is the store of demo people, whose passwords lie beside it",
            );
            self.miss_if(settings.portal_url.starts_with("http://"), "identity.portal_url is not https");
            self.need_callers(Part::Identity, &settings.server);
            self.need_credential("identity.verification", &settings.verification);
            self.need_credential("identity.notification", &settings.notification);
            let keys = &settings.keys;
            self.need_key("identity.keys.pepper_file", keys.pepper_file.as_ref());
            self.need_key("identity.keys.access_token_file", keys.access_token_file.as_ref());
            self.need_key("identity.keys.tokens_file", keys.tokens_file.as_ref());
            self.need_key("identity.keys.decoy_file", keys.decoy_file.as_ref());
            self.need_key("identity.keys.login_hash_file", keys.login_hash_file.as_ref());
            self.need_key("identity.keys.familiar_place_file", keys.familiar_place_file.as_ref());
        }
        settings.production
    }

    fn verification(&mut self, settings: &Verification) -> bool {
        if settings.production {
            self.forbid_if(settings.server.reflection, "verification.server.reflection is on");
            self.forbid_if(
                !settings.test_destinations.is_empty(),
                "verification.test_destinations is not empty",
            );
            let network = Network::of(Part::Verification, &settings.server);
            network.port(self);
            network.neighbour(self, "notification", &settings.notification);
            network.redis(self, "store.url", &settings.store.redis.url);
            self.keep_beyond_process("verification.store.url", &settings.store.redis);
            self.secrets_of_port("verification", &settings.server);
            self.secrets_of_redis("verification.store", &settings.store.redis);
            self.need_callers(Part::Verification, &settings.server);
            self.need_credential("verification.notification", &settings.notification);
            let sim_change = &settings.sim_change;
            self.secret_file("verification.sim_change.password_file", sim_change.password_file.as_deref());
            self.secret_file("verification.sim_change.token_file", sim_change.token_file.as_deref());
            let keys = &settings.keys;
            self.need_key("verification.keys.code_mac_file", keys.code_mac_file.as_ref());
            self.need_key("verification.keys.code_seal_file", keys.code_seal_file.as_ref());
            self.need_key("verification.keys.grant_file", keys.grant_file.as_ref());
        }
        settings.production
    }

    fn notification(&mut self, settings: &Notification) -> bool {
        if settings.production {
            self.forbid_if(settings.server.reflection, "notification.server.reflection is on");
            self.forbid_if(
                settings.uses_inbox(),
                "the development inbox is set as a provider (notification.providers)",
            );
            let network = Network::of(Part::Notification, &settings.server);
            network.port(self);
            network.database(self, &settings.store.url);
            self.secrets_of_port("notification", &settings.server);
            self.secret_file("notification.store.password_file", settings.store.password_file.as_deref());
            for (name, file) in settings.secret_files_of_providers() {
                self.secret_file(&name, Some(&file));
            }
            // Whether people of identity get mail is judged with identity's settings.
            let carries_any = [Channel::Email, Channel::Sms].iter().any(|channel| settings.carries(*channel));
            self.miss_if(!carries_any, "no provider of mail or text messages is set: notification.providers");
            self.need_callers(Part::Notification, &settings.server);
            self.need_key("notification.keys.payload_seal_file", settings.keys.payload_seal_file.as_ref());
            // A deployment of before goes on without it, and suppresses nothing.
            if settings.keys.receipt_mac_file.is_some() {
                self.need_key("notification.keys.receipt_mac_file", settings.keys.receipt_mac_file.as_ref());
            }
            network.callbacks(self, settings.receipts.http.listen);
        }
        settings.production
    }

    fn portal(&mut self, settings: &Portal) -> bool {
        if settings.production {
            let network = Network::of(Part::Portal, &settings.server);
            network.port(self);
            network.neighbour(self, "identity", &settings.identity);
            network.neighbour(self, "notification", &settings.notification);
            self.secrets_of_port("portal", &settings.server);
            self.miss_if(!settings.public_url.starts_with("https://"), "portal.public_url is not https");
            let is_behind_proxy = settings.server.tls.certificate_file.is_none();
            self.miss_if(
                is_behind_proxy && settings.trusted_proxies.is_empty(),
                "portal.trusted_proxies is empty, so whoever ends TLS in front of it passes for everybody",
            );
            self.need_credential("portal.identity", &settings.identity);
            self.need_credential("portal.notification", &settings.notification);
            self.need_key("portal.keys.cookie_file", settings.keys.cookie_file.as_ref());
        }
        settings.production
    }

    fn forbid_if(&mut self, found: bool, what: &str) {
        if found {
            self.forbidden.push(what.to_owned());
        }
    }

    /// What one replica counts or keeps, no other knows of.
    fn keep_beyond_process(&mut self, name: &str, redis: &RedisSettings) {
        if redis.is_memory() {
            self.in_process.push(format!(
                "{name} is memory:, which replicas do not share and a restart forgets: name a Redis, or run \
                 `rekey up --production`"
            ));
        }
    }

    fn miss_if(&mut self, missing: bool, what: &str) {
        if missing {
            self.missing.push(what.to_owned());
        }
    }

    fn need_key(&mut self, name: &str, file: Option<&PathBuf>) {
        match file {
            Some(file) if is_variable(file) => {}
            Some(file) => {
                self.secret_file(name, Some(file));
                self.key_files.push(file.clone());
            }
            None => self.missing.push(format!("{name} is not set")),
        }
    }

    /// A part without callers refuses every call.
    fn need_callers(&mut self, part: Part, server: &ServerSettings) {
        let has_none = server.callers.is_empty() && server.callers_file.is_none();
        self.miss_if(
            has_none,
            &format!("{}.server.callers_file is not set, so nobody may call", part.name()),
        );
    }

    /// A neighbour refuses whoever proves nothing, in one process as between several.
    fn need_credential(&mut self, peer: &str, settings: &ClientSettings) {
        self.secrets_for_neighbour(peer, settings);
        let has_none = settings.token_file.is_none() && settings.certificate_file.is_none();
        self.miss_if(has_none, &format!("neither {peer}.token_file nor {peer}.certificate_file is set"));
    }
}

/// What is wrong with the host that notices link to. Notification refuses a link to any host that was not named to it,
/// and would refuse such a notice for ever.
fn missing_link_host(document: &Document) -> anyhow::Result<Option<String>> {
    let identity: Identity = document.part(Part::Identity.name())?;
    let notification: Notification = document.part(Part::Notification.name())?;
    let portal = identity.portal_url.parse::<Uri>().ok();
    let Some(host) = portal.as_ref().and_then(Uri::host) else {
        return Ok(Some("identity.portal_url names no host".to_owned()));
    };
    let named = &notification.templates.link_hosts;
    let is_named = named.iter().any(|named| named.eq_ignore_ascii_case(host));
    let lacking = format!("notification.templates.link_hosts lacks {host}, the host of identity.portal_url");
    Ok((!is_named).then_some(lacking))
}

/// Whether a file lies in a folder, whatever links lead to either. Where one is missing, by how they are spelt.
fn is_inside(file: &Path, folder: &Path) -> std::io::Result<bool> {
    match (file.canonicalize(), folder.canonicalize()) {
        (Ok(file), Ok(folder)) => Ok(file.starts_with(folder)),
        _ => Ok(std::path::absolute(file)?.starts_with(std::path::absolute(folder)?)),
    }
}

/// Whether an embedded store lies where `rekey up` has left its demo people.
fn is_beside_demo_people(url: &str) -> bool {
    let folder = url.strip_prefix("sqlite:").and_then(|path| Path::new(path).parent());
    folder.is_some_and(|folder| folder.join(DEMO_FILE).exists())
}

#[cfg(test)]
mod tests;
