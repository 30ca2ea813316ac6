//! From a host name to a connection that takes mail: resolve, connect, TLS, greeting, EHLO, login.
//!
//! Every failure names its step, so that the operator's log says what to mend.

use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use secrecy::ExposeSecret as _;
use tokio::net::{TcpStream, lookup_host};
use zeroize::Zeroizing;

use super::connection::{Connection, Stream};
use super::extensions::Extensions;
use super::reply::{Reply, Step};
use super::settings::SmtpSettings;
use super::tls::{Handshake, Protection};
use crate::providers::PasswordFile;
use crate::providers::SendFailure;

/// A relay and how to be let in.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) protection: Protection,
    /// The name that this client gives.
    pub(super) hello: String,
    pub(super) credentials: Option<Credentials>,
}

/// How to log in. The password is read again at each login, since a relay may take another one from tomorrow on.
pub(super) struct Credentials {
    username: String,
    password: PasswordFile,
}

impl Server {
    /// A connection that takes MAIL, on which the relay has answered EHLO within this time; the login has its own. `step` is
    /// where it is, also when it is given up in between.
    pub(super) async fn connect(&self, within: Duration, step: &mut Step) -> Result<Connection, SendFailure> {
        let mut connection = self.reach(within, step).await?;
        if let Some(credentials) = &self.credentials {
            *step = Step::Auth;
            credentials.log_in(&mut connection).await?;
        }
        Ok(connection)
    }

    /// A connection on which the relay has answered EHLO within this time, over TLS where that is asked for, and nobody is logged
    /// in.
    pub(super) async fn reach(&self, within: Duration, step: &mut Step) -> Result<Connection, SendFailure> {
        match tokio::time::timeout(within, self.opened(within, step)).await {
            Ok(opened) => opened,
            Err(_) => Err(step.without_reply("no answer in time")),
        }
    }

    /// Half of the time may go into connecting.
    async fn opened(&self, within: Duration, step: &mut Step) -> Result<Connection, SendFailure> {
        let socket = self.socket(within / 2, step).await?;
        match &self.protection {
            Protection::Implicit(handshake) => {
                let mut connection = Connection::over(shaken(handshake, socket, step).await?);
                self.greeted(&mut connection, step).await?;
                Ok(connection.boxed())
            }
            Protection::None => {
                let mut connection = Connection::over(socket);
                self.greeted(&mut connection, step).await?;
                Ok(connection.boxed())
            }
            Protection::Upgraded(handshake) => {
                let mut plain = Connection::over(socket);
                self.greeted(&mut plain, step).await?;
                let socket = upgraded(plain, step).await?;
                let mut connection = Connection::over(shaken(handshake, socket, step).await?);
                // What was said in the clear counts for nothing (RFC 3207, 4.2).
                self.hello(&mut connection, step).await?;
                Ok(connection.boxed())
            }
        }
    }

    /// Every address gets its share of the time, so that one that drops packets does not hide the others.
    async fn socket(&self, within: Duration, step: &mut Step) -> Result<TcpStream, SendFailure> {
        *step = Step::Resolve;
        let found = lookup_host((self.host.as_str(), self.port)).await;
        let addresses: Vec<_> = found.map_err(|_| step.without_reply("the host has no address"))?.collect();
        *step = Step::Connect;
        let share = within / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
        for address in addresses {
            if let Ok(Ok(socket)) = tokio::time::timeout(share, TcpStream::connect(address)).await {
                // A dialogue of short lines: none may wait for the next. Where it cannot be set it is slower.
                let _ = socket.set_nodelay(true);
                return Ok(socket);
            }
        }
        Err(step.without_reply("no address answers"))
    }

    async fn greeted<S: Stream + 'static>(
        &self,
        connection: &mut Connection<S>,
        step: &mut Step,
    ) -> Result<(), SendFailure> {
        *step = Step::Greeting;
        completed(connection.reply(*step).await?, *step)?;
        self.hello(connection, step).await
    }

    async fn hello<S: Stream + 'static>(
        &self,
        connection: &mut Connection<S>,
        step: &mut Step,
    ) -> Result<(), SendFailure> {
        *step = Step::Ehlo;
        let command = format!("EHLO {}\r\n", self.hello);
        let reply = completed(connection.command(*step, command.as_bytes()).await?, *step)?;
        connection.extensions = Extensions::of(&reply.lines);
        Ok(())
    }
}

/// STARTTLS, demanded: nothing goes out in the clear. What comes between the reply and the handshake was not said by
/// the relay (CVE-2011-0411); the connection sees that nothing does.
async fn upgraded(mut plain: Connection<TcpStream>, step: &mut Step) -> Result<TcpStream, SendFailure> {
    *step = Step::StartTls;
    if !plain.extensions.starttls {
        return Err(step.without_reply("not offered"));
    }
    completed(plain.command(*step, b"STARTTLS\r\n").await?, *step)?;
    Ok(plain.into_stream())
}

async fn shaken(
    handshake: &Handshake,
    socket: TcpStream,
    step: &mut Step,
) -> Result<tokio_rustls::client::TlsStream<TcpStream>, SendFailure> {
    *step = Step::Tls;
    // rustls says what is wrong with a certificate, and quotes nothing of ours.
    handshake.shake(socket).await.map_err(|error| step.without_reply(&error.to_string()))
}

impl Credentials {
    pub(super) fn of(settings: &SmtpSettings) -> anyhow::Result<Option<Self>> {
        let (Some(username), Some(file)) = (&settings.username, &settings.password_file) else {
            return Ok(None);
        };
        Ok(Some(Self { username: username.clone(), password: PasswordFile::open(file)? }))
    }

    /// RFC 4954 with PLAIN (RFC 4616) or LOGIN. Prompts are not read: their order is known, their words are not.
    async fn log_in(&self, connection: &mut Connection) -> Result<(), SendFailure> {
        let step = Step::Auth;
        let password = self.password.read();
        let encoded = |text: &str| Zeroizing::new(format!("{}\r\n", BASE64_STANDARD.encode(text)));
        let reply = if connection.extensions.auth_plain {
            let message = Zeroizing::new(format!("\0{}\0{}", self.username, password.expose_secret()));
            let command = Zeroizing::new(format!("AUTH PLAIN {}", encoded(&message).as_str()));
            connection.command(step, command.as_bytes()).await?
        } else if connection.extensions.auth_login {
            prompted(&connection.command(step, b"AUTH LOGIN\r\n").await?)?;
            prompted(&connection.command(step, encoded(&self.username).as_bytes()).await?)?;
            connection.command(step, encoded(password.expose_secret()).as_bytes()).await?
        } else {
            return Err(step.without_reply("neither PLAIN nor LOGIN is offered"));
        };
        completed(reply, step).map(|_| ())
    }
}

/// The reply if it says that the step is done.
pub(super) fn completed(reply: Reply, step: Step) -> Result<Reply, SendFailure> {
    if reply.is_completion() { Ok(reply) } else { Err(reply.failure(step)) }
}

fn prompted(reply: &Reply) -> Result<(), SendFailure> {
    if reply.is_intermediate() { Ok(()) } else { Err(reply.failure(Step::Auth)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_line_waits_for_the_one_before_it_to_be_acknowledged() {
        let relay = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Server {
            host: "127.0.0.1".to_owned(),
            port: relay.local_addr().unwrap().port(),
            protection: Protection::None,
            hello: "localhost".to_owned(),
            credentials: None,
        };

        let socket = server.socket(Duration::from_secs(10), &mut Step::Resolve).await.unwrap();

        // With Nagle's algorithm the final dot stays here until the relay has acknowledged the body, which it does late.
        assert!(socket.nodelay().unwrap());
    }
}
