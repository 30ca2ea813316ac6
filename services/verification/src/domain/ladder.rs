//! The resend ladder: growing waits between the messages of a verification, and a last message.

use std::num::NonZeroU32;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;

/// The waits between the messages of one verification, and how many there may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ladder {
    waits: Vec<Duration>,
    sends: u32,
}

/// Waits after the first, second, … message: at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waits(Vec<Duration>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the resend ladder needs at least one wait and one message")]
pub struct InvalidLadder;

impl Waits {
    pub(crate) fn new(waits: Vec<Duration>) -> Result<Self, InvalidLadder> {
        if waits.is_empty() { Err(InvalidLadder) } else { Ok(Self(waits)) }
    }

    /// How long after the first message the last of `sends` is due. Where that is not said, every wait is taken once.
    pub(crate) fn total(&self, sends: Option<NonZeroU32>) -> Duration {
        let Self(waits) = self;
        let taken = sends.map_or(waits.len(), |sends| sends.get() as usize - 1);
        let last = waits.last().copied().unwrap_or_default();
        waits.iter().copied().chain(std::iter::repeat(last)).take(taken).sum()
    }
}

impl Ladder {
    /// `waits` after the first, second, … message; the last one repeats. `sends` counts the first message too.
    pub(crate) fn new(waits: Vec<Duration>, sends: u32) -> Result<Self, InvalidLadder> {
        if waits.is_empty() || sends == 0 { Err(InvalidLadder) } else { Ok(Self { waits, sends }) }
    }

    /// The same ladder with other waits.
    pub(crate) fn with_waits(self, Waits(waits): Waits) -> Self {
        Self { waits, ..self }
    }

    /// The same ladder with another number of messages.
    pub(crate) fn with_sends(self, sends: NonZeroU32) -> Self {
        Self { sends: sends.get(), ..self }
    }

    /// How many messages a verification may send, the first one included.
    pub(crate) fn sends(&self) -> u32 {
        self.sends
    }

    /// The waits after each message but the last.
    pub(crate) fn waits(&self) -> Vec<Duration> {
        (1..self.sends).map(|sent| self.wait(sent)).collect()
    }

    /// When the message after number `sent` (from 1) may go, if that one went at `at`; none after the last.
    pub(crate) fn next(&self, sent: u32, at: Timestamp) -> Option<Timestamp> {
        if sent >= self.sends {
            return None;
        }
        Some(at.plus(self.wait(sent)))
    }

    fn wait(&self, sent: u32) -> Duration {
        let rung = (sent.max(1) as usize - 1).min(self.waits.len() - 1);
        self.waits[rung]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder(sends: u32) -> Ladder {
        Ladder::new([30, 60, 120, 240].map(Duration::from_secs).to_vec(), sends).unwrap()
    }

    #[test]
    fn waits_grow_and_end_with_the_last_message() {
        let waits: Vec<_> = (1..=5)
            .map(|sent| ladder(5).next(sent, Timestamp::EPOCH).map(|next| next.unix_seconds()))
            .collect();

        assert_eq!(waits, [Some(30), Some(60), Some(120), Some(240), None]);
    }

    #[test]
    fn the_last_wait_repeats_where_more_messages_are_allowed() {
        assert_eq!(ladder(9).next(7, Timestamp::EPOCH).unwrap().unix_seconds(), 240);
    }

    #[test]
    fn there_is_a_wait_after_every_message_but_the_last() {
        let seconds = |sends| ladder(sends).waits().iter().map(Duration::as_secs).collect::<Vec<_>>();

        assert_eq!(seconds(6), [30, 60, 120, 240, 240]);
        assert_eq!(seconds(3), [30, 60]);
        assert_eq!(seconds(1), [0; 0]);
    }

    #[test]
    fn the_last_message_is_due_after_all_waits_before_it() {
        let waits = Waits::new([30, 60].map(Duration::from_secs).to_vec()).unwrap();
        let total = |sends| waits.total(NonZeroU32::new(sends)).as_secs();

        assert_eq!([1, 2, 3, 5].map(total), [0, 30, 90, 210]);
        assert_eq!(waits.total(None).as_secs(), 90);
    }

    #[test]
    fn an_empty_ladder_is_refused() {
        assert_eq!(Ladder::new(vec![], 5), Err(InvalidLadder));
        assert_eq!(Ladder::new(vec![Duration::from_secs(1)], 0), Err(InvalidLadder));
    }
}
