//! Where the suite is and how to call it. `rekey up` writes the file (0600); for a suite elsewhere write one by hand:
//!
//! ```toml
//! tenant_id = "018f…"
//! inbox = "http://127.0.0.1:7300"
//! [identity]
//! endpoint = "http://127.0.0.1:7301"
//! token_file = "rekey-data/tokens/cli"
//! # For `rekey notification` and `rekey trace`, if the command line may call it.
//! [notification]
//! endpoint = "http://127.0.0.1:7303"
//! token_file = "rekey-data/tokens/cli"
//! ```

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rekey_client::{ClientSettings, Connection};
use rekey_primitives::clock::{Clock as _, SystemClock};
use rekey_primitives::entropy::{SystemEntropy, uuid_v4};
use rekey_primitives::id::TenantId;
use rekey_wire::identity::v1::lookup_tenant_request::Key;
use rekey_wire::identity::v1::tenant_service_client::TenantServiceClient;
use rekey_wire::identity::v1::{GetTenantRequest, LookupTenantRequest, Tenant};
use serde::Deserialize;

use crate::arguments::InTenant;

/// A suite to talk to.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// The tenant meant where none is named.
    pub(crate) tenant_id: Option<String>,
    /// Where the development inbox is, if there is one.
    pub(crate) inbox: Option<String>,
    /// How to call identity.
    pub(crate) identity: ClientSettings,
    /// How to call notification, for what is to be known of messages.
    notification: Option<ClientSettings>,
}

impl Profile {
    /// Reads the file; relative token files are looked for from where the command runs.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| {
            format!("cannot read {}: is `rekey up` running here? Name another with --profile", path.display())
        })?;
        toml::from_str(&text).with_context(|| format!("{} is not a profile", path.display()))
    }

    /// For commands that are about messages.
    pub(crate) fn notification(&self) -> anyhow::Result<Connection> {
        self.notification_if_set()?.context(
            "the profile does not say where notification is: write [notification] with its endpoint and token_file",
        )
    }

    /// For commands that messages are only a part of; none where the profile does not say where notification is.
    pub(crate) fn notification_if_set(&self) -> anyhow::Result<Option<Connection>> {
        Ok(self.notification.as_ref().map(|settings| Connection::open(settings, || None)).transpose()?)
    }

    pub(crate) fn identity(&self) -> anyhow::Result<Connection> {
        Ok(Connection::open(&self.identity, || None)?)
    }

    /// The tenant a command is about, by id or handle.
    pub(crate) async fn tenant(&self, named: &InTenant) -> anyhow::Result<Tenant> {
        let name = named.tenant.as_deref().or(self.tenant_id.as_deref());
        let name = name.context("no tenant: name one with --tenant")?;
        let mut tenants = TenantServiceClient::new(self.identity()?);
        let tenant = if TenantId::parse(name).is_ok() {
            let request = GetTenantRequest { tenant_id: name.to_owned(), include_logo: false };
            tenants.get_tenant(request).await?.into_inner().tenant
        } else {
            let request = LookupTenantRequest { key: Some(Key::Handle(name.to_owned())) };
            tenants.lookup_tenant(request).await?.into_inner().tenant
        };
        tenant.context("the answer holds no tenant")
    }
}

/// A fresh id for a call that may be repeated.
pub(crate) fn request_id() -> String {
    uuid_v4(&SystemEntropy).to_string()
}

/// A proto time in UTC, to the second, as RFC 3339 has it: for programs and, being plain, for people.
pub(crate) fn time(seconds: i64) -> String {
    let at = rekey_primitives::clock::Timestamp::from_unix_micros(seconds.saturating_mul(1_000_000));
    at.to_string().split('.').next().unwrap_or_default().to_owned() + "Z"
}

/// The same of a time that may not be set, which is nothing.
pub(crate) fn moment(at: Option<&prost_types::Timestamp>) -> String {
    at.map(|at| time(at.seconds)).unwrap_or_default()
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    SystemClock.now().unix_seconds()
}

/// Seconds from now until then; 0 when it is past.
pub(crate) fn seconds_until(seconds: i64) -> i64 {
    (seconds - now()).max(0)
}

/// A secret from a file, without its line end.
pub(crate) fn secret_file(path: &PathBuf) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_say_their_zone() {
        assert_eq!(time(0), "1970-01-01T00:00:00Z");
        assert_eq!(time(1_900_000_000), "2030-03-17T17:46:40Z");
        assert_eq!(moment(Some(&prost_types::Timestamp { seconds: 0, nanos: 7 })), time(0));
        assert_eq!(moment(None), "");
    }

    #[test]
    fn a_profile_without_notification_says_what_to_write() {
        let profile: Profile =
            toml::from_str("[identity]\nendpoint = 'http://127.0.0.1:7301'\ntoken_file = '/x'").unwrap();

        let refused = profile.notification().err().unwrap().to_string();

        assert!(refused.ends_with("write [notification] with its endpoint and token_file"), "{refused}");
        assert!(profile.notification_if_set().unwrap().is_none());
    }
}
