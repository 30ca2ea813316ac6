//! `rekey version`: what this program is, and which of its builds runs here.

use serde_json::json;

use crate::output::Output;
use crate::processor::BUILT_FOR;

/// The commit it was built from; a checkout's own builds have none.
const COMMIT: Option<&str> = option_env!("REKEY_COMMIT");

pub(crate) fn run(output: Output) -> anyhow::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let (identity, notification) = (rekey_identity::schema_version(), rekey_notification::schema_version());
    let data = json!({
        "version": version,
        "commit": COMMIT,
        "built_for": BUILT_FOR,
        "schema": { "identity": identity, "notification": notification },
    });
    output.data(&data, |_| {
        let commit = COMMIT.unwrap_or("unknown");
        format!(
            "rekey {version}\ncommit        {commit}\nbuilt for     {BUILT_FOR}\n\
             schemas       identity {identity}, notification {notification}"
        )
    })
}
