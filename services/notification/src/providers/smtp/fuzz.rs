//! What a mail server answers.

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
