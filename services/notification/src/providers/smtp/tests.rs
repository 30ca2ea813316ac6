use rekey_primitives::id::NotificationId;
use rekey_testing::{SmtpBehaviour, SmtpServer, smtp_server_that};
use tempfile::TempDir;
use uuid::Uuid;

use super::settings::SmtpTls;
use super::*;
use crate::domain::destination::Channel;
use crate::fixtures::{NOW, Open, Shut};

const TIMEOUT: Duration = Duration::from_secs(10);

struct World {
    server: SmtpServer,
    settings: SmtpSettings,
    _folder: TempDir,
}

async fn world(tls: rekey_testing::SmtpTls, behaviour: SmtpBehaviour) -> World {
    let server = smtp_server_that(tls, behaviour).await;
    let folder = tempfile::tempdir().unwrap();
    let (authority, password) = (folder.path().join("ca.pem"), folder.path().join("password"));
    std::fs::write(&authority, server.authority_pem()).unwrap();
    std::fs::write(&password, SmtpServer::PASSWORD).unwrap();
    let settings = SmtpSettings {
        host: Some("localhost".to_owned()),
        port: server.port(),
        ca_file: Some(authority),
        username: Some(SmtpServer::USERNAME.to_owned()),
        password_file: Some(password),
        from: Some("no-reply@example.com".to_owned()),
        from_name: "Contoso".to_owned(),
        ..SmtpSettings::default()
    };
    World { server, settings, _folder: folder }
}

async fn plain() -> World {
    world(rekey_testing::SmtpTls::StartTls, SmtpBehaviour::default()).await
}

impl World {
    fn relay(&self) -> Relay {
        Relay::new(&self.settings, TIMEOUT).unwrap()
    }
}

fn outgoing(to: &str) -> Outgoing {
    let content = Rendered::Email {
        subject: Zeroizing::new("Ihr Code für Müller".to_owned()),
        text: Zeroizing::new("Der Code:\n\n271828\n\n.\nEnde\n".to_owned()),
        html: Zeroizing::new("<p>271828</p>".to_owned()),
        language: "de".to_owned(),
    };
    Outgoing {
        id: NotificationId::from_uuid(Uuid::from_u128(7)),
        destination: Destination::parse(Channel::Email, to).unwrap(),
        content,
        sender: None,
        created_at: NOW,
        now: NOW.plus(Duration::from_secs(30)),
        not_after: NOW.plus(Duration::from_secs(600)),
        report_to: None,
        behind: Behind::Nobody,
    }
}

#[tokio::test]
async fn a_mail_goes_out_encrypted_with_a_login_and_the_headers_of_its_kind() {
    let world = plain().await;

    world.relay().send(&outgoing("anna@example.org"), &Open).await.unwrap();

    let mails = world.server.mails().await;
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!(
        (mail.from.as_str(), &mail.recipients[..]),
        ("no-reply@example.com", &["anna@example.org".to_owned()][..])
    );
    assert_eq!((mail.encrypted, mail.login.as_deref()), (true, Some(SmtpServer::USERNAME)));
    assert_eq!(mail.header("Subject"), Some("Ihr Code für Müller"));
    assert_eq!(mail.header("From"), Some("Contoso <no-reply@example.com>"));
    assert_eq!(mail.header("Auto-Submitted"), Some("auto-generated"));
    assert_eq!(mail.header("Content-Language"), Some("de"));
    let message_id = "<00000000-0000-0000-0000-000000000007@example.com>";
    assert_eq!(mail.header("Message-ID"), Some(message_id));
    assert_eq!(mail.header("Date"), Some("Sat, 25 Jul 2026 17:20:00 +0000"));
    assert_eq!(
        mail.text.as_deref().map(|text| text.replace("\r\n", "\n")),
        Some("Der Code:\n\n271828\n\n.\nEnde\n".to_owned())
    );
    assert!(mail.html.as_deref().is_some_and(|html| html.contains("271828")));
    assert!(mail.raw.find("text/plain").unwrap() < mail.raw.find("text/html").unwrap());
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_mail() {
    let world = plain().await;
    let relay = world.relay();

    relay.send(&outgoing("anna@example.org"), &Open).await.unwrap();
    relay.send(&outgoing("bert@example.org"), &Open).await.unwrap();

    let connections: Vec<_> = world.server.mails().await.iter().map(|mail| mail.connection).collect();
    assert_eq!(connections, [1, 1]);
}

#[tokio::test]
async fn implicit_tls_works_as_well() {
    let mut world = world(rekey_testing::SmtpTls::Implicit, SmtpBehaviour::default()).await;
    world.settings.tls = SmtpTls::Implicit;

    world.relay().send(&outgoing("anna@example.org"), &Open).await.unwrap();

    assert!(world.server.mails().await[0].encrypted);
}

#[tokio::test]
async fn a_relay_without_tls_gets_nothing() {
    let world = world(rekey_testing::SmtpTls::None, SmtpBehaviour::default()).await;

    let failure = world.relay().send(&outgoing("anna@example.org"), &Open).await.unwrap_err();

    assert_eq!(failure.class, FailureClass::Provider);
    assert!(world.server.mails().await.is_empty());
}

#[tokio::test]
async fn a_stranger_with_another_certificate_gets_nothing() {
    let mut world = plain().await;
    world.settings.ca_file = None;

    let failure = world.relay().send(&outgoing("anna@example.org"), &Open).await.unwrap_err();

    assert_eq!(failure.class, FailureClass::Provider);
    assert!(world.server.mails().await.is_empty());
}

#[tokio::test]
async fn replies_by_recipient_are_told_apart() {
    let replies = [
        ("gone@example.org", "550 5.1.1 no such user gone@example.org", FailureClass::Address),
        ("later@example.org", "451 4.7.1 greylisted", FailureClass::Transient),
        ("full@example.org", "552 5.2.2 full", FailureClass::Transient),
        ("us@example.org", "554 5.7.1 relaying denied", FailureClass::Refused),
    ];
    let refuse_recipients = replies.iter().map(|(to, reply, _)| ((*to).to_owned(), (*reply).to_owned()));
    let behaviour =
        SmtpBehaviour { refuse_recipients: refuse_recipients.collect(), ..SmtpBehaviour::default() };
    let world = world(rekey_testing::SmtpTls::StartTls, behaviour).await;
    let relay = world.relay();

    for (to, reply, class) in replies {
        let failure = relay.send(&outgoing(to), &Open).await.unwrap_err();

        assert_eq!(failure.class, class, "{reply}");
        assert_eq!(failure.detail, format!("RCPT {}", &reply[..9]), "nothing of the relay's words is kept");
    }
    relay.send(&outgoing("anna@example.org"), &Open).await.unwrap();
}

#[tokio::test]
async fn a_refused_body_is_about_the_content() {
    let behaviour = SmtpBehaviour { after_data: Some("554 5.6.0 no".to_owned()), ..SmtpBehaviour::default() };
    let world = world(rekey_testing::SmtpTls::StartTls, behaviour).await;

    let failure = world.relay().send(&outgoing("anna@example.org"), &Open).await.unwrap_err();

    assert_eq!(failure, SendFailure::new(FailureClass::Content, "message 554 5.6.0"));
}

#[tokio::test]
async fn a_connection_lost_before_the_mail_is_the_relays_fault_and_after_it_nobody_knows() {
    let cases = [
        (rekey_testing::SmtpDrop::Connection, FailureClass::Provider, 0),
        (rekey_testing::SmtpDrop::Recipient, FailureClass::Provider, 0),
        (rekey_testing::SmtpDrop::Answer, FailureClass::AnswerLost, 1),
    ];
    for (drop, class, taken) in cases {
        let behaviour = SmtpBehaviour { drop: Some(drop), ..SmtpBehaviour::default() };
        let world = world(rekey_testing::SmtpTls::StartTls, behaviour).await;

        let failure = world.relay().send(&outgoing("anna@example.org"), &Open).await.unwrap_err();

        assert_eq!(failure.class, class, "{drop:?}");
        assert_eq!(world.server.mails().await.len(), taken, "{drop:?}");
    }
}

#[tokio::test]
async fn an_answer_that_comes_too_late_leaves_it_unknown() {
    let behaviour = SmtpBehaviour { delay_ms: 60_000, ..SmtpBehaviour::default() };
    let world = world(rekey_testing::SmtpTls::StartTls, behaviour).await;
    let relay = Relay::new(&world.settings, Duration::from_millis(1_500)).unwrap();

    let failure = relay.send(&outgoing("anna@example.org"), &Open).await.unwrap_err();

    assert_eq!(failure, SendFailure::new(FailureClass::AnswerLost, "message: no answer in time"));
}

#[tokio::test]
async fn an_address_beyond_ascii_is_sent_as_it_was_given() {
    let world = plain().await;
    let relay = world.relay();
    let addresses =
        ["anna\u{308}@example.org", "\u{e2a}\u{e27}\u{e31}@example.org", "\u{2665}@b\u{fc}cher.example"];

    for to in addresses {
        relay.send(&outgoing(to), &Open).await.unwrap();
    }

    let mails = world.server.mails().await;
    assert_eq!(mails.len(), addresses.len());
    for (mail, to) in mails.iter().zip(addresses) {
        let Destination::Email(to) = Destination::parse(Channel::Email, to).unwrap() else {
            panic!("no mail")
        };
        assert_eq!(mail.recipients, [to.as_str()]);
        assert!(mail.raw.contains(&format!("To: {}\r\n", to.as_str())), "{}", mail.raw);
    }
}

#[tokio::test]
async fn names_that_look_encoded_or_have_no_blank_arrive_as_they_are() {
    let mut world = plain().await;
    let subjects = ["=?utf-8?q?Contoso?= says", &"x".repeat(1_024), &format!("{} a", "\u{e9}".repeat(1_000))];
    world.settings.from_name = "=?utf-8?b?Q29udG9zbw==?=".to_owned();
    let relay = world.relay();

    for subject in subjects {
        let mut mail = outgoing("anna@example.org");
        mail.content = Rendered::Email {
            subject: Zeroizing::new(subject.to_owned()),
            text: Zeroizing::new("y".repeat(2_000)),
            html: Zeroizing::new("<p></p>".to_owned()),
            language: "en".to_owned(),
        };
        relay.send(&mail, &Open).await.unwrap();
    }

    let mails = world.server.mails().await;
    assert_eq!(mails.len(), subjects.len());
    for (mail, subject) in mails.iter().zip(subjects) {
        assert_eq!(mail.header("Subject"), Some(subject));
        assert_eq!(mail.header("From"), Some("=?utf-8?b?Q29udG9zbw==?= <no-reply@example.com>"));
        assert!(mail.raw.lines().all(|line| line.len() <= 998));
        assert!(!mail.raw.contains("=?utf-8?q?Contoso") && !mail.raw.contains("Q29udG9zbw==?= "));
    }
}

#[tokio::test]
async fn an_internationalised_sender_goes_out_in_a_labels() {
    let mut world = plain().await;
    world.settings.from = Some("no-reply@b\u{fc}cher.example".to_owned());
    world.settings.reply_to = Some("Hilfe <hilfe@b\u{fc}cher.example>".to_owned());

    world.relay().send(&outgoing("anna@example.org"), &Open).await.unwrap();

    let mail = world.server.mails().await.remove(0);
    assert_eq!(mail.from, "no-reply@xn--bcher-kva.example");
    assert!(mail.raw.contains("<no-reply@xn--bcher-kva.example>") && mail.raw.is_ascii());
    assert_eq!(mail.header("Reply-To"), Some("Hilfe <hilfe@xn--bcher-kva.example>"));
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused() {
    let mut wrong = plain().await.settings;
    wrong.password_file = None;
    assert!(Relay::new(&wrong, TIMEOUT).is_err());

    wrong.username = None;
    wrong.tls = SmtpTls::None;
    assert!(Relay::new(&wrong, TIMEOUT).is_ok());
    wrong.host = Some("smtp.example.com".to_owned());
    assert!(Relay::new(&wrong, TIMEOUT).is_err());
    wrong.tls = SmtpTls::StartTls;
    wrong.from = Some("\u{fc}ber@example.com".to_owned());
    assert!(<Relay as OpenProvider>::check(&wrong).is_err());
    wrong.from = None;
    assert!(<Relay as OpenProvider>::check(&wrong).is_err());
}

#[tokio::test]
async fn a_mail_that_may_not_be_handed_over_never_reaches_the_relay() {
    let world = plain().await;
    let relay = world.relay();

    let stayed = relay.send(&outgoing("anna@example.org"), &Shut).await.unwrap_err();
    relay.send(&outgoing("bert@example.org"), &Open).await.unwrap();

    assert_eq!(stayed, Shut::failure());
    let mails = world.server.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].recipients, ["bert@example.org"]);
}

mod dialogues;
mod public_faults;
mod senders;
mod switching;
