//! What a payment code approves: one amount to one payee, as the person is shown them.
//!
//! Both are bound into the code and its grant, so that a code given for one payment approves no other (as RTS 2018/389,
//! article 5, asks of dynamic linking).

use rekey_primitives::text::shown::shown_line;
use rekey_primitives::text::{character_count, nfc};

/// The longest amount with its currency, in characters: any number that people pay fits.
pub(crate) const AMOUNT_MAX: usize = 32;
/// The longest payee, in characters: the 70 of a name in an ISO 20022 payment.
pub(crate) const PAYEE_MAX: usize = 70;

/// An amount and a payee, in NFC. Who pays whom is nobody's business: `Debug` shows neither.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
#[debug("[transaction]")]
pub(crate) struct Transaction {
    amount: String,
    payee: String,
}

/// The part that breaks its rule, and what it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InvalidTransaction {
    Amount(&'static str),
    Payee(&'static str),
}

impl Transaction {
    pub(crate) fn parse(amount: &str, payee: &str) -> Result<Self, InvalidTransaction> {
        if !(1..=AMOUNT_MAX).contains(&character_count(amount)) {
            return Err(InvalidTransaction::Amount("1 to 32 characters"));
        }
        if !(1..=PAYEE_MAX).contains(&character_count(payee)) {
            return Err(InvalidTransaction::Payee("1 to 70 characters"));
        }
        shown_line(amount).map_err(InvalidTransaction::Amount)?;
        shown_line(payee).map_err(InvalidTransaction::Payee)?;
        Ok(Self { amount: nfc(amount).into_owned(), payee: nfc(payee).into_owned() })
    }

    /// Takes what was judged when it was given, as from a route or a grant of ours.
    pub(crate) fn from_stored(amount: String, payee: String) -> Self {
        Self { amount, payee }
    }

    pub(crate) fn amount(&self) -> &str {
        &self.amount
    }

    pub(crate) fn payee(&self) -> &str {
        &self.payee
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_transaction_has_one_spelling() {
        let composed = Transaction::parse("12.00 EUR", "Zo\u{eb}").unwrap();

        assert_eq!(Transaction::parse("12.00 EUR", "Zoe\u{308}"), Ok(composed.clone()));
        assert_eq!((composed.amount(), composed.payee()), ("12.00 EUR", "Zo\u{eb}"));
        assert_eq!(format!("{composed:?}"), "[transaction]");
    }

    #[test]
    fn what_a_message_cannot_show_is_no_transaction() {
        let long = "x".repeat(71);
        for (amount, payee) in [
            ("", "Berta"),
            ("12", ""),
            (&*"1".repeat(33), "Berta"),
            ("12", &*long),
            ("12\n13", "Berta"),
            ("12", "Berta\u{202e}"),
            ("12", "https://evil.example"),
            ("12", " Berta"),
        ] {
            assert!(Transaction::parse(amount, payee).is_err(), "{amount:?} {payee:?}");
        }
        assert!(Transaction::parse(&"1".repeat(32), &"e\u{308}".repeat(70)).is_ok());
    }
}
