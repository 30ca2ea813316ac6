//! `rekey config`: the settings, checked, shown and printed.

use std::path::PathBuf;

use crate::arguments::ConfigCommand;
use crate::output::Output;
use crate::{production, suite};

pub(crate) async fn run(
    command: &ConfigCommand,
    config: Option<PathBuf>,
    output: Output,
) -> anyhow::Result<()> {
    match command {
        ConfigCommand::Check { part } => {
            let document = suite::document(config, Vec::new())?;
            suite::check(&document)?;
            match *part {
                Some(part) => {
                    production::judge(&document, part.into())?;
                    suite::rehearse(&document, part.into()).await?;
                }
                None => production::refuse_development(&document)?,
            }
            output.data(&serde_json::json!({ "valid": true }), |_| "The settings are in order.".to_owned())
        }
        ConfigCommand::Show => {
            let document = suite::document(config, Vec::new())?;
            let settings: Vec<_> = document
                .settings()
                .into_iter()
                .map(|setting| {
                    let origin = setting.origin.to_string();
                    serde_json::json!({ "key": setting.key, "value": setting.value, "origin": origin })
                })
                .collect();
            output.data(&settings, |_| document.show())
        }
        ConfigCommand::Defaults => {
            let text = suite::builder().defaults_text();
            output.data(&serde_json::json!({ "defaults": text }), |_| text.clone())
        }
    }
}
