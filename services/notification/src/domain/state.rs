//! Where a message stands, and why its last try failed. The numbers are those of the contract and of the stores.

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum State {
    /// Waiting for its first or next try.
    Queued = 1,
    /// A worker holds it, until it no longer renews its lease.
    Sending = 2,
    /// A provider took it over; the payload is wiped.
    Delivered = 3,
    /// Handed to a provider whose answer was lost: it may have gone out, and if it was sent again, twice.
    Unknown = 4,
    /// Its `not_after` passed first; the payload is wiped.
    Expired = 5,
    /// Withdrawn; the payload is wiped.
    Cancelled = 6,
    /// Refused for good, or out of tries; the payload stays for replay until `not_after`.
    Dead = 7,
}

impl State {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Queued,
        Self::Sending,
        Self::Delivered,
        Self::Unknown,
        Self::Expired,
        Self::Cancelled,
        Self::Dead,
    ];

    /// The number in the stores.
    pub(crate) const fn number(self) -> i16 {
        self as i16
    }

    /// Reads that number.
    pub(crate) fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }
}

/// Why a try failed; it decides what happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum FailureClass {
    /// The address does not exist or refuses us for good.
    Address = 1,
    /// The provider is down, refuses our credentials or cannot be reached.
    Provider = 2,
    /// A passing condition such as greylisting or a full mailbox.
    Transient = 3,
    /// The message itself was refused.
    Content = 4,
    /// The answer was lost after the message had been handed over.
    AnswerLost = 5,
}

impl FailureClass {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::Address, Self::Provider, Self::Transient, Self::Content, Self::AnswerLost];

    /// The number in the stores.
    pub(crate) const fn number(self) -> i16 {
        self as i16
    }

    /// Reads that number.
    pub(crate) fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.number() == number)
    }

    /// The word in logs and metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Provider => "provider",
            Self::Transient => "transient",
            Self::Content => "content",
            Self::AnswerLost => "answer_lost",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_and_classes_read_back_their_numbers() {
        assert!(State::ALL.into_iter().all(|state| State::from_number(state.number()) == Some(state)));
        assert!(
            FailureClass::ALL.into_iter().all(|one| FailureClass::from_number(one.number()) == Some(one))
        );
        assert_eq!(State::from_number(0), None);
    }
}
