//! The callers of a part: those in its settings and those in a file of their own, read again when it changes.
//!
//! A file that does not read keeps the callers that were good: a typing error must not lock everybody out, and
//! must not let anybody in.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use rekey_primitives::id::TenantId;
use rekey_primitives::secret::same;
use ring::digest;
use serde::Deserialize;

use super::{Allowed, CallerEntry};

/// Length of a SHA-256 in hex.
const DIGEST_CHARS: usize = 64;

/// Why callers were not taken.
#[derive(Debug, thiserror::Error)]
pub enum CallerError {
    /// The file is missing or not readable.
    #[error("cannot read the callers file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that named callers names none: more likely half written than meant.
    #[error("the callers file {} names nobody any more", path.display())]
    Emptied {
        /// The file.
        path: PathBuf,
    },
    /// The file is not TOML of the right shape.
    #[error("the callers file {} is wrong", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<toml::de::Error>,
    },
    /// Two entries with one name.
    #[error("two callers are named `{0}`")]
    NamedTwice(String),
    /// An entry without a name, or without any way to prove it.
    #[error("the caller `{0}` has neither a SPIFFE ID nor a token digest")]
    NoCredential(String),
    /// Not 64 hexadecimal digits.
    #[error("a token digest of the caller `{0}` is not 64 lower-case hexadecimal digits")]
    BadDigest(String),
    /// A tenant that is not an id would silently allow nothing.
    #[error("the caller `{name}` names `{tenant}`, which is not a tenant id")]
    BadTenant {
        /// The caller.
        name: String,
        /// What was written.
        tenant: String,
    },
}

/// SHA-256 of a service token in lower-case hex, as `token_sha256` holds it.
#[must_use]
pub fn token_digest(token: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, token.as_bytes()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallersFile {
    #[serde(default)]
    caller: Vec<CallerEntry>,
}

/// Every caller of a part. Cheap to clone; clones share reloads.
#[derive(Debug, Clone)]
pub struct Callers {
    inline: Arc<[CallerEntry]>,
    file: Option<PathBuf>,
    current: Arc<RwLock<Current>>,
}

#[derive(Debug, Default)]
struct Current {
    text: String,
    entries: Arc<[Arc<CallerEntry>]>,
}

impl Callers {
    /// Takes the entries of the settings and of the file, if there is one.
    ///
    /// # Errors
    /// A file that does not read, or entries that contradict each other.
    pub fn load(inline: Vec<CallerEntry>, file: Option<PathBuf>) -> Result<Self, CallerError> {
        let callers = Self { inline: inline.into(), file, current: Arc::default() };
        let text = callers.read()?;
        let entries = callers.parse(&text)?;
        callers.replace(Current { text, entries });
        Ok(callers)
    }

    /// Reads the file again. Returns whether anything changed; on an error the callers stay as they are.
    ///
    /// # Errors
    /// As [`Callers::load`].
    pub(crate) fn reload(&self) -> Result<bool, CallerError> {
        let text = self.read()?;
        if self.with(|current| current.text == text) {
            return Ok(false);
        }
        let entries = self.parse(&text)?;
        let had_more = self.with(|current| current.entries.len() > self.inline.len());
        if had_more && entries.len() == self.inline.len() {
            return Err(CallerError::Emptied { path: self.file.clone().unwrap_or_default() });
        }
        self.replace(Current { text, entries });
        Ok(true)
    }

    /// Whether nobody can call.
    pub(crate) fn is_empty(&self) -> bool {
        self.with(|current| current.entries.is_empty())
    }

    /// The caller that proves to be one by certificate, token, or both.
    pub(super) fn recognise(&self, spiffe_id: Option<&str>, token: Option<&str>) -> Option<Arc<CallerEntry>> {
        let digest = token.map(token_digest);
        let entries = self.with(|current| Arc::clone(&current.entries));
        let mut found = None;
        // Every entry is looked at, whichever matched: the time tells nothing about the order.
        for entry in entries.iter() {
            if is_proved(entry, spiffe_id, digest.as_deref()) && found.is_none() {
                found = Some(Arc::clone(entry));
            }
        }
        found
    }

    fn read(&self) -> Result<String, CallerError> {
        let Some(path) = &self.file else { return Ok(String::new()) };
        std::fs::read_to_string(path).map_err(|source| CallerError::Unreadable { path: path.clone(), source })
    }

    fn parse(&self, text: &str) -> Result<Arc<[Arc<CallerEntry>]>, CallerError> {
        let file: CallersFile = toml::from_str(text).map_err(|source| CallerError::Malformed {
            path: self.file.clone().unwrap_or_default(),
            source: Box::new(source),
        })?;
        let mut names = BTreeSet::new();
        let entries: Vec<_> = self.inline.iter().cloned().chain(file.caller).collect();
        for entry in &entries {
            check(entry)?;
            if !names.insert(entry.name.as_str()) {
                return Err(CallerError::NamedTwice(entry.name.clone()));
            }
        }
        Ok(entries.into_iter().map(Arc::new).collect())
    }

    fn with<T>(&self, look: impl FnOnce(&Current) -> T) -> T {
        look(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, current: Current) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = current;
    }
}

fn check(entry: &CallerEntry) -> Result<(), CallerError> {
    let name = || entry.name.clone();
    match &entry.token_sha256 {
        Allowed::Everything => return Err(CallerError::BadDigest(name())),
        Allowed::Only(digests)
            if entry.name.is_empty() || (digests.is_empty() && entry.spiffe_id.is_none()) =>
        {
            return Err(CallerError::NoCredential(name()));
        }
        Allowed::Only(digests) if !digests.iter().all(|digest| is_digest(digest)) => {
            return Err(CallerError::BadDigest(name()));
        }
        Allowed::Only(_) => {}
    }
    if let Allowed::Only(tenants) = &entry.tenants
        && let Some(tenant) = tenants.iter().find(|tenant| TenantId::parse(tenant).is_err())
    {
        return Err(CallerError::BadTenant { name: name(), tenant: tenant.clone() });
    }
    Ok(())
}

fn is_digest(text: &str) -> bool {
    text.len() == DIGEST_CHARS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_proved(entry: &CallerEntry, spiffe_id: Option<&str>, digest: Option<&str>) -> bool {
    let certificate_fits = entry.spiffe_id.as_deref().is_none_or(|wanted| spiffe_id == Some(wanted));
    let token_fits = match &entry.token_sha256 {
        Allowed::Only(wanted) if !wanted.is_empty() => wanted.iter().fold(false, |fits, wanted| {
            fits | digest.is_some_and(|digest| same(digest.as_bytes(), wanted.as_bytes()))
        }),
        _ => true,
    };
    certificate_fits & token_fits
}

#[cfg(test)]
mod fuzz {
    use super::*;

    #[test]
    fn callers_that_are_taken_have_names_of_their_own_and_prove_who_they_are() {
        let file = format!(
            "[[caller]]\nname = \"shop\"\ntoken_sha256 = [\"{}\"]\nmethods = \"*\"\ntenants = \"*\"\n\
             [[caller]]\nname = \"bank\"\nspiffe_id = \"spiffe://acme.example/bank\"\nlanes = [\"critical\"]\n",
            token_digest("token")
        );
        rekey_testing::fuzz(&[file.as_bytes()], |bytes: &[u8]| {
            let callers = Callers { inline: Arc::default(), file: None, current: Arc::default() };
            let text = String::from_utf8_lossy(bytes).into_owned();
            let Ok(entries) = callers.parse(&text) else { return };
            let names: BTreeSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
            assert!(names.len() == entries.len() && !names.contains(""));
            callers.replace(Current { text, entries });
            assert!(callers.recognise(None, None).is_none());
            assert!(callers.recognise(Some("spiffe://acme.example/other"), Some("other")).is_none());
        });
    }
}
