//! Whom to ask next, and what follows when nobody took a message.
//!
//! An answer means that a provider works. One that is at fault, or that refuses for good to carry this message, is a
//! reason to ask the next; what the recipient's own side said is not. A refusal is final when everybody refused, and
//! only then: while one was not asked or was at fault, it may still carry the message.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;

use super::state::FailureClass;

/// What the providers of a channel said to one message, asked one after another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Round {
    has_refusal: bool,
    has_fault: bool,
    retry_after: Option<Duration>,
    /// When the first of those that were left alone may be asked.
    left_alone_until: Option<Timestamp>,
    /// When the first of those whose rate is used up may be asked.
    no_token_until: Option<Timestamp>,
}

/// Who may be asked at once where a provider does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behind {
    /// Another one of the channel: this one has to answer soon.
    Another,
    /// Nobody: this one has the whole time for sending.
    Nobody,
}

/// What follows a round in which nobody took the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conclusion {
    /// The try failed with this class, and the provider may have asked to be left alone for so long.
    Failed { class: FailureClass, retry_after: Option<Duration> },
    /// Nobody was asked. `is_left_alone` says that every provider is left alone, so that one of them coming back ends the
    /// wait. Where a token is missing the wait is for that: messages let go before there is one would find none, again and again.
    NobodyAsked { until: Timestamp, is_left_alone: bool },
}

impl FailureClass {
    /// Whether the next provider may do better.
    pub(crate) const fn asks_next(self) -> bool {
        matches!(self, Self::Provider | Self::Refused)
    }

    /// Whether the provider is to blame, and not the message or the one it is for.
    pub(crate) const fn blames_provider(self) -> bool {
        matches!(self, Self::Provider | Self::AnswerLost)
    }
}

impl Round {
    /// A provider was asked and did not take it, in a way that lets the next one be asked.
    pub(crate) fn asked(&mut self, class: FailureClass, retry_after: Option<Duration>) {
        if class == FailureClass::Refused {
            self.has_refusal = true;
            return;
        }
        // The one that may be asked first decides.
        self.retry_after = match (self.has_fault, self.retry_after, retry_after) {
            (false, _, asked) => asked,
            (true, Some(one), Some(other)) => Some(one.min(other)),
            (true, _, _) => None,
        };
        self.has_fault = true;
    }

    /// A provider was left alone, until then at least.
    pub(crate) fn left_alone(&mut self, until: Timestamp) {
        self.left_alone_until = earliest(self.left_alone_until, Some(until));
    }

    /// A provider was given as much as it may be given; there is a token again then at the earliest.
    pub(crate) fn no_token(&mut self, until: Timestamp) {
        self.no_token_until = earliest(self.no_token_until, Some(until));
    }

    pub(crate) fn conclude(self) -> Conclusion {
        let retry_after = self.retry_after;
        match (self.has_fault, self.has_refusal, earliest(self.left_alone_until, self.no_token_until)) {
            (false, false, Some(until)) => {
                Conclusion::NobodyAsked { until, is_left_alone: self.no_token_until.is_none() }
            }
            (false, true, None) => Conclusion::Failed { class: FailureClass::Refused, retry_after },
            _ => Conclusion::Failed { class: FailureClass::Provider, retry_after },
        }
    }
}

fn earliest(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

    fn failed(class: FailureClass) -> Conclusion {
        Conclusion::Failed { class, retry_after: None }
    }

    fn round(classes: &[FailureClass], left_alone: &[u64]) -> Conclusion {
        let mut round = Round::default();
        classes.iter().for_each(|class| round.asked(*class, None));
        left_alone.iter().for_each(|seconds| round.left_alone(NOW.plus(Duration::from_secs(*seconds))));
        round.conclude()
    }

    #[test]
    fn a_refusal_is_final_when_all_refused_and_not_before() {
        use FailureClass::{Provider, Refused};

        assert_eq!(round(&[Refused], &[]), failed(Refused));
        assert_eq!(round(&[Refused, Refused], &[]), failed(Refused));
        assert_eq!(round(&[Refused, Provider], &[]), failed(Provider));
        assert_eq!(round(&[Refused], &[15]), failed(Provider));
    }

    #[test]
    fn where_nobody_was_asked_the_first_who_may_be_decides() {
        let until = NOW.plus(Duration::from_secs(5));

        assert_eq!(round(&[], &[15, 5, 9]), Conclusion::NobodyAsked { until, is_left_alone: true });
        assert_eq!(round(&[FailureClass::Provider], &[5]), failed(FailureClass::Provider));
        assert_eq!(round(&[], &[]), failed(FailureClass::Provider));
    }

    #[test]
    fn who_lacks_a_token_waits_for_that_and_for_no_provider() {
        let (token_at, back_at) = (NOW.plus(Duration::from_secs(1)), NOW.plus(Duration::from_secs(15)));
        let (mut without_token, mut refused) = (Round::default(), Round::default());
        without_token.no_token(token_at);
        let mut beside_a_dead_one = without_token;
        beside_a_dead_one.left_alone(back_at);
        refused.asked(FailureClass::Refused, None);
        refused.no_token(token_at);

        let waits = Conclusion::NobodyAsked { until: token_at, is_left_alone: false };
        assert_eq!([without_token, beside_a_dead_one].map(Round::conclude), [waits, waits]);
        assert_eq!(refused.conclude(), failed(FailureClass::Provider));
    }

    #[test]
    fn only_a_provider_at_fault_or_unwilling_is_a_reason_to_ask_the_next() {
        use FailureClass::{Address, AnswerLost, Content, Provider, Refused, Transient};

        assert!([Provider, Refused].iter().all(|class| class.asks_next()));
        assert!(![Address, Transient, Content, AnswerLost].iter().any(|class| class.asks_next()));
        assert!([Provider, AnswerLost].iter().all(|class| class.blames_provider()));
        assert!(![Address, Transient, Content, Refused].iter().any(|class| class.blames_provider()));
    }

    #[test]
    fn of_two_that_ask_to_be_left_alone_the_shorter_time_counts() {
        let of_both = |one: Option<u64>, other: Option<u64>| {
            let mut round = Round::default();
            round.asked(FailureClass::Provider, one.map(Duration::from_secs));
            round.asked(FailureClass::Provider, other.map(Duration::from_secs));
            round.conclude()
        };

        let class = FailureClass::Provider;
        let retry_after = Some(Duration::from_secs(20));
        assert_eq!(of_both(Some(60), Some(20)), Conclusion::Failed { class, retry_after });
        assert_eq!(of_both(Some(60), None), Conclusion::Failed { class, retry_after: None });
    }
}
