//! Mail by SMTP (RFC 5321): STARTTLS demanded or TLS from the first byte, a login, connections kept for the next mail.
//!
//! The dialogue is our own, step by step, because what a failure means depends on where it happens: before the final
//! dot nothing was sent, after it the answer decides, and without an answer nobody knows. lettre composes the mail, and it
//! is signed (DKIM) where the settings have keys of the domain that it is from.

mod connection;
mod dialogue;
mod dkim;
mod extensions;
mod headers;
mod reply;
mod server;
mod settings;
mod tls;

use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use async_trait::async_trait;
use lettre::address::Envelope as MailEnvelope;
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};
use rekey_primitives::contact::EmailAddress;
use zeroize::Zeroizing;

use self::dialogue::{Connections, Envelope, Keeping, dot_stuffed};
pub use self::dkim::DkimRecord;
use self::dkim::DkimSigner;
use self::headers::{AutoSubmitted, ContentLanguage, From, ReplyTo, Subject};
use self::reply::Step;
use self::server::{Credentials, Server};
use self::settings::{SmtpSettings, SmtpTls};
use self::tls::Protection;
use super::kind::{OpenProvider, ProviderOptions};
use super::senders::{MailSender, lettre_address};
use super::{HandOver, Outgoing, Provider, SendFailure, TlsServer};
use crate::domain::content::Rendered;
use crate::domain::destination::{Channel, Destination};
use crate::domain::failover::Behind;
use crate::domain::state::FailureClass;

pub(super) struct Relay {
    connections: Connections,
    sender: MailSender,
    signer: DkimSigner,
    timeout: Duration,
    switch_after: Duration,
}

/// Reads the provider's own sender.
fn own_sender(settings: &SmtpSettings) -> anyhow::Result<MailSender> {
    let from = settings.from.as_deref().context("`from` is not set")?;
    MailSender::read(from, &settings.from_name, settings.reply_to.as_deref())
}

impl Relay {
    pub(super) fn new(settings: &SmtpSettings, timeout: Duration) -> anyhow::Result<Self> {
        settings.check()?;
        let sender = own_sender(settings)?;
        let host = settings.host.clone().context("`host` is not set")?;
        let server = Server {
            protection: Protection::of(settings, &host)?,
            host,
            port: settings.port,
            hello: settings.hello.clone().unwrap_or_else(|| sender.from.domain().to_owned()),
            credentials: Credentials::of(settings)?,
        };
        let keeping = Keeping {
            most_idle: settings.idle_connections,
            idle_for: Duration::from_secs(settings.idle_seconds),
            first_answer_within: Duration::from_secs(settings.kept_answer_seconds),
        };
        let signer = DkimSigner::open(&settings.dkim)?;
        let connections = Connections::new(server, keeping);
        Ok(Self { connections, sender, signer, timeout, switch_after: timeout })
    }

    /// The same, given up after this time while it does not answer and another one may be asked.
    fn switching_after(self, switch_after: Duration) -> Self {
        Self { switch_after, ..self }
    }

    fn answer_within(&self, behind: Behind) -> Duration {
        match behind {
            Behind::Another => self.switch_after.min(self.timeout),
            Behind::Nobody => self.timeout,
        }
    }

    /// Who this mail is from.
    fn sender<'a>(&'a self, outgoing: &'a Outgoing) -> &'a MailSender {
        let tenants = outgoing.sender.as_ref().and_then(|sender| sender.mail.as_ref());
        tenants.unwrap_or(&self.sender)
    }

    /// Where what becomes of this mail is reported to: the sender of its envelope, which is not shown. One of its own says which
    /// mail came back.
    fn return_path<'a>(&'a self, outgoing: &'a Outgoing) -> &'a str {
        outgoing.report_to.as_deref().unwrap_or_else(|| self.sender(outgoing).from.as_str())
    }

    /// The mail as DATA wants it. Everything that tells tries apart is left out: Message-ID and Date are those of the
    /// message, so a receiver that gets it twice can see that it is one.
    fn compose(&self, outgoing: &Outgoing, to: &EmailAddress) -> Result<Zeroizing<Vec<u8>>, SendFailure> {
        let Rendered::Email { subject, text, html, language } = &outgoing.content else {
            return Err(SendFailure::before_provider(FailureClass::Content, "not a mail"));
        };
        let no_mail = || SendFailure::before_provider(FailureClass::Content, "the parts make no mail");
        let micros = u64::try_from(outgoing.created_at.unix_micros()).unwrap_or(0);
        let MailSender { from, name, reply_to } = self.sender(outgoing);
        let to = lettre_address(to);
        let envelope = MailEnvelope::new(Some(lettre_address(from)), vec![to.clone()]);
        let mut mail = Message::builder()
            .header(From { name: name.clone(), address: from.as_str().to_owned() })
            .to(Mailbox::new(None, to))
            .header(Subject(subject.as_str().to_owned()))
            .date(SystemTime::UNIX_EPOCH + Duration::from_micros(micros))
            .message_id(Some(format!("<{}@{}>", outgoing.id, from.domain())))
            .header(AutoSubmitted)
            .header(ContentLanguage(language.clone()))
            .envelope(envelope.map_err(|_| no_mail())?);
        if let Some(reply_to) = reply_to {
            let name = reply_to.name.clone().unwrap_or_default();
            mail = mail.header(ReplyTo { name, address: reply_to.email.to_string() });
        }
        let bodies = MultiPart::alternative()
            .singlepart(SinglePart::plain(text.as_str().to_owned()))
            .singlepart(SinglePart::html(html.as_str().to_owned()));
        let mail = Zeroizing::new(mail.multipart(bodies).map_err(|_| no_mail())?.formatted());
        let signatures = self.signer.signatures(&mail, from.domain(), outgoing.created_at);
        let cannot = || SendFailure::before_provider(FailureClass::Provider, "a DKIM key does not sign");
        let signed = Zeroizing::new([signatures.ok_or_else(cannot)?.as_bytes(), &mail[..]].concat());
        Ok(Zeroizing::new(dot_stuffed(&signed)))
    }
}

impl OpenProvider for Relay {
    const KIND: &'static str = "smtp";
    const CHANNELS: &'static [Channel] = &[Channel::Email];
    type Settings = SmtpSettings;

    fn check(settings: &SmtpSettings) -> anyhow::Result<()> {
        settings.check()?;
        own_sender(settings).map(|_| ())
    }

    fn dkim_records(settings: &SmtpSettings) -> anyhow::Result<Vec<DkimRecord>> {
        DkimSigner::open(&settings.dkim)?.records()
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
        Ok(Self::new(&settings, options.send_timeout)?.switching_after(options.switch_after))
    }
}

#[async_trait]
impl Provider for Relay {
    async fn send(&self, outgoing: &Outgoing, hand_over: &dyn HandOver) -> Result<(), SendFailure> {
        let Destination::Email(to) = &outgoing.destination else {
            return Err(SendFailure::before_provider(FailureClass::Content, "not a mail address"));
        };
        let mail = self.compose(outgoing, to)?;
        let envelope = Envelope {
            from: self.return_path(outgoing),
            to: to.as_str(),
            mail: &mail,
            answer_within: self.answer_within(outgoing.behind),
        };
        let mut step = Step::Resolve;
        let dialogue = self.connections.send(&envelope, hand_over, &mut step);
        match tokio::time::timeout(self.timeout, dialogue).await {
            Ok(answer) => answer,
            Err(_) => Err(step.without_reply("no answer in time")),
        }
    }

    /// A connection that is greeted on, over TLS where that is asked for.
    async fn ping(&self) -> Result<(), SendFailure> {
        let mut step = Step::Resolve;
        match tokio::time::timeout(self.timeout, self.connections.ping(self.timeout, &mut step)).await {
            Ok(answer) => answer,
            Err(_) => Err(step.without_reply("no answer in time")),
        }
    }

    /// A fresh connection that takes a command: the way there, TLS and the login are as they should be.
    async fn probe(&self, behind: Behind) -> Result<(), SendFailure> {
        let (mut step, within) = (Step::Resolve, self.answer_within(behind));
        match tokio::time::timeout(self.timeout, self.connections.probe(within, &mut step)).await {
            Ok(answer) => answer,
            Err(_) => Err(step.without_reply("no answer in time")),
        }
    }
}

#[cfg(test)]
mod fuzz;

#[cfg(test)]
mod tests;
