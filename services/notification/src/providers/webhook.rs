//! Webhooks (Standard Webhooks 1.0): events posted to endpoints of the settings, signed by every secret that an endpoint has.
//!
//! Each endpoint is a provider of its own, so that one which is down has its own breaker and rate. The id of a message is
//! that of the event at every try, so a receiver tells a second one: therefore a lost answer is tried again, unlike that of a
//! mail. A receiver that answers 410 wants no more, and gets none until the process starts anew.

mod secrets;
mod settings;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use rekey_runtime::settings::SecretFileError;
use rekey_webhooks::client::{Client, Post, Timeouts};
use rekey_webhooks::failure::{FailedTry, FailureKind};
use rekey_webhooks::url::WebhookUrl;

use self::secrets::Secrets;
pub use self::settings::WebhookRequests;
pub(crate) use self::settings::{Endpoints, WebhookSettings};
use super::kind::ProviderOptions;
use super::{ConfiguredProvider, HandOver, Outgoing, Provider, SendFailure};
use crate::domain::content::Rendered;
use crate::domain::destination::Channel;
use crate::domain::state::FailureClass;

/// What the settings, rows and metrics call the kind.
pub(super) const KIND_NAME: &str = "webhook";

/// The media type of an event.
const CONTENT_TYPE: &str = "application/cloudevents+json";

/// What the receiver of an endpoint verifies with, where anybody may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookPublicKey {
    /// What callers call the endpoint.
    pub endpoint: String,
    /// `whpk_…`
    pub public_key: String,
}

/// One endpoint.
pub(super) struct Endpoint {
    client: Client,
    url: WebhookUrl,
    secrets: Secrets,
    /// It answered that it wants no more.
    is_gone: AtomicBool,
}

impl Endpoints {
    /// Opens a provider for each endpoint, which connects to nobody yet.
    ///
    /// # Errors
    /// A secret or an authority that does not read.
    pub(super) fn open(&self, options: &ProviderOptions) -> anyhow::Result<Vec<ConfiguredProvider>> {
        let timeouts = Timeouts { connect: self.timeout / 2, whole: self.timeout };
        let mut opened = Vec::with_capacity(self.all.len());
        for one in &self.all {
            let client = Client::new(self.urls(one), timeouts, self.ca_file.as_deref())?;
            let secrets = Secrets::open(&one.secret_files)?;
            let url = WebhookUrl::from_stored(one.url.clone());
            let endpoint = Endpoint { client, url, secrets, is_gone: AtomicBool::new(false) };
            let name = format!("{KIND_NAME}/{}", one.name.as_str());
            let provider =
                ConfiguredProvider::new(name, vec![Channel::Webhook], Box::new(endpoint), options.breaker);
            opened.push(provider.with_rate(one.rate).of_endpoint(one.name.clone()));
        }
        Ok(opened)
    }

    /// The public halves of the keys that sign.
    ///
    /// # Errors
    /// A secret that does not read.
    pub(crate) fn public_keys(&self) -> Result<Vec<WebhookPublicKey>, SecretFileError> {
        let mut keys = Vec::new();
        for one in &self.all {
            for public_key in Secrets::open(&one.secret_files)?.public_texts() {
                keys.push(WebhookPublicKey { endpoint: one.name.as_str().to_owned(), public_key });
            }
        }
        Ok(keys)
    }
}

impl Endpoint {
    #[cfg(test)]
    pub(super) fn new(client: Client, url: &str, secrets: Secrets) -> Self {
        let url = WebhookUrl::from_stored(url.to_owned());
        Self { client, url, secrets, is_gone: AtomicBool::new(false) }
    }
}

#[async_trait]
impl Provider for Endpoint {
    async fn send(&self, outgoing: &Outgoing, hand_over: &dyn HandOver) -> Result<(), SendFailure> {
        let Rendered::Event { json } = &outgoing.content else {
            return Err(SendFailure::before_provider(FailureClass::Content, "not an event"));
        };
        if self.is_gone.load(Ordering::Relaxed) {
            return Err(SendFailure::before_provider(FailureClass::Address, "the endpoint is gone (410)"));
        }
        let (id, unix_seconds) = (outgoing.id.to_string(), outgoing.now.unix_seconds());
        let signature = self.secrets.sign(&id, unix_seconds, json.as_bytes());
        let post = Post {
            url: &self.url,
            id: &id,
            unix_seconds,
            signature,
            content_type: CONTENT_TYPE,
            body: Bytes::copy_from_slice(json.as_bytes()),
        };
        hand_over.begin().await?;
        let failed = match self.client.post(&post).await {
            Ok(()) => return Ok(()),
            Err(failed) => failed,
        };
        if failed.is_gone() {
            self.is_gone.store(true, Ordering::Relaxed);
            tracing::error!(
                "a webhook endpoint is gone (410): it gets no more until the process starts anew"
            );
        }
        Err(failure(&failed))
    }
}

/// What follows from a try that failed.
fn failure(failed: &FailedTry) -> SendFailure {
    let class = match (failed.kind, failed.status) {
        (FailureKind::NotResolved | FailureKind::NotConnected | FailureKind::Tls, _) => {
            FailureClass::Provider
        }
        // It may have taken the event; a second one it knows by its id.
        (FailureKind::TimedOut | FailureKind::AnswerLost, _) => FailureClass::Provider,
        // The operator's fault, whatever the event: another name, or a network that is allowed.
        (FailureKind::AddressRefused | FailureKind::Redirected, _) => FailureClass::Refused,
        (FailureKind::Status, Some(410)) => FailureClass::Address,
        (FailureKind::Status, Some(408 | 425)) => FailureClass::Transient,
        (FailureKind::Status, Some(413)) => FailureClass::Content,
        // Their quota, their outage.
        (FailureKind::Status, Some(429 | 500..)) => FailureClass::Provider,
        (FailureKind::Status, _) => FailureClass::Refused,
    };
    let detail = match failed.status {
        Some(status) => format!("HTTP {status}"),
        None => failed.kind.as_str().replace('_', " "),
    };
    let retry_after: Option<Duration> = failed.retry_after;
    SendFailure { retry_after, ..SendFailure::new(class, detail) }
}

#[cfg(test)]
mod tests;
