//! `rekey up --production`: what the settings say and nothing of our own.

use std::path::PathBuf;

use anyhow::bail;
use rekey_runtime::settings::{Document, Origin};
use rekey_runtime::shutdown::Shutdown;
use rekey_runtime::telemetry::Telemetry;
use serde_json::json;

use super::{databases, demo, migrate};
use crate::arguments::Up;
use crate::development::{Setting, set};
use crate::folder::DataFolder;
use crate::output::Output;
use crate::suite::{self, Environment, Ports, Sockets};
use crate::{Part, production, settings};

pub(super) async fn run(up: &Up, config: Option<PathBuf>, output: Output) -> anyhow::Result<()> {
    if up.ready_file.is_some() {
        bail!("--ready-file tells credentials of demo people, and production has none");
    }
    let stores = stores(up, &settings::document(config.clone(), Vec::new())?).await?;
    let document = settings::document(config, stores)?;
    settings::check(&document)?;
    production::check_business(&document, &up.data)?;
    let _folder = DataFolder::lock(&up.data)?;
    migrate(&document).await?;
    demo::refuse_tenant(&document).await?;
    let telemetry = Telemetry::start(&document.part("telemetry")?, "rekey")?;
    let shutdown = Shutdown::on_signals()?;
    let sockets = Sockets::bind(&document, &Part::ALL, Ports::Named).await?;
    let environment = Environment::system(telemetry.metrics());
    let mut suite = suite::start(&document, sockets, environment, Vec::new(), shutdown).await?;
    suite.ready().await?;
    output.data(&json!({ "production": true }), |_| {
        "Rekey is up, in production. Ctrl-C stops it.".to_owned()
    })?;
    let outcome = suite.ended().await;
    telemetry.shutdown().await;
    outcome
}

/// Stores as the flags say; where neither they nor the settings name any, the data folder and this process.
async fn stores(up: &Up, written: &Document) -> anyhow::Result<Vec<Setting>> {
    let is_open = |key: &str| {
        written.settings().iter().any(|setting| setting.key == key && setting.origin == Origin::Default)
    };
    let mut stores = Vec::new();
    if let Some(url) = &up.postgres {
        let [identity, notification] = databases::prepare(url).await?;
        stores.push(set("IDENTITY__STORE__URL", &identity));
        stores.push(set("NOTIFICATION__STORE__URL", &notification));
    }
    for part in ["identity", "notification"] {
        if up.postgres.is_none() && is_open(&format!("{part}.store.url")) {
            let file = up.data.join(format!("{part}.db"));
            stores.push(set(
                &format!("{}__STORE__URL", part.to_uppercase()),
                &format!("sqlite:{}", file.display()),
            ));
        }
    }
    if let Some(redis) = &up.redis {
        stores.push(set("VERIFICATION__STORE__URL", redis));
        stores.push(set("IDENTITY__THROTTLE__URL", redis));
    } else if is_open("verification.store.url") {
        stores.push(set("VERIFICATION__STORE__URL", "memory:"));
    }
    Ok(stores)
}
