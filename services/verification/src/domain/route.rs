//! What messages need besides the code: their destinations, language, sender's name and what is approved. Stored sealed
//! beside the code, because a resend names nothing but the verification.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::{Channel, Destination};
use rekey_primitives::locale::Locale;
use rekey_primitives::template::TemplateName;

use super::transaction::Transaction;

/// Where the messages of a verification go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) destinations: Destinations,
    /// Where the code goes when the channel of its one destination does not carry it.
    pub(crate) fallback: Option<Fallback>,
    /// The reader's language; none means English.
    pub(crate) locale: Option<Locale>,
    /// The sender's name in messages; empty means the one from the settings.
    pub(crate) organisation: String,
    /// What is to be approved, where the message shows it.
    pub(crate) transaction: Option<Transaction>,
    /// Whether the person was at a place that the caller knows as theirs: their messages have a share of their own.
    pub(crate) familiar: bool,
    /// Whether everything happens but the sending. It is sealed with the rest, so that nobody who reads the store can
    /// tell decoys from verifications.
    pub(crate) decoy: bool,
}

/// A step to another channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fallback {
    pub(crate) destination: Destination,
    /// How long after its message was accepted, unless a provider took it by then.
    pub(crate) after: Duration,
}

/// Why a step is none of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidFallback {
    #[error("must be at most 1 fallback")]
    Count,
    #[error("must be left out beside several destinations")]
    SeveralDestinations,
    #[error("must be left out: the code of this purpose never leaves its channel")]
    Purpose,
    #[error("must be of another channel than the destination")]
    SameChannel,
    #[error("must be 10 seconds to 10 minutes")]
    After,
}

impl Fallback {
    /// Sooner the first provider has no chance, and later the code is over.
    const AFTER: std::ops::RangeInclusive<Duration> = Duration::from_secs(10)..=Duration::from_secs(600);

    /// A step of a verification with these destinations and this template.
    pub(crate) fn new(
        destinations: &Destinations,
        template: TemplateName,
        destination: Destination,
        after: Duration,
    ) -> Result<Self, InvalidFallback> {
        if template == TemplateName::PasswordResetCode {
            return Err(InvalidFallback::Purpose);
        }
        if destinations.iter().count() > 1 {
            return Err(InvalidFallback::SeveralDestinations);
        }
        if destination.channel() == destinations.channel() {
            return Err(InvalidFallback::SameChannel);
        }
        if !Self::AFTER.contains(&after) {
            return Err(InvalidFallback::After);
        }
        Ok(Self { destination, after })
    }
}

impl Route {
    /// All addresses that the code may go to, with their places: the destinations, and behind them where it falls back to.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = &Destination> {
        self.destinations.iter().chain(self.fallback.iter().map(|fallback| &fallback.destination))
    }

    /// Those of them that may get a message.
    pub(crate) fn without(&self, withheld: Withheld) -> impl Iterator<Item = (usize, &Destination)> {
        self.addresses().enumerate().filter(move |(index, _)| !withheld.includes(*index))
    }

    /// The step to another channel, unless who it goes to is withheld.
    pub(crate) fn fallback_without(&self, withheld: Withheld) -> Option<&Fallback> {
        let place = self.destinations.iter().count();
        self.fallback.as_ref().filter(|_| !withheld.includes(place))
    }
}

/// The addresses that all get the one code: 1 to [`Destinations::MOST`] of one channel, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Destinations {
    first: Destination,
    others: Vec<Destination>,
}

/// Why addresses are not the destinations of one verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidDestinations {
    #[error("must be 1 to 5 destinations")]
    Count,
    /// The one at this index is reached by another channel than the first.
    #[error("must be of the channel of the first one")]
    OtherChannel { index: usize },
    /// The one at this index is the mailbox or phone of an earlier one.
    #[error("is there already")]
    Repeated { index: usize },
}

impl Destinations {
    /// The most addresses of one verification.
    pub(crate) const MOST: usize = 5;

    pub(crate) fn new(addresses: Vec<Destination>) -> Result<Self, InvalidDestinations> {
        let count = addresses.len();
        let mut rest = addresses.into_iter();
        let first = rest.next().filter(|_| count <= Self::MOST).ok_or(InvalidDestinations::Count)?;
        let mut found = Self { first, others: Vec::with_capacity(count - 1) };
        for (address, index) in rest.zip(1..) {
            if address.channel() != found.channel() {
                return Err(InvalidDestinations::OtherChannel { index });
            }
            if found.iter().any(|earlier| earlier.canonical() == address.canonical()) {
                return Err(InvalidDestinations::Repeated { index });
            }
            found.others.push(address);
        }
        Ok(found)
    }

    pub(crate) fn channel(&self) -> Channel {
        self.first.channel()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Destination> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

/// Places in the list of destinations that get nothing, because they have had their messages for now. The others do: one
/// mailbox that somebody fills up stops no code to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Withheld(u32);

impl Withheld {
    /// Reads what [`Self::bits`] wrote.
    pub(crate) const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// One bit for each place, for the store.
    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    #[must_use]
    pub(crate) const fn with(self, index: usize) -> Self {
        Self(self.0 | 1 << index)
    }

    /// Those of both.
    #[must_use]
    pub(crate) const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// How many.
    pub(crate) const fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    pub(crate) const fn includes(self, index: usize) -> bool {
        self.0 & 1 << index != 0
    }
}

/// The minutes that a message promises: what is left of the code's life when it is sent, rounded down, so that the
/// code lives at least so long; at least 1, as no message says 0. Counted from when the message was counted and not
/// from when it is handed over, so that a repeated hand-over has the same text.
pub(crate) fn minutes_left(sent_at: Timestamp, expires_at: Timestamp) -> u64 {
    (expires_at.since(sent_at).as_secs() / 60).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destinations(addresses: &[&str]) -> Result<Destinations, InvalidDestinations> {
        let channel = |text: &str| if text.starts_with('+') { Channel::Sms } else { Channel::Email };
        Destinations::new(
            addresses.iter().map(|text| Destination::parse(channel(text), text).unwrap()).collect(),
        )
    }

    #[test]
    fn destinations_are_one_to_five_of_a_channel_each_once() {
        let six: Vec<_> = (0..6).map(|number| format!("a{number}@example.com")).collect();
        let six: Vec<&str> = six.iter().map(String::as_str).collect();

        assert_eq!(destinations(&six[..5]).map(|found| found.iter().count()), Ok(5));
        assert_eq!(destinations(&six), Err(InvalidDestinations::Count));
        assert_eq!(destinations(&[]), Err(InvalidDestinations::Count));
        let mixed = destinations(&["a@example.com", "+4915112345642"]);
        assert_eq!(mixed, Err(InvalidDestinations::OtherChannel { index: 1 }));
        let twice = destinations(&["a@example.com", "b@example.com", "A@Example.com"]);
        assert_eq!(twice, Err(InvalidDestinations::Repeated { index: 2 }));
    }

    #[test]
    fn who_is_withheld_gets_nothing_and_the_others_keep_their_places() {
        let found = destinations(&["a@example.com", "b@example.com", "c@example.com"]).unwrap();

        let route = route(found, None);
        let left: Vec<_> = route.without(Withheld::default().with(1)).map(|(index, _)| index).collect();

        assert_eq!(left, [0, 2]);
        assert_eq!(route.without(Withheld::default()).count(), 3);
    }

    fn route(destinations: Destinations, fallback: Option<Fallback>) -> Route {
        Route {
            destinations,
            fallback,
            locale: None,
            organisation: String::new(),
            transaction: None,
            familiar: false,
            decoy: false,
        }
    }

    fn phone() -> Destination {
        Destination::parse(Channel::Sms, "+4915112345642").unwrap()
    }

    #[test]
    fn a_fallback_goes_to_another_channel_in_time_and_beside_one_destination() {
        let (alone, two) =
            (destinations(&["a@example.com"]).unwrap(), destinations(&["a@example.com", "b@example.com"]));
        let template = TemplateName::SignInCode;
        let made = |to: &Destinations, destination, seconds| {
            Fallback::new(to, template, destination, Duration::from_secs(seconds)).map(drop)
        };

        assert_eq!([made(&alone, phone(), 10), made(&alone, phone(), 600)], [Ok(()), Ok(())]);
        assert_eq!(made(&alone, phone(), 9), Err(InvalidFallback::After));
        assert_eq!(made(&alone, phone(), 601), Err(InvalidFallback::After));
        let mail = Destination::parse(Channel::Email, "b@example.com").unwrap();
        assert_eq!(made(&alone, mail, 10), Err(InvalidFallback::SameChannel));
        assert_eq!(made(&two.unwrap(), phone(), 10), Err(InvalidFallback::SeveralDestinations));
    }

    #[test]
    fn the_code_of_a_password_reset_never_leaves_its_channel() {
        let alone = destinations(&["a@example.com"]).unwrap();

        let refused =
            Fallback::new(&alone, TemplateName::PasswordResetCode, phone(), Duration::from_secs(30));

        assert_eq!(refused, Err(InvalidFallback::Purpose));
    }

    #[test]
    fn where_a_code_falls_back_to_stands_behind_its_destinations() {
        let alone = destinations(&["a@example.com"]).unwrap();
        let step = Fallback { destination: phone(), after: Duration::from_secs(30) };
        let route = route(alone, Some(step.clone()));

        let places: Vec<_> = route.without(Withheld::default()).map(|(place, _)| place).collect();

        assert_eq!(places, [0, 1]);
        assert_eq!(route.fallback_without(Withheld::default()), Some(&step));
        assert_eq!(route.fallback_without(Withheld::default().with(1)), None);
    }

    #[test]
    fn minutes_are_rounded_down_to_one_at_least() {
        let left =
            |seconds| minutes_left(Timestamp::EPOCH, Timestamp::EPOCH.plus(Duration::from_secs(seconds)));

        assert_eq!([left(600), left(570), left(120), left(119), left(59), left(0)], [10, 9, 2, 1, 1, 1]);
    }
}
