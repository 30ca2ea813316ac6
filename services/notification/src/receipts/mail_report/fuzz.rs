//! What mail servers deliver as bounces.

use super::tests::{COMPLAINT, POSTFIX};
use super::*;

#[test]
fn a_mail_report_holds_a_code_and_none_of_its_words() {
    rekey_testing::fuzz(&[POSTFIX.as_bytes(), COMPLAINT.as_bytes()], |bytes: &[u8]| {
        for has_null_sender in [true, false] {
            if let Some(report) = of_bounce(bytes, has_null_sender) {
                let detail = report.detail.as_str();
                assert!(
                    detail.len() <= 11 && detail.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
                );
            }
        }
        let _ = of_complaint(bytes);
    });
}

/// What a mail encloses is parsed apart from it.
#[test]
fn the_fields_of_a_group_are_read_on_lines_of_their_own() {
    let samples: &[&[u8]] = &[
        b"Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 no such\r\n user\r\n",
        b"Content-Type: message/rfc822; name*0=\"a\"; name*1*=utf-8''%41 (c\r\nReturn-Path: <a@b.example>\r\n",
        b"To: =?utf-8?q?=41?= <a@b.example>, c: (d) e@f;\r\nDate: Mon, 30 Nov 2026 02:00:00 +0000\r\n",
    ];
    rekey_testing::fuzz(samples, |bytes: &[u8]| {
        for (name, value) in fields(bytes) {
            assert!(name == name.to_ascii_lowercase() && !value.contains(['\r', '\n']));
        }
    });
}
