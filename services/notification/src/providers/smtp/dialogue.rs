//! The dialogue with a relay, and the connections kept between mails.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::address::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use tokio::time::Instant;

use super::reply::{Step, failure};
use crate::domain::state::FailureClass;
use crate::providers::{HandOver, SendFailure};

/// How long a relay may take over our good-bye before we just hang up.
const FAREWELL_WITHIN: Duration = Duration::from_secs(1);

pub(super) enum Tls {
    /// Only after STARTTLS, and never without.
    Upgraded(TlsParameters),
    /// From the first byte.
    Implicit(TlsParameters),
    /// Not at all: loopback.
    None,
}

pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Tls,
    pub(super) hello: ClientId,
    pub(super) credentials: Option<Credentials>,
    pub(super) timeout: Duration,
}

/// One mail and whose it is.
pub(super) struct Envelope<'a> {
    pub(super) from: &'a Address,
    pub(super) to: &'a Address,
    pub(super) mail: &'a [u8],
}

/// Connections to one relay; a few are kept open for the next mail.
pub(super) struct Connections {
    server: Server,
    most_idle: usize,
    idle_for: Duration,
    idle: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
}

impl Connections {
    pub(super) fn new(server: Server, most_idle: usize, idle_for: Duration) -> Self {
        Self { server, most_idle, idle_for, idle: Mutex::default() }
    }

    /// Sends one mail. `handed_over` is set when the final dot may have reached the relay: from then on no failure
    /// without a reply means that the mail did not go out. `hand_over` begins before DATA and not after it: a
    /// dialogue that stops there can still be ended in good form.
    pub(super) async fn send(
        &self,
        envelope: &Envelope<'_>,
        hand_over: &dyn HandOver,
        handed_over: &mut bool,
    ) -> Result<(), SendFailure> {
        let Envelope { from, to, mail } = *envelope;
        let mut connection = self.begin(from, to).await?;
        let taken = async {
            connection
                .command(Rcpt::new(to.clone(), vec![]))
                .await
                .map_err(|error| failure(Step::Rcpt, &error))?;
            hand_over.begin().await?;
            connection.command(Data).await.map_err(|error| failure(Step::Data, &error))?;
            *handed_over = true;
            connection.message(mail).await.map_err(|error| failure(Step::Message, &error))
        }
        .await;
        match taken {
            Ok(_) => {
                self.keep(connection);
                Ok(())
            }
            Err(failed) => {
                // A refusal leaves the connection sound but mid-dialogue; a fresh one is cheaper than doubt.
                if failed.class != FailureClass::AnswerLost {
                    part(connection);
                }
                Err(failed)
            }
        }
    }

    /// A connection that took MAIL: a kept one if it still lives, else a new one.
    async fn begin(&self, from: &Address, to: &Address) -> Result<AsyncSmtpConnection, SendFailure> {
        let step = Step::Mail { is_utf8: needs_utf8(to) };
        while let Some(mut kept) = self.take() {
            // Relays hang up on idle clients; a reply, even a refusal, shows that this one did not.
            match kept.command(self.mail(&kept, from, to)?).await {
                Ok(_) => return Ok(kept),
                Err(error) if error.status().is_some() && !is_closing(&error) => {
                    part(kept);
                    return Err(failure(step, &error));
                }
                Err(_) => {}
            }
        }
        let mut fresh = self.connect().await.map_err(|error| failure(Step::Connect, &error))?;
        let command = self.mail(&fresh, from, to)?;
        fresh.command(command).await.map_err(|error| failure(step, &error))?;
        Ok(fresh)
    }

    fn mail(
        &self,
        connection: &AsyncSmtpConnection,
        from: &Address,
        to: &Address,
    ) -> Result<Mail, SendFailure> {
        let speaks_utf8 = connection.server_info().supports_feature(Extension::SmtpUtfEight);
        match (needs_utf8(to), speaks_utf8) {
            (false, _) => Ok(Mail::new(Some(from.clone()), vec![])),
            (true, true) => Ok(Mail::new(Some(from.clone()), vec![MailParameter::SmtpUtfEight])),
            // RFC 6531, 3.2: not our address to rewrite.
            (true, false) => Err(SendFailure::new(FailureClass::Refused, "the relay takes no such address")),
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, lettre::transport::smtp::Error> {
        let Server { host, port, tls, hello, credentials, timeout } = &self.server;
        let implicit = match tls {
            Tls::Implicit(parameters) => Some(parameters.clone()),
            Tls::Upgraded(_) | Tls::None => None,
        };
        let address = (host.as_str(), *port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, Some(*timeout), hello, implicit, None).await?;
        if let Tls::Upgraded(parameters) = tls {
            // Fails where the relay does not offer it: nothing goes out in the clear.
            connection.starttls(parameters.clone(), hello).await?;
        }
        if let Some(credentials) = credentials {
            connection.auth(&[Mechanism::Plain, Mechanism::Login], credentials).await?;
        }
        Ok(connection)
    }

    fn take(&self) -> Option<AsyncSmtpConnection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| since.elapsed() < self.idle_for);
        idle.pop().map(|(connection, _)| connection)
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.most_idle && !connection.has_broken() {
            idle.push((connection, Instant::now()));
        }
    }
}

/// Ends a dialogue in good form, beside whatever comes next: the reply that ended it is known, and a relay that says no
/// more must neither hold the worker up nor turn its refusal into a timeout.
fn part(mut connection: AsyncSmtpConnection) {
    tokio::spawn(async move {
        // It is dropped in any case, and the message does not depend on it.
        let _ = tokio::time::timeout(FAREWELL_WITHIN, connection.abort()).await;
    });
}

fn needs_utf8(to: &Address) -> bool {
    !AsRef::<str>::as_ref(to).is_ascii()
}

/// RFC 5321, 4.2.2: 421 means that the relay closes this connection, not that it refuses the mail.
fn is_closing(error: &lettre::transport::smtp::Error) -> bool {
    error.status().map(u16::from) == Some(421)
}
