//! `rekey up --production`: what the settings say and nothing of our own.

use std::path::{Path, PathBuf};

use anyhow::bail;
use rekey_runtime::reload;
use rekey_runtime::settings::Document;
use rekey_runtime::shutdown::Shutdown;
use rekey_runtime::telemetry::Telemetry;
use serde_json::json;

use super::{demo, migrate};
use crate::arguments::Up;
use crate::development::{Setting, Stores, set};
use crate::folder::DataFolder;
use crate::output::Output;
use crate::production::channels::Carried;
use crate::suite::{self, Environment, Ports, Sockets};
use crate::{production, settings};

pub(super) async fn run(up: &Up, config: Option<PathBuf>, output: Output) -> anyhow::Result<()> {
    if up.ready_file.is_some() {
        bail!("--ready-file tells credentials of demo people, and production has none");
    }
    let document = document(&up.data, &up.stores().await?, config)?;
    settings::check(&document)?;
    production::check_business(&document, &up.data)?;
    let _folder = DataFolder::lock(&up.data)?;
    migrate(&document).await?;
    demo::refuse_tenant(&document).await?;
    let telemetry = Telemetry::start(&document.part("telemetry")?, "rekey")?;
    let shutdown = Shutdown::on_signals()?;
    reload::on_hangup(rekey_client::read_files_again)?;
    let sockets = Sockets::bind(&document, &settings::business_parts(&document), Ports::Named).await?;
    let environment = Environment::system(telemetry.metrics());
    let mut suite = suite::start(&document, sockets, environment, shutdown).await?;
    suite.ready().await?;
    output.data(&json!({ "production": true }), |_| {
        "Rekey is up, in production. Ctrl-C stops it.".to_owned()
    })?;
    let outcome = suite.ended().await;
    telemetry.shutdown().await;
    outcome
}

/// The settings of a business: what is written, and where nothing is, what one process on one machine takes.
pub(crate) fn document(data: &Path, named: &Stores, config: Option<PathBuf>) -> anyhow::Result<Document> {
    let written = settings::document(config.clone(), Vec::new())?;
    let mut ours = stores(data, named, &written);
    ours.extend(carried_kinds(&written));
    settings::document(config, ours)
}

/// The kinds of methods that resets offer: where the settings name none, those whose codes get somewhere.
fn carried_kinds(written: &Document) -> Option<Setting> {
    if !settings::is_default(written, "identity.resets.carried_kinds") {
        return None;
    }
    // What does not read is told with all that is wrong, later.
    let kinds = Carried::of(written).ok()?.kinds();
    Some(set("IDENTITY__RESETS__CARRIED_KINDS", &kinds.join(",")))
}

/// Stores as the flags say; where neither they nor the settings name any, the data folder and this process.
fn stores(data: &Path, named: &Stores, written: &Document) -> Vec<Setting> {
    let mut stores = Vec::new();
    for (index, part) in ["identity", "notification"].into_iter().enumerate() {
        let url = match &named.postgres {
            Some(urls) => urls[index].clone(),
            None if settings::is_default(written, &format!("{part}.store.url")) => {
                format!("sqlite:{}", data.join(format!("{part}.db")).display())
            }
            None => continue,
        };
        stores.push(set(&format!("{}__STORE__URL", part.to_uppercase()), &url));
    }
    if let Some(redis) = &named.redis {
        stores.push(set("VERIFICATION__STORE__URL", redis));
        stores.push(set("IDENTITY__THROTTLE__URL", redis));
    } else if settings::is_default(written, "verification.store.url") {
        stores.push(set("VERIFICATION__STORE__URL", "memory:"));
    }
    stores
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_offered_that_a_provider_carries_unless_the_settings_name_some() {
        let carried = |changes: &[(&str, &str)]| {
            let changed = changes.iter().map(|(key, value)| set(key, value));
            let written = settings::builder().environment(changed).load().unwrap();
            carried_kinds(&written).map(|(_, kinds)| kinds)
        };
        let mail = ("NOTIFICATION__PROVIDERS__0__KIND", "smtp");
        let texts = ("NOTIFICATION__PROVIDERS__1__KIND", "sms");
        let countries = ("VERIFICATION__PHONE__COUNTRIES", "DE");

        assert_eq!(carried(&[mail]).as_deref(), Some("email"));
        assert_eq!(carried(&[mail, texts]).as_deref(), Some("email"));
        assert_eq!(carried(&[mail, texts, countries]).as_deref(), Some("email,phone"));
        assert_eq!(carried(&[mail, ("IDENTITY__RESETS__CARRIED_KINDS", "phone")]), None);
    }
}
