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
