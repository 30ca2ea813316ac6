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
    /// everybody may read. Those in the tables of a list stand under its key.
    pub fn secret_files(&self) -> Vec<(String, PathBuf)> {
        let mut found = Vec::new();
        for (key, value) in &self.0 {
            match &value.kind {
                ValueKind::Array(items) => found.extend(items.iter().flat_map(|item| files_in(key, item))),
                _ if key.ends_with("_file") && !PUBLIC_FILES.contains(&key.as_str()) => {
                    found.extend(value.clone().into_string().ok().map(|path| (key.clone(), path.into())));
                }
                _ => {}
            }
        }
        found
    }
}

/// Those of one table of a list.
fn files_in(list: &str, item: &Value) -> Vec<(String, PathBuf)> {
    let ValueKind::Table(table) = &item.kind else { return Vec::new() };
    let files = Table(table.clone()).secret_files();
    files.into_iter().map(|(key, path)| (format!("{list}.{key}"), path)).collect()
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
