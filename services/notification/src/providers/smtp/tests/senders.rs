//! In whose name mails go out, and whether a relay is there before one is risked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::dialogues::relay_that;
use super::*;
use crate::providers::TenantSender;
use crate::providers::senders::MailSender;

#[tokio::test]
async fn a_tenant_with_a_sender_is_who_its_mails_are_from_in_every_header() {
    let world = plain().await;
    let mail = MailSender::read("no-reply@acme.example", "Acme", Some("help@acme.example")).unwrap();
    let sender = TenantSender { mail: Some(mail), sms_from: None };
    let of_acme = Outgoing { sender: Some(Arc::new(sender)), ..outgoing("anna@example.org") };
    let texts_alone = TenantSender { mail: None, sms_from: Some("Acme".to_owned()) };
    let by_default = Outgoing { sender: Some(Arc::new(texts_alone)), ..outgoing("anna@example.org") };
    let relay = world.relay();

    relay.send(&of_acme, &Open).await.unwrap();
    relay.send(&by_default, &Open).await.unwrap();

    let mails = world.server.mails().await;
    assert_eq!(mails[0].from, "no-reply@acme.example");
    assert_eq!(mails[0].header("From"), Some("Acme <no-reply@acme.example>"));
    assert_eq!(mails[0].header("Reply-To"), Some("help@acme.example"));
    let message_id = "<00000000-0000-0000-0000-000000000007@acme.example>";
    assert_eq!(mails[0].header("Message-ID"), Some(message_id));
    assert_eq!(mails[1].header("From"), Some("Contoso <no-reply@example.com>"));
}

#[tokio::test]
async fn a_probe_finds_out_without_a_mail_and_its_connection_carries_the_next_one() {
    let world = plain().await;
    let relay = world.relay();

    relay.probe(Behind::Nobody).await.unwrap();
    relay.send(&outgoing("anna@example.org"), &Open).await.unwrap();

    let connections: Vec<_> = world.server.mails().await.iter().map(|mail| mail.connection).collect();
    assert_eq!(connections, [1]);
}

#[tokio::test]
async fn a_relay_that_is_not_there_fails_a_probe() {
    let behaviour =
        SmtpBehaviour { drop: Some(rekey_testing::SmtpDrop::Connection), ..SmtpBehaviour::default() };
    let world = world(rekey_testing::SmtpTls::StartTls, behaviour).await;

    let failure = world.relay().probe(Behind::Nobody).await.unwrap_err();

    assert_eq!((failure.class, failure.is_ours), (FailureClass::Provider, false));
}

#[tokio::test]
async fn a_ping_asks_without_a_login() {
    let logins = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&logins);
    let mut settings = relay_that(move |_, line| match line.split(' ').next() {
        Some("EHLO") => Some(Some(&b"250-relay\r\n250 AUTH PLAIN\r\n"[..])),
        Some("AUTH") => {
            counted.fetch_add(1, Ordering::SeqCst);
            Some(Some(&b"535 5.7.8 no\r\n"[..]))
        }
        _ => None,
    })
    .await;
    let password = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(password.path(), "secret\n").unwrap();
    settings.username = Some("rekey".to_owned());
    settings.password_file = Some(password.path().to_owned());
    let relay = Relay::new(&settings, TIMEOUT).unwrap();

    let pinged = relay.ping().await;
    let logins_of_the_ping = logins.load(Ordering::SeqCst);
    let probed = relay.probe(Behind::Nobody).await;

    assert_eq!((pinged, logins_of_the_ping), (Ok(()), 0));
    let refused = SendFailure::new(FailureClass::Provider, "AUTH 535 5.7.8");
    assert_eq!((probed, logins.load(Ordering::SeqCst)), (Err(refused), 1));
}

#[tokio::test]
async fn a_ping_wants_the_tls_of_the_settings() {
    let (encrypted, in_the_clear) =
        (plain().await, world(rekey_testing::SmtpTls::None, SmtpBehaviour::default()).await);

    let (reached, refused) = (encrypted.relay().ping().await, in_the_clear.relay().ping().await);

    assert_eq!(reached, Ok(()));
    assert_eq!(refused.unwrap_err().class, FailureClass::Provider);
}
