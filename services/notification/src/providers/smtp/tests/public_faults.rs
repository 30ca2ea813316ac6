//! Mails and dialogues that other products got wrong and have mended since: `docs/public-faults.md`.

use std::sync::{Arc, Mutex};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use tokio::io::AsyncWriteExt as _;

use super::dialogues::{relay_that, sent};
use super::*;
use crate::providers::smtp::connection::Connection;

/// What a relay heard.
type Heard = Arc<Mutex<Vec<String>>>;

/// A relay that notes what it hears, offers SMTPUTF8 or does not, and takes everything.
async fn hearing_relay(offers_utf8: bool) -> (Relay, Heard) {
    let heard = Heard::default();
    let hears = Arc::clone(&heard);
    let settings = relay_that(move |_, line| {
        hears.lock().unwrap().push(line.to_owned());
        let is_greeted = line.starts_with("EHLO") && offers_utf8;
        is_greeted.then_some(Some(&b"250-relay\r\n250 SMTPUTF8\r\n"[..]))
    })
    .await;
    (Relay::new(&settings, TIMEOUT).unwrap(), heard)
}

/// The lines of the envelope among them.
fn envelope(heard: &Heard) -> Vec<String> {
    let heard = heard.lock().unwrap();
    heard.iter().filter(|line| line.starts_with("MAIL") || line.starts_with("RCPT")).cloned().collect()
}

fn mail(subject: &str, text: &str) -> Outgoing {
    let content = Rendered::Email {
        subject: Zeroizing::new(subject.to_owned()),
        text: Zeroizing::new(text.to_owned()),
        html: Zeroizing::new("<p>271828</p>".to_owned()),
        language: "en".to_owned(),
    };
    Outgoing { content, ..outgoing("anna@example.org") }
}

// symfony/mailer, CVE-2026-45068: an address that begins with a hyphen was an option to the next program.
#[tokio::test]
async fn a_recipient_that_looks_like_an_option_is_a_recipient() {
    let (relay, heard) = hearing_relay(false).await;

    relay.send(&outgoing("-oQ/tmp@example.org"), &Open).await.unwrap();

    assert_eq!(envelope(&heard), ["MAIL FROM:<no-reply@example.com>", "RCPT TO:<-oQ/tmp@example.org>"]);
}

// Jakarta Mail, CVE-2025-7962: of U+760D and U+760A only the last octets went out, which end a line.
#[tokio::test]
async fn letters_that_end_in_the_octets_of_a_line_break_break_no_line() {
    let (relay, heard) = hearing_relay(true).await;
    let to = "anna\u{760d}\u{760a}rcpt@example.org";

    relay.send(&outgoing(to), &Open).await.unwrap();
    let mut settings = relay_that(|_, _| None).await;
    settings.from_name = "Contoso\u{760d}\u{760a}Bcc: all@example.org".to_owned();
    let named = Relay::new(&settings, TIMEOUT).unwrap();
    let to = EmailAddress::parse("anna@example.org").unwrap();
    let composed = named.compose(&mail("Hi\u{760d}\u{760a}Bcc: all@example.org", "x\n"), &to).unwrap();

    let from = "MAIL FROM:<no-reply@example.com> SMTPUTF8".to_owned();
    assert_eq!(envelope(&heard), [from, "RCPT TO:<anna\u{760d}\u{760a}rcpt@example.org>".to_owned()]);
    let composed = std::str::from_utf8(&composed).unwrap();
    assert!(composed.lines().all(|line| !line.to_ascii_lowercase().starts_with("bcc")), "{composed}");
    assert!(composed.is_ascii());
}

// symfony/mime, CVE-2026-45067: line breaks in addresses and names were headers and commands.
#[tokio::test]
async fn a_sender_with_a_line_break_is_no_sender() {
    let good = relay_that(|_, _| None).await;
    let smuggled = "no-reply@example.com\r\nRCPT TO:<all@example.org>";
    let from = SmtpSettings { from: Some(smuggled.to_owned()), ..good.clone() };
    let reply_to = |text: &str| SmtpSettings { reply_to: Some(text.to_owned()), ..good.clone() };
    let named = |name: &str| SmtpSettings { from_name: name.to_owned(), ..good.clone() };

    let wrong = [
        from,
        reply_to("help@example.com\r\nBcc: all@example.org"),
        reply_to("Help\r\nBcc: all@example.org <help@example.com>"),
        reply_to("\"Help\\\r\\\nBcc: all@example.org\" <help@example.com>"),
        reply_to("\"Help\\\nBcc: all@example.org\" <help@example.com>"),
        named("Contoso\r\nBcc: all@example.org"),
        named("Contoso\nBcc: all@example.org"),
        named("Contoso\u{85}"),
    ];

    for settings in wrong {
        assert!(Relay::new(&settings, TIMEOUT).is_err(), "{settings:?}");
    }
    assert!(Relay::new(&good, TIMEOUT).is_ok());
}

// nodemailer, GHSA-vvjj-xcjg-gr5g: the name of the client went into EHLO as it was given.
#[tokio::test]
async fn a_name_for_ehlo_carries_no_command() {
    let good = relay_that(|_, _| None).await;
    let smuggled = "legit.host\r\nMAIL FROM:<attacker@evil.com>\r\nRCPT TO:<victim@target.com>\r\nDATA";

    for name in [smuggled, "legit.host\nRSET", "legit.host\rRSET", "legit.host RSET", ""] {
        let settings = SmtpSettings { hello: Some(name.to_owned()), ..good.clone() };

        assert!(Relay::new(&settings, TIMEOUT).is_err(), "{name:?}");
    }
}

// nodemailer #1835 and MailKit, GHSA-9j88-vvj5-vhgr: what a stranger sent behind the answer to STARTTLS was taken for the
// relay's own once TLS stood, and chose how to log in.
#[tokio::test]
async fn nothing_that_was_said_before_tls_counts_after_it() {
    let injected: [&[u8]; 4] = [
        b"220 go on\r\n250-AUTH",
        b"220 go on\r\nA",
        b"220 go on\r\n250-relay\r\n250 AUTH LOGIN\r\n",
        b"220 go on\r\n\r\n250 AUTH LOGIN\r\n",
    ];

    for injected in injected {
        let heard = Heard::default();
        let hears = Arc::clone(&heard);
        let mut settings = relay_that(move |_, line| {
            hears.lock().unwrap().push(line.to_owned());
            match line.split(' ').next() {
                Some("EHLO") => Some(Some(&b"250-relay\r\n250 STARTTLS\r\n"[..])),
                Some("STARTTLS") => Some(Some(injected)),
                _ => None,
            }
        })
        .await;
        settings.tls = SmtpTls::StartTls;

        let failure = sent(&settings).await;

        let detail = "STARTTLS: more than one reply";
        assert_eq!(failure, Err(SendFailure::new(FailureClass::Provider, detail)));
        assert_eq!(heard.lock().unwrap()[..], ["", "EHLO example.com", "STARTTLS"]);
    }
}

// nodemailer #1833: an empty line was taken for a reply, and every later reply for the answer to another command.
#[tokio::test]
async fn empty_lines_around_replies_are_no_replies() {
    let says = |connection: usize, line: &str| {
        let reply: &'static [u8] = match line.split([' ', ':']).next() {
            Some("") => b"\r\n220 relay.example.com\r\n\r\n",
            Some("EHLO") => b"\r\n\r\n250-relay\r\n250 SIZE\r\n\n",
            Some("MAIL") => b"250 fine\r\n\r\n",
            Some("RCPT") => b"\r\n250 fine\r\n",
            Some("DATA") => b"354 go on\r\n\r\n\r\n",
            _ => b"250 taken\r\n\r\n",
        };
        assert_eq!(connection, 1, "a sound connection was given up");
        Some(Some(reply))
    };
    let relay = Relay::new(&relay_that(says).await, TIMEOUT).unwrap();

    let first = relay.send(&outgoing("anna@example.org"), &Open).await;
    let second = relay.send(&outgoing("bert@example.org"), &Open).await;
    let hidden = |_: usize, line: &str| {
        line.starts_with("RCPT").then_some(Some(&b"250 one\r\n\r\n550 5.1.1 two\r\n"[..]))
    };
    let third = sent(&relay_that(hidden).await).await;

    assert_eq!((first, second), (Ok(()), Ok(())));
    let out_of_step = SendFailure::new(FailureClass::Provider, "RCPT: more than one reply");
    assert_eq!(third, Err(out_of_step));
}

#[tokio::test]
async fn empty_lines_that_come_late_are_no_replies_and_without_end_they_are_one() {
    let (ours, mut theirs) = tokio::io::duplex(1 << 20);
    let mut connection = Connection::over(ours);

    theirs.write_all(b"220 relay\r\n").await.unwrap();
    let greeting = connection.reply(Step::Greeting).await.unwrap();
    theirs.write_all(b"\r\n\r\n").await.unwrap();
    let silence = connection.expect_silence(Step::Ehlo);
    theirs.write_all(b"\r\n250 out of turn\r\n").await.unwrap();
    let noise = connection.expect_silence(Step::Ehlo);
    let (ours, mut theirs) = tokio::io::duplex(1 << 20);
    theirs.write_all(&b"\r\n".repeat(100_000)).await.unwrap();
    let endless = Connection::over(ours).reply(Step::Greeting).await;

    assert_eq!((greeting.code, silence), (220, Ok(())));
    let unasked = SendFailure::new(FailureClass::Provider, "EHLO: a reply that nobody asked for");
    assert_eq!(noise, Err(unasked));
    let without_end = SendFailure::new(FailureClass::Provider, "greeting: a reply without end");
    assert_eq!(endless.err(), Some(without_end));
}

// nodemailer, 95876b1: a character of two octets that came in two pieces was read as two wrong ones.
#[tokio::test]
async fn a_reply_reads_the_same_in_whatever_pieces_it_comes() {
    let (ours, mut theirs) = tokio::io::duplex(1);
    let mut connection = Connection::over(ours);
    let writes = tokio::spawn(async move {
        let reply = "550-5.1.1 utilisateur d\u{e9}connu\r\n550 5.1.1 \u{1f615}\r\n";
        theirs.write_all(reply.as_bytes()).await.unwrap();
        theirs
    });

    let reply = connection.reply(Step::Rcpt).await.unwrap();

    let _open = writes.await.unwrap();
    assert_eq!(reply.lines, ["5.1.1 utilisateur d\u{e9}connu", "5.1.1 \u{1f615}"]);
    assert_eq!(reply.failure(Step::Rcpt), SendFailure::new(FailureClass::Address, "RCPT 550 5.1.1"));
}

// upyo #39: a subject was cut between the octets of a character.
#[tokio::test]
async fn every_word_of_a_long_subject_is_whole_by_itself() {
    let world = plain().await;
    let relay = world.relay();
    let subjects = ["\u{1f600}".repeat(40), "\u{e9}".repeat(301), "a\u{1f600}".repeat(60)];

    for subject in &subjects {
        relay.send(&mail(subject, "271828\n"), &Open).await.unwrap();
    }

    let mails = world.server.mails().await;
    assert_eq!(mails.len(), subjects.len());
    for (mail, subject) in mails.iter().zip(&subjects) {
        let words = encoded_words(&mail.raw);
        assert!(words.len() > 3, "{}", mail.raw);
        assert_eq!(words.concat(), *subject);
        assert_eq!(mail.header("Subject"), Some(subject.as_str()));
    }
}

/// The encoded words of a mail (RFC 2047), each read by itself.
fn encoded_words(raw: &str) -> Vec<String> {
    let words = raw.split("=?utf-8?b?").skip(1).map(|rest| rest.split_once("?=").unwrap().0);
    words.map(|word| String::from_utf8(BASE64_STANDARD.decode(word).unwrap()).unwrap()).collect()
}

// upyo #40: a header of 1,622 characters was one line.
#[tokio::test]
async fn no_line_of_a_header_is_longer_than_relays_take() {
    let mut world = plain().await;
    let (name, help) = ("Contoso ".repeat(200) + "GmbH", "h".repeat(1_000));
    world.settings.from_name = name.clone();
    world.settings.reply_to = Some(format!("\"{help}\" <help@example.com>"));
    let relay = world.relay();
    let subjects = [
        "x ".repeat(800) + "x",
        // The line was folded before the blanks, and then held them all.
        format!("a{}b", " ".repeat(1_022)),
        format!("a  b{}c", " ".repeat(995)),
        "=? ".repeat(400) + "x",
        "\u{e9} ".repeat(400) + "x",
        format!("{} x", "\u{e9}".repeat(600)),
        format!("x {}", "y".repeat(1_022)),
    ];

    for subject in &subjects {
        relay.send(&mail(subject, "271828\n"), &Open).await.unwrap();
    }

    let mails = world.server.mails().await;
    assert_eq!(mails.len(), subjects.len());
    for (mail, subject) in mails.iter().zip(&subjects) {
        let head = mail.raw.split("\r\n\r\n").next().unwrap();
        assert!(head.lines().all(|line| line.len() <= 998 && !line.trim().is_empty()), "{head}");
        assert_eq!(mail.header("Subject"), Some(subject.as_str()));
        assert_eq!(mail.header("From"), Some(format!("{name} <no-reply@example.com>").as_str()));
        // Python puts a blank between the encoded words of a name.
        let reply_to = mail.header("Reply-To").unwrap().replace(' ', "");
        assert_eq!(reply_to, format!("{help}<help@example.com>"));
    }
}

// GreenMail #1004: a dot that began the very first line was lost.
#[tokio::test]
async fn a_first_line_that_begins_with_a_dot_arrives() {
    let world = plain().await;
    let texts = [".test\n", "..test\n", ".\n", "...\n.\n\n.test\n"];
    let relay = world.relay();

    for text in texts {
        relay.send(&mail("dots", text), &Open).await.unwrap();
    }

    let arrived: Vec<_> = world.server.mails().await.into_iter().filter_map(|mail| mail.text).collect();
    let arrived: Vec<_> = arrived.iter().map(|text| text.replace("\r\n", "\n")).collect();
    assert_eq!(arrived, texts);
    assert_eq!(dot_stuffed(b".test\r\n"), b"..test\r\n");
}

/// RFC 6531, 3.2 and 3.7.
#[tokio::test]
async fn only_a_local_part_beyond_ascii_needs_a_relay_that_says_so() {
    let ((plain, of_plain), (modern, of_modern)) = (hearing_relay(false).await, hearing_relay(true).await);
    let (beyond, domain_only) = ("jos\u{e9}@example.org", "anna@b\u{fc}cher.example");

    let refused = plain.send(&outgoing(beyond), &Open).await;
    plain.send(&outgoing(domain_only), &Open).await.unwrap();
    modern.send(&outgoing(beyond), &Open).await.unwrap();
    modern.send(&outgoing(domain_only), &Open).await.unwrap();

    let failure = SendFailure::new(FailureClass::Refused, "the relay takes no such address");
    assert_eq!(refused, Err(failure));
    let from = "MAIL FROM:<no-reply@example.com>";
    let to_domain = "RCPT TO:<anna@xn--bcher-kva.example>";
    assert_eq!(envelope(&of_plain), [from, to_domain]);
    let utf8 = "MAIL FROM:<no-reply@example.com> SMTPUTF8";
    assert_eq!(envelope(&of_modern), [utf8, "RCPT TO:<jos\u{e9}@example.org>", from, to_domain]);
}
