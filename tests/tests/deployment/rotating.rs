//! The life of keys that are rotated at every replica by commands and files alone: added, used, removed, each step only after
//! every replica has taken the one before.

use std::collections::BTreeMap;

use rekey::Part;
use rekey_tests::deployment::replicas::Replicas;
use rekey_tests::processes::{Outcome, run};
use rekey_tests::waiting::eventually;

/// All keys but those that never rotate.
const ROTATING: [(Part, &str); 7] = [
    (Part::Identity, "pepper"),
    (Part::Identity, "access_token"),
    (Part::Identity, "tokens"),
    (Part::Verification, "code_mac"),
    (Part::Verification, "code_seal"),
    (Part::Verification, "grant"),
    (Part::Notification, "payload_seal"),
];

/// Settings by which key files are read again soon.
pub(crate) const RELOADS: [(&str, &str); 3] = [
    ("IDENTITY__SERVER__RELOAD_SECONDS", "1"),
    ("VERIFICATION__SERVER__RELOAD_SECONDS", "1"),
    ("NOTIFICATION__SERVER__RELOAD_SECONDS", "1"),
];

/// A rotation under way: of each key the old one and the new one, by their ids.
pub(crate) struct Rotation {
    old: BTreeMap<String, String>,
    new: BTreeMap<String, String>,
}

impl Rotation {
    /// Adds a key to every file: it is accepted, and the one before is used.
    pub(crate) async fn add(replicas: &Replicas) -> Self {
        let mut rotation = Self { old: held(replicas).await, new: BTreeMap::new() };
        for (_, key) in ROTATING {
            let added = keys(replicas, &["add", key]).await.json()["id"].as_str().unwrap().to_owned();
            rotation.new.insert(key.to_owned(), added);
        }
        rotation.is_taken(replicas, |old, new| format!("{old} active, {new} accept")).await;
        rotation
    }

    /// Uses the new keys from now on.
    pub(crate) async fn activate(&self, replicas: &Replicas) {
        for (_, key) in ROTATING {
            keys(replicas, &["activate", key, self.next(key)]).await.json();
        }
        self.is_taken(replicas, |old, new| format!("{old} retired, {new} active")).await;
    }

    /// Removes the old keys, `how` says what of it is not asked.
    pub(crate) async fn remove(&self, replicas: &Replicas, how: &[&str]) {
        for (_, key) in ROTATING {
            keys(replicas, &["retire", key, self.old(key)]).await.json();
            keys(replicas, &[&["remove", key, self.old(key)], how].concat()).await.json();
        }
        self.is_taken(replicas, |_, new| format!("{new} active")).await;
    }

    /// The id of the old key.
    pub(crate) fn old(&self, key: &str) -> &str {
        &self.old[key]
    }

    /// The id of the new key.
    pub(crate) fn next(&self, key: &str) -> &str {
        &self.new[key]
    }

    /// Waits until every replica says that it holds what `states` makes of the old and the new id.
    async fn is_taken(&self, replicas: &Replicas, states: impl Fn(&str, &str) -> String) {
        for (part, key) in ROTATING {
            let held = states(self.old(key), self.next(key));
            let line = format!("what=\"{}.keys.{key}_file\" taken=\"{held}\"", part.name());
            let took = async || replicas.logs(part).iter().all(|log| log.contains(&line)).then_some(());
            eventually(&line, took).await;
        }
    }
}

/// `rekey keys` with these arguments.
pub(crate) async fn keys(replicas: &Replicas, arguments: &[&str]) -> Outcome {
    run(replicas.deployment().command(&[&["--json", "keys"], arguments].concat())).await
}

/// The ids of the first keys of all files.
async fn held(replicas: &Replicas) -> BTreeMap<String, String> {
    let listed = keys(replicas, &["list"]).await.json();
    let rows = listed["keys"].as_array().unwrap().iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    rows.map(|row| (text(&row["key"]), text(&row["keys"][0]["id"]))).collect()
}
