//! `rekey config`: the settings, checked, shown and printed.

use std::path::{Path, PathBuf};

use rekey_runtime::settings::Document;

use crate::arguments::{ConfigCommand, OneProcess};
use crate::development::Stores;
use crate::output::Output;
use crate::{Part, production, settings, suite, up};

pub(crate) async fn run(
    command: &ConfigCommand,
    config: Option<PathBuf>,
    output: Output,
) -> anyhow::Result<()> {
    match command {
        ConfigCommand::Check { parts, one_process: OneProcess { up, data } } => {
            let checked =
                if *up { check_business(data, config).await? } else { check_served(parts, config).await? };
            let names: Vec<&str> = checked.iter().map(|part| part.name()).collect();
            output.data(&serde_json::json!({ "valid": true, "parts": names }), |_| {
                format!("The settings are in order: {}.", names.join(", "))
            })
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

/// As `serve` would, by the same rules, and further until sockets would be bound.
async fn check_served(named: &[Part], config: Option<PathBuf>) -> anyhow::Result<Vec<Part>> {
    let document = settings::document(config, Vec::new())?;
    settings::check(&document)?;
    let parts = if named.is_empty() { settings::written_parts(&document) } else { named.to_vec() };
    production::check_served(&document, &parts)?;
    rehearse(&document, parts).await
}

/// As `up --production` would.
async fn check_business(data: &Path, config: Option<PathBuf>) -> anyhow::Result<Vec<Part>> {
    let document = up::production::document(data, &Stores::default(), config)?;
    settings::check(&document)?;
    production::check_business(&document, data)?;
    rehearse(&document, settings::business_parts(&document)).await
}

async fn rehearse(document: &Document, parts: Vec<Part>) -> anyhow::Result<Vec<Part>> {
    for part in &parts {
        suite::rehearse(document, *part).await?;
    }
    Ok(parts)
}
