//! What the stores hold before and after, and what of it a refusal may leave behind.

use rekey::Part;
use rekey_tests::World;
use rekey_tests::contents::Tables;

/// Tables that a well-formed request may touch and still be refused: counters of tries, and answers for repeats.
const COUNTS: [&str; 5] = ["answers", "lockouts", "method_tries", "counted_tries", "reset_attempts"];

/// Keys of Redis that do the same: budgets of identity, budgets of verification, and answers for repeats.
const COUNTING_KEYS: [&str; 4] = ["rekey:identity:", "rekey:verification:b:", "}:b:", "}:r:"];

/// Everything the stores hold but the log, which is there to be written.
pub(crate) async fn everything(world: &World) -> Tables {
    let mut tables = world.tables(Part::Identity).await;
    let others = world.tables(Part::Notification).await.into_iter();
    tables.extend(others.map(|(name, rows)| (format!("notification's {name}"), rows)));
    tables.retain(|name, _| {
        !["audit_heads", "audit_pending"].contains(&name.as_str()) && !name.starts_with("audit_events")
    });
    assert!(tables.len() > 10, "only {} tables were read", tables.len());
    let keys = world.keys().await.into_iter();
    tables.extend(keys.map(|(key, value)| (key, vec![String::from_utf8_lossy(&value).into_owned()])));
    tables
}

/// The same but what a well-formed request counts.
pub(crate) fn without_counts(mut tables: Tables) -> Tables {
    tables.retain(|name, _| !counts(name));
    tables
}

fn counts(name: &str) -> bool {
    COUNTS.contains(&name) || COUNTING_KEYS.iter().any(|key| name.contains(key))
}

/// What stays as it was when nobody is let through.
pub(crate) async fn written(world: &World) -> Tables {
    without_counts(everything(world).await)
}

/// The tables and keys that differ. A partition made meanwhile is none while it is empty, and counters die alone.
pub(crate) fn changes(before: &Tables, after: &Tables) -> Vec<String> {
    let had = |name: &String| before.get(name).map_or(&[][..], Vec::as_slice);
    let changed = after.iter().filter(|(name, rows)| had(name) != rows.as_slice());
    let gone = before.keys().filter(|name| !after.contains_key(*name) && !counts(name));
    let written = changed.map(|(name, _)| format!("wrote {name}"));
    written.chain(gone.map(|name| format!("removed {name}"))).collect()
}
