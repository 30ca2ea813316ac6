//! Text messages: a form posted to a gateway that speaks like Twilio's, every field and the login configurable.
//!
//! The gateway may keep trying only as long as the message lives (`validity`), so a code never arrives after its
//! death. What was posted and not answered is an answer lost; an answer whose body does not come is told by its status.

mod settings;

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use async_trait::async_trait;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderValue, InvalidHeaderValue, RETRY_AFTER};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rekey_primitives::contact::Channel;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use zeroize::Zeroizing;

use self::settings::SmsSettings;
use super::kind::{OpenProvider, ProviderOptions};
use super::password::PasswordFile;
use super::{ANSWER_WITHIN, HandOver, Outgoing, Provider, SendFailure, TlsServer};
use crate::domain::content::Rendered;
use crate::domain::state::FailureClass;

/// Answers are short; more than this is not read.
const ANSWER_BYTES: usize = 64 * 1024;

pub(super) struct Gateway {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    url: Uri,
    login: Login,
    settings: SmsSettings,
    from: String,
    timeout: Duration,
}

impl Gateway {
    pub(super) fn new(settings: &SmsSettings, timeout: Duration) -> anyhow::Result<Self> {
        let (url, from) = (url(settings)?, settings.from.clone().context("`from` is not set")?);
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(timeout / 2));
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
            .context("reading the system's certificate authorities")?
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        // None is kept. A connection that fell silent takes a message and gives no answer, and a text message cannot be
        // posted again without the risk of a second one: a handshake each costs less than a code that is lost.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(Self { client, url, login: Login::of(settings)?, settings: settings.clone(), from, timeout })
    }

    fn form(&self, outgoing: &Outgoing, text: &str) -> Zeroizing<String> {
        let settings = &self.settings;
        // Large enough that it does not grow, which would leave copies of the code behind.
        let mut form = form_urlencoded::Serializer::new(String::with_capacity(1_024 + 3 * text.len()));
        form.append_pair(&settings.to_field, outgoing.destination.as_str());
        form.append_pair(&settings.from_field, &self.from);
        form.append_pair(&settings.text_field, text);
        if !settings.validity_field.is_empty() {
            let left = outgoing.not_after.since(outgoing.now).as_secs();
            let validity = left.clamp(1, settings.validity_longest_seconds.max(1));
            form.append_pair(&settings.validity_field, &validity.to_string());
        }
        form.extend_pairs(&settings.fields);
        Zeroizing::new(form.finish())
    }

    async fn post(&self, form: &str) -> Result<Response<Incoming>, SendFailure> {
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
        self.client.request(request).await.map_err(|error| {
            if error.is_connect() {
                SendFailure::new(FailureClass::Provider, step_of(&error))
            } else {
                SendFailure::new(FailureClass::AnswerLost, "the answer was lost")
            }
        })
    }
}

impl OpenProvider for Gateway {
    const KIND: &'static str = "sms";
    const CHANNELS: &'static [Channel] = &[Channel::Sms];
    type Settings = SmsSettings;

    fn check(settings: &SmsSettings) -> anyhow::Result<()> {
        url(settings)?;
        ensure!(settings.from.is_some(), "`from` is not set");
        Ok(())
    }

    fn tls_server(settings: &SmsSettings) -> Option<TlsServer> {
        let url = url(settings).ok().filter(|url| url.scheme_str() == Some("https"))?;
        let host = url.host()?.trim_matches(['[', ']']).to_owned();
        Some(TlsServer { host, port: url.port_u16().unwrap_or(443), starts_tls: false, ca_file: None })
    }

    fn open(settings: SmsSettings, options: &ProviderOptions) -> anyhow::Result<Self> {
        Self::new(&settings, options.send_timeout)
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
        match tokio::time::timeout(self.timeout, self.post(&form)).await {
            Ok(answer) => judge(answer?).await,
            Err(_) => Err(SendFailure::new(FailureClass::AnswerLost, "no answer in time")),
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

/// How a gateway is logged in to. The secret is read again for each message, since it may be another one from tomorrow on.
enum Login {
    Nobody,
    Bearer(PasswordFile),
    Basic(String, PasswordFile),
}

impl Login {
    fn of(settings: &SmsSettings) -> anyhow::Result<Self> {
        let login = match (&settings.token_file, &settings.password_file) {
            (Some(_), Some(_)) => bail!("`token_file` and `password_file` are both set"),
            (Some(file), None) => Self::Bearer(PasswordFile::open(file)?),
            (None, Some(file)) => {
                let name = settings.username.clone().or_else(|| settings.account.clone());
                let name = name.context("`password_file` is set, but neither `username` nor `account`")?;
                Self::Basic(name, PasswordFile::open(file)?)
            }
            (None, None) => Self::Nobody,
        };
        login.header().context("the secret holds characters no header may")?;
        Ok(login)
    }

    fn header(&self) -> Result<Option<HeaderValue>, InvalidHeaderValue> {
        let text = match self {
            Self::Nobody => return Ok(None),
            Self::Bearer(token) => Zeroizing::new(format!("Bearer {}", token.read().expose_secret())),
            Self::Basic(name, password) => {
                let login = Zeroizing::new(format!("{name}:{}", password.read().expose_secret()));
                Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(login.as_bytes())))
            }
        };
        let mut value = HeaderValue::from_str(&text)?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

/// Which step of connecting failed, so that the operator's log says what to mend. The client has a type for the words
/// of the first two but does not show it; what is neither is the handshake.
fn step_of(error: &hyper_util::client::legacy::Error) -> &'static str {
    let source = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    match source.as_str() {
        words if words.starts_with("dns error") => "resolving: the host has no address",
        words if words.starts_with("tcp connect error") => "connecting: no address answers",
        _ => "TLS or connecting: no connection",
    }
}

/// Plain HTTP only to this machine, where a test or a gateway of one's own listens.
fn is_protected(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_loopback =
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => is_loopback,
        _ => false,
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod fuzz;
