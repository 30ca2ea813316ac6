//! The file of rejected records: lines that `rekey import` reads once they are mended. It may hold hashes of passwords, so it
//! is its owner's alone.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rekey_wire::identity::v1::{ImportRejection, ImportRejectionReason};
use serde_json::{Map, Value, json};

use super::record::Record;
use super::source::Item;
use crate::arguments::ImportFile;

/// The file, which is made when somebody is rejected.
pub(super) struct Rejected {
    path: PathBuf,
    file: Option<File>,
}

impl Rejected {
    /// Beside the file that is imported, unless it is named.
    pub(super) fn beside(imported: &Path, named: Option<PathBuf>) -> Self {
        let path = named.unwrap_or_else(|| {
            let mut name = imported.file_name().unwrap_or_default().to_owned();
            name.push(".rejected.jsonl");
            imported.with_file_name(name)
        });
        Self { path, file: None }
    }

    /// Refuses to write over what is imported, or over the records of an earlier import that are perhaps being mended there.
    pub(super) fn spare(&self, typed: &ImportFile) -> anyhow::Result<()> {
        let path = self.path.display();
        if let (Ok(own), Ok(imported)) = (self.path.canonicalize(), typed.file.canonicalize())
            && own == imported
        {
            bail!("{path} is the file that is imported: name another one with --rejected");
        }
        if typed.resume.is_none() && self.path.exists() {
            bail!("{path} is there from an earlier import: move it, or name another file with --rejected");
        }
        Ok(())
    }

    /// Where it is, if anybody was rejected.
    pub(super) fn path(&self) -> Option<String> {
        self.file.as_ref().map(|_| self.path.display().to_string())
    }

    pub(super) fn write(&mut self, item: Item, line: &ImportRejection) -> anyhow::Result<()> {
        let (path, text) = (self.path.clone(), format!("{}\n", serde_json::to_string(&record(item, line))?));
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(open(&path).with_context(|| format!("cannot write {}", path.display()))?),
        };
        file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
    }
}

/// A new file, so that nobody else's right to an older one holds for it.
fn open(path: &Path) -> std::io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The record with why it was rejected; what does not read stands in it as it is.
fn record(item: Item, line: &ImportRejection) -> Record {
    let mut why = Map::new();
    why.insert("record".to_owned(), json!(line.record));
    why.insert("reason".to_owned(), json!(reason(line)));
    let mut add = |key: &str, text: &str| {
        if !text.is_empty() {
            why.insert(key.to_owned(), json!(text));
        }
    };
    let record = match item.person {
        Ok(record) => {
            add("field", &line.field);
            add("problem", &line.problem);
            record
        }
        Err(unread) => {
            add("problem", &unread.problem);
            why.insert("source".to_owned(), unread.text);
            Record::default()
        }
    };
    Record { rejection: Value::Object(why), ..record }
}

/// The name of a reason, as the contract has it.
pub(in crate::commands) fn reason(line: &ImportRejection) -> String {
    let name = ImportRejectionReason::try_from(line.reason).unwrap_or_default().as_str_name();
    name.trim_start_matches("IMPORT_REJECTION_REASON_").to_owned()
}
