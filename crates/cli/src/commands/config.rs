//! `rekey config`: the settings, checked, shown and printed.

use std::path::PathBuf;

use crate::arguments::ConfigCommand;
use crate::output::Output;
use crate::{production, settings, suite};

pub(crate) async fn run(
    command: &ConfigCommand,
    config: Option<PathBuf>,
    output: Output,
) -> anyhow::Result<()> {
    match command {
        ConfigCommand::Check { part } => {
            let document = settings::document(config, Vec::new())?;
            settings::check(&document)?;
            match *part {
                Some(part) => {
                    production::check_part(&document, part)?;
                    suite::rehearse(&document, part).await?;
                }
                None => production::refuse_development(&document)?,
            }
            output.data(&serde_json::json!({ "valid": true }), |_| "The settings are in order.".to_owned())
        }
        ConfigCommand::Show => {
            let document = settings::document(config, Vec::new())?;
            let effective: Vec<_> = document
                .settings()
                .into_iter()
                .map(|setting| {
                    let origin = setting.origin.to_string();
                    serde_json::json!({ "key": setting.key, "value": setting.value, "origin": origin })
                })
                .collect();
            output.data(&effective, |_| document.show())
        }
        ConfigCommand::Defaults => {
            let text = settings::builder().defaults_text();
            output.data(&serde_json::json!({ "defaults": text }), |_| text.clone())
        }
    }
}
