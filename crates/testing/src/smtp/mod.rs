//! A mail server that we did not write: aiosmtpd, driven by `server.py`.
//!
//! It demands TLS and a login as real relays do, and misbehaves where a test wants that. Mails are parsed by Python's `email`
//! package, so a test sees how an independent parser reads our MIME. `cargo xtask tools` installs it.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rekey_servers::scratch::Folder;
use rekey_servers::{Process, Signal};
use serde::Deserialize;
use tokio::sync::watch;

use crate::{blocking, ready, tools};

mod behaviour;
mod mail;

pub use behaviour::{SmtpBehaviour, SmtpDrop, SmtpTls};
pub use mail::Mail;

/// A running mail server on loopback, certified for `localhost` by an authority of its own.
#[derive(Debug)]
pub struct SmtpServer {
    port: u16,
    authority: String,
    seen: watch::Receiver<Seen>,
    orders: Mutex<ChildStdin>,
    next_order: AtomicU64,
    process: Process,
    _folder: Folder,
}

#[derive(Debug, Default)]
struct Seen {
    port: Option<u16>,
    mails: Vec<Mail>,
    synced: u64,
    ended: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Listening(u16),
    Mail(Box<Mail>),
    Synced(u64),
}

/// A server that wants STARTTLS and takes everything.
///
/// # Panics
/// When aiosmtpd is not installed under `target/tools`.
pub async fn smtp_server() -> SmtpServer {
    smtp_server_that(SmtpTls::StartTls, SmtpBehaviour::default()).await
}

/// A server of the given kind.
///
/// # Panics
/// When aiosmtpd is not installed under `target/tools`.
pub async fn smtp_server_that(tls: SmtpTls, behaviour: SmtpBehaviour) -> SmtpServer {
    let server = blocking(move || SmtpServer::launch(tls, &behaviour)).await;
    let mut server = ready("a mail server for this test", server);
    let listening = server.see(|seen| seen.port.is_some(), |seen| seen.port).await;
    server.port = ready("the mail server's port", listening.and_then(|port| port.context("none")));
    server
}

impl SmtpServer {
    /// The login it accepts.
    pub const USERNAME: &'static str = "mailer";
    /// The password of [`USERNAME`](Self::USERNAME).
    pub const PASSWORD: &'static str = "a password for tests";

    /// Where it listens, on the host `localhost`.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The authority that certified it, as PEM: the client must trust it.
    #[must_use]
    pub fn authority_pem(&self) -> &str {
        &self.authority
    }

    /// Every mail taken up to now, in order; none is still on its way when this returns.
    ///
    /// # Panics
    /// When the server has ended.
    pub async fn mails(&self) -> Vec<Mail> {
        self.mails_that(|_| true).await
    }

    /// Those of them that are such: of many mails the others are not copied.
    ///
    /// # Panics
    /// When the server has ended.
    pub async fn mails_that(&self, is_such: impl Fn(&Mail) -> bool) -> Vec<Mail> {
        ready("the mails so far", self.synced(is_such).await)
    }

    /// Freezes it: connections stay open and nothing answers.
    pub fn pause(&mut self) {
        self.process.signal(Signal::STOP);
    }

    /// Lets a frozen server go on.
    pub fn resume(&mut self) {
        self.process.signal(Signal::CONT);
    }

    fn launch(tls: SmtpTls, behaviour: &SmtpBehaviour) -> Result<Self> {
        let folder = Folder::new("smtp")?;
        let authority = certify(&folder)?;
        let settings = serde_json::json!({
            "tls": tls,
            "behaviour": behaviour,
            "certificate": folder.path().join("certificate.pem"),
            "key": folder.path().join("key.pem"),
            "username": Self::USERNAME,
            "password": Self::PASSWORD,
        });
        let mut command = Command::new(python()?);
        command.args(["-W", "ignore", "-c", include_str!("server.py"), &settings.to_string()]);
        command.current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::spawn(command, Signal::KILL)?;
        let (Some(orders), Some(output)) = process.take_pipes() else { bail!("no pipes") };
        let (told, seen) = watch::channel(Seen::default());
        std::thread::spawn(move || listen(output, &told));
        let (orders, next_order) = (Mutex::new(orders), AtomicU64::new(1));
        Ok(Self { port: 0, authority, seen, orders, next_order, process, _folder: folder })
    }

    /// The mails up to a point that the server is asked to mark now.
    async fn synced(&self, is_such: impl Fn(&Mail) -> bool) -> Result<Vec<Mail>> {
        let number = self.next_order.fetch_add(1, Ordering::Relaxed);
        {
            let mut orders = self.orders.lock().map_err(|_| anyhow::anyhow!("another order panicked"))?;
            writeln!(orders, "{number}").context("the mail server has ended")?;
        }
        let such = |seen: &Seen| seen.mails.iter().filter(|mail| is_such(mail)).cloned().collect();
        self.see(|seen| seen.synced >= number, such).await
    }

    /// Waits until something was seen, and takes of it what is wanted.
    async fn see<T>(&self, is_so: impl Fn(&Seen) -> bool, take: impl FnOnce(&Seen) -> T) -> Result<T> {
        let mut seen = self.seen.clone();
        let wait = seen.wait_for(|seen| seen.ended || is_so(seen));
        let seen = tokio::time::timeout(Duration::from_secs(10), wait).await.context("not within 10 s")??;
        if seen.ended && !is_so(&seen) {
            bail!("the mail server has ended; its complaint stands on standard error");
        }
        Ok(take(&seen))
    }
}

/// Reads the server's lines until it ends.
fn listen(output: ChildStdout, told: &watch::Sender<Seen>) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        match serde_json::from_str(&line) {
            Ok(Line::Listening(port)) => told.send_modify(|seen| seen.port = Some(port)),
            Ok(Line::Mail(mail)) => told.send_modify(|seen| seen.mails.push(*mail)),
            Ok(Line::Synced(number)) => told.send_modify(|seen| seen.synced = number),
            Err(_) => break,
        }
    }
    told.send_modify(|seen| seen.ended = true);
}

/// An authority, and a certificate for `localhost` in the folder; returns the authority as PEM.
fn certify(folder: &Folder) -> Result<String> {
    let key = rcgen::KeyPair::generate()?;
    let mut parameters = rcgen::CertificateParams::default();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(rcgen::DnType::CommonName, "mail server of a test");
    let authority = parameters.self_signed(&key)?;
    let issuer = rcgen::Issuer::new(parameters, key);
    let server_key = rcgen::KeyPair::generate()?;
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = rcgen::CertificateParams::new(names)?.signed_by(&server_key, &issuer)?;
    std::fs::write(folder.path().join("certificate.pem"), certificate.pem())?;
    std::fs::write(folder.path().join("key.pem"), server_key.serialize_pem())?;
    Ok(authority.pem())
}

/// The Python that has aiosmtpd.
fn python() -> Result<PathBuf> {
    let python = tools().join("python/bin/python");
    if !python.exists() {
        bail!("{} is missing: run `cargo xtask tools`", python.display());
    }
    Ok(python)
}

#[cfg(test)]
mod tests {
    use lettre::transport::smtp::authentication::Credentials;
    use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
    use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

    use super::*;

    fn client(server: &SmtpServer, wrap: fn(TlsParameters) -> Tls) -> AsyncSmtpTransport<Tokio1Executor> {
        let authority = Certificate::from_pem(server.authority_pem().as_bytes()).unwrap();
        let tls =
            TlsParameters::builder("localhost".to_owned()).add_root_certificate(authority).build().unwrap();
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("localhost")
            .port(server.port())
            .tls(wrap(tls))
            .credentials(Credentials::new(SmtpServer::USERNAME.to_owned(), SmtpServer::PASSWORD.to_owned()))
            .build()
    }

    fn message() -> Message {
        Message::builder()
            .from("rekey@example.org".parse().unwrap())
            .to("ada@example.org".parse().unwrap())
            .subject("Größe")
            .body("Hello, Ada".to_owned())
            .unwrap()
    }

    #[tokio::test]
    async fn a_mail_over_starttls_is_taken_and_parsed() {
        let server = smtp_server().await;

        client(&server, Tls::Required).send(message()).await.unwrap();

        let mails = server.mails().await;
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].recipients, ["ada@example.org"]);
        assert_eq!(mails[0].header("subject"), Some("Größe"));
        assert_eq!(mails[0].text.as_deref().map(str::trim), Some("Hello, Ada"));
        assert_eq!(mails[0].login.as_deref(), Some(SmtpServer::USERNAME));
        assert!(mails[0].encrypted);
    }

    #[tokio::test]
    async fn implicit_tls_is_served() {
        let server = smtp_server_that(SmtpTls::Implicit, SmtpBehaviour::default()).await;

        client(&server, Tls::Wrapper).send(message()).await.unwrap();

        assert!(server.mails().await[0].encrypted);
    }

    #[tokio::test]
    async fn a_wrong_password_and_plain_text_are_refused() {
        let server = smtp_server().await;
        let plain =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("localhost").port(server.port()).build();

        let refused = plain.send(message()).await;

        assert!(refused.is_err());
        assert!(server.mails().await.is_empty());
    }

    #[tokio::test]
    async fn it_misbehaves_on_demand() {
        let refusal = ("ada@example.org".to_owned(), "451 4.3.0 later".to_owned());
        let refusing = SmtpBehaviour { refuse_recipients: [refusal].into(), ..Default::default() };
        let rejecting = SmtpBehaviour { after_data: Some("554 5.6.0 no".to_owned()), ..Default::default() };
        let dropping = SmtpBehaviour { drop: Some(SmtpDrop::Answer), ..Default::default() };

        let (refused, mails_of_refusing) = failed(refusing).await;
        let (rejected, mails_of_rejecting) = failed(rejecting).await;
        let (lost, mails_of_dropping) = failed(dropping).await;

        assert!(refused.is_transient(), "{refused}");
        assert!(rejected.is_permanent(), "{rejected}");
        assert!(lost.status().is_none(), "{lost}");
        assert_eq!((mails_of_refusing, mails_of_rejecting, mails_of_dropping), (0, 0, 1));
    }

    /// Why a message was not sent to a server like this, and how many it took all the same.
    async fn failed(behaviour: SmtpBehaviour) -> (lettre::transport::smtp::Error, usize) {
        let server = smtp_server_that(SmtpTls::StartTls, behaviour).await;
        let failure = client(&server, Tls::Required).send(message()).await.unwrap_err();
        (failure, server.mails().await.len())
    }
}
