//! A table whose keys only its reader knows.

use std::path::PathBuf;

use config::{Map, Value, ValueKind};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Error;

/// Files that hold no secret.
const PUBLIC_FILES: [&str; 2] = ["ca_file", "certificate_file"];

/// Part of a document, kept as it is until somebody says what should stand in it. `Debug` shows its keys alone, because
/// people put secrets where they do not belong.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Table(Map<String, Value>);

impl Table {
    /// The table as this type, which should deny unknown fields.
    ///
    /// # Errors
    /// A missing, unknown or mistyped value.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        Ok(Value::new(None, ValueKind::Table(self.0.clone())).try_deserialize()?)
    }

    /// The text under a key, for a look before anybody reads the whole.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
        self.0.get(key)?.clone().into_string().ok()
    }

    /// The paths of the files that hold secrets, by the keys that name them: `…_file`, but for certificates, which
    /// everybody may read.
    pub fn secret_files(&self) -> Vec<(String, PathBuf)> {
        let is_secret = |key: &str| key.ends_with("_file") && !PUBLIC_FILES.contains(&key);
        let named = self.0.iter().filter(|(key, _)| is_secret(key));
        named.filter_map(|(key, path)| Some((key.clone(), path.clone().into_string().ok()?.into()))).collect()
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
