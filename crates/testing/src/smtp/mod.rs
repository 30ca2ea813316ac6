//! A mail server that we did not write: aiosmtpd, driven by `server.py`.
//!
//! It demands TLS and a login as real relays do, and misbehaves where a test wants that. Mails are parsed by Python's `email`
//! package, so a test sees how an independent parser reads our MIME. `cargo xtask tools` installs it.

use anyhow::{Context, Result};
use rekey_servers::Environment;
use rekey_servers::scratch::Folder;

use crate::script::{Program, Script, Taken};
use crate::{blocking, ready};

mod behaviour;
mod mail;

pub use behaviour::{SmtpBehaviour, SmtpDrop, SmtpTls, SmtpTreatment};
pub use mail::Mail;

/// A running mail server on loopback, certified for `localhost` by an authority of its own.
#[derive(Debug)]
pub struct SmtpServer {
    authority: String,
    script: Script<Mail>,
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
    started(tls, behaviour, Environment::default()).await
}

/// The same as [`smtp_server`] in this environment: it writes each mail to the disk before it takes it.
///
/// # Panics
/// When aiosmtpd is not installed under `target/tools`.
pub async fn smtp_server_in(environment: Environment) -> SmtpServer {
    started(SmtpTls::StartTls, SmtpBehaviour::default(), environment).await
}

async fn started(tls: SmtpTls, behaviour: SmtpBehaviour, environment: Environment) -> SmtpServer {
    let server = blocking(move || SmtpServer::launch(tls, &behaviour, environment)).await;
    let mut server = ready("a mail server for this test", server);
    ready("the mail server's port", server.script.come_up().await);
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
        self.script.port()
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
        ready("the mails so far", self.script.synced_that(is_such).await)
    }

    /// The mails as they are taken, whatever becomes of the server meanwhile.
    #[must_use]
    pub fn taken(&self) -> Taken<Mail> {
        self.script.taken()
    }

    /// Freezes it: connections stay open and nothing answers.
    pub fn pause(&mut self) {
        self.script.pause();
    }

    /// Lets a frozen server go on.
    pub fn resume(&mut self) {
        self.script.resume();
    }

    /// Kills it without a chance to tidy up. What it took is still told.
    ///
    /// # Panics
    /// When it cannot be waited for.
    pub fn kill(&mut self) {
        ready("killing a mail server", self.script.kill());
    }

    /// Starts it again on its port, after [`kill`](Self::kill).
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn restart(&mut self) {
        ready("a mail server that comes back", self.script.restart().await);
    }

    fn launch(tls: SmtpTls, behaviour: &SmtpBehaviour, environment: Environment) -> Result<Self> {
        let folder = Folder::new("smtp")?;
        let authority = certify(&folder)?;
        let settings = serde_json::json!({
            "tls": tls,
            "behaviour": behaviour,
            "spool": environment.disk,
            "certificate": folder.path().join("certificate.pem"),
            "key": folder.path().join("key.pem"),
            "username": Self::USERNAME,
            "password": Self::PASSWORD,
        });
        let source = include_str!("server.py");
        let script = Script::start(Program { source, settings, variables: environment.variables, folder });
        Ok(Self { authority, script: script.context("starting it")? })
    }
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
