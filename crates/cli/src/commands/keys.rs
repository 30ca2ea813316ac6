//! `rekey keys`: the life of the keys that seal and sign, in their files. Material is drawn here and shown nowhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rekey_identity::UnderPepper;
use rekey_primitives::clock::{Clock as _, SystemClock};
use rekey_primitives::entropy::SystemEntropy;
use rekey_primitives::secret::Zeroizing;
use rekey_runtime::settings::{Document, Table, is_variable};
use rekey_sealing::{KeyId, KeyText, Rotation};
use serde_json::{Value, json};

use crate::arguments::keys::{KeyOf, KeysCommand};
use crate::folder::KEYS;
use crate::output::{self, Output};
use crate::private_files::change_private;
use crate::{Part, settings};

/// The key of passwords, which seals what is never over by itself.
const PEPPER: &str = "pepper";

/// Keys that never rotate: what they made is looked up by them alone.
pub(crate) const STEADY: [&str; 4] = ["decoy", "login_hash", "familiar_place", "receipt_mac"];

/// What has to be so before the next step.
const HAND_OUT: &str = "Every replica of the part that has the file reads it within `server.reload_seconds` (10 unless set), \
    or at once on SIGHUP, and logs `read from its files`; none is restarted";

pub(crate) async fn run(command: KeysCommand, config: Option<PathBuf>, output: Output) -> anyhow::Result<()> {
    let document = settings::document(config, Vec::new())?;
    match command {
        KeysCommand::List { files, count } => {
            let counts = if count { Some(counts(&document, &files.data).await?) } else { None };
            list(&document, &files.data, counts.as_ref(), output)
        }
        KeysCommand::Add { name, files } => {
            if STEADY.contains(&name.as_str()) {
                bail!("{name} does not rotate: what it hashed would not be found again")
            }
            let path = file(&document, &files.data, &name)?;
            let next = rotate(&path, Rotation::Add)?;
            let (id, _) = next.states().last().context("the key was added")?;
            let then = format!("{}, then `rekey keys activate {name} {id}`", before_use(&name));
            output.data(&json!({ "key": name, "id": id.as_str(), "state": "accept" }), |_| {
                format!("Added {id} to {}. {HAND_OUT}. {then}.", path.display())
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
        KeysCommand::Remove { key, lose, yes } => {
            let (path, id) = found(&document, &key)?;
            if key.name == PEPPER && !lose {
                refuse_while_used(&document, &key.files.data, &id).await?;
            }
            if !yes {
                output::confirm(lost(&key.name), &key.id)?;
            }
            rotate(&path, Rotation::Remove(&id))?;
            output.data(&json!({ "key": key.name, "id": key.id, "state": null }), |_| {
                format!("{id} is gone from {}. {HAND_OUT}.", path.display())
            })
        }
        KeysCommand::Forget { name, yes } => forget(&document, &name, yes, output).await,
    }
}

/// Has the store of a part forget its keys.
async fn forget(document: &Document, name: &str, yes: bool, output: Output) -> anyhow::Result<()> {
    let part = part_of(name)?;
    if part == Part::Portal {
        bail!("no store knows {name} keys: browsers alone keep what they seal")
    }
    if !yes {
        output::confirm(lost(name), name)?;
    }
    match part {
        Part::Identity => rekey_identity::forget_keys(&document.part("identity")?, name).await?,
        Part::Verification => rekey_verification::forget_keys(&document.part("verification")?, name).await?,
        _ => rekey_notification::forget_keys(&document.part("notification")?, name).await?,
    }
    output.data(&json!({ "key": name, "forgotten": true }), |_| {
        format!("The store of {} takes whichever {name} keys it is used with next.", part.name())
    })
}

fn part_of(name: &str) -> anyhow::Result<Part> {
    let Some((owner, _)) = KEYS.iter().find(|(_, key)| *key == name) else {
        let names: Vec<&str> = KEYS.iter().map(|(_, key)| *key).collect();
        bail!("no key is called {name}; there are: {}", names.join(", "))
    };
    let part = Part::ALL.into_iter().find(|part| part.name() == *owner);
    part.context("every key is of a part")
}

/// What to wait for before a new key is used.
fn before_use(name: &str) -> &'static str {
    match name {
        "access_token" => {
            "Wait until all of them have, and five minutes more for backends that keep the public keys"
        }
        _ => "Wait until all of them have",
    }
}

/// What becomes of what a removed key sealed.
fn lost(name: &str) -> &'static str {
    match name {
        "pepper" => "Passwords that were last used under this key are lost.",
        "access_token" => "Access tokens that this key signed are refused; sessions refresh.",
        "tokens" => "Open resets, links and queued notices under this key die.",
        "payload_seal" => "Messages that wait under this key are never sent.",
        "receipt_mac" => {
            "Addresses that were suppressed under this key are forgotten, and reports under way are refused."
        }
        "cookie" => "Whoever is signed in at the portal is signed out, and resets in a browser begin anew.",
        _ => "Codes and grants in flight under this key die.",
    }
}

/// What each key of the pepper still seals.
async fn counts(document: &Document, data: &Path) -> anyhow::Result<BTreeMap<String, UnderPepper>> {
    let settings = store_of_pepper(document, data)?;
    let (_, keys) = read(&file(document, data, PEPPER)?)?;
    let mut counts = BTreeMap::new();
    for (id, _) in keys.states() {
        counts.insert(id.as_str().to_owned(), rekey_identity::under_pepper(&settings, id).await?);
    }
    Ok(counts)
}

/// Identity's settings, with the store of the data folder where its key is.
fn store_of_pepper(document: &Document, data: &Path) -> anyhow::Result<rekey_identity::config::Settings> {
    let mut settings: rekey_identity::config::Settings = document.part("identity")?;
    if settings.keys.pepper_file.is_none() && settings.store.url.starts_with("sqlite:") {
        settings.store.url = format!("sqlite:{}", data.join("identity.db").display());
    }
    Ok(settings)
}

async fn refuse_while_used(document: &Document, data: &Path, id: &KeyId) -> anyhow::Result<()> {
    let counted = rekey_identity::under_pepper(&store_of_pepper(document, data)?, id).await;
    let under =
        counted.context("whether it still seals anything is not known: --lose removes it all the same")?;
    if !under.is_empty() {
        bail!("{id} still seals {under}: wait until they were used once more, or lose them by --lose")
    }
    Ok(())
}

fn list(
    document: &Document,
    data: &Path,
    counts: Option<&BTreeMap<String, UnderPepper>>,
    output: Output,
) -> anyhow::Result<()> {
    let mut rows = vec![["KEY", "ID", "STATE", "FILE", "STILL SEALS"].map(str::to_owned).to_vec()];
    let mut shown = Vec::new();
    for (part, name) in KEYS {
        let Ok(path) = file(document, data, name) else {
            rows.push([name, "", "no file", "", ""].map(str::to_owned).to_vec());
            shown.push(json!({ "part": part, "key": name, "file": null, "keys": [] }));
            continue;
        };
        let keys = read(&path)?.1;
        let mut states: Vec<Value> = Vec::new();
        for (id, state) in keys.states() {
            let mut shown = json!({ "id": id.as_str(), "state": state.as_str() });
            let count = counts.filter(|_| name == PEPPER).and_then(|counts| counts.get(id.as_str()));
            if let Some(UnderPepper { passwords, authenticators, webhooks }) = count {
                shown["still_seals"] =
                    json!({ "passwords": passwords, "authenticators": authenticators, "webhooks": webhooks });
            }
            states.push(shown);
            let (file, count) =
                (path.display().to_string(), count.map(ToString::to_string).unwrap_or_default());
            rows.push([name, id.as_str(), state.as_str(), &file, &count].map(str::to_owned).to_vec());
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
    let part = part_of(name)?.name();
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

/// Takes a step; whoever reads the file meanwhile finds it before or after.
fn rotate(path: &Path, step: Rotation<'_>) -> anyhow::Result<KeyText> {
    change_private(path, |text| {
        KeyText::rotated(text, step, &SystemEntropy, SystemClock.now())
            .with_context(|| path.display().to_string())
    })?;
    Ok(read(path)?.1)
}

#[cfg(test)]
mod tests {
    use rekey_sealing::KeyState;

    use super::*;
    use crate::private_files::write_private;

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
