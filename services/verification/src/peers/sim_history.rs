//! What a gateway knows of the SIM behind a number: Twilio Lookup (v2) or one that answers like it, every name configurable.
//!
//! An answer that says when the SIM was changed is taken at its word; one that says only whether it was, within the gateway's
//! own period, is the next best; anything else is not known. The number stands in the URL, so no URL is ever logged.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use http::Uri;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::PhoneNumber;
use rekey_runtime::gateway::{GatewayClient, GatewayFailure, Login, LoginFiles, is_protected};
use serde_json::Value;

use crate::config::SimChangeSettings;
use crate::domain::sim_change::SimHistory;

/// What stands for the number in the path.
const NUMBER: &str = "{number}";

#[async_trait]
pub(crate) trait SimHistories: Send + Sync + 'static {
    /// What is known of the SIM behind a number. How long that may take is for whoever asks to say.
    async fn history(&self, number: &PhoneNumber) -> SimHistory;
}

/// A gateway over HTTP.
#[derive(Debug)]
pub(crate) struct SimGateway {
    client: GatewayClient,
    /// With a place for the number.
    url: String,
    login: Login,
    /// JSON pointers (RFC 6901) into its answer.
    changed_at: String,
    changed: String,
}

impl SimGateway {
    /// The gateway of the settings; none where none is set.
    pub(crate) fn open(settings: &SimChangeSettings) -> anyhow::Result<Option<Self>> {
        let Some(url) = url(settings)? else { return Ok(None) };
        let login = Login::of(LoginFiles {
            username: settings.username.as_deref(),
            password_file: settings.password_file.as_deref(),
            token_file: settings.token_file.as_deref(),
        })?;
        let client = GatewayClient::new(Duration::from_millis(settings.timeout_ms));
        let client = client.context("reading the system's certificate authorities")?;
        let (changed_at, changed) = (settings.changed_at.clone(), settings.changed.clone());
        Ok(Some(Self { client, url, login, changed_at, changed }))
    }

    async fn ask(&self, number: &PhoneNumber) -> Result<SimHistory, GatewayFailure> {
        let url = self.url.replace(NUMBER, &number.as_str().replace('+', "%2B"));
        let url: Uri = url.parse().map_err(|_| GatewayFailure("the number makes no URL"))?;
        let login = self.login.header().map_err(|_| GatewayFailure("the secret makes no header"))?;
        let (status, answer) = self.client.get(url, login).await?;
        match status.as_u16() {
            200..=299 => {}
            // There is no such number, or nothing is known of it.
            404 => return Ok(SimHistory::Unknown),
            401 | 403 => return Err(GatewayFailure("the login is refused")),
            429 => return Err(GatewayFailure("too many look-ups")),
            _ => return Err(GatewayFailure("the look-up is refused")),
        }
        let answer = serde_json::from_slice(&answer).map_err(|_| GatewayFailure("the answer is no JSON"))?;
        Ok(self.read(&answer))
    }

    fn read(&self, answer: &Value) -> SimHistory {
        let at = answer.pointer(&self.changed_at).and_then(Value::as_str).and_then(Timestamp::from_rfc3339);
        let of_late = || answer.pointer(&self.changed).and_then(Value::as_bool);
        match at {
            Some(at) => SimHistory::ChangedAt(at),
            None => of_late().map_or(SimHistory::Unknown, SimHistory::ChangedOfLate),
        }
    }
}

#[async_trait]
impl SimHistories for SimGateway {
    async fn history(&self, number: &PhoneNumber) -> SimHistory {
        self.ask(number).await.unwrap_or_else(|failure| {
            tracing::warn!(%failure, "a SIM was not looked up");
            SimHistory::Unknown
        })
    }
}

/// Where it is asked, with the place for the number; none where no gateway is set.
fn url(settings: &SimChangeSettings) -> anyhow::Result<Option<String>> {
    let Some(url) = &settings.url else { return Ok(None) };
    ensure!(settings.path.contains(NUMBER), "`path` has no place for the number: {{number}}");
    let whole = format!("{}{}", url.trim_end_matches('/'), settings.path);
    let sample: Uri = whole.replace(NUMBER, "0").parse().context("`url` and `path` make no URL")?;
    ensure!(is_protected(&sample), "`url` must be https, except on this machine");
    for (name, pointer) in [("changed_at", &settings.changed_at), ("changed", &settings.changed)] {
        ensure!(pointer.starts_with('/'), "`{name}` must be a JSON pointer: it begins with a slash");
    }
    Ok(Some(whole))
}

#[cfg(test)]
mod tests;
