//! Where a message can go: e-mail addresses and phone numbers, and how much of them may be shown.
//!
//! `Debug` of everything here is the mask, so an address cannot slip into a log. A mask has one
//! fixed length per kind: it reminds the owner and tells a stranger neither length nor provider.

mod email;
mod phone;

use std::borrow::Cow;
use std::fmt;

pub use email::EmailAddress;
pub use phone::PhoneNumber;

/// Why a text is no address. It never quotes the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// Not the form of such an address.
    #[error("not an address of this kind")]
    Malformed,
    /// Larger than RFC 5321 or E.164 allow.
    #[error("longer than the standard allows")]
    TooLong,
    /// The part after the `@` is no domain name with at least two labels.
    #[error("the domain is not a full domain name")]
    BadDomain,
}

/// What carries a code or notice.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::EnumString, strum::IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
pub enum Channel {
    /// Mail.
    Email,
    /// Text message.
    Sms,
}

impl Channel {
    /// The word for it in stores, logs and settings.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// An address together with the channel that reaches it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// Reached by mail.
    Email(EmailAddress),
    /// Reached by text message.
    Phone(PhoneNumber),
}

impl Destination {
    /// Reads an address of the channel's kind.
    pub fn parse(channel: Channel, text: &str) -> Result<Self, InvalidAddress> {
        match channel {
            Channel::Email => EmailAddress::parse(text).map(Self::Email),
            Channel::Sms => PhoneNumber::parse(text).map(Self::Phone),
        }
    }

    /// Takes an address that was stored, as it is.
    pub fn from_stored(channel: Channel, text: String) -> Self {
        match channel {
            Channel::Email => Self::Email(EmailAddress::from_stored(text)),
            Channel::Sms => Self::Phone(PhoneNumber::from_stored(text)),
        }
    }

    /// What all spellings of it share, to compare and count by. Messages go to the spelling that was given.
    pub fn canonical(&self) -> Cow<'_, str> {
        match self {
            Self::Email(address) => Cow::Owned(address.mailbox()),
            Self::Phone(number) => Cow::Borrowed(number.as_str()),
        }
    }

    /// What carries a message there.
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Email(_) => Channel::Email,
            Self::Phone(_) => Channel::Sms,
        }
    }

    /// The address itself.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(address) => address.as_str(),
            Self::Phone(number) => number.as_str(),
        }
    }

    /// What may be shown to somebody who has proved nothing.
    pub fn masked(&self) -> String {
        match self {
            Self::Email(address) => address.masked(),
            Self::Phone(number) => number.masked(),
        }
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod public_faults;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_knows_its_channel_and_shows_its_mask() {
        let mail = Destination::parse(Channel::Email, "anna@example.com").unwrap();
        let phone = Destination::parse(Channel::Sms, "+4915112345642").unwrap();

        assert_eq!((mail.channel(), mail.as_str()), (Channel::Email, "anna@example.com"));
        assert_eq!((phone.channel(), phone.as_str()), (Channel::Sms, "+4915112345642"));
        assert_eq!(format!("{mail:?} {phone:?}"), "a•••••@e••••• •••••••••42");
    }

    #[test]
    fn an_address_of_the_other_channel_is_refused() {
        assert_eq!(Destination::parse(Channel::Sms, "anna@example.com"), Err(InvalidAddress::Malformed));
        assert_eq!(Destination::parse(Channel::Email, "+4915112345642"), Err(InvalidAddress::Malformed));
    }

    #[test]
    fn channels_read_back_their_word() {
        assert_eq!(Channel::parse("email"), Some(Channel::Email));
        assert_eq!(Channel::parse("sms"), Some(Channel::Sms));
        assert_eq!(Channel::parse("Sms"), None);
    }
}
