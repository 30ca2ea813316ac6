//! The port that gateways post the state of text messages to: a form as Twilio's, signed by a token that both sides share.
//!
//! What was signed is the URL that the gateway was given. It is put together from the settings and never from what a request
//! says of its host. A request that is not signed learns nothing, not even whether there is a gateway of that name; one that is
//! learns of an unknown message only that it is not found.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::destination::Channel;
use anyhow::Context as _;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use rekey_runtime::health::serve_pages;
use rekey_runtime::shutdown::Shutdown;
use rekey_sealing::is_signed_form;
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;

use super::{Heard, Ignored, Receipts};
use crate::domain::receipt::{ReceiptDetail, ReceiptState, Report};
use crate::providers::PasswordFile;

/// A status is a few hundred bytes.
const FORM_BYTES: usize = 16 * 1024;
/// Gateways give up after some 15 seconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// Fields of a form that are read.
const FIELDS: usize = 100;

/// The loop that listens.
pub(crate) struct CallbackPort {
    pub(crate) receipts: Receipts,
    /// Where gateways reach this port, without a slash at the end.
    pub(crate) public_url: String,
    /// What each gateway signs with.
    pub(crate) tokens: BTreeMap<String, PasswordFile>,
}

impl CallbackPort {
    /// Listens until told to stop.
    ///
    /// # Errors
    /// The address cannot be had.
    pub(crate) async fn run(self, address: SocketAddr, stop: Shutdown) -> anyhow::Result<()> {
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| format!("notification.receipts.http.listen {address}"))?;
        serve_pages(listener, self.routes(), stop).await;
        Ok(())
    }

    /// Its pages.
    pub(crate) fn routes(self) -> Router {
        Router::new().route("/receipts/sms/{provider}", post(hear)).with_state(Arc::new(self))
    }

    async fn answer(&self, provider: &str, query: &str, headers: HeaderMap, body: Body) -> StatusCode {
        let Ok(body) = to_bytes(body, FORM_BYTES).await else {
            Ignored::TooLarge.count(Channel::Sms);
            return StatusCode::PAYLOAD_TOO_LARGE;
        };
        let form: Vec<(String, String)> =
            form_urlencoded::parse(&body).into_owned().take(FIELDS + 1).collect();
        if form.len() > FIELDS {
            Ignored::Malformed.count(Channel::Sms);
            return StatusCode::BAD_REQUEST;
        }
        let message = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "message");
        let message = message.map(|(_, value)| value.into_owned()).unwrap_or_default();
        let url = format!("{}/receipts/sms/{provider}?message={message}", self.public_url);
        let signature =
            headers.get("x-twilio-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !self.is_signed(provider, &url, &form, signature) {
            Ignored::Forged.count(Channel::Sms);
            return StatusCode::FORBIDDEN;
        }
        self.hear(&message, &form).await
    }

    /// Whether the gateway of that name signed the form for this URL. Where there is none, nobody did.
    fn is_signed(&self, provider: &str, url: &str, form: &[(String, String)], signature: &str) -> bool {
        let token = self.tokens.get(provider);
        token.is_some_and(|token| is_signed_form(token.read().expose_secret(), url, form, signature))
    }

    /// What a gateway that is known reports.
    async fn hear(&self, message: &str, form: &[(String, String)]) -> StatusCode {
        let Some(token) = self.receipts.open(message) else {
            Ignored::UnknownMessage.count(Channel::Sms);
            return StatusCode::NOT_FOUND;
        };
        let Some(report) = report(form) else {
            Ignored::NoReport.count(Channel::Sms);
            return StatusCode::NO_CONTENT;
        };
        match self.receipts.take(&token, Channel::Sms, &report).await {
            Ok(Heard::Taken) => StatusCode::NO_CONTENT,
            Ok(Heard::UnknownMessage | Heard::Expired) => StatusCode::NOT_FOUND,
            Err(failure) => {
                tracing::warn!(error = %failure, "cannot take a report yet");
                StatusCode::SERVICE_UNAVAILABLE
            }
        }
    }
}

async fn hear(
    State(port): State<Arc<CallbackPort>>,
    Path(provider): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> StatusCode {
    let answer = port.answer(&provider, query.as_deref().unwrap_or_default(), headers, body);
    // The fault is here, as when the store is away; a 408 would blame the gateway.
    tokio::time::timeout(ANSWER_WITHIN, answer).await.unwrap_or(StatusCode::SERVICE_UNAVAILABLE)
}

/// What a form says became of the message. That it was taken over or sent on says nothing that is not known.
fn report(form: &[(String, String)]) -> Option<Report> {
    let field = |name: &str| form.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
    let state = match field("MessageStatus").or_else(|| field("SmsStatus"))?.to_ascii_lowercase().as_str() {
        "delivered" | "read" => ReceiptState::Delivered,
        "undelivered" | "failed" => ReceiptState::Failed,
        _ => return None,
    };
    let detail = field("ErrorCode").filter(|_| state == ReceiptState::Failed);
    Some(Report { state, detail: detail.and_then(ReceiptDetail::of_gateway).unwrap_or_default() })
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod fuzz;
