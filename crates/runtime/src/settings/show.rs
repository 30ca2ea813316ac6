//! The effective settings for human eyes: value, origin, and nothing secret.
//!
//! Secrets should stand in files, but people put passwords into URLs and tokens where they do not belong, so
//! both are redacted by the look of the key and of the value.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;

use config::{Map, Value, ValueKind};

use super::known::KnownKeys;

const REDACTED: &str = "[redacted]";

/// Words that make the last segment of a key secret, unless it names a file or a digest.
const SECRET_WORDS: [&str; 4] = ["password", "secret", "token", "private_key"];

/// Where an effective value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In the defaults of its part.
    Default,
    /// In the operator's file.
    File(PathBuf),
    /// In this environment variable.
    Environment(String),
}

impl Display for Origin {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(variable) => write!(f, "environment {variable}"),
        }
    }
}

/// One effective value. `Display` is a line of TOML with the origin as a comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The dotted key.
    pub key: String,
    /// The value as TOML, secrets redacted.
    pub value: String,
    /// Where it was set.
    pub origin: Origin,
}

impl Display for Setting {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}  # {}", self.key, self.value, self.origin)
    }
}

/// Flattens the merged document.
pub(super) fn settings(
    values: Map<String, Value>,
    known: &KnownKeys,
    origins: &BTreeMap<String, Origin>,
) -> Vec<Setting> {
    let mut settings = Vec::new();
    let mut rest: Vec<_> = values.into_iter().collect();
    while let Some((key, value)) = rest.pop() {
        match value.kind {
            ValueKind::Table(table) if !known.is_known(&key) => {
                rest.extend(table.into_iter().map(|(name, value)| (format!("{key}.{name}"), value)));
            }
            kind => {
                let origin = origins.get(&key).cloned().unwrap_or(Origin::Default);
                let value = render(&key, &kind);
                settings.push(Setting { key, value, origin });
            }
        }
    }
    settings.sort_by(|left, right| left.key.cmp(&right.key));
    settings
}

fn render(key: &str, kind: &ValueKind) -> String {
    match kind {
        ValueKind::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| render(key, &item.kind)).collect();
            format!("[{}]", items.join(", "))
        }
        ValueKind::Table(table) => {
            let mut fields: Vec<_> =
                table.iter().map(|(name, value)| format!("{name} = {}", render(name, &value.kind))).collect();
            fields.sort();
            format!("{{ {} }}", fields.join(", "))
        }
        _ if is_secret(key) => format!("{REDACTED:?}"),
        ValueKind::String(text) => format!("{:?}", without_password(text)),
        ValueKind::Nil => "\"\"".to_owned(),
        other => other.to_string(),
    }
}

fn is_secret(key: &str) -> bool {
    let name = key.rsplit('.').next().unwrap_or(key);
    SECRET_WORDS.iter().any(|word| name.ends_with(word))
}

/// `scheme://user:password@host/path?password=…` without the passwords.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    let path = without_password_parameter(path);
    match authority.rsplit_once('@').and_then(|(user, host)| Some((user.split_once(':')?.0, host))) {
        Some((user, host)) => format!("{scheme}://{user}:{REDACTED}@{host}{path}"),
        None => format!("{scheme}://{authority}{path}"),
    }
}

/// Postgres takes a password among its parameters, too.
fn without_password_parameter(path: &str) -> String {
    let Some((place, parameters)) = path.split_once('?') else { return path.to_owned() };
    let shown = |parameter: &str| match parameter.split_once('=') {
        Some(("password", _)) => format!("password={REDACTED}"),
        _ => parameter.to_owned(),
    };
    let parameters: Vec<_> = parameters.split('&').map(shown).collect();
    format!("{place}?{}", parameters.join("&"))
}
