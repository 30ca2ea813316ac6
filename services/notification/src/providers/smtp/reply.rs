//! What a relay's reply means (RFC 5321, 4.2; RFC 3463), as a class of failure. Pure, but for reading lettre's error.

use std::error::Error as _;

use crate::domain::state::FailureClass;
use crate::providers::SendFailure;

/// Where in the dialogue a failure happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Greeting, EHLO, TLS, login.
    Connect,
    /// MAIL FROM, with SMTPUTF8 or without.
    Mail { is_utf8: bool },
    /// RCPT TO.
    Rcpt,
    /// DATA, before any of the mail.
    Data,
    /// The mail itself and its final dot.
    Message,
}

/// A failure of the dialogue. The relay's words are dropped: they quote addresses.
pub(super) fn failure(step: Step, error: &lettre::transport::smtp::Error) -> SendFailure {
    let word = match step {
        Step::Connect => "connecting",
        Step::Mail { .. } => "MAIL",
        Step::Rcpt => "RCPT",
        Step::Data => "DATA",
        Step::Message => "message",
    };
    let Some(code) = error.status().map(u16::from) else {
        let class = if step == Step::Message { FailureClass::AnswerLost } else { FailureClass::Provider };
        return SendFailure::new(class, format!("{word} without a reply"));
    };
    let enhanced = error.source().and_then(|words| enhanced(&words.to_string()));
    let detail = match enhanced {
        Some((class, subject, detail)) => format!("{word} {code} {class}.{subject}.{detail}"),
        None => format!("{word} {code}"),
    };
    SendFailure::new(class(step, code, enhanced), detail)
}

/// Whose fault it is. A refusal of one recipient is an answer, and an answer means that the relay works.
fn class(step: Step, code: u16, enhanced: Option<(u16, u16, u16)>) -> FailureClass {
    let is_permanent = code >= 500;
    match (step, code, enhanced) {
        // The relay closes, or our login is at fault: another relay may do.
        (_, 421 | 530..=539, _) | (Step::Connect, _, _) => FailureClass::Provider,
        // RFC 3463, 3.2: our own sender is refused, and nobody's address is wrong.
        (_, _, Some((_, 1, 7 | 8))) => FailureClass::Provider,
        // Before the recipient is named it can only be the relay or our sender, but for the parameter of RFC 6531.
        (Step::Mail { is_utf8: false }, _, _) => FailureClass::Provider,
        // Too many recipients or a full mailbox: RFC 5321, 4.5.3.1.10 has 552 treated as passing here.
        (Step::Rcpt, 552, _) | (_, _, Some((5, 2, 2))) => FailureClass::Transient,
        (_, _, _) if !is_permanent => FailureClass::Transient,
        (_, _, Some((_, 1 | 2, _))) | (Step::Rcpt, 550 | 551 | 553, None) => FailureClass::Address,
        // RFC 3463, 3.8: policy, which another relay may not share.
        (_, _, Some((_, 7, _))) => FailureClass::Refused,
        (Step::Mail { .. } | Step::Rcpt, _, _) => FailureClass::Refused,
        (Step::Data | Step::Message, _, _) => FailureClass::Content,
    }
}

/// The enhanced status code in front of the words, such as `5.1.1`.
fn enhanced(words: &str) -> Option<(u16, u16, u16)> {
    let mut numbers = words.split_whitespace().next()?.splitn(3, '.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_recipient_is_about_the_address() {
        assert_eq!(class(Step::Rcpt, 550, Some((5, 1, 1))), FailureClass::Address);
        assert_eq!(class(Step::Rcpt, 553, None), FailureClass::Address);
    }

    #[test]
    fn greylisting_and_full_mailboxes_pass() {
        assert_eq!(class(Step::Rcpt, 451, Some((4, 7, 1))), FailureClass::Transient);
        assert_eq!(class(Step::Rcpt, 552, None), FailureClass::Transient);
        assert_eq!(class(Step::Message, 452, None), FailureClass::Transient);
        assert_eq!(class(Step::Message, 554, Some((5, 2, 2))), FailureClass::Transient);
    }

    #[test]
    fn what_is_about_us_is_the_providers_fault() {
        assert_eq!(class(Step::Connect, 535, None), FailureClass::Provider);
        assert_eq!(class(Step::Mail { is_utf8: false }, 550, Some((5, 7, 1))), FailureClass::Provider);
        assert_eq!(class(Step::Mail { is_utf8: true }, 530, Some((5, 7, 0))), FailureClass::Provider);
        for sender in [Some((5, 1, 7)), Some((5, 1, 8))] {
            assert_eq!(class(Step::Rcpt, 550, sender), FailureClass::Provider);
            assert_eq!(class(Step::Mail { is_utf8: true }, 550, sender), FailureClass::Provider);
        }
        assert_eq!(class(Step::Rcpt, 421, None), FailureClass::Provider);
    }

    #[test]
    fn a_relay_that_refuses_one_recipient_works() {
        assert_eq!(class(Step::Rcpt, 554, Some((5, 7, 1))), FailureClass::Refused);
        assert_eq!(class(Step::Rcpt, 550, Some((5, 4, 4))), FailureClass::Refused);
        assert_eq!(class(Step::Rcpt, 554, None), FailureClass::Refused);
        assert_eq!(class(Step::Mail { is_utf8: true }, 555, None), FailureClass::Refused);
        assert_eq!(class(Step::Mail { is_utf8: true }, 550, Some((5, 6, 7))), FailureClass::Refused);
        assert_eq!(class(Step::Message, 550, Some((5, 7, 1))), FailureClass::Refused);
    }

    #[test]
    fn a_refused_mail_is_about_its_content() {
        assert_eq!(class(Step::Message, 554, Some((5, 6, 0))), FailureClass::Content);
        assert_eq!(class(Step::Message, 554, None), FailureClass::Content);
    }

    #[test]
    fn an_enhanced_code_stands_in_front() {
        assert_eq!(enhanced("5.1.1 no such user"), Some((5, 1, 1)));
        assert_eq!(enhanced("no 5.1.1"), None);
        assert_eq!(enhanced(""), None);
    }
}
