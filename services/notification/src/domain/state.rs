//! Where a message stands, and why its last try failed. The numbers are those of the contract and of the stores.

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::FromRepr, strum::VariantArray)]
#[repr(i16)]
pub(crate) enum State {
    /// Waiting for its first or next try.
    Queued = 1,
    /// A worker holds it, until it no longer renews its lease.
    Sending = 2,
    /// A provider took it over; the payload is wiped, or kept until `not_after` while it could still fall back.
    Delivered = 3,
    /// Handed to a provider whose answer was lost: it may have gone out, and if it was sent again, twice.
    Unknown = 4,
    /// Its `not_after` passed first; the payload is wiped.
    Expired = 5,
    /// Withdrawn; the payload is wiped.
    Cancelled = 6,
    /// Refused for good, or out of tries; the payload stays for replay until `not_after`.
    Dead = 7,
    /// Its address gets no such message any more; the payload is wiped.
    Suppressed = 8,
}

impl State {
    /// The number in the stores, which `from_repr` reads.
    pub(crate) const fn number(self) -> i16 {
        self as i16
    }
}

/// Why a try failed; it decides what happens next.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::FromRepr,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
#[repr(i16)]
pub(crate) enum FailureClass {
    /// The address does not exist or refuses us for good.
    Address = 1,
    /// The provider is down, refuses our credentials or our sender, or cannot be reached.
    Provider = 2,
    /// A passing condition such as greylisting or a full mailbox.
    Transient = 3,
    /// The message itself was refused.
    Content = 4,
    /// The answer was lost after the message had been handed over.
    AnswerLost = 5,
    /// The provider works, and refuses for good to carry this message to this recipient. Another one may do it.
    Refused = 6,
}

impl FailureClass {
    /// The number in the stores, which `from_repr` reads.
    pub(crate) const fn number(self) -> i16 {
        self as i16
    }

    /// The word in logs and metrics.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    #[test]
    fn states_and_classes_read_back_their_numbers() {
        assert!(State::VARIANTS.iter().all(|state| State::from_repr(state.number()) == Some(*state)));
        assert!(FailureClass::VARIANTS.iter().all(|one| FailureClass::from_repr(one.number()) == Some(*one)));
        assert_eq!(State::from_repr(0), None);
    }
}
