//! A relay's reply: what it is (RFC 5321, 4.2; RFC 2034), and what it means as a class of failure. Pure.
//!
//! The code counts and the text does not: a bare code, a code that no RFC knows, bytes that are no UTF-8 and lines
//! without end are replies all the same. Nothing of the text is kept: it quotes addresses.

use crate::domain::state::FailureClass;
use crate::providers::SendFailure;

/// Where in the dialogue something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Looking the host up.
    Resolve,
    /// Connecting to one of its addresses.
    Connect,
    /// The TLS handshake.
    Tls,
    /// The first word of the relay.
    Greeting,
    Ehlo,
    /// STARTTLS, before the handshake.
    StartTls,
    Auth,
    /// NOOP, which asks for nothing but an answer.
    Noop,
    /// MAIL FROM, with SMTPUTF8 or without.
    Mail {
        is_utf8: bool,
    },
    /// RCPT TO.
    Rcpt,
    /// DATA, before any of the mail.
    Data,
    /// The mail itself and its final dot.
    Message,
}

impl Step {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Resolve => "resolving",
            Self::Connect => "connecting",
            Self::Tls => "TLS",
            Self::Greeting => "greeting",
            Self::Ehlo => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Noop => "NOOP",
            Self::Mail { .. } => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Message => "message",
        }
    }

    /// A failure without a reply: before the final dot nothing was sent, after it nobody knows.
    pub(super) fn without_reply(self, why: &str) -> SendFailure {
        let class = if self == Self::Message { FailureClass::AnswerLost } else { FailureClass::Provider };
        SendFailure::new(class, format!("{}: {why}", self.as_str()))
    }
}

/// A reply, as far as it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    /// The enhanced status code in front of the text, such as 5.1.1, where it agrees with the code.
    enhanced: Option<(u16, u16, u16)>,
    /// The texts of its lines, for what EHLO lists.
    pub(super) lines: Vec<String>,
}

/// What one line of a reply says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    code: u16,
    pub(super) is_last: bool,
    text: &'a [u8],
}

impl<'a> Line<'a> {
    /// Reads a line without its end. None: it is no part of a reply.
    pub(super) fn parse(line: &'a [u8]) -> Option<Self> {
        let (digits, rest) = line.split_at_checked(3)?;
        if !matches!(digits[0], b'2'..=b'5') || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let code = digits.iter().fold(0, |code, digit| 10 * code + u16::from(digit - b'0'));
        let (is_last, text) = match rest {
            [] => (true, rest),
            [b' ', text @ ..] => (true, text),
            [b'-', text @ ..] => (false, text),
            _ => return None,
        };
        Some(Self { code, is_last, text })
    }
}

impl Reply {
    /// Puts the lines of one reply together. None: they contradict each other.
    pub(super) fn of(lines: &[Line<'_>]) -> Option<Self> {
        let code = lines.last()?.code;
        let agrees = lines.iter().all(|line| line.code == code);
        let texts = lines.iter().map(|line| String::from_utf8_lossy(line.text).into_owned());
        let enhanced = enhanced(lines[0].text).filter(|(class, ..)| *class == code / 100);
        agrees.then(|| Self { code, enhanced, lines: texts.collect() })
    }

    /// The step was done.
    pub(super) fn is_completion(&self) -> bool {
        self.code / 100 == 2
    }

    /// More is waited for: 334 for a login, 354 for the mail.
    pub(super) fn is_intermediate(&self) -> bool {
        self.code / 100 == 3
    }

    /// What follows from a reply that is not the one the step waits for. One that says yes to something else is out
    /// of step: nobody knows what it answers.
    pub(super) fn failure(&self, step: Step) -> SendFailure {
        if self.code < 400 {
            return step.without_reply("a reply out of step");
        }
        let word = step.as_str();
        let detail = match self.enhanced {
            Some((class, subject, detail)) => format!("{word} {} {class}.{subject}.{detail}", self.code),
            None => format!("{word} {}", self.code),
        };
        SendFailure::new(class(step, self.code, self.enhanced), detail)
    }

    /// RFC 5321, 4.2.2: 421 means that the relay closes this connection, not that it refuses the mail.
    pub(super) fn is_closing(&self) -> bool {
        self.code == 421
    }
}

/// Whose fault it is. A refusal of one recipient is an answer, and an answer means that the relay works.
fn class(step: Step, code: u16, enhanced: Option<(u16, u16, u16)>) -> FailureClass {
    let is_permanent = code >= 500;
    let is_before_mail = !matches!(step, Step::Mail { .. } | Step::Rcpt | Step::Data | Step::Message);
    match (step, code, enhanced) {
        // The relay closes, or our login is at fault: another relay may do.
        (_, 421 | 530..=539, _) => FailureClass::Provider,
        (_, _, _) if is_before_mail => FailureClass::Provider,
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
        (_, _, _) => FailureClass::Content,
    }
}

/// The enhanced status code in front of a text, such as `5.1.1`.
fn enhanced(text: &[u8]) -> Option<(u16, u16, u16)> {
    let word = text.split(|byte| *byte == b' ').next()?;
    let mut numbers = std::str::from_utf8(word).ok()?.splitn(3, '.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next()??, numbers.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(lines: &[&[u8]]) -> Option<Reply> {
        let lines: Vec<_> = lines.iter().map(|line| Line::parse(line)).collect::<Option<_>>()?;
        Reply::of(&lines)
    }

    #[test]
    fn the_code_counts_however_the_text_reads() {
        let codes: [(&[u8], u16); 5] =
            [(b"250", 250), (b"250 ", 250), (b"571 no", 571), (b"550 gesch\xfctzt", 550), (b"499 x", 499)];

        for (line, code) in codes {
            assert_eq!(reply(&[line]).map(|reply| reply.code), Some(code), "{line:?}");
        }
    }

    #[test]
    fn what_is_no_reply_is_told() {
        for line in [b"".as_slice(), b"25", b"2x0 ok", b"2500 ok", b"150 ok", b"650 ok", b"ok 250"] {
            assert_eq!(Line::parse(line), None, "{line:?}");
        }
        assert_eq!(reply(&[b"250-one", b"550 two"]), None);
    }

    #[test]
    fn a_reply_of_several_lines_is_one() {
        let of_ehlo = reply(&[b"250-relay.example.com", b"250-STARTTLS", b"250 AUTH PLAIN"]).unwrap();
        let refusal = reply(&[b"550-5.1.1 no such user", b"550 5.1.1 here"]).unwrap();

        assert_eq!(of_ehlo.lines, ["relay.example.com", "STARTTLS", "AUTH PLAIN"]);
        assert_eq!(refusal.failure(Step::Rcpt), SendFailure::new(FailureClass::Address, "RCPT 550 5.1.1"));
    }

    #[test]
    fn an_enhanced_code_counts_where_it_agrees_with_the_code() {
        let detail = |line: &[u8]| reply(&[line]).unwrap().failure(Step::Rcpt).detail;

        assert_eq!(detail(b"550 5.1.1 no such user"), "RCPT 550 5.1.1");
        assert_eq!(detail(b"550 4.1.1 no such user"), "RCPT 550");
        assert_eq!(detail(b"550 no 5.1.1"), "RCPT 550");
        assert_eq!(detail(b"550"), "RCPT 550");
    }

    #[test]
    fn a_yes_to_something_else_is_never_a_success() {
        let failure = |step| reply(&[b"354 go on"]).unwrap().failure(step);

        assert_eq!(failure(Step::Message).class, FailureClass::AnswerLost);
        assert_eq!(failure(Step::Rcpt).class, FailureClass::Provider);
    }

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
        assert_eq!(class(Step::Auth, 535, None), FailureClass::Provider);
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
}
