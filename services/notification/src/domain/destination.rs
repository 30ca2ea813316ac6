//! Where a message goes: to a person by mail or text message, or to a program by a webhook of the settings.
//!
//! People's addresses are the words that all parts share. A webhook is none of them: no code goes there and nobody proves
//! anything by it, so it is a word of this part alone.

use std::borrow::Cow;
use std::fmt;

use rekey_primitives::contact::{self, EmailAddress, InvalidAddress, PhoneNumber};

/// The longest name of an endpoint, in characters.
const ENDPOINT_CHARACTERS: usize = 64;

/// What carries a message.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Channel {
    /// Mail.
    Email,
    /// Text message.
    Sms,
    /// A request to an endpoint of the settings.
    Webhook,
}

impl Channel {
    /// All of them.
    pub(crate) const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The word for it in stores, logs and settings.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }

    /// Reads that word.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl From<contact::Channel> for Channel {
    fn from(channel: contact::Channel) -> Self {
        match channel {
            contact::Channel::Email => Self::Email,
            contact::Channel::Sms => Self::Sms,
        }
    }
}

/// The name of an endpoint of `[[notification.webhooks]]`. Operators choose it, so it is no secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EndpointName(String);

impl EndpointName {
    /// Lower-case letters, digits, `-` and `_`, at most 64.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        let is_name = (1..=ENDPOINT_CHARACTERS).contains(&text.len()) && text.bytes().all(fits);
        is_name.then(|| Self(text.to_owned()))
    }

    /// Takes a name that was stored, as it is.
    pub(crate) fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// An address together with the channel that reaches it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Reached by mail.
    Email(EmailAddress),
    /// Reached by text message.
    Phone(PhoneNumber),
    /// Reached by a request.
    Webhook(EndpointName),
}

impl Destination {
    /// Reads an address of the channel's kind.
    pub(crate) fn parse(channel: Channel, text: &str) -> Result<Self, InvalidAddress> {
        match channel {
            Channel::Email => EmailAddress::parse(text).map(Self::Email),
            Channel::Sms => PhoneNumber::parse(text).map(Self::Phone),
            Channel::Webhook => EndpointName::parse(text).map(Self::Webhook).ok_or(InvalidAddress::Malformed),
        }
    }

    /// Takes an address that was stored, as it is.
    pub(crate) fn from_stored(channel: Channel, text: String) -> Self {
        match channel {
            Channel::Email => Self::Email(EmailAddress::from_stored(text)),
            Channel::Sms => Self::Phone(PhoneNumber::from_stored(text)),
            Channel::Webhook => Self::Webhook(EndpointName::from_stored(text)),
        }
    }

    /// What carries a message there.
    pub(crate) const fn channel(&self) -> Channel {
        match self {
            Self::Email(_) => Channel::Email,
            Self::Phone(_) => Channel::Sms,
            Self::Webhook(_) => Channel::Webhook,
        }
    }

    /// The address itself.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Email(address) => address.as_str(),
            Self::Phone(number) => number.as_str(),
            Self::Webhook(name) => name.as_str(),
        }
    }

    /// The same for all spellings of one mailbox.
    pub(crate) fn canonical(&self) -> Cow<'_, str> {
        match self {
            Self::Email(address) => Cow::Owned(address.mailbox()),
            Self::Phone(number) => number.as_str().into(),
            Self::Webhook(name) => name.as_str().into(),
        }
    }

    /// What may be shown to somebody who has proved nothing.
    pub(crate) fn masked(&self) -> String {
        match self {
            Self::Email(address) => address.masked(),
            Self::Phone(number) => number.masked(),
            Self::Webhook(name) => name.as_str().to_owned(),
        }
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_knows_its_channel_and_shows_its_mask() {
        let of = |channel, text| Destination::parse(channel, text).unwrap();
        let all = [
            of(Channel::Email, "anna@example.com"),
            of(Channel::Sms, "+4915112345642"),
            of(Channel::Webhook, "shop"),
        ];

        assert_eq!(
            all.each_ref().map(Destination::channel),
            [Channel::Email, Channel::Sms, Channel::Webhook]
        );
        assert_eq!(format!("{all:?}"), "[a•••••@e•••••, •••••••••42, shop]");
        for one in all {
            assert_eq!(Destination::from_stored(one.channel(), one.as_str().to_owned()), one);
        }
    }

    #[test]
    fn an_endpoint_has_a_short_plain_name() {
        assert_eq!(
            EndpointName::parse("shop-2_eu").map(|one| one.as_str().to_owned()),
            Some("shop-2_eu".to_owned())
        );
        for wrong in ["", "Shop", "a.b", "a b", "https://shop.example", &"a".repeat(65)] {
            assert_eq!(EndpointName::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn channels_read_back_their_word() {
        for channel in [Channel::Email, Channel::Sms, Channel::Webhook] {
            assert_eq!(Channel::parse(channel.as_str()), Some(channel));
        }
        assert_eq!(Channel::parse("Sms"), None);
    }
}
