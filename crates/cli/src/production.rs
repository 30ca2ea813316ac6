//! What a production configuration must not have, and what it must: the one place that says so, for `serve`, `up
//! --production` and `config check`.
//!
//! Each part says of itself that it is in production, by a setting that is on unless somebody turns it off, as `rekey
//! up` does. What only development may have is refused wherever it is found; what a part cannot do without is missed
//! only by who is about to run it. All complaints are told at once.

use std::path::{Path, PathBuf};

use axum::http::Uri;
use rekey_client::ClientSettings;
use rekey_identity::config::Settings as Identity;
use rekey_notification::config::Settings as Notification;
use rekey_primitives::contact::Channel;
use rekey_runtime::server::ServerSettings;
use rekey_runtime::settings::{Document, is_variable};
use rekey_verification::config::Settings as Verification;

use crate::folder::DEMO;
use crate::suite::Part;

/// What was found about one or more parts.
#[derive(Debug, Default)]
struct Findings {
    /// What only development may have.
    refused: Vec<String>,
    /// What is missing.
    missed: Vec<String>,
    /// The files of the keys that are set.
    keys: Vec<PathBuf>,
    /// Parts that are not in production.
    relaxed: Vec<Part>,
}

/// Refuses what only development may have, in every part that is in production.
pub fn refuse_development(document: &Document) -> anyhow::Result<()> {
    complain(&Findings::of(document, &Part::ALL)?.refused)
}

/// Judges one part as it is about to be run by itself. A part that is not in production is let through; true when it
/// is.
pub fn judge(document: &Document, part: Part) -> anyhow::Result<bool> {
    let Findings { mut refused, missed, relaxed, .. } = Findings::of(document, &[part])?;
    refused.extend(missed);
    complain(&refused)?;
    Ok(relaxed.is_empty())
}

/// Judges all parts as one business runs them: every one of them in production, links that notification lets through,
/// and no key where the data lies, since who copies the folder must not get both.
pub fn judge_business(document: &Document, data: &Path) -> anyhow::Result<()> {
    let Findings { mut refused, missed, keys, relaxed } = Findings::of(document, &Part::ALL)?;
    refused.extend(relaxed.iter().map(|part| format!("{}.production is off", part.name())));
    refused.extend(missed);
    refused.extend(missing_link_host(document)?);
    for file in keys {
        if lies_in(&file, data)? {
            refused.push(format!("the key file {} lies in the data folder", file.display()));
        }
    }
    if data.join(DEMO).exists() {
        refused.push(format!("{} holds demo people, whose passwords lie beside them", data.display()));
    }
    complain(&refused)
}

fn complain(complaints: &[String]) -> anyhow::Result<()> {
    anyhow::ensure!(complaints.is_empty(), "not in production: {}", complaints.join("; "));
    Ok(())
}

impl Findings {
    fn of(document: &Document, parts: &[Part]) -> anyhow::Result<Self> {
        let mut findings = Self::default();
        for part in parts {
            let in_production = match part {
                Part::Identity => findings.identity(&document.part(part.name())?),
                Part::Verification => findings.verification(&document.part(part.name())?),
                Part::Notification => findings.notification(&document.part(part.name())?),
            };
            if !in_production {
                findings.relaxed.push(*part);
            }
        }
        Ok(findings)
    }

    fn identity(&mut self, settings: &Identity) -> bool {
        if settings.production {
            self.refuse(settings.server.reflection, "identity.server.reflection is on");
            self.refuse(
                settings.answer_floor().is_zero(),
                "identity.answer_floor_ms is 0, so answers tell by their speed who has an account",
            );
            self.refuse(
                is_beside_demo_people(&settings.store.url),
                "identity.store.url is the store of demo people, whose passwords lie beside it",
            );
            self.miss(settings.portal_url.starts_with("http://"), "identity.portal_url is not https");
            self.need_callers(Part::Identity, &settings.server);
            self.need_credential("identity.verification", &settings.verification);
            self.need_credential("identity.notification", &settings.notification);
            let keys = &settings.keys;
            self.need("identity.keys.pepper_file", keys.pepper_file.as_ref());
            self.need("identity.keys.access_token_file", keys.access_token_file.as_ref());
            self.need("identity.keys.tokens_file", keys.tokens_file.as_ref());
            self.need("identity.keys.decoy_file", keys.decoy_file.as_ref());
            self.need("identity.keys.login_hash_file", keys.login_hash_file.as_ref());
            self.need("identity.keys.familiar_place_file", keys.familiar_place_file.as_ref());
        }
        settings.production
    }

    fn verification(&mut self, settings: &Verification) -> bool {
        if settings.production {
            self.refuse(settings.server.reflection, "verification.server.reflection is on");
            self.refuse(
                !settings.test_destinations.is_empty(),
                "verification.test_destinations is not empty",
            );
            self.need_callers(Part::Verification, &settings.server);
            self.need_credential("verification.notification", &settings.notification);
            let keys = &settings.keys;
            self.need("verification.keys.code_mac_file", keys.code_mac_file.as_ref());
            self.need("verification.keys.code_seal_file", keys.code_seal_file.as_ref());
            self.need("verification.keys.grant_file", keys.grant_file.as_ref());
        }
        settings.production
    }

    fn notification(&mut self, settings: &Notification) -> bool {
        if settings.production {
            self.refuse(settings.server.reflection, "notification.server.reflection is on");
            self.refuse(settings.uses_inbox(), "the development inbox is set as a provider");
            let carries_mail = settings.carries(Channel::Email);
            self.miss(!carries_mail, "no mail provider is set: notification.providers");
            self.need_callers(Part::Notification, &settings.server);
            self.need("notification.keys.payload_seal_file", settings.keys.payload_seal_file.as_ref());
        }
        settings.production
    }

    fn refuse(&mut self, found: bool, what: &str) {
        if found {
            self.refused.push(what.to_owned());
        }
    }

    fn miss(&mut self, missing: bool, what: &str) {
        if missing {
            self.missed.push(what.to_owned());
        }
    }

    fn need(&mut self, name: &str, file: Option<&PathBuf>) {
        match file {
            Some(file) if is_variable(file) => {}
            Some(file) => self.keys.push(file.clone()),
            None => self.missed.push(format!("{name} is not set")),
        }
    }

    /// A part without callers refuses every call.
    fn need_callers(&mut self, part: Part, server: &ServerSettings) {
        let has_none = server.callers.is_empty() && server.callers_file.is_none();
        self.miss(has_none, &format!("{}.server.callers_file is not set, so nobody may call", part.name()));
    }

    /// A neighbour refuses whoever proves nothing, in one process as between three.
    fn need_credential(&mut self, peer: &str, settings: &ClientSettings) {
        let has_none = settings.token_file.is_none() && settings.certificate_file.is_none();
        self.miss(has_none, &format!("neither {peer}.token_file nor {peer}.certificate_file is set"));
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
fn lies_in(file: &Path, folder: &Path) -> std::io::Result<bool> {
    match (file.canonicalize(), folder.canonicalize()) {
        (Ok(file), Ok(folder)) => Ok(file.starts_with(folder)),
        _ => Ok(std::path::absolute(file)?.starts_with(std::path::absolute(folder)?)),
    }
}

/// Whether an embedded store lies where `rekey up` has left its demo people.
fn is_beside_demo_people(url: &str) -> bool {
    let folder = url.strip_prefix("sqlite:").and_then(|path| Path::new(path).parent());
    folder.is_some_and(|folder| folder.join(DEMO).exists())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::development::set;
    use crate::folder::KEYS;
    use crate::suite;

    /// Who is called, by the tables of the settings.
    const PEERS: [&str; 3] =
        ["IDENTITY__VERIFICATION", "IDENTITY__NOTIFICATION", "VERIFICATION__NOTIFICATION"];

    /// A configuration that is fit for production, but for these settings.
    fn fit_but_for(changes: &[(&str, &str)]) -> Document {
        let mut settings = vec![
            set("IDENTITY__PORTAL_URL", "https://id.example.com"),
            set("IDENTITY__STORE__URL", "postgres://db/identity"),
            set("NOTIFICATION__PROVIDERS__0__KIND", "smtp"),
            set("NOTIFICATION__TEMPLATES__LINK_HOSTS", "id.example.com"),
        ];
        let name = |(part, key): (&str, &str)| format!("{part}__KEYS__{key}_FILE").to_uppercase();
        settings.extend(KEYS.map(|key| set(&name(key), "/etc/rekey/key")));
        let callers = |part: Part| format!("{}__SERVER__CALLERS_FILE", part.name()).to_uppercase();
        settings.extend(Part::ALL.map(|part| set(&callers(part), "/etc/rekey/callers.toml")));
        settings.extend(PEERS.map(|peer| set(&format!("{peer}__TOKEN_FILE"), "/etc/rekey/token")));
        settings.extend(changes.iter().map(|(key, value)| set(key, value)));
        suite::builder().environment(settings).load().unwrap()
    }

    fn complaint(judged: anyhow::Result<bool>) -> String {
        judged.unwrap_err().to_string()
    }

    #[test]
    fn what_is_fit_is_let_through() {
        let document = fit_but_for(&[]);

        for part in Part::ALL {
            assert!(judge(&document, part).unwrap(), "{}", part.name());
        }
        refuse_development(&document).unwrap();
        judge_business(&document, Path::new("/var/lib/rekey")).unwrap();
    }

    #[test]
    fn what_only_development_may_have_is_refused_whoever_asks() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(DEMO), "{}").unwrap();
        let store = format!("sqlite:{}", folder.path().join("identity.db").display());
        let wrong = [
            (Part::Identity, "IDENTITY__SERVER__REFLECTION", "true", "identity.server.reflection"),
            (Part::Identity, "IDENTITY__ANSWER_FLOOR_MS", "0", "identity.answer_floor_ms"),
            (Part::Identity, "IDENTITY__STORE__URL", store.as_str(), "demo people"),
            (
                Part::Verification,
                "VERIFICATION__SERVER__REFLECTION",
                "true",
                "verification.server.reflection",
            ),
            (
                Part::Notification,
                "NOTIFICATION__SERVER__REFLECTION",
                "true",
                "notification.server.reflection",
            ),
            (Part::Notification, "NOTIFICATION__PROVIDERS__1__KIND", "inbox", "development inbox"),
        ];

        for (part, key, value, expected) in wrong {
            let document = fit_but_for(&[(key, value)]);

            assert!(complaint(judge(&document, part)).contains(expected), "{key}");
            assert!(refuse_development(&document).unwrap_err().to_string().contains(expected), "{key}");
            assert!(
                judge_business(&document, folder.path()).unwrap_err().to_string().contains(expected),
                "{key}"
            );
        }
    }

    #[test]
    fn a_part_is_asked_for_what_it_needs_and_for_nothing_else() {
        let document = suite::builder().load().unwrap();

        let needs = Part::ALL.map(|part| complaint(judge(&document, part)));

        let [notification, verification, identity] = needs;
        assert!(
            notification.contains("notification.providers") && notification.contains("payload_seal_file")
        );
        assert!(verification.contains("code_mac_file") && !verification.contains("identity"));
        assert!(identity.contains("portal_url is not https") && identity.contains("pepper_file is not set"));
        refuse_development(&document).unwrap();
    }

    #[test]
    fn a_part_needs_callers_and_a_credential_for_each_neighbour() {
        let document = suite::builder().load().unwrap();

        let needs = Part::ALL.map(|part| complaint(judge(&document, part)));

        let [notification, verification, identity] = needs;
        assert!(notification.contains("notification.server.callers_file is not set"), "{notification}");
        assert!(verification.contains("verification.server.callers_file is not set"), "{verification}");
        assert!(verification.contains("verification.notification.certificate_file"), "{verification}");
        assert!(identity.contains("identity.server.callers_file is not set"), "{identity}");
        assert!(identity.contains("identity.verification.token_file"), "{identity}");
        assert!(identity.contains("identity.notification.token_file"), "{identity}");
    }

    #[test]
    fn a_part_out_of_production_is_let_through_alone_and_not_in_a_business() {
        let document = fit_but_for(&[
            ("NOTIFICATION__PRODUCTION", "false"),
            ("NOTIFICATION__SERVER__REFLECTION", "true"),
        ]);

        let alone = judge(&document, Part::Notification).unwrap();
        let business = judge_business(&document, Path::new("/var/lib/rekey")).unwrap_err().to_string();

        assert!(!alone);
        assert_eq!(business, "not in production: notification.production is off");
    }

    #[test]
    fn a_business_names_the_host_that_its_notices_link_to() {
        let named = fit_but_for(&[
            ("IDENTITY__PORTAL_URL", "https://ID.acme.example:8443/people"),
            ("NOTIFICATION__TEMPLATES__LINK_HOSTS", "www.acme.example, id.acme.example"),
        ]);
        let unnamed = fit_but_for(&[("NOTIFICATION__TEMPLATES__LINK_HOSTS", "www.example.com")]);

        let refused = judge_business(&unnamed, Path::new("/var/lib/rekey")).unwrap_err().to_string();

        assert!(refused.contains("notification.templates.link_hosts lacks id.example.com"), "{refused}");
        judge_business(&named, Path::new("/var/lib/rekey")).unwrap();
    }

    #[test]
    fn a_business_keeps_its_keys_apart_from_its_data() {
        let document = fit_but_for(&[("IDENTITY__KEYS__PEPPER_FILE", "/var/lib/rekey/keys/pepper")]);

        let refused = judge_business(&document, Path::new("/var/lib/rekey")).unwrap_err().to_string();

        assert!(refused.contains("/var/lib/rekey/keys/pepper lies in the data folder"), "{refused}");
    }

    #[test]
    fn a_key_is_found_in_the_data_folder_by_any_other_name() {
        let scratch = tempfile::tempdir().unwrap();
        let (data, linked) = (scratch.path().join("data"), scratch.path().join("linked"));
        std::fs::create_dir(&data).unwrap();
        std::fs::write(data.join("pepper"), "").unwrap();
        std::os::unix::fs::symlink(&data, &linked).unwrap();
        let key = linked.join("pepper").display().to_string();
        let document = fit_but_for(&[("IDENTITY__KEYS__PEPPER_FILE", &key)]);

        let refused = judge_business(&document, &data).unwrap_err().to_string();

        assert!(refused.contains(&format!("{key} lies in the data folder")), "{refused}");
    }

    #[test]
    fn a_key_in_a_variable_lies_in_no_folder() {
        let document = fit_but_for(&[("IDENTITY__KEYS__PEPPER_FILE", "env:PEPPER")]);
        let here = std::path::absolute(".").unwrap();

        judge_business(&document, &here).unwrap();
    }
}
