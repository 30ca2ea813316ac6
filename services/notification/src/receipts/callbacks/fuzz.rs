//! What gateways post.

use super::*;

#[test]
fn a_callback_holds_a_code_and_none_of_its_words() {
    let samples: &[&[u8]] = &[
        b"MessageSid=SM1&MessageStatus=undelivered&ErrorCode=30003&To=%2B15005550100",
        b"SmsStatus=delivered&MessageSid=SM1",
    ];
    rekey_testing::fuzz(samples, |bytes: &[u8]| {
        let form: Vec<(String, String)> = form_urlencoded::parse(bytes).into_owned().collect();
        if let Some(report) = report(&form) {
            let detail = report.detail.as_str();
            assert!(detail.len() <= 11 && detail.bytes().all(|byte| byte.is_ascii_digit()));
            assert!(detail.is_empty() || report.state == ReceiptState::Failed);
        }
    });
}
