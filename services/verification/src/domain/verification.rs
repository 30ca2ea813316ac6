//! One verification: what a store holds of it, where it stands, and what may be done with it now.
//!
//! Nothing here can tell the right code. The code is sealed, its tag is kept by the store and compared inside the
//! one step that counts the try.

use rekey_primitives::clock::Timestamp;
use rekey_primitives::contact::Channel;

use super::names::{CallerName, Purpose, Subject};
use super::scope::Generation;
use super::tag::Tag;

/// A verification as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verification {
    /// What was asked for, as a keyed digest: the same id with other content is refused.
    pub(crate) content: Tag,
    /// What it is for.
    pub(crate) purpose: Purpose,
    /// Whom it is about.
    pub(crate) subject: Subject,
    /// How its code travels.
    pub(crate) channel: Channel,
    /// Who may redeem its grant.
    pub(crate) audience: CallerName,
    /// A digest of what the grant is bound to.
    pub(crate) binding: [u8; 32],
    /// Whether failures are counted across verifications, because the caller keeps no count.
    pub(crate) counts_failures: bool,
    /// The run of the store that wrote the code.
    pub(crate) generation: Generation,
    /// When it was started.
    pub(crate) created_at: Timestamp,
    /// When the code dies.
    pub(crate) expires_at: Timestamp,
    /// How it ended, if somebody ended it.
    pub(crate) ending: Option<Ending>,
    /// Tries left. A resend never adds any.
    pub(crate) tries_left: u32,
    /// Messages charged so far.
    pub(crate) sends: u32,
    /// The last of them that notification is known to have.
    pub(crate) acknowledged: u32,
    /// When the last one was charged.
    pub(crate) sent_at: Timestamp,
    /// When the next one may go; none after the last.
    pub(crate) next_send_at: Option<Timestamp>,
    /// Where messages go, sealed.
    pub(crate) sealed_route: Vec<u8>,
}

/// When a code dies and when the next message may go: the answer to starts and resends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    /// When the code dies.
    pub(crate) expires_at: Timestamp,
    /// When the next message may go; none after the last.
    pub(crate) next_send_at: Option<Timestamp>,
}

/// How somebody ended a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The right code was given.
    Passed,
    /// Its caller cancelled it.
    Cancelled,
}

impl Ending {
    /// The word for it in stores.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads that word.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Passed, Self::Cancelled].into_iter().find(|ending| ending.as_str() == text)
    }
}

/// Where a verification stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// A code is live.
    Pending,
    /// The right code was given.
    Passed,
    /// All tries were spent on wrong codes.
    Exhausted,
    /// Its caller cancelled it.
    Cancelled,
    /// The code outlived its time.
    Expired,
}

impl State {
    /// Every state.
    pub(crate) const ALL: [Self; 5] =
        [Self::Pending, Self::Passed, Self::Exhausted, Self::Cancelled, Self::Expired];

    /// The word for it in stores and logs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Passed => "passed",
            Self::Exhausted => "exhausted",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// Reads that word.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

impl Verification {
    /// Where it stands. A code of an earlier run of the store counts as pending: it is dead, but a message may
    /// still bring a new one with the tries that are left.
    pub(crate) fn state(&self, now: Timestamp) -> State {
        match self.ending {
            Some(Ending::Passed) => State::Passed,
            Some(Ending::Cancelled) => State::Cancelled,
            None if self.tries_left == 0 => State::Exhausted,
            None if now.has_reached(self.expires_at) => State::Expired,
            None => State::Pending,
        }
    }

    /// Whether a code of it can be right, in this run of the store.
    pub(crate) fn is_live(&self, generation: &Generation, now: Timestamp) -> bool {
        self.state(now) == State::Pending && !self.is_void(generation)
    }

    /// Whether its code belongs to an earlier run of the store.
    pub(crate) fn is_void(&self, generation: &Generation) -> bool {
        self.generation != *generation
    }

    /// Whether the last message was charged and is not known to have been accepted: it may be handed over again,
    /// free of charge.
    pub(crate) fn owes_a_message(&self, generation: &Generation) -> bool {
        self.acknowledged < self.sends && !self.is_void(generation)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

    /// A verification that was started just now and whose message is on its way.
    pub(crate) fn fresh(now: Timestamp) -> Verification {
        Verification {
            content: Tag::new("k", &[1; 32]),
            purpose: Purpose::parse("sign_up").unwrap(),
            subject: Subject::parse("anna").unwrap(),
            channel: Channel::Email,
            audience: CallerName::parse("shop").unwrap(),
            binding: [2; 32],
            counts_failures: true,
            generation: Generation::new("one"),
            created_at: now,
            expires_at: now.plus(Duration::from_secs(600)),
            ending: None,
            tries_left: 5,
            sends: 1,
            acknowledged: 1,
            sent_at: now,
            next_send_at: Some(now.plus(Duration::from_secs(30))),
            sealed_route: vec![3],
        }
    }

    #[test]
    fn an_ending_outweighs_time_and_tries() {
        let ended = |ending| Verification { ending: Some(ending), tries_left: 0, ..fresh(NOW) };
        let later = NOW.plus(Duration::from_secs(3_600));

        assert_eq!(ended(Ending::Passed).state(later), State::Passed);
        assert_eq!(ended(Ending::Cancelled).state(later), State::Cancelled);
    }

    #[test]
    fn without_tries_it_is_exhausted_and_after_its_life_expired() {
        let verification = fresh(NOW);
        let last = NOW.plus(Duration::from_micros(599_999_999));

        assert_eq!(Verification { tries_left: 0, ..fresh(NOW) }.state(NOW), State::Exhausted);
        assert_eq!(verification.state(last), State::Pending);
        assert_eq!(verification.state(verification.expires_at), State::Expired);
    }

    #[test]
    fn a_code_of_another_run_of_the_store_is_void() {
        let verification = Verification { acknowledged: 0, ..fresh(NOW) };
        let (same, other) = (Generation::new("one"), Generation::new("two"));

        assert!(verification.is_live(&same, NOW) && verification.owes_a_message(&same));
        assert!(!verification.is_live(&other, NOW) && !verification.owes_a_message(&other));
    }

    #[test]
    fn words_read_back() {
        assert!(State::ALL.iter().all(|state| State::parse(state.as_str()) == Some(*state)));
        assert_eq!(Ending::parse("passed"), Some(Ending::Passed));
    }
}
