//! Mail by SMTP (RFC 5321): STARTTLS demanded or TLS from the first byte, a login, connections kept for the next mail.
//!
//! The dialogue is driven step by step instead of in one go, because what a failure means depends on where it
//! happens: before the final dot nothing was sent, after it the answer decides, and without an answer nobody knows.

mod dialogue;
mod reply;
mod settings;

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail, ensure};
use async_trait::async_trait;
use lettre::address::Address;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use rekey_primitives::contact::{Channel, Destination};
use rekey_runtime::settings::secret_file;
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use self::dialogue::{Connections, Envelope, Server};
use self::settings::{SmtpSettings, SmtpTls};
use super::kind::{OpenProvider, ProviderOptions};
use super::{HandOver, Outgoing, Provider, SendFailure};
use crate::domain::content::Rendered;
use crate::domain::state::FailureClass;

pub(super) struct Relay {
    connections: Connections,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    timeout: Duration,
}

impl Relay {
    pub(super) fn new(settings: &SmtpSettings, timeout: Duration) -> anyhow::Result<Self> {
        let host = settings.host.clone().context("`host` is not set")?;
        let from: Address = settings
            .from
            .as_deref()
            .context("`from` is not set")?
            .parse()
            .context("`from` is no e-mail address")?;
        let reply_to = match &settings.reply_to {
            Some(address) => Some(address.parse::<Mailbox>().context("`reply_to` is no e-mail address")?),
            None => None,
        };
        ensure!(!settings.from_name.chars().any(char::is_control), "`from_name` holds a control character");
        let name = Some(settings.from_name.clone()).filter(|name| !name.is_empty());
        let hello = settings.hello.clone().unwrap_or_else(|| from.domain().to_owned());
        let server = Server {
            tls: tls(settings, &host)?,
            host,
            port: settings.port,
            hello: ClientId::Domain(hello),
            credentials: credentials(settings)?,
            timeout,
        };
        let idle = Duration::from_secs(settings.idle_seconds);
        let connections = Connections::new(server, settings.idle_connections, idle);
        Ok(Self { connections, from: Mailbox::new(name, from), reply_to, timeout })
    }

    /// The mail as it goes over the wire. Everything that tells tries apart is left out: Message-ID and Date are
    /// those of the message, so a receiver that gets it twice can see that it is one.
    fn compose(&self, outgoing: &Outgoing, to: &Address) -> Result<Zeroizing<Vec<u8>>, SendFailure> {
        let Rendered::Email { subject, text, html, language } = &outgoing.content else {
            return Err(SendFailure::before_provider(FailureClass::Content, "not a mail"));
        };
        let micros = u64::try_from(outgoing.created_at.unix_micros()).unwrap_or(0);
        let mut mail = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(subject.as_str())
            .date(SystemTime::UNIX_EPOCH + Duration::from_micros(micros))
            .message_id(Some(format!("<{}@{}>", outgoing.id, self.from.email.domain())))
            .header(AutoSubmitted)
            .header(ContentLanguage((*language).to_owned()));
        if let Some(reply_to) = &self.reply_to {
            mail = mail.reply_to(reply_to.clone());
        }
        let bodies = MultiPart::alternative()
            .singlepart(SinglePart::plain(text.as_str().to_owned()))
            .singlepart(SinglePart::html(html.as_str().to_owned()));
        let mail = mail
            .multipart(bodies)
            .map_err(|_| SendFailure::before_provider(FailureClass::Content, "the parts make no mail"))?;
        Ok(Zeroizing::new(mail.formatted()))
    }
}

impl OpenProvider for Relay {
    const KIND: &'static str = "smtp";
    const CHANNELS: &'static [Channel] = &[Channel::Email];
    type Settings = SmtpSettings;

    fn open(settings: SmtpSettings, options: &ProviderOptions) -> anyhow::Result<Self> {
        Self::new(&settings, options.send_timeout)
    }
}

#[async_trait]
impl Provider for Relay {
    async fn send(&self, outgoing: &Outgoing, hand_over: &dyn HandOver) -> Result<(), SendFailure> {
        let Destination::Email(address) = &outgoing.destination else {
            return Err(SendFailure::before_provider(FailureClass::Content, "not a mail address"));
        };
        let to = Address::new(address.local_part(), address.domain()).map_err(|_| {
            SendFailure::before_provider(FailureClass::Address, "the address does not fit SMTP")
        })?;
        let mail = self.compose(outgoing, &to)?;
        let mut handed_over = false;
        let envelope = Envelope { from: &self.from.email, to: &to, mail: &mail };
        let dialogue = self.connections.send(&envelope, hand_over, &mut handed_over);
        match tokio::time::timeout(self.timeout, dialogue).await {
            Ok(answer) => answer,
            Err(_) if handed_over => {
                Err(SendFailure::new(FailureClass::AnswerLost, "no answer after DATA in time"))
            }
            Err(_) => Err(SendFailure::new(FailureClass::Provider, "no answer in time")),
        }
    }
}

/// How the connection is protected, once and for all connections.
fn tls(settings: &SmtpSettings, host: &str) -> anyhow::Result<dialogue::Tls> {
    if settings.tls == SmtpTls::None {
        let loopback = ["localhost", "127.0.0.1", "::1"];
        ensure!(loopback.contains(&host), "`tls = \"none\"` is for a relay on this machine only");
        return Ok(dialogue::Tls::None);
    }
    let mut parameters = TlsParameters::builder(host.to_owned());
    if let Some(file) = &settings.ca_file {
        let pem = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
        parameters = parameters.add_root_certificate(Certificate::from_pem(&pem).context("`ca_file`")?);
    }
    let parameters = parameters.build_rustls().context("preparing TLS")?;
    Ok(match settings.tls {
        SmtpTls::Implicit => dialogue::Tls::Implicit(parameters),
        _ => dialogue::Tls::Upgraded(parameters),
    })
}

fn credentials(settings: &SmtpSettings) -> anyhow::Result<Option<Credentials>> {
    match (&settings.username, &settings.password_file) {
        (None, None) => Ok(None),
        (Some(name), Some(file)) => {
            Ok(Some(Credentials::new(name.clone(), secret_file(file)?.expose_secret().to_owned())))
        }
        _ => bail!("`username` and `password_file` go together"),
    }
}

/// RFC 3834, 5: nobody's holiday notice answers us.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// RFC 3282: the language that the reader gets.
#[derive(Clone)]
struct ContentLanguage(String);

impl Header for ContentLanguage {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Content-Language")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(text.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.clone())
    }
}

#[cfg(test)]
mod tests;
