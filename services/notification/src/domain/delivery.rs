//! What becomes of a message after a try: the retry schedule by class of failure.
//!
//! Full jitter (Brooker, "Exponential Backoff And Jitter"): the wait is drawn evenly from zero to a ceiling that
//! doubles with every try, so that what failed together does not come back together. The ceiling never reaches past
//! `not_after`: queue, retries and the provider's validity follow that one clock.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;

use super::state::{FailureClass, State};
use super::suppression::Reason;

/// How a try ended, as the store keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// A provider took it over: wipe the payload, unless it could still fall back.
    Delivered,
    /// It may have gone out: nothing is tried again unless somebody asks for it.
    Unknown,
    /// Try again then.
    Retry { class: FailureClass, at: Timestamp },
    /// Nobody was asked: look again then. It was no try, so no wait grows by it.
    Postponed { at: Timestamp },
    /// The same because every provider is left alone: it leaves as soon as one of them works again.
    LeftAlone { at: Timestamp },
    /// Nothing will be tried again; the payload stays for replay until `not_after`.
    Dead { class: FailureClass },
    /// `not_after` passed before the message could go out: wipe the payload.
    Expired,
    /// Its address gets no such message any more, and nobody was asked: wipe the payload.
    Suppressed { reason: Reason },
}

impl Outcome {
    /// Where the message stands after it. `in_doubt` says that an earlier worker may have handed the message over
    /// and died before it could say so: then nobody knows whether it went out once, twice or not at all, and no end
    /// of a later try may claim to.
    pub(crate) const fn state(self, in_doubt: bool) -> State {
        match self {
            Self::Retry { .. } | Self::Postponed { .. } | Self::LeftAlone { .. } => State::Queued,
            Self::Unknown => State::Unknown,
            Self::Delivered | Self::Dead { .. } | Self::Expired | Self::Suppressed { .. } if in_doubt => {
                State::Unknown
            }
            Self::Delivered => State::Delivered,
            Self::Dead { .. } => State::Dead,
            Self::Expired => State::Expired,
            Self::Suppressed { .. } => State::Suppressed,
        }
    }

    /// Why the last try failed, where this says something new about it.
    pub(crate) const fn last_failure(self, in_doubt: bool) -> Option<FailureClass> {
        match self {
            Self::Retry { class, .. } | Self::Dead { class } => Some(class),
            Self::Unknown => Some(FailureClass::AnswerLost),
            Self::Delivered | Self::Expired | Self::Suppressed { .. } if in_doubt => {
                Some(FailureClass::AnswerLost)
            }
            Self::Delivered
            | Self::Expired
            | Self::Suppressed { .. }
            | Self::Postponed { .. }
            | Self::LeftAlone { .. } => None,
        }
    }

    /// Whether nobody needs the payload any more: it went out for sure, or may not go out any more. The store keeps that of a
    /// delivered message while a step of its fallbacks is left.
    pub(crate) const fn wipes(self) -> bool {
        matches!(self, Self::Delivered | Self::Expired | Self::Suppressed { .. })
    }

    /// Whether somebody was asked: only then does the claim count as a try.
    pub(crate) const fn is_try(self) -> bool {
        !matches!(self, Self::Postponed { .. } | Self::LeftAlone { .. } | Self::Suppressed { .. })
    }

    /// Whether it waits because providers were at fault or left alone, so that one that works again ends the wait.
    pub(crate) const fn waits_for_provider(self) -> bool {
        matches!(self, Self::Retry { class: FailureClass::Provider, .. } | Self::LeftAlone { .. })
    }

    /// When it is looked at again, where it is.
    pub(crate) const fn due_at(self) -> Option<Timestamp> {
        match self {
            Self::Retry { at, .. } | Self::Postponed { at } | Self::LeftAlone { at } => Some(at),
            Self::Delivered | Self::Unknown | Self::Dead { .. } | Self::Expired | Self::Suppressed { .. } => {
                None
            }
        }
    }

    /// The same, looked at no later than at `end`, if there is one.
    #[must_use]
    pub(crate) fn no_later_than(self, end: Option<Timestamp>) -> Self {
        let bounded = |at: Timestamp| end.map_or(at, |end| at.min(end));
        match self {
            Self::Retry { class, at } => Self::Retry { class, at: bounded(at) },
            Self::Postponed { at } => Self::Postponed { at: bounded(at) },
            Self::LeftAlone { at } => Self::LeftAlone { at: bounded(at) },
            over => over,
        }
    }
}

/// The waits of one class of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waits {
    /// The ceiling of the first wait.
    pub(crate) first: Duration,
    /// What the ceiling grows to.
    pub(crate) longest: Duration,
}

/// The retry policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retries {
    /// After a passing condition at the receiver.
    pub(crate) transient: Waits,
    /// After the provider was at fault.
    pub(crate) provider: Waits,
    /// No wait is shorter: a relay that says "later" is not asked again at once.
    pub(crate) shortest: Duration,
    /// After so many tries a message is dead, however much life is left.
    pub(crate) most_tries: u32,
}

/// A try that failed, as far as what follows depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FailedTry {
    pub(crate) class: FailureClass,
    /// Tries so far, this one included.
    pub(crate) tries: u32,
    pub(crate) not_after: Timestamp,
    /// How long the provider asked to be left alone, if it did.
    pub(crate) retry_after: Option<Duration>,
}

impl Retries {
    /// Decides what follows a failed try. `draw` gives an even number below its argument.
    pub(crate) fn after_failure(
        &self,
        failed: FailedTry,
        now: Timestamp,
        draw: impl FnOnce(u64) -> u64,
    ) -> Outcome {
        let FailedTry { class, tries, not_after, retry_after } = failed;
        let waits = match class {
            FailureClass::AnswerLost => return Outcome::Unknown,
            FailureClass::Address | FailureClass::Content | FailureClass::Refused => {
                return Outcome::Dead { class };
            }
            FailureClass::Transient => self.transient,
            FailureClass::Provider => self.provider,
        };
        if now.has_reached(not_after) {
            return Outcome::Expired;
        }
        if tries >= self.most_tries {
            return Outcome::Dead { class };
        }
        // What the provider asked for is heard as far as our own longest wait: nobody may stop us for a day.
        let asked = retry_after.unwrap_or_default().min(waits.longest);
        let wait = self.drawn(waits.ceiling(tries), not_after.since(now), draw).max(asked);
        Outcome::Retry { class, at: now.plus(wait) }
    }

    /// Decides when a message that nobody was asked to take is looked at again: soon after `until`, however often it
    /// was postponed before.
    pub(crate) fn postponed(
        &self,
        until: Timestamp,
        not_after: Timestamp,
        now: Timestamp,
        draw: impl FnOnce(u64) -> u64,
    ) -> Outcome {
        if now.has_reached(not_after) {
            return Outcome::Expired;
        }
        let from = until.max(now);
        Outcome::Postponed { at: from.plus(self.drawn(self.provider.first, not_after.since(from), draw)) }
    }

    /// The same for a message whose providers are all left alone until then.
    pub(crate) fn left_alone(
        &self,
        until: Timestamp,
        not_after: Timestamp,
        now: Timestamp,
        draw: impl FnOnce(u64) -> u64,
    ) -> Outcome {
        match self.postponed(until, not_after, now, draw) {
            Outcome::Postponed { at } => Outcome::LeftAlone { at },
            other => other,
        }
    }

    /// An even draw from the shortest wait to `ceiling`, or to the end of the `room`.
    fn drawn(&self, ceiling: Duration, room: Duration, draw: impl FnOnce(u64) -> u64) -> Duration {
        let spread = ceiling.min(room).saturating_sub(self.shortest).as_micros();
        let jitter = draw(u64::try_from(spread).unwrap_or(u64::MAX - 1).saturating_add(1));
        self.shortest.saturating_add(Duration::from_micros(jitter))
    }
}

impl Waits {
    fn ceiling(&self, tries: u32) -> Duration {
        let doublings = tries.saturating_sub(1).min(30);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: Retries = Retries {
        transient: Waits { first: Duration::from_secs(10), longest: Duration::from_secs(1_800) },
        provider: Waits { first: Duration::from_secs(4), longest: Duration::from_secs(300) },
        shortest: Duration::from_secs(1),
        most_tries: 20,
    };
    const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

    fn far() -> Timestamp {
        NOW.plus(Duration::from_secs(86_400))
    }

    fn failed(class: FailureClass, tries: u32, not_after: Timestamp) -> FailedTry {
        FailedTry { class, tries, not_after, retry_after: None }
    }

    fn latest(class: FailureClass, tries: u32, not_after: Timestamp) -> Outcome {
        POLICY.after_failure(failed(class, tries, not_after), NOW, |bound| bound - 1)
    }

    fn wait_of(outcome: Outcome) -> Duration {
        match outcome {
            Outcome::Retry { at, .. } => at.since(NOW),
            other => panic!("{other:?} is no retry"),
        }
    }

    #[test]
    fn what_was_refused_for_good_is_dead_at_once() {
        for class in [FailureClass::Address, FailureClass::Content, FailureClass::Refused] {
            assert_eq!(latest(class, 1, far()), Outcome::Dead { class });
        }
    }

    #[test]
    fn a_lost_answer_is_never_tried_again_by_itself() {
        assert_eq!(latest(FailureClass::AnswerLost, 1, far()), Outcome::Unknown);
        assert_eq!(latest(FailureClass::AnswerLost, 99, NOW), Outcome::Unknown);
    }

    #[test]
    fn the_ceiling_doubles_up_to_the_longest_wait_of_its_class() {
        let waits =
            [1, 2, 3, 19].map(|tries| wait_of(latest(FailureClass::Transient, tries, far())).as_secs());

        assert_eq!(waits, [10, 20, 40, 1_800]);
        assert_eq!(wait_of(latest(FailureClass::Provider, 19, far())).as_secs(), 300);
    }

    #[test]
    fn jitter_reaches_from_the_shortest_wait_to_the_ceiling() {
        let soonest = POLICY.after_failure(failed(FailureClass::Transient, 3, far()), NOW, |_| 0);

        assert_eq!(wait_of(soonest), POLICY.shortest);
        assert_eq!(wait_of(latest(FailureClass::Transient, 3, far())), Duration::from_secs(40));
    }

    #[test]
    fn no_wait_is_drawn_past_not_after() {
        let not_after = NOW.plus(Duration::from_secs(90));

        assert_eq!(wait_of(latest(FailureClass::Transient, 15, not_after)), Duration::from_secs(90));
        assert_eq!(latest(FailureClass::Transient, 1, NOW), Outcome::Expired);
    }

    #[test]
    fn what_the_provider_asks_for_is_heard_up_to_our_own_longest_wait() {
        let asking = |seconds| FailedTry {
            retry_after: Some(Duration::from_secs(seconds)),
            ..failed(FailureClass::Provider, 1, far())
        };
        let wait = |seconds| wait_of(POLICY.after_failure(asking(seconds), NOW, |_| 0)).as_secs();

        assert_eq!([wait(0), wait(120), wait(86_400)], [1, 120, 300]);
    }

    #[test]
    fn a_message_that_nobody_was_asked_to_take_is_looked_at_soon_after_somebody_may_be() {
        let until = NOW.plus(Duration::from_secs(15));
        let postponed = |until, not_after| POLICY.postponed(until, not_after, NOW, |bound| bound - 1);

        let at = NOW.plus(Duration::from_secs(15 + 4));
        assert_eq!(postponed(until, far()), Outcome::Postponed { at });
        assert_eq!(postponed(NOW, far()), Outcome::Postponed { at: NOW.plus(Duration::from_secs(4)) });
        assert_eq!(postponed(until, NOW), Outcome::Expired);
        assert!(!Outcome::Postponed { at }.is_try() && Outcome::Unknown.is_try());
    }

    #[test]
    fn what_may_have_gone_out_before_ends_as_unknown_however_it_ends() {
        let (class, reason) = (FailureClass::Address, Reason::HardBounce);
        let suppressed = Outcome::Suppressed { reason };
        let ends =
            [Outcome::Delivered, Outcome::Dead { class }, Outcome::Expired, Outcome::Unknown, suppressed];

        let states = ends.map(|end| (end.state(false), end.state(true)));
        let failures = ends.map(|end| end.last_failure(true));

        let unknown = State::Unknown;
        assert_eq!(
            states,
            [
                (State::Delivered, unknown),
                (State::Dead, unknown),
                (State::Expired, unknown),
                (unknown, unknown),
                (State::Suppressed, unknown)
            ]
        );
        let lost = Some(FailureClass::AnswerLost);
        assert_eq!(failures, [lost, Some(class), lost, lost, lost]);
        assert!(suppressed.wipes() && !suppressed.is_try());
        assert_eq!(Outcome::Retry { class, at: NOW }.state(true), State::Queued);
    }

    #[test]
    fn by_default_a_notice_lives_through_three_days_without_a_relay() {
        let settings = crate::config::for_tests();
        let retries = settings.delivery.retries();
        let not_after = NOW.plus(Duration::from_secs(settings.transactional.life_seconds));
        let (mut now, mut tries) = (NOW, 0);

        let end = loop {
            tries += 1;
            let failed = failed(FailureClass::Provider, tries, not_after);
            match retries.after_failure(failed, now, |bound| bound / 2) {
                Outcome::Retry { at, .. } => now = at,
                end => break end,
            }
        };

        assert_eq!(end, Outcome::Expired);
    }

    #[test]
    fn a_message_out_of_tries_is_dead() {
        let class = FailureClass::Provider;

        assert_eq!(latest(class, 20, far()), Outcome::Dead { class });
    }
}
