//! `rekey restore`: after a database came back from a backup, whatever lets somebody in or was under way then ends. Verification
//! and the portal keep nothing in a database.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{bail, ensure};
use rekey_identity::Patience;
use rekey_primitives::clock::SystemClock;
use rekey_primitives::entropy::SystemEntropy;
use rekey_runtime::settings::{Document, Table};
use serde_json::{Map, Value, json};

use super::migrate::bring_up_to_date;
use crate::arguments::Restore;
use crate::folder::DataFolder;
use crate::output::{self, Output, Partial};
use crate::{Part, settings, up};

pub(crate) async fn run(restore: &Restore, config: Option<PathBuf>, output: Output) -> anyhow::Result<()> {
    let asked = [Part::Identity, Part::Notification].into_iter();
    let asked: Vec<Part> = asked.filter(|part| restore.part.is_none_or(|named| named == *part)).collect();
    // The folder is ours until the end.
    let (document, folder) = if restore.one_process.up {
        let (document, folder) = of_folder(restore, config)?;
        (document, Some(folder))
    } else {
        (settings::document(config, Vec::new())?, None)
    };
    refuse_missing(&document, &asked)?;
    if !restore.yes {
        output::confirm("This signs everybody of every tenant out.", "restored")?;
    }
    if folder.is_some() {
        // As `up` does when it starts, and no other than these: one that is not there yet would be made.
        for part in &asked {
            bring_up_to_date(*part, &document, Patience::default()).await?;
        }
    }
    let (mut done, mut ended) = (Done::default(), Ok(()));
    for part in &asked {
        ended = done.end(*part, &document).await;
        if ended.is_err() {
            break;
        }
    }
    if asked.is_empty() {
        done.lines.push("Verification and the portal keep nothing in a database.".to_owned());
    }
    let partial = Partial::counted(done.data.len(), asked.len(), "parts");
    output.as_far_as(&Value::Object(done.data), |_| done.lines.join("\n"), ended, partial)
}

/// The settings that `rekey up` runs with on its folder, which nobody else has meanwhile.
fn of_folder(restore: &Restore, config: Option<PathBuf>) -> anyhow::Result<(Document, DataFolder)> {
    let data = &restore.one_process.data;
    ensure!(data.is_dir(), "{} is not there: name the folder of `rekey up` by --data", data.display());
    let folder = DataFolder::lock(data)?;
    let document = up::document_of(&folder, data, restore.postgres.as_deref(), config)?;
    Ok((document, folder))
}

/// A file that is not there would be made, and found empty.
fn refuse_missing(document: &Document, parts: &[Part]) -> anyhow::Result<()> {
    for part in parts {
        let table: Table = document.part(&format!("{}.store", part.name()))?;
        let url = table.text("url").unwrap_or_default();
        let file = url.strip_prefix("sqlite:").map(Path::new);
        if let Some(file) = file.filter(|file| !file.exists()) {
            bail!("{} is not there: put it back from the backup, or name the store that is", file.display())
        }
    }
    Ok(())
}

/// What was ended so far.
#[derive(Default)]
struct Done {
    data: Map<String, Value>,
    lines: Vec<String>,
}

impl Done {
    async fn end(&mut self, part: Part, document: &Document) -> anyhow::Result<()> {
        let counts = match part {
            Part::Identity => {
                let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
                let settings = document.part(part.name())?;
                let restored = rekey_identity::restore::run(&settings, clock, entropy).await?;
                let rekey_identity::restore::Restored { tenants, accounts, bulk_resets, notices } = restored;
                self.lines.push(format!(
                    "Signed out: {accounts} accounts of {tenants} tenants, with their access passes, links and open resets."
                ));
                self.lines.push(format!(
                    "Stopped: {bulk_resets} bulk resets. Dropped: {notices} notices that waited."
                ));
                json!({
                    "tenants": tenants, "accounts": accounts, "bulk_resets": bulk_resets, "notices": notices,
                })
            }
            _ => {
                let messages = rekey_notification::restore(&document.part(part.name())?).await?;
                self.lines.push(format!("Dropped: {messages} messages that waited to be sent."));
                json!({ "messages": messages })
            }
        };
        self.data.insert(part.name().to_owned(), counts);
        Ok(())
    }
}
