//! What a mail server answers.

use super::extensions::Extensions;
use super::reply::{Line, Reply};

#[test]
fn a_reply_is_read_or_refused() {
    let samples: &[&[u8]] =
        &[b"250-mail.example\r\n250-SIZE 1000\r\n250 STARTTLS", b"550 5.1.1 no such user", b"354"];
    rekey_testing::fuzz(samples, |bytes: &[u8]| {
        let lines: Option<Vec<Line<'_>>> = bytes.split(|byte| *byte == b'\n').map(Line::parse).collect();
        if let Some(reply) = lines.as_deref().and_then(Reply::of) {
            assert!((200..600).contains(&reply.code));
        }
    });
}

#[test]
fn nothing_is_taken_for_an_offer_that_does_not_say_so() {
    let samples: &[&[u8]] =
        &[b"mail.example\nSTARTTLS\nAUTH PLAIN LOGIN\nSMTPUTF8", b"mail\nAUTH=LOGIN\nxstarttls"];
    rekey_testing::fuzz(samples, |bytes: &[u8]| {
        let said = String::from_utf8_lossy(bytes).to_ascii_uppercase();
        let lines: Vec<String> = said.split('\n').map(str::to_owned).collect();
        let offered = Extensions::of(&lines);
        let words = ["STARTTLS", "SMTPUTF8", "PLAIN", "LOGIN"].map(|word| said.contains(word));
        let [starttls, smtputf8, plain, login] = words;
        assert!(starttls || !offered.starttls);
        assert!(smtputf8 || !offered.smtputf8);
        assert!((plain || !offered.auth_plain) && (login || !offered.auth_login));
    });
}
