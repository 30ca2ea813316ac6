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

/// Ids and states of the keys of a file, in its order.
type Held = Vec<(String, String)>;

/// A rotation under way: of each file what it held before, and the id of the new key.
pub(crate) struct Rotation {
    before: BTreeMap<String, Held>,
    new: BTreeMap<String, String>,
}

impl Rotation {
    /// Adds a key to every file: it is accepted, and the one before is used.
    pub(crate) async fn add(replicas: &Replicas) -> Self {
        let mut rotation = Self { before: held(replicas).await, new: BTreeMap::new() };
        for (_, key) in ROTATING {
            let added = keys(replicas, &["add", key]).await.json()["id"].as_str().unwrap().to_owned();
            rotation.new.insert(key.to_owned(), added);
        }
        for (part, key) in ROTATING {
            let held = format!("{}, {} accept", told(&rotation.before[key]), rotation.next(key));
            is_taken(replicas, part, key, &held).await;
        }
        rotation
    }

    /// Uses the new keys from now on.
    pub(crate) async fn activate(&self, replicas: &Replicas) {
        for (_, key) in ROTATING {
            keys(replicas, &["activate", key, self.next(key)]).await.json();
        }
        for (part, key) in ROTATING {
            let before = told(&self.before[key]).replace(" active", " retired");
            is_taken(replicas, part, key, &format!("{before}, {} active", self.next(key))).await;
        }
    }

    /// Removes the old keys, but those of the files that are named: they still seal something.
    pub(crate) async fn remove(&self, replicas: &Replicas, used: &[&str]) {
        let removed = || ROTATING.into_iter().filter(move |(_, key)| !used.contains(key));
        for (_, key) in removed() {
            keys(replicas, &["retire", key, self.old(key)]).await.json();
            keys(replicas, &["remove", key, self.old(key), "--yes"]).await.json();
        }
        for (part, key) in removed() {
            is_taken(replicas, part, key, &format!("{} active", self.next(key))).await;
        }
    }

    /// The id of the key that was used before.
    pub(crate) fn old(&self, key: &str) -> &str {
        let active = self.before[key].iter().find(|(_, state)| state == "active");
        &active.expect("a file has an active key").0
    }

    /// The id of the new key.
    pub(crate) fn next(&self, key: &str) -> &str {
        &self.new[key]
    }
}

/// Waits until every replica says that it holds these keys.
async fn is_taken(replicas: &Replicas, part: Part, key: &str, held: &str) {
    let line = format!("what=\"{}.keys.{key}_file\" taken=\"{held}\"", part.name());
    let took = async || replicas.logs(part).iter().all(|log| log.contains(&line)).then_some(());
    eventually(&line, took).await;
}

/// As the log tells it.
fn told(held: &[(String, String)]) -> String {
    let words: Vec<String> = held.iter().map(|(id, state)| format!("{id} {state}")).collect();
    words.join(", ")
}

/// `rekey keys` with these arguments.
pub(crate) async fn keys(replicas: &Replicas, arguments: &[&str]) -> Outcome {
    run(replicas.deployment().command(&[&["--json", "keys"], arguments].concat())).await
}

/// What the files hold.
async fn held(replicas: &Replicas) -> BTreeMap<String, Held> {
    let listed = keys(replicas, &["list"]).await.json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let of_row = |row: &serde_json::Value| {
        let keys = row["keys"].as_array().unwrap().iter();
        let held: Held = keys.map(|key| (text(&key["id"]), text(&key["state"]))).collect();
        (text(&row["key"]), held)
    };
    listed["keys"].as_array().unwrap().iter().map(of_row).collect()
}
