//! People as other products write them.

mod auth0;
mod firebase;
mod keycloak;
mod kratos;

use serde_json::Value;

pub(super) use firebase::HashConfig;

use super::record::Record;
use crate::arguments::ImportFormat;

/// What becomes of what a product wrote.
#[derive(Debug, Clone, Default)]
pub(super) struct Reading {
    /// Of a Firebase project.
    pub(super) firebase: Option<HashConfig>,
    /// Groups that are named count.
    pub(super) with_groups: bool,
    /// Hashes of passwords are left out.
    pub(super) without_passwords: bool,
}

impl Reading {
    /// The person of a JSON object; or why it is none.
    pub(super) fn person(&self, format: ImportFormat, object: Value) -> Result<Record, String> {
        let mut record = match format {
            ImportFormat::Keycloak => keycloak::person(&object, !self.without_passwords)?,
            ImportFormat::Kratos => kratos::person(&object),
            ImportFormat::Auth0 => auth0::person(&object)?,
            ImportFormat::Firebase => firebase::person(&object, self)?,
            ImportFormat::Jsonl | ImportFormat::Csv => {
                serde_json::from_value(object).map_err(|error| error.to_string())?
            }
        };
        if !self.with_groups && !matches!(format, ImportFormat::Jsonl | ImportFormat::Csv) {
            record.groups.clear();
        }
        Ok(self.row(record))
    }

    /// The same of a row of a table.
    pub(super) fn row(&self, mut record: Record) -> Record {
        if self.without_passwords {
            record.password_hash.clear();
            record.password_time.clear();
        }
        record
    }
}

/// The text at a path; empty where there is none.
fn text<'a>(object: &'a Value, path: &str) -> &'a str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn flag(object: &Value, path: &str) -> bool {
    object.pointer(path).and_then(Value::as_bool).unwrap_or_default()
}

/// The items at a path.
fn items<'a>(object: &'a Value, path: &str) -> &'a [Value] {
    object.pointer(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests;
