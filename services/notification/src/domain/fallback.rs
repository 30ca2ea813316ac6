//! Where a message goes when its channel does not carry it: steps to other channels, each with its time.
//!
//! ```text
//! first channel ── nobody took it in time, or it ended there for good ──► the next one ──► … ──► the last: it ends there
//! ```
//!
//! A step is taken where the message would have ended, or waited on, and by nobody but the worker that holds it. Whoever else
//! learns that a channel failed (a receipt that says so) makes the message due with its step, and a worker does the rest.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;

use super::delivery::Outcome;
use super::delivery_event::DeliveryEvent;
use super::destination::{Channel, Destination};
use super::state::FailureClass;
use super::template::TemplateName;

/// The least that a channel is given: by then its first provider had a chance.
pub(crate) const SHORTEST_AFTER: Duration = Duration::from_secs(10);
/// A step may not come so late that nobody waits any more.
const AFTER: std::ops::RangeInclusive<Duration> = SHORTEST_AFTER..=Duration::from_secs(600);

/// A step to another channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fallback {
    pub(crate) destination: Destination,
    /// How long after it came to the destination before.
    pub(crate) after: Duration,
    /// What is told when it is taken over there, if anything is.
    pub(crate) delivery_event: Option<DeliveryEvent>,
}

/// The steps of a message, in their order: at most [`Fallbacks::MOST`], each to another channel than the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fallbacks(Vec<Fallback>);

/// Why steps are none of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InvalidFallbacks {
    /// There are more than [`Fallbacks::MOST`].
    Count,
    /// The template's messages stay on their channel.
    Template,
    /// The one at this place goes to the channel that failed before it.
    SameChannel(usize),
    /// The one at this place goes to an endpoint, which shows people nothing.
    Webhook(usize),
    /// The one at this place comes too soon or too late.
    After(usize),
}

/// Why a message takes its next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// No provider took it within the time of the step.
    TimeOver,
    /// It ended for good where it is.
    Ended(FailureClass),
    /// Its address there gets no such message any more.
    Suppressed,
}

impl Reason {
    /// The word in logs.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::TimeOver => "time_over",
            Self::Ended(class) => class.as_str(),
            Self::Suppressed => "suppressed",
        }
    }

    /// The failure that it leaves in the journey, where it is one.
    pub(crate) const fn last_failure(self) -> Option<FailureClass> {
        match self {
            Self::TimeOver | Self::Suppressed => None,
            Self::Ended(class) => Some(class),
        }
    }
}

/// A step about to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step<'a> {
    /// Where the message goes.
    pub(crate) destination: &'a Destination,
    /// When it takes the one after it; none where this is the last.
    pub(crate) next_at: Option<Timestamp>,
}

impl Fallbacks {
    /// The most steps of one message.
    pub(crate) const MOST: usize = 3;

    /// The steps of a message of this template whose first destination is that one.
    pub(crate) fn new(
        template: TemplateName,
        first: &Destination,
        steps: Vec<Fallback>,
    ) -> Result<Self, InvalidFallbacks> {
        if steps.len() > Self::MOST {
            return Err(InvalidFallbacks::Count);
        }
        if !steps.is_empty() && !may_leave_its_channel(template) {
            return Err(InvalidFallbacks::Template);
        }
        let mut channel = first.channel();
        for (place, step) in steps.iter().enumerate() {
            if step.destination.channel() == channel {
                return Err(InvalidFallbacks::SameChannel(place));
            }
            if step.destination.channel() == Channel::Webhook {
                return Err(InvalidFallbacks::Webhook(place));
            }
            if !AFTER.contains(&step.after) {
                return Err(InvalidFallbacks::After(place));
            }
            channel = step.destination.channel();
        }
        Ok(Self(steps))
    }

    /// Takes steps that were checked when they came in, as from a payload.
    pub(crate) fn trusted(steps: Vec<Fallback>) -> Self {
        Self(steps)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Fallback> + Clone {
        self.0.iter()
    }

    /// The step by which a message is where it is after so many; none where that is its first destination.
    pub(crate) fn last_taken(&self, used: usize) -> Option<&Fallback> {
        self.0.get(used.checked_sub(1)?)
    }

    /// When a message that came to its destination at `from`, after so many steps, takes the next one.
    pub(crate) fn due_at(&self, used: usize, from: Timestamp) -> Option<Timestamp> {
        self.0.get(used).map(|step| from.plus(step.after))
    }

    /// The step after so many, taken now.
    pub(crate) fn step(&self, used: usize, now: Timestamp) -> Option<Step<'_>> {
        let step = self.0.get(used)?;
        Some(Step { destination: &step.destination, next_at: self.due_at(used + 1, now) })
    }
}

/// Whether messages of a template may go to another channel. What resets a password stays where its owner chose to have it.
const fn may_leave_its_channel(template: TemplateName) -> bool {
    !matches!(template, TemplateName::PasswordResetCode | TemplateName::PasswordResetLink)
}

/// Whether a message that would end, or wait, like this takes its next step instead, due at `fallback_at`; none where there is
/// no step, or where it is not time yet. What this try may have sent stays where it is, and what has expired expires.
pub(crate) fn advance(outcome: Outcome, fallback_at: Option<Timestamp>, now: Timestamp) -> Option<Reason> {
    let due_at = fallback_at?;
    match outcome {
        Outcome::Dead { class } => Some(Reason::Ended(class)),
        Outcome::Suppressed { .. } => Some(Reason::Suppressed),
        Outcome::Retry { .. } | Outcome::Postponed { .. } | Outcome::LeftAlone { .. } => {
            now.has_reached(due_at).then_some(Reason::TimeOver)
        }
        Outcome::Delivered | Outcome::Unknown | Outcome::Expired => None,
    }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::domain::suppression;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);
    const CODE: TemplateName = TemplateName::SignInCode;

    fn mail() -> Destination {
        Destination::parse(Channel::Email, "anna@example.com").unwrap()
    }

    fn phone() -> Destination {
        Destination::parse(Channel::Sms, "+4915112345642").unwrap()
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn to(destination: Destination, after: u64) -> Fallback {
        Fallback { destination, after: seconds(after), delivery_event: None }
    }

    #[test]
    fn steps_are_at_most_three_and_each_to_another_channel() {
        let made = |steps| Fallbacks::new(CODE, &mail(), steps).map(|made| made.iter().count());

        assert_eq!(made(vec![to(phone(), 10), to(mail(), 600), to(phone(), 30)]), Ok(3));
        let four = vec![to(phone(), 10), to(mail(), 10), to(phone(), 10), to(mail(), 10)];
        assert_eq!(made(four), Err(InvalidFallbacks::Count));
        assert_eq!(made(vec![to(mail(), 10)]), Err(InvalidFallbacks::SameChannel(0)));
        assert_eq!(made(vec![to(phone(), 10), to(phone(), 10)]), Err(InvalidFallbacks::SameChannel(1)));
        assert_eq!(made(vec![to(phone(), 9)]), Err(InvalidFallbacks::After(0)));
        assert_eq!(made(vec![to(phone(), 10), to(mail(), 601)]), Err(InvalidFallbacks::After(1)));
    }

    #[test]
    fn what_resets_a_password_never_leaves_its_channel() {
        for template in [TemplateName::PasswordResetCode, TemplateName::PasswordResetLink] {
            let refused = Fallbacks::new(template, &mail(), vec![to(phone(), 10)]);

            assert_eq!(refused, Err(InvalidFallbacks::Template));
            assert_eq!(Fallbacks::new(template, &mail(), Vec::new()), Ok(Fallbacks::default()));
        }
    }

    #[test]
    fn a_step_names_its_destination_and_the_time_of_the_next() {
        let steps = Fallbacks::new(CODE, &mail(), vec![to(phone(), 30), to(mail(), 60)]).unwrap();

        let first = steps.step(0, NOW).unwrap();
        let last = steps.step(1, NOW).unwrap();

        assert_eq!((first.destination, first.next_at), (&phone(), Some(NOW.plus(seconds(60)))));
        assert_eq!((last.destination, last.next_at), (&mail(), None));
        assert_eq!(steps.step(2, NOW), None);
        assert_eq!((steps.due_at(0, NOW), steps.due_at(2, NOW)), (Some(NOW.plus(seconds(30))), None));
        assert_eq!((steps.last_taken(0), steps.last_taken(1)), (None, Some(&to(phone(), 30))));
    }

    #[test]
    fn a_message_moves_when_it_ends_for_good_or_its_time_is_over_and_never_when_it_may_have_gone_out() {
        let (early, due) = (NOW.minus(seconds(1)), Some(NOW));
        let retry = Outcome::Retry { class: FailureClass::Transient, at: NOW.plus(seconds(9)) };
        let waiting = [retry, Outcome::Postponed { at: NOW }, Outcome::LeftAlone { at: NOW }];
        let dead = Outcome::Dead { class: FailureClass::Refused };

        assert_eq!(advance(dead, due, early), Some(Reason::Ended(FailureClass::Refused)));
        assert!(waiting.iter().all(|outcome| advance(*outcome, due, early).is_none()));
        assert!(waiting.iter().all(|outcome| advance(*outcome, due, NOW) == Some(Reason::TimeOver)));
        for over in [Outcome::Delivered, Outcome::Unknown, Outcome::Expired] {
            assert_eq!(advance(over, due, NOW), None);
        }
        assert_eq!((advance(dead, None, NOW), advance(retry, None, NOW)), (None, None));
    }

    #[test]
    fn a_message_whose_address_gets_none_moves_at_once_and_shows_no_failure() {
        let suppressed = Outcome::Suppressed { reason: suppression::Reason::HardBounce };
        let early = NOW.minus(seconds(1));

        assert_eq!(advance(suppressed, Some(NOW), early), Some(Reason::Suppressed));
        assert_eq!((advance(suppressed, None, early), Reason::Suppressed.last_failure()), (None, None));
    }
}
