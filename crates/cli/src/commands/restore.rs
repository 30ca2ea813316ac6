//! `rekey restore`: after a database came back from a backup, whatever lets somebody in or was under way then ends. Verification
//! keeps nothing in a database.

use std::path::PathBuf;
use std::sync::Arc;

use rekey_primitives::clock::SystemClock;
use rekey_primitives::entropy::SystemEntropy;
use serde_json::{Map, Value, json};

use crate::output::{self, Output};
use crate::{Part, settings};

pub(crate) async fn run(
    part: Option<Part>,
    config: Option<PathBuf>,
    yes: bool,
    output: Output,
) -> anyhow::Result<()> {
    let document = settings::document(config, Vec::new())?;
    if !yes {
        output::confirm("This signs everybody of every tenant out.", "restored")?;
    }
    let (mut data, mut lines) = (Map::new(), Vec::new());
    if part.is_none_or(|part| part == Part::Identity) {
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        let restored = rekey_identity::restore::run(&document.part("identity")?, clock, entropy).await?;
        let rekey_identity::restore::Restored { tenants, accounts, bulk_resets, notices } = restored;
        lines.push(format!(
            "Signed out: {accounts} accounts of {tenants} tenants, with their access passes, links and open resets."
        ));
        lines.push(format!("Stopped: {bulk_resets} bulk resets. Dropped: {notices} notices that waited."));
        let counts = json!({
            "tenants": tenants, "accounts": accounts, "bulk_resets": bulk_resets, "notices": notices,
        });
        data.insert("identity".to_owned(), counts);
    }
    if part.is_none_or(|part| part == Part::Notification) {
        let messages = rekey_notification::restore(&document.part("notification")?).await?;
        lines.push(format!("Dropped: {messages} messages that waited to be sent."));
        data.insert("notification".to_owned(), json!({ "messages": messages }));
    }
    if lines.is_empty() {
        lines.push("Verification keeps nothing in a database.".to_owned());
    }
    output.data(&Value::Object(data), |_| lines.join("\n"))
}
