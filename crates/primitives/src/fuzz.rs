//! What people type, and headers.

use crate::contact::{Channel, EmailAddress, PhoneNumber};
use crate::id::AccountId;
use crate::locale::Locale;
use crate::login::{Login, search_form};
use crate::{grpc_timeout, text};

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_login_that_is_taken_is_stable_under_itself() {
    let samples: &[&[u8]] =
        &[b"Zoe.King", "ΑΣ@Bücher.example".as_bytes(), "ａｄａ＠例え.jp".as_bytes(), "نورا".as_bytes()];
    rekey_testing::fuzz(samples, |bytes: &[u8]| {
        let typed = text_of(bytes);
        let _ = search_form(&typed);
        if let Ok(login) = Login::parse(&typed) {
            let again = Login::parse(login.as_str());
            assert_eq!(again.as_ref().map(Login::as_str), Ok(login.as_str()));
        }
    });
}

#[test]
fn an_address_that_is_taken_is_stable_and_its_mask_hides_it() {
    let samples: &[&[u8]] = &[b"Zoe.King@Mail.Example", b"+49 1511 2345678", b"\"a b\"@[192.0.2.1]"];
    rekey_testing::fuzz(samples, |bytes: &[u8]| {
        let typed = text_of(bytes);
        if let Ok(address) = EmailAddress::parse(&typed) {
            let again = EmailAddress::parse(address.as_str());
            assert_eq!(again.as_ref().map(EmailAddress::as_str), Ok(address.as_str()));
            assert_ne!(address.masked(), address.as_str());
        }
        if let Ok(number) = PhoneNumber::parse(&typed) {
            let again = PhoneNumber::parse(number.as_str());
            assert_eq!(again.as_ref().map(PhoneNumber::as_str), Ok(number.as_str()));
            assert_ne!(number.masked(), number.as_str());
        }
        for channel in [Channel::Email, Channel::Sms] {
            let _ = crate::contact::Destination::parse(channel, &typed);
        }
    });
}

#[test]
fn a_language_and_a_deadline_are_read_or_refused() {
    rekey_testing::fuzz(&[b"de-Latn-CH-1996", b"99999999H", b"150m"], |bytes: &[u8]| {
        let typed = text_of(bytes);
        let _ = (Locale::parse(&typed), grpc_timeout::parse(&typed), text::character_count(&typed));
    });
}

#[test]
fn an_id_that_is_read_is_what_was_typed_in_either_case() {
    rekey_testing::fuzz(&[b"018f0000-0000-7000-8000-000000000001"], |bytes: &[u8]| {
        let typed = text_of(bytes);
        if let Ok(id) = AccountId::parse(&typed) {
            assert!(id.to_string().eq_ignore_ascii_case(&typed), "{typed}");
        }
    });
}
