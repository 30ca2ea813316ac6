//! Users of Firebase Authentication, as `firebase auth:export` writes them, with hashes of its own kind of scrypt.

use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::super::record::{Record, RecordAddress};
use super::{Reading, flag, text};

/// The password hash parameters of a project. The signer key is a secret.
#[derive(Clone)]
pub(crate) struct HashConfig {
    signer_key: String,
    salt_separator: String,
    rounds: u32,
    mem_cost: u32,
}

impl std::fmt::Debug for HashConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HashConfig").finish_non_exhaustive()
    }
}

impl HashConfig {
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text)
            .with_context(|| format!("{} is no `hash_config {{ … }}` of Firebase", path.display()))
    }

    /// Reads what the console of Firebase shows: a name, a colon and a value a line.
    pub(in crate::commands::import) fn parse(text: &str) -> anyhow::Result<Self> {
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.trim().trim_start_matches('"').strip_prefix(name));
            let value = line.and_then(|rest| rest.split_once(':')).map(|(_, value)| value);
            value
                .map(|value| value.trim().trim_matches([',', '"', ' ']))
                .with_context(|| format!("`{name}` is missing"))
        };
        if value("algorithm").is_ok_and(|algorithm| algorithm != "SCRYPT") {
            bail!("the algorithm is not SCRYPT");
        }
        Ok(Self {
            signer_key: value("base64_signer_key")?.to_owned(),
            salt_separator: value("base64_salt_separator")?.to_owned(),
            rounds: value("rounds")?.parse().context("`rounds` is no number")?,
            mem_cost: value("mem_cost")?.parse().context("`mem_cost` is no number")?,
        })
    }
}

pub(super) fn person(user: &Value, reading: &Reading) -> Result<Record, String> {
    let mut record = Record {
        display_name: text(user, "/displayName").to_owned(),
        external_id: text(user, "/localId").to_owned(),
        blocked: flag(user, "/disabled"),
        password_hash: if reading.without_passwords { String::new() } else { hash(user, reading)? },
        ..Record::default()
    };
    record.add_login(text(user, "/email"));
    if record.logins.is_empty() {
        record.add_login(text(user, "/phoneNumber"));
    }
    record.add_address(RecordAddress::email(text(user, "/email"), flag(user, "/emailVerified")));
    // Whoever has a number at Firebase has signed in with it.
    record.add_address(RecordAddress::phone(text(user, "/phoneNumber"), true));
    Ok(record)
}

fn hash(user: &Value, reading: &Reading) -> Result<String, String> {
    let (hash, salt) = (text(user, "/passwordHash"), text(user, "/salt"));
    if hash.is_empty() {
        return Ok(String::new());
    }
    let Some(HashConfig { signer_key, salt_separator, rounds, mem_cost }) = &reading.firebase else {
        return Err("has a password hash, which needs --firebase-hash-config".to_owned());
    };
    let usual = |base64: &str| base64.replace('-', "+").replace('_', "/");
    let [salt, hash, separator, key] = [salt, hash, salt_separator, signer_key].map(usual);
    Ok(format!("$firescrypt$ln={mem_cost},r={rounds},p=1${salt}${hash}${separator}${key}"))
}
