//! Dialogues with relays that say what a test wants them to: kept too long, out of step, or hard to read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// What a relay says on which connection, counted from 1, to which line; to the empty one it greets, and to `.` it
/// answers a mail. None: it keeps silent.
type Script = Arc<dyn Fn(usize, &str) -> Option<&'static [u8]> + Send + Sync>;

/// A relay on loopback that takes every mail but where `says` knows better.
pub(super) async fn relay_that(
    says: impl Fn(usize, &str) -> Option<Option<&'static [u8]>> + Send + Sync + 'static,
) -> SmtpSettings {
    let usual = |line: &str| -> &'static [u8] {
        match line.split([' ', ':']).next() {
            Some("") => b"220 relay.example.com\r\n",
            Some("DATA") => b"354 go on\r\n",
            _ => b"250 fine\r\n",
        }
    };
    let script: Script =
        Arc::new(move |connection, line| says(connection, line).unwrap_or(Some(usual(line))));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        for connection in 1.. {
            let (stream, _) = listener.accept().await.unwrap();
            let script = Arc::clone(&script);
            tokio::spawn(async move { converse(stream, connection, &script).await });
        }
    });
    SmtpSettings {
        host: Some("127.0.0.1".to_owned()),
        port,
        tls: SmtpTls::None,
        from: Some("no-reply@example.com".to_owned()),
        kept_answer_seconds: 1,
        ..SmtpSettings::default()
    }
}

async fn converse(stream: TcpStream, connection: usize, script: &Script) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let (mut line, mut is_in_mail) = (String::new(), false);
    loop {
        if !is_in_mail || line == "." {
            let reply = script(connection, &line).unwrap_or_default();
            writer.write_all(reply).await?;
            is_in_mail = line == "DATA" && reply.starts_with(b"3");
        }
        match lines.next_line().await? {
            Some(next) => line = next,
            None => return Ok(()),
        }
    }
}

/// What becomes of a mail over such a relay, within a time for those that keep silent.
pub(super) async fn sent(settings: &SmtpSettings) -> Result<(), SendFailure> {
    let relay = Relay::new(settings, Duration::from_secs(3)).unwrap();
    relay.send(&outgoing("anna@example.org"), &Open).await
}

/// Says this to that line, on every connection.
fn only(to: &'static str, reply: &'static [u8]) -> impl Fn(usize, &str) -> Option<Option<&'static [u8]>> {
    move |_, line| line.starts_with(to).then_some(Some(reply)).filter(|_| to.is_empty() == line.is_empty())
}

#[tokio::test]
async fn a_reply_counts_by_its_code_however_it_reads() {
    static LONG: [u8; 20_000] = {
        let mut line = [b'x'; 20_000];
        [line[0], line[1], line[2], line[3]] = *b"250 ";
        [line[19_998], line[19_999]] = *b"\r\n";
        line
    };
    let replies: [(&str, &[u8]); 5] = [
        ("", b"220\r\n"),
        ("MAIL", b"250 gesch\xfctzt\r\n"),
        ("RCPT", b"250\n"),
        ("RCPT", &LONG),
        (".", b"250\r\n"),
    ];

    for (line, reply) in replies {
        assert_eq!(sent(&relay_that(only(line, reply)).await).await, Ok(()), "{line}");
    }
    let refused = sent(&relay_that(only("RCPT", b"571 gesch\xfctzt\r\n")).await).await;
    assert_eq!(refused, Err(SendFailure::new(FailureClass::Refused, "RCPT 571")));
}

#[tokio::test]
async fn a_dialogue_out_of_step_is_never_a_success() {
    let cases: [(&str, &[u8], FailureClass, &str); 6] = [
        ("RCPT", b"250 one\r\n250 two\r\n", FailureClass::Provider, "RCPT: more than one reply"),
        ("RCPT", b"354 go on\r\n", FailureClass::Provider, "RCPT: a reply out of step"),
        ("DATA", b"250 fine\r\n", FailureClass::Provider, "DATA: a reply out of step"),
        (".", b"354 go on\r\n", FailureClass::AnswerLost, "message: a reply out of step"),
        (".", b"250 one\r\n250 two\r\n", FailureClass::AnswerLost, "message: more than one reply"),
        (".", b"fine\r\n", FailureClass::AnswerLost, "message: no reply but something else"),
    ];

    for (line, reply, class, detail) in cases {
        let failure = sent(&relay_that(only(line, reply)).await).await;

        assert_eq!(failure, Err(SendFailure::new(class, detail)));
    }
}

#[tokio::test]
async fn what_comes_before_tls_ends_it() {
    let ehlo = |_: usize, line: &str| match line.split(' ').next() {
        Some("EHLO") => Some(Some(&b"250-relay\r\n250 starttls\r\n"[..])),
        Some("STARTTLS") => Some(Some(&b"220 go on\r\n250 smuggled\r\n"[..])),
        _ => None,
    };
    let mut settings = relay_that(ehlo).await;
    settings.tls = SmtpTls::StartTls;

    let failure = sent(&settings).await;

    let detail = "STARTTLS: more than one reply";
    assert_eq!(failure, Err(SendFailure::new(FailureClass::Provider, detail)));
}

#[tokio::test]
async fn a_kept_connection_that_fell_silent_costs_a_moment_and_the_others_go_with_it() {
    let heard = Arc::new(Mutex::new(HashMap::<usize, usize>::new()));
    let count = Arc::clone(&heard);
    let settings = relay_that(move |connection, line| {
        if !line.starts_with("MAIL") {
            return None;
        }
        let mut heard = count.lock().unwrap();
        let mails = heard.entry(connection).or_default();
        *mails += 1;
        (connection <= 2 && *mails > 1).then_some(None)
    })
    .await;
    let relay = Relay::new(&settings, Duration::from_secs(30)).unwrap();
    let (one, two) = (outgoing("anna@example.org"), outgoing("bert@example.org"));
    let (first, second) = tokio::join!(relay.send(&one, &Open), relay.send(&two, &Open));

    let third = relay.send(&one, &Open).await;
    let (fourth, fifth) = tokio::join!(relay.send(&one, &Open), relay.send(&two, &Open));

    assert_eq!([first, second, third, fourth, fifth], [Ok(()), Ok(()), Ok(()), Ok(()), Ok(())]);
    let heard = heard.lock().unwrap();
    let of_the_old = heard[&1] + heard[&2];
    assert_eq!(
        (heard.len(), of_the_old),
        (4, 3),
        "one of the two was asked again, and then neither: {heard:?}"
    );
}

#[tokio::test]
async fn a_login_does_not_read_its_prompts() {
    let prompting = |_: usize, line: &str| {
        let reply: &'static [u8] = match line {
            _ if line.starts_with("EHLO") => b"250-relay\r\n250 auth=login\r\n",
            "AUTH LOGIN" => b"334 QmVudXR6ZXI=\r\n",
            // `rekey`, and then `secret`, in base64.
            "cmVrZXk=" => b"334\r\n",
            "c2VjcmV0" => b"235 come in\r\n",
            _ if line.starts_with("MAIL") => b"250 fine\r\n",
            _ => return None,
        };
        Some(Some(reply))
    };
    let password = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(password.path(), "secret\n").unwrap();
    let mut settings = relay_that(prompting).await;
    settings.username = Some("rekey".to_owned());
    settings.password_file = Some(password.path().to_owned());

    assert_eq!(sent(&settings).await, Ok(()));
}

#[tokio::test]
async fn an_error_names_the_step_that_the_operator_has_to_mend() {
    let password = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(password.path(), "secret\n").unwrap();
    let detail = async |settings: &SmtpSettings| sent(settings).await.unwrap_err().detail;
    let good = relay_that(|_, _| None).await;
    let unresolved =
        SmtpSettings { host: Some("nowhere.invalid".to_owned()), tls: SmtpTls::StartTls, ..good.clone() };
    let closed = SmtpSettings { port: 1, ..good.clone() };
    let no_tls = SmtpSettings { tls: SmtpTls::Implicit, ..good.clone() };
    let no_starttls = SmtpSettings { tls: SmtpTls::StartTls, ..good.clone() };
    let login = |settings: SmtpSettings| SmtpSettings {
        username: Some("rekey".to_owned()),
        password_file: Some(password.path().to_owned()),
        ..settings
    };
    let ehlo_with_auth = |_: usize, line: &str| match line.split(' ').next() {
        Some("EHLO") => Some(Some(&b"250-relay\r\n250 AUTH PLAIN\r\n"[..])),
        Some("AUTH") => Some(Some(&b"535 5.7.8 no\r\n"[..])),
        _ => None,
    };

    assert!(detail(&unresolved).await.starts_with("resolving: "));
    assert!(detail(&closed).await.starts_with("connecting: "));
    assert!(detail(&no_tls).await.starts_with("TLS: "));
    assert_eq!(detail(&no_starttls).await, "STARTTLS: not offered");
    assert_eq!(detail(&relay_that(only("", b"554 no\r\n")).await).await, "greeting 554");
    assert_eq!(detail(&relay_that(only("EHLO", b"502 5.5.2 no\r\n")).await).await, "EHLO 502 5.5.2");
    assert_eq!(detail(&login(good)).await, "AUTH: neither PLAIN nor LOGIN is offered");
    assert_eq!(detail(&login(relay_that(ehlo_with_auth).await)).await, "AUTH 535 5.7.8");
    assert_eq!(detail(&relay_that(only("RCPT", b"550 5.1.1 no\r\n")).await).await, "RCPT 550 5.1.1");
}

#[tokio::test]
async fn a_refused_sender_is_not_the_recipients_fault() {
    for (line, reply) in [("MAIL", &b"550 5.1.8 no\r\n"[..]), ("RCPT", &b"553 5.1.7 no\r\n"[..])] {
        let failure = sent(&relay_that(only(line, reply)).await).await.unwrap_err();

        assert_eq!(failure.class, FailureClass::Provider, "{line}");
    }
}

#[tokio::test]
async fn a_relay_without_smtputf8_refuses_an_address_that_needs_it_and_works() {
    let relay = Relay::new(&relay_that(|_, _| None).await, TIMEOUT).unwrap();

    let refused = relay.send(&outgoing("anna\u{308}@example.org"), &Open).await;
    let taken = relay.send(&outgoing("anna@example.org"), &Open).await;

    let detail = "the relay takes no such address";
    assert_eq!(refused, Err(SendFailure::new(FailureClass::Refused, detail)));
    assert_eq!(taken, Ok(()));
}

#[tokio::test]
async fn a_refusal_is_kept_however_long_the_relay_takes_to_part() {
    let settings = relay_that(|_, line| match line.split([' ', ':']).next() {
        Some("RCPT") => Some(Some(b"550 5.1.1 no such user\r\n")),
        Some("QUIT") => Some(None),
        _ => None,
    })
    .await;

    assert_eq!(sent(&settings).await, Err(SendFailure::new(FailureClass::Address, "RCPT 550 5.1.1")));
}
