//! Header fields that lettre does not have, or not as careful as ours have to be.
//!
//! Names and subjects hold what tenants and people call themselves. What looks like an encoded word (RFC 2047) would be
//! decoded into something else, and where a line can only be folded far apart, within a long word or a long row of blanks,
//! it grows longer than the 998 octets that SMTP takes: all that is encoded, as everything beyond ASCII is.

use email_encoding::headers::writer::EmailWriter;
use email_encoding::headers::{quoted_string, rfc2047};
use lettre::message::header::{Header, HeaderName, HeaderValue};

/// The longest word that stands as it is; RFC 5322, 2.1.1 asks for lines of at most 78.
const WORD_OCTETS: usize = 70;

type Unparsed = Box<dyn std::error::Error + Send + Sync>;

/// Whether a reader shows the text as it stands, in lines that fit.
fn stands_as_it_is(text: &str) -> bool {
    let folds = !text.contains("  ") && text.split(' ').all(|word| word.len() <= WORD_OCTETS);
    text.is_ascii() && !text.contains("=?") && folds
}

/// A value that is written by hand behind the name of its field.
fn encoded(
    name: HeaderName,
    raw: &str,
    write: impl FnOnce(&mut EmailWriter<'_>) -> std::fmt::Result,
) -> HeaderValue {
    let mut value = String::new();
    let begun = name.len() + ": ".len();
    write(&mut EmailWriter::new(&mut value, begun, 0, false)).expect("writing to a string cannot fail");
    HeaderValue::dangerous_new_pre_encoded(name, raw.to_owned(), value)
}

/// One line of text.
#[derive(Clone)]
pub(super) struct Subject(pub(super) String);

impl Header for Subject {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Subject")
    }

    fn parse(text: &str) -> Result<Self, Unparsed> {
        Ok(Self(text.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        if stands_as_it_is(&self.0) {
            return HeaderValue::new(Self::name(), self.0.clone());
        }
        encoded(Self::name(), &self.0, |writer| rfc2047::encode(&self.0, writer))
    }
}

/// Who a mail is from, by name where there is one.
#[derive(Clone)]
pub(super) struct From {
    pub(super) name: String,
    pub(super) address: String,
}

impl Header for From {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("From")
    }

    fn parse(text: &str) -> Result<Self, Unparsed> {
        Ok(Self { name: String::new(), address: text.to_owned() })
    }

    fn display(&self) -> HeaderValue {
        mailbox(Self::name(), &self.name, &self.address)
    }
}

/// Where answers go, by name where there is one.
#[derive(Clone)]
pub(super) struct ReplyTo {
    pub(super) name: String,
    pub(super) address: String,
}

impl Header for ReplyTo {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Reply-To")
    }

    fn parse(text: &str) -> Result<Self, Unparsed> {
        Ok(Self { name: String::new(), address: text.to_owned() })
    }

    fn display(&self) -> HeaderValue {
        mailbox(Self::name(), &self.name, &self.address)
    }
}

fn mailbox(header: HeaderName, name: &str, address: &str) -> HeaderValue {
    encoded(header, address, |writer| {
        if name.is_empty() {
            return std::fmt::Write::write_str(writer, address);
        }
        if stands_as_it_is(name) {
            quoted_string::encode(name, writer)?;
        } else {
            rfc2047::encode(name, writer)?;
        }
        writer.space();
        std::fmt::Write::write_fmt(writer, format_args!("<{address}>"))
    })
}

/// RFC 3834, 5: nobody's holiday notice answers us.
#[derive(Clone)]
pub(super) struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Unparsed> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// RFC 3282: the language that the reader gets.
#[derive(Clone)]
pub(super) struct ContentLanguage(pub(super) String);

impl Header for ContentLanguage {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Content-Language")
    }

    fn parse(text: &str) -> Result<Self, Unparsed> {
        Ok(Self(text.to_owned()))
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), self.0.clone())
    }
}
