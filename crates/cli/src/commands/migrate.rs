//! `rekey migrate`: schemas up to date, under a lock. Verification keeps no schema.

use std::path::PathBuf;

use crate::output::Output;
use crate::{Part, settings};

pub(crate) async fn run(part: Option<Part>, config: Option<PathBuf>, output: Output) -> anyhow::Result<()> {
    let document = settings::document(config, Vec::new())?;
    let mut migrated = Vec::new();
    if part.is_none_or(|part| part == Part::Identity) {
        rekey_identity::migrate(&document.part("identity")?).await?;
        migrated.push("identity");
    }
    if part.is_none_or(|part| part == Part::Notification) {
        rekey_notification::migrate(&document.part("notification")?).await?;
        migrated.push("notification");
    }
    output.data(&serde_json::json!({ "migrated": migrated }), |_| match migrated.as_slice() {
        [] => "Verification keeps no schema.".to_owned(),
        parts => format!("Up to date: {}.", parts.join(", ")),
    })
}
