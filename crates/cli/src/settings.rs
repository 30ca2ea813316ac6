//! The settings of all parts in one document.
//!
//! Which values they may have, each part says itself. What production must not have stands in `production`, what
//! development changes in [`development`](crate::development).

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use rekey_runtime::health::HealthSettings;
use rekey_runtime::server::ServerSettings;
use rekey_runtime::settings::{Document, DocumentBuilder, Origin};
use rekey_runtime::telemetry::{Format, TelemetrySettings};

use crate::Part;

/// The settings of all parts, defaults only.
pub fn builder() -> DocumentBuilder {
    Document::builder()
        .part("identity", 7301, rekey_identity::config::DEFAULTS)
        .part("verification", 7302, rekey_verification::config::DEFAULTS)
        .part("notification", 7303, rekey_notification::config::DEFAULTS)
        .part("portal", 7300, rekey_portal::config::DEFAULTS)
        .replaced(&rekey_notification::config::REPLACED)
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
    document.part::<rekey_portal::config::Settings>("portal")?.check()?;
    document.part::<TelemetrySettings>("telemetry")?.check()?;
    document.part::<HealthSettings>("health")?;
    Ok(())
}

/// The parts that the settings say something of; all of them where they say nothing.
pub(crate) fn written_parts(document: &Document) -> Vec<Part> {
    let written = document.settings();
    let is_written = |part: &Part| {
        let table = format!("{}.", part.name());
        written.iter().any(|setting| setting.key.starts_with(&table) && setting.origin != Origin::Default)
    };
    let parts: Vec<Part> = Part::ALL.into_iter().filter(is_written).collect();
    if parts.is_empty() { Part::ALL.to_vec() } else { parts }
}

/// The parts of a business in one process. The portal is one where the settings say where browsers reach it: others have pages of
/// their own.
pub(crate) fn business_parts(document: &Document) -> Vec<Part> {
    let has_portal = !is_default(document, "portal.public_url");
    Part::ALL.into_iter().filter(|part| *part != Part::Portal || has_portal).collect()
}

/// Whether nothing but the default says what a setting is.
pub(crate) fn is_default(document: &Document, key: &str) -> bool {
    document.settings().iter().any(|setting| setting.key == key && setting.origin == Origin::Default)
}

/// Whether the log of this process is to be JSON, as far as that can be known of settings that may be wrong: a failure to
/// read them is a line of the log, too.
pub(crate) fn logs_json(file: Option<&Path>) -> bool {
    let is_json = |document: Document| {
        document.part::<TelemetrySettings>("telemetry").is_ok_and(|settings| settings.format == Format::Json)
    };
    if let Ok(document) = document(file.map(Path::to_owned), Vec::new()) {
        return is_json(document);
    }
    if builder().process_environment().load().is_ok_and(is_json) {
        return true;
    }
    let text = file.and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    let written = text.parse::<toml::Table>().ok();
    let format = written.as_ref().and_then(|table| table.get("telemetry")?.get("format")?.as_str());
    format == Some("json")
}

/// Where a part listens.
pub(crate) fn listen_address(document: &Document, part: Part) -> anyhow::Result<SocketAddr> {
    Ok(document.part::<ServerSettings>(&format!("{}.server", part.name()))?.listen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::development::set;

    #[test]
    fn the_embedded_settings_are_in_order() {
        let document = builder().load().unwrap();

        check(&document).unwrap();
    }

    #[test]
    fn parts_are_those_that_the_settings_say_something_of() {
        let written = |changes: &[(&str, &str)]| {
            let changes = changes.iter().map(|(key, value)| set(key, value));
            written_parts(&builder().environment(changes).load().unwrap())
        };

        assert_eq!(written(&[]), Part::ALL);
        assert_eq!(written(&[("TELEMETRY__FILTER", "warn")]), Part::ALL);
        assert_eq!(written(&[("IDENTITY__KEYS__PEPPER_FILE", "/etc/pepper")]), [Part::Identity]);
    }

    #[test]
    fn a_business_has_a_portal_where_it_says_how_browsers_reach_it() {
        let parts = |changes: &[(&str, &str)]| {
            let changes = changes.iter().map(|(key, value)| set(key, value));
            business_parts(&builder().environment(changes).load().unwrap())
        };

        assert_eq!(parts(&[("PORTAL__TENANT_ID", "0190c3a5-7e1c-7b2a-9f00-0123456789ab")]), Part::GRPC);
        assert_eq!(parts(&[("PORTAL__PUBLIC_URL", "https://id.example.com")]), Part::ALL);
    }
}
