//! Text messages: a form posted to a gateway that speaks like Twilio's, every field and the login configurable.
//!
//! The gateway may keep trying only as long as the message lives (`validity`), so a code never arrives after its
//! death. What was posted and not answered is an answer lost; an answer whose body does not come is told by its status.

mod settings;

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use async_trait::async_trait;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use rekey_runtime::gateway::{ANSWER_BYTES, GatewayClient, Login, LoginFiles, is_protected, step_of};
use serde::Deserialize;
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use self::settings::SmsSettings;
use super::kind::{OpenProvider, ProviderOptions};
use super::{ANSWER_WITHIN, HandOver, Outgoing, Provider, SendFailure, TlsServer};
use crate::domain::content::Rendered;
use crate::domain::destination::Channel;
use crate::domain::failover::Behind;
use crate::domain::state::FailureClass;

pub(super) struct Gateway {
    client: GatewayClient,
    /// What connects sooner or not at all, for where another gateway may be asked.
    switching: GatewayClient,
    url: Uri,
    login: Login,
    settings: SmsSettings,
    from: String,
    timeout: Duration,
    switch_after: Duration,
}

impl Gateway {
    pub(super) fn new(settings: &SmsSettings, timeout: Duration) -> anyhow::Result<Self> {
        let (url, from) = (url(settings)?, settings.from.clone().context("`from` is not set")?);
        let client = connecting_within(timeout / 2)?;
        let login = Login::of(LoginFiles {
            username: settings.username.as_deref().or(settings.account.as_deref()),
            password_file: settings.password_file.as_deref(),
            token_file: settings.token_file.as_deref(),
        })?;
        let (switching, settings) = (client.clone(), settings.clone());
        Ok(Self { client, switching, url, login, settings, from, timeout, switch_after: timeout })
    }

    /// The same, given up after this time while it cannot be connected to and another one may be asked.
    fn switching_after(self, switch_after: Duration) -> anyhow::Result<Self> {
        let switching = connecting_within(switch_after.min(self.timeout / 2))?;
        Ok(Self { switching, switch_after, ..self })
    }

    fn form(&self, outgoing: &Outgoing, text: &str) -> Zeroizing<String> {
        let settings = &self.settings;
        // Large enough that it does not grow, which would leave copies of the code behind.
        let mut form = form_urlencoded::Serializer::new(String::with_capacity(1_024 + 3 * text.len()));
        form.append_pair(&settings.to_field, outgoing.destination.as_str());
        let tenants = outgoing.sender.as_ref().and_then(|sender| sender.sms_from.as_deref());
        form.append_pair(&settings.from_field, tenants.unwrap_or(&self.from));
        form.append_pair(&settings.text_field, text);
        if !settings.validity_field.is_empty() {
            let left = outgoing.not_after.since(outgoing.now).as_secs();
            let validity = left.clamp(1, settings.validity_longest_seconds.max(1));
            form.append_pair(&settings.validity_field, &validity.to_string());
        }
        if let Some(url) = outgoing.report_to.as_deref().filter(|_| !settings.callback_field.is_empty()) {
            form.append_pair(&settings.callback_field, url);
        }
        form.extend_pairs(&settings.fields);
        Zeroizing::new(form.finish())
    }

    async fn post(&self, form: &str, behind: Behind) -> Result<Response<Incoming>, SendFailure> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(self.url.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let unusable = |_| SendFailure::before_provider(FailureClass::Provider, "the secret makes no header");
        if let Some(authorization) = self.login.header().map_err(unusable)? {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request
            .body(Full::new(Bytes::copy_from_slice(form.as_bytes())))
            .map_err(|_| SendFailure::before_provider(FailureClass::Content, "the form makes no request"))?;
        let client = match behind {
            Behind::Another => &self.switching,
            Behind::Nobody => &self.client,
        };
        client.request(request).await.map_err(|error| {
            if error.is_connect() {
                SendFailure::new(FailureClass::Provider, step_of(&error))
            } else {
                SendFailure::new(FailureClass::AnswerLost, "the answer was lost")
            }
        })
    }
}

fn connecting_within(timeout: Duration) -> anyhow::Result<GatewayClient> {
    GatewayClient::new(timeout).context("reading the system's certificate authorities")
}

impl OpenProvider for Gateway {
    const KIND: &'static str = "sms";
    const CHANNELS: &'static [Channel] = &[Channel::Sms];
    type Settings = SmsSettings;

    fn check(settings: &SmsSettings) -> anyhow::Result<()> {
        url(settings)?;
        ensure!(settings.from.is_some(), "`from` is not set");
        let may_ask = settings.callback_token_file.is_none() || !settings.callback_field.is_empty();
        ensure!(may_ask, "`callback_token_file` is set, but `callback_field` is empty");
        Ok(())
    }

    fn tls_server(settings: &SmsSettings) -> Option<TlsServer> {
        let url = url(settings).ok().filter(|url| url.scheme_str() == Some("https"))?;
        let host = url.host()?.trim_matches(['[', ']']).to_owned();
        Some(TlsServer { host, port: url.port_u16().unwrap_or(443), starts_tls: false, ca_file: None })
    }

    fn open(settings: SmsSettings, options: &ProviderOptions) -> anyhow::Result<Self> {
        Self::new(&settings, options.send_timeout)?.switching_after(options.switch_after)
    }
}

#[async_trait]
impl Provider for Gateway {
    async fn send(&self, outgoing: &Outgoing, hand_over: &dyn HandOver) -> Result<(), SendFailure> {
        let Rendered::Sms { text } = &outgoing.content else {
            return Err(SendFailure::before_provider(FailureClass::Content, "not a text message"));
        };
        let form = self.form(outgoing, text);
        // Before the connection and not after: the client posts as soon as it has one.
        hand_over.begin().await?;
        match tokio::time::timeout(self.timeout, self.post(&form, outgoing.behind)).await {
            Ok(answer) => judge(answer?).await,
            Err(_) => Err(SendFailure::new(FailureClass::AnswerLost, "no answer in time")),
        }
    }

    /// Whether its port can be connected to: more would cost money.
    async fn probe(&self, behind: Behind) -> Result<(), SendFailure> {
        let within = match behind {
            Behind::Another => self.switch_after.min(self.timeout),
            Behind::Nobody => self.timeout,
        };
        let host = self.url.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = if self.url.scheme_str() == Some("https") { 443 } else { 80 };
        let connected = TcpStream::connect((host, self.url.port_u16().unwrap_or(port)));
        match tokio::time::timeout(within, connected).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(SendFailure::new(FailureClass::Provider, "cannot be connected to")),
        }
    }
}

/// What an answer says. Its body has a time of its own: the send timeout would make a lost answer of a refusal.
async fn judge(answer: Response<Incoming>) -> Result<(), SendFailure> {
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let retry_after = retry_after(answer.headers());
    let body = Limited::new(answer.into_body(), ANSWER_BYTES).collect();
    let body = tokio::time::timeout(ANSWER_WITHIN, body).await.ok().and_then(Result::ok);
    let problem = body.and_then(|body| serde_json::from_slice::<Problem>(&body.to_bytes()).ok());
    let failure = refused(status, problem.and_then(|problem| problem.code));
    Err(SendFailure { retry_after, ..failure })
}

/// The part of a refusal that we read: Twilio's error code.
#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    code: Option<u32>,
}

/// What follows from a refusal. The codes are Twilio's; a gateway that gives none is judged by its status.
fn refused(status: StatusCode, code: Option<u32>) -> SendFailure {
    /// This number cannot get messages, or not from us.
    const ADDRESS: [u32; 8] = [21211, 21214, 21217, 21408, 21610, 21612, 21614, 21635];
    /// The text is missing or too long.
    const CONTENT: [u32; 3] = [21602, 21605, 21617];
    /// The sender is missing or not ours: the operator's fault, whoever the message is for.
    const SENDER: [u32; 2] = [21212, 21603];
    let class = match (status.as_u16(), code) {
        (_, Some(code)) if ADDRESS.contains(&code) => FailureClass::Address,
        (_, Some(code)) if CONTENT.contains(&code) => FailureClass::Content,
        (_, Some(code)) if SENDER.contains(&code) => FailureClass::Provider,
        // RFC 9110, 15.6.3 and 15.6.5: a proxy speaks, and what the gateway behind it did is not known.
        (502 | 504, None) => FailureClass::AnswerLost,
        // Our login, our account, their quota, their outage, an answer that is none.
        (401..=403 | 407 | 429 | 500.. | 0..=399, _) => FailureClass::Provider,
        // There is no such form at this URL: the operator's fault, whoever the message is for.
        (404 | 405 | 410, None) => FailureClass::Provider,
        (408 | 425, _) => FailureClass::Transient,
        (413, None) => FailureClass::Content,
        // It works, and does not want this message.
        (400..=499, _) => FailureClass::Refused,
    };
    let detail = match code {
        Some(code) => format!("HTTP {} code {code}", status.as_u16()),
        None => format!("HTTP {}", status.as_u16()),
    };
    SendFailure::new(class, detail)
}

/// How long the gateway asks to be left alone: seconds, or an instant measured by the gateway's own clock where it
/// gives one (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok();
    let asked = text(RETRY_AFTER)?;
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(asked).ok()?;
    at.duration_since(httpdate::parse_http_date(text(DATE)?).ok()?).ok()
}

fn url(settings: &SmsSettings) -> anyhow::Result<Uri> {
    let url = settings.url.as_deref().context("`url` is not set")?;
    let url = match (url.contains("{account}"), &settings.account) {
        (true, None) => bail!("`url` names {{account}}, but `account` is not set"),
        (true, Some(account)) => url.replace("{account}", account),
        (false, _) => url.to_owned(),
    };
    let url: Uri = url.parse().context("`url` is no URL")?;
    ensure!(is_protected(&url), "`url` must be https, except on this machine");
    Ok(url)
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod fuzz;
