//! Mail by SMTP (RFC 5321): STARTTLS demanded or TLS from the first byte, a login, connections kept for the next mail.
//!
//! The dialogue is our own, step by step, because what a failure means depends on where it happens: before the final
//! dot nothing was sent, after it the answer decides, and without an answer nobody knows. lettre composes the mail.

mod connection;
mod dialogue;
mod extensions;
mod headers;
mod reply;
mod server;
mod settings;
mod tls;

use std::time::{Duration, SystemTime};

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use lettre::address::{Address, Envelope as MailEnvelope};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use rekey_primitives::contact::{Channel, Destination, EmailAddress};
use zeroize::Zeroizing;

use self::dialogue::{Connections, Envelope, Keeping, dot_stuffed};
use self::headers::{AutoSubmitted, ContentLanguage, From, Subject};
use self::reply::Step;
use self::server::{Credentials, Server};
use self::settings::{SmtpSettings, SmtpTls};
use self::tls::Protection;
use super::kind::{OpenProvider, ProviderOptions};
use super::{HandOver, Outgoing, Provider, SendFailure, TlsServer};
use crate::domain::content::Rendered;
use crate::domain::state::FailureClass;

pub(super) struct Relay {
    connections: Connections,
    sender: Sender,
    timeout: Duration,
}

/// Who the mails are from.
struct Sender {
    from: EmailAddress,
    name: String,
    reply_to: Option<Mailbox>,
}

impl Sender {
    /// Reads it from the settings. Names of domains go out in A-labels; what stands before the `@` must be ASCII, since
    /// no setting can know whether a relay takes others (RFC 6531).
    fn of(settings: &SmtpSettings) -> anyhow::Result<Self> {
        let from = own_address(settings.from.as_deref().context("`from` is not set")?).context("`from`")?;
        let reply_to = match &settings.reply_to {
            Some(text) => {
                let mailbox = text.parse::<Mailbox>().context("`reply_to` is no e-mail address")?;
                let address = own_address(mailbox.email.as_ref()).context("`reply_to`")?;
                Some(Mailbox::new(mailbox.name, lettre_address(&address)))
            }
            None => None,
        };
        let name = settings.from_name.clone();
        ensure!(!name.chars().any(char::is_control), "`from_name` holds a control character");
        Ok(Self { from, name, reply_to })
    }
}

fn own_address(text: &str) -> anyhow::Result<EmailAddress> {
    let address = EmailAddress::parse(text).context("is no e-mail address")?;
    ensure!(address.as_str().is_ascii(), "must be ASCII before the `@`: not every relay takes others");
    Ok(address)
}

/// lettre judges addresses by rules of its own; ours were judged when they came in.
fn lettre_address(address: &EmailAddress) -> Address {
    Address::new_dangerous(address.local_part(), address.domain())
}

impl Relay {
    pub(super) fn new(settings: &SmtpSettings, timeout: Duration) -> anyhow::Result<Self> {
        settings.check()?;
        let sender = Sender::of(settings)?;
        let host = settings.host.clone().context("`host` is not set")?;
        let server = Server {
            protection: Protection::of(settings, &host)?,
            host,
            port: settings.port,
            hello: settings.hello.clone().unwrap_or_else(|| sender.from.domain().to_owned()),
            credentials: Credentials::of(settings)?,
            timeout,
        };
        let keeping = Keeping {
            most_idle: settings.idle_connections,
            idle_for: Duration::from_secs(settings.idle_seconds),
            first_answer_within: Duration::from_secs(settings.kept_answer_seconds),
        };
        Ok(Self { connections: Connections::new(server, keeping), sender, timeout })
    }

    /// The mail as DATA wants it. Everything that tells tries apart is left out: Message-ID and Date are those of the
    /// message, so a receiver that gets it twice can see that it is one.
    fn compose(&self, outgoing: &Outgoing, to: &EmailAddress) -> Result<Zeroizing<Vec<u8>>, SendFailure> {
        let Rendered::Email { subject, text, html, language } = &outgoing.content else {
            return Err(SendFailure::before_provider(FailureClass::Content, "not a mail"));
        };
        let no_mail = || SendFailure::before_provider(FailureClass::Content, "the parts make no mail");
        let micros = u64::try_from(outgoing.created_at.unix_micros()).unwrap_or(0);
        let Sender { from, name, reply_to } = &self.sender;
        let to = lettre_address(to);
        let envelope = MailEnvelope::new(Some(lettre_address(from)), vec![to.clone()]);
        let mut mail = Message::builder()
            .header(From { name: name.clone(), address: from.as_str().to_owned() })
            .to(Mailbox::new(None, to))
            .header(Subject(subject.as_str().to_owned()))
            .date(SystemTime::UNIX_EPOCH + Duration::from_micros(micros))
            .message_id(Some(format!("<{}@{}>", outgoing.id, from.domain())))
            .header(AutoSubmitted)
            .header(ContentLanguage((*language).to_owned()))
            .envelope(envelope.map_err(|_| no_mail())?);
        if let Some(reply_to) = reply_to {
            mail = mail.reply_to(reply_to.clone());
        }
        let bodies = MultiPart::alternative()
            .singlepart(SinglePart::plain(text.as_str().to_owned()))
            .singlepart(SinglePart::html(html.as_str().to_owned()));
        let mail = Zeroizing::new(mail.multipart(bodies).map_err(|_| no_mail())?.formatted());
        Ok(Zeroizing::new(dot_stuffed(&mail)))
    }
}

impl OpenProvider for Relay {
    const KIND: &'static str = "smtp";
    const CHANNELS: &'static [Channel] = &[Channel::Email];
    type Settings = SmtpSettings;

    fn check(settings: &SmtpSettings) -> anyhow::Result<()> {
        settings.check()?;
        Sender::of(settings).map(|_| ())
    }

    fn tls_server(settings: &SmtpSettings) -> Option<TlsServer> {
        let starts_tls = match settings.tls {
            SmtpTls::StartTls => true,
            SmtpTls::Implicit => false,
            SmtpTls::None => return None,
        };
        let (host, ca_file) = (settings.host.clone()?, settings.ca_file.clone());
        Some(TlsServer { host, port: settings.port, starts_tls, ca_file })
    }

    fn open(settings: SmtpSettings, options: &ProviderOptions) -> anyhow::Result<Self> {
        Self::new(&settings, options.send_timeout)
    }
}

#[async_trait]
impl Provider for Relay {
    async fn send(&self, outgoing: &Outgoing, hand_over: &dyn HandOver) -> Result<(), SendFailure> {
        let Destination::Email(to) = &outgoing.destination else {
            return Err(SendFailure::before_provider(FailureClass::Content, "not a mail address"));
        };
        let mail = self.compose(outgoing, to)?;
        let envelope = Envelope { from: self.sender.from.as_str(), to: to.as_str(), mail: &mail };
        let mut step = Step::Resolve;
        let dialogue = self.connections.send(&envelope, hand_over, &mut step);
        match tokio::time::timeout(self.timeout, dialogue).await {
            Ok(answer) => answer,
            Err(_) => Err(step.without_reply("no answer in time")),
        }
    }
}

#[cfg(test)]
mod fuzz;

#[cfg(test)]
mod tests;
