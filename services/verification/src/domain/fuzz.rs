//! What callers name and people type.

use super::code::Code;
use super::names::{CallerName, Purpose, Subject};
use super::transaction::Transaction;

#[test]
fn a_code_that_is_read_is_stable_and_short() {
    let samples: &[&[u8]] = &[b"123 456", b"ABCD-EFGH", "١٢٣٤٥٦".as_bytes(), "\u{200b}1\u{202e}2".as_bytes()];
    rekey_testing::fuzz(samples, |bytes: &[u8]| {
        let Ok(code) = Code::parse(&String::from_utf8_lossy(bytes)) else { return };
        let again = Code::parse(code.expose()).unwrap();
        assert_eq!(again.expose(), code.expose());
    });
}

#[test]
fn names_and_transactions_are_read_or_refused() {
    rekey_testing::fuzz(&[b"password_reset", b"12.50 EUR", b"caller-1"], |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let _ = (Purpose::parse(&text), Subject::parse(&text), CallerName::parse(&text));
        let (amount, payee) = text.split_at(text.floor_char_boundary(text.len() / 2));
        let _ = Transaction::parse(amount, payee);
    });
}
