//! The settings of all parts in one document.
//!
//! Which values they may have, each part says itself. What production must not have stands in `production`, what
//! development changes in [`development`](crate::development).

use std::net::SocketAddr;
use std::path::PathBuf;

use rekey_runtime::health::HealthSettings;
use rekey_runtime::server::ServerSettings;
use rekey_runtime::settings::{Document, DocumentBuilder};
use rekey_runtime::telemetry::TelemetrySettings;

use crate::Part;

/// The settings of all parts, defaults only.
pub fn builder() -> DocumentBuilder {
    Document::builder()
        .part("identity", 7301, rekey_identity::config::DEFAULTS)
        .part("verification", 7302, rekey_verification::config::DEFAULTS)
        .part("notification", 7303, rekey_notification::config::DEFAULTS)
}

/// The settings of this process: defaults < file < `overrides` < environment.
pub fn document(file: Option<PathBuf>, overrides: Vec<(String, String)>) -> anyhow::Result<Document> {
    let builder = match file {
        Some(file) => builder().file(file),
        None => builder(),
    };
    Ok(builder.environment(overrides).process_environment().load()?)
}

/// Reads every table as its part would. Whether that is fit for production is another matter.
pub fn check(document: &Document) -> anyhow::Result<()> {
    let identity = document.part::<rekey_identity::config::Settings>("identity")?;
    identity.check()?;
    document.part::<rekey_verification::config::Settings>("verification")?.check()?;
    document.part::<rekey_notification::config::Settings>("notification")?.check()?;
    document.part::<TelemetrySettings>("telemetry")?.check()?;
    document.part::<HealthSettings>("health")?;
    Ok(())
}

/// Where a part listens.
pub(crate) fn listen_address(document: &Document, part: Part) -> anyhow::Result<SocketAddr> {
    Ok(document.part::<ServerSettings>(&format!("{}.server", part.name()))?.listen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_settings_are_in_order() {
        let document = builder().load().unwrap();

        check(&document).unwrap();
    }
}
