//! A table whose keys only its reader knows.

use config::{Map, Value, ValueKind};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Error;

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
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
