//! What a message needs besides the code: its destination, language and sender's name. Stored sealed beside the code,
//! because a resend names nothing but the verification.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Destination;
use rekey_primitives::locale::Locale;

/// Where the messages of a verification go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) destination: Destination,
    /// The reader's language; none means English.
    pub(crate) locale: Option<Locale>,
    /// The sender's name in messages; empty means the one from the settings.
    pub(crate) organisation: String,
    /// Whether the person was at a place that the caller knows as theirs: their messages have a share of their own.
    pub(crate) familiar: bool,
    /// Whether everything happens but the sending. It is sealed with the rest, so that nobody who reads the store can
    /// tell decoys from verifications.
    pub(crate) decoy: bool,
}

/// The minutes that a message promises: what is left of the code's life when it is sent, rounded down, so that the
/// code lives at least so long; at least 1, as no message says 0. Counted from when the message was counted and not
/// from when it is handed over, so that a repeated hand-over has the same text.
pub(crate) fn minutes_left(sent_at: Timestamp, expires_at: Timestamp) -> u64 {
    (expires_at.since(sent_at).as_secs() / 60).max(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn minutes_are_rounded_down_to_one_at_least() {
        let left =
            |seconds| minutes_left(Timestamp::EPOCH, Timestamp::EPOCH.plus(Duration::from_secs(seconds)));

        assert_eq!([left(600), left(570), left(120), left(119), left(59), left(0)], [10, 9, 2, 1, 1, 1]);
    }
}
