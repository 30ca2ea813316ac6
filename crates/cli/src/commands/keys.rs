//! `rekey keys`: the life of the keys that seal and sign, in their files. Material is drawn here and shown nowhere.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rekey_primitives::clock::{Clock as _, SystemClock};
use rekey_primitives::entropy::SystemEntropy;
use rekey_primitives::secret::Zeroizing;
use rekey_runtime::settings::{Document, Table, is_variable};
use rekey_sealing::{KeyId, KeyText, Rotation};
use serde_json::{Value, json};

use crate::arguments::keys::{KeyOf, KeysCommand};
use crate::folder::{KEYS, write_private};
use crate::output::{self, Output};
use crate::settings;

/// Keys that never rotate: what they made is looked up by them alone.
pub(crate) const STEADY: [&str; 3] = ["decoy", "login_hash", "familiar_place"];

/// What everybody has to do after a step.
const HAND_OUT: &str = "Give the file to every replica of the part and restart them one by one";

pub(crate) fn run(command: KeysCommand, config: Option<PathBuf>, output: Output) -> anyhow::Result<()> {
    let document = settings::document(config, Vec::new())?;
    match command {
        KeysCommand::List { files } => list(&document, &files.data, output),
        KeysCommand::Add { name, files } => {
            if STEADY.contains(&name.as_str()) {
                bail!("{name} does not rotate: what it hashed would not be found again")
            }
            let path = file(&document, &files.data, &name)?;
            let next = rotate(&path, Rotation::Add)?;
            let (id, _) = next.states().last().context("the key was added")?;
            let then = format!("{HAND_OUT}, then `rekey keys activate {name} {id}`.");
            output.data(&json!({ "key": name, "id": id.as_str(), "state": "accept" }), |_| {
                format!("Added {id} to {}. {then}", path.display())
            })
        }
        KeysCommand::Activate(key) => {
            let (path, id) = found(&document, &key)?;
            rotate(&path, Rotation::Activate(&id))?;
            output.data(&json!({ "key": key.name, "id": key.id, "state": "active" }), |_| {
                let life = "The old key opens what it sealed until `rekey keys remove`";
                format!("{id} seals and signs from now on. {HAND_OUT}. {life}.")
            })
        }
        KeysCommand::Retire(key) => {
            let (path, id) = found(&document, &key)?;
            rotate(&path, Rotation::Retire(&id))?;
            output.data(&json!({ "key": key.name, "id": key.id, "state": "retired" }), |_| {
                format!("{id} is retired. {HAND_OUT}.")
            })
        }
        KeysCommand::Remove { key, yes } => {
            let (path, id) = found(&document, &key)?;
            if !yes {
                output::confirm(lost(&key.name), &key.id)?;
            }
            rotate(&path, Rotation::Remove(&id))?;
            output.data(&json!({ "key": key.name, "id": key.id, "state": null }), |_| {
                format!("{id} is gone from {}. {HAND_OUT}.", path.display())
            })
        }
    }
}

/// What becomes of what a removed key sealed.
fn lost(name: &str) -> &'static str {
    match name {
        "pepper" => "Passwords that were last used under this key are lost.",
        "access_token" => "Access tokens that this key signed are refused; sessions refresh.",
        "tokens" => "Open resets, links and queued notices under this key die.",
        "payload_seal" => "Messages that wait under this key are never sent.",
        _ => "Codes and grants in flight under this key die.",
    }
}

fn list(document: &Document, data: &Path, output: Output) -> anyhow::Result<()> {
    let mut rows = vec![["KEY", "ID", "STATE", "FILE"].map(str::to_owned).to_vec()];
    let mut shown = Vec::new();
    for (part, name) in KEYS {
        let Ok(path) = file(document, data, name) else {
            rows.push(vec![name.to_owned(), String::new(), "no file".to_owned(), String::new()]);
            shown.push(json!({ "part": part, "key": name, "file": null, "keys": [] }));
            continue;
        };
        let keys = read(&path)?.1;
        let mut states: Vec<Value> = Vec::new();
        for (id, state) in keys.states() {
            states.push(json!({ "id": id.as_str(), "state": state.as_str() }));
            let row = [name, id.as_str(), state.as_str(), &path.display().to_string()].map(str::to_owned);
            rows.push(row.to_vec());
        }
        shown.push(json!({ "part": part, "key": name, "file": path.display().to_string(), "keys": states }));
    }
    output.data(&json!({ "keys": shown }), |_| output::table(&rows))
}

fn found(document: &Document, key: &KeyOf) -> anyhow::Result<(PathBuf, KeyId)> {
    let path = file(document, &key.files.data, &key.name)?;
    let id = KeyId::parse(&key.id).with_context(|| format!("{}: see `rekey keys list`", key.id))?;
    Ok((path, id))
}

/// The file of a key: the one that the settings name, else that of a data folder.
fn file(document: &Document, data: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let Some((part, _)) = KEYS.iter().find(|(_, key)| *key == name) else {
        let names: Vec<&str> = KEYS.iter().map(|(_, key)| *key).collect();
        bail!("no key is called {name}; there are: {}", names.join(", "))
    };
    let setting = format!("{name}_file");
    let files = document.part::<Table>(&format!("{part}.keys")).unwrap_or_default().secret_files();
    match files.into_iter().find(|(known, _)| *known == setting) {
        Some((_, path)) if is_variable(&path) => {
            bail!("{part}.keys.{setting} names a variable: change it where that is set")
        }
        Some((_, path)) => Ok(path),
        None => {
            let path = data.join("keys").join(name.replace('_', "-"));
            if !path.exists() {
                bail!("{part}.keys.{setting} is not set, and there is no {}", path.display())
            }
            Ok(path)
        }
    }
}

fn read(path: &Path) -> anyhow::Result<(Zeroizing<String>, KeyText)> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = Zeroizing::new(text);
    let keys = KeyText::parse(&text).with_context(|| path.display().to_string())?;
    Ok((text, keys))
}

/// Takes a step; whoever reads the file meanwhile finds it before or after. It stays at its place behind a link, and its owner's,
/// also where root takes the step.
fn rotate(path: &Path, step: Rotation<'_>) -> anyhow::Result<KeyText> {
    let path = &fs::canonicalize(path).with_context(|| format!("cannot read {}", path.display()))?;
    let (text, _) = read(path)?;
    let before = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    let next = KeyText::rotated(&text, step, &SystemEntropy, SystemClock.now())
        .with_context(|| path.display().to_string())?;
    write_private(path, &next)?;
    if fs::metadata(path)?.uid() != before.uid() {
        chown(path, Some(before.uid()), Some(before.gid()))
            .with_context(|| format!("{} is to belong to user {} again", path.display(), before.uid()))?;
    }
    Ok(KeyText::parse(&next)?)
}

#[cfg(test)]
mod tests {
    use rekey_sealing::KeyState;

    use super::*;

    #[test]
    fn a_key_is_rotated_in_its_file_and_shown_without_material() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("payload-seal");
        let first = KeyText::generate(&SystemEntropy, SystemClock.now());
        write_private(&path, &first).unwrap();

        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();

        let added = rotate(&link, Rotation::Add).unwrap();
        let (new, _) = added.states().last().unwrap();
        rotate(&path, Rotation::Activate(new)).unwrap();
        let again = rotate(&path, Rotation::Activate(new));

        let (text, keys) = read(&path).unwrap();
        let states: Vec<KeyState> = keys.states().map(|(_, state)| state).collect();
        assert_eq!(states, [KeyState::Retired, KeyState::Active]);
        assert!(link.is_symlink());
        let refused = format!("{:#}", again.unwrap_err());
        assert!(refused.ends_with("active already"), "{refused}");
        let material = text.split_ascii_whitespace().nth(2).unwrap();
        assert!(!format!("{keys:?} {refused}").contains(material));
    }

    #[test]
    fn every_key_says_what_dies_with_it() {
        let said: Vec<&str> = KEYS.iter().map(|(_, name)| lost(name)).collect();

        assert!(said.iter().all(|text| !text.is_empty()));
        assert!(lost("pepper").contains("Passwords"));
    }
}
