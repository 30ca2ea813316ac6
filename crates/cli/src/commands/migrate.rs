//! `rekey migrate`: schemas up to date, under a lock. Verification and the portal keep no schema.

use std::path::PathBuf;
use std::time::Duration;

use rekey_identity::{Migrated, MigratedStep, Patience, Waiting};
use rekey_runtime::settings::Document;
use serde_json::{Value, json};

use crate::arguments::Migrate;
use crate::output::{self, Output, Partial};
use crate::{Part, settings};

pub(crate) async fn run(migrate: &Migrate, config: Option<PathBuf>, output: Output) -> anyhow::Result<()> {
    let document = settings::document(config, Vec::new())?;
    let patience = Patience { lasts: Duration::from_secs(migrate.wait), told };
    let asked = [Part::Identity, Part::Notification].into_iter();
    let asked: Vec<Part> = asked.filter(|part| migrate.part.is_none_or(|named| named == *part)).collect();
    let (mut migrated, mut ended) = (Vec::new(), Ok(()));
    for part in &asked {
        match bring_up_to_date(*part, &document, patience).await {
            Ok(done) => migrated.push((*part, done)),
            Err(error) => {
                ended = Err(error);
                break;
            }
        }
    }
    let parts: Vec<Value> = migrated.iter().map(|(part, done)| as_json(*part, done)).collect();
    let text = || match migrated.as_slice() {
        [] => "Verification and the portal keep no schema.".to_owned(),
        parts => parts.iter().map(|(part, done)| as_text(*part, done)).collect::<Vec<_>>().join("\n"),
    };
    let partial = Partial::counted(migrated.len(), asked.len(), "parts");
    output.as_far_as(&json!({ "migrated": parts }), |_| text(), ended, partial)
}

pub(super) async fn bring_up_to_date(
    part: Part,
    document: &Document,
    patience: Patience,
) -> anyhow::Result<Migrated> {
    match part {
        Part::Identity => rekey_identity::migrate_patiently(&document.part("identity")?, patience).await,
        _ => rekey_notification::migrate_patiently(&document.part("notification")?, patience).await,
    }
}

/// Both people and whoever reads the log of a migration are told whom it waits for.
fn told(waiting: &Waiting) {
    output::complain_meanwhile(&waiting.to_string());
}

fn as_json(part: Part, done: &Migrated) -> Value {
    let step = |step: &MigratedStep| json!({ "number": step.number, "name": step.name, "seconds": step.took.as_secs_f64() });
    let steps: Vec<Value> = done.steps.iter().map(step).collect();
    json!({ "part": part.name(), "from": done.from, "to": done.to, "migrations": steps })
}

fn as_text(part: Part, done: &Migrated) -> String {
    let name = part.name();
    if done.steps.is_empty() {
        return format!("{name}: version {} was up to date", done.to);
    }
    let from = done.from.map_or_else(|| "nothing".to_owned(), |version| format!("version {version}"));
    let mut text = format!("{name}: from {from} to version {}", done.to);
    for MigratedStep { number, name, took } in &done.steps {
        text.push_str(&format!("\n  {number:>4}  {name}  {} ms", took.as_millis()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(steps: Vec<MigratedStep>) -> Migrated {
        Migrated { from: Some(24), to: 25, steps }
    }

    #[test]
    fn what_was_done_is_told_migration_by_migration() {
        let step = MigratedStep { number: 26, name: "checks".to_owned(), took: Duration::from_millis(1_500) };

        let done = done(vec![step]);

        let text = "identity: from version 24 to version 25\n    26  checks  1500 ms";
        assert_eq!(as_text(Part::Identity, &done), text);
        let expected = json!({
            "part": "identity", "from": 24, "to": 25,
            "migrations": [{ "number": 26, "name": "checks", "seconds": 1.5 }],
        });
        assert_eq!(as_json(Part::Identity, &done), expected);
    }

    #[test]
    fn nothing_to_do_is_said() {
        assert_eq!(as_text(Part::Identity, &done(Vec::new())), "identity: version 25 was up to date");
    }
}
