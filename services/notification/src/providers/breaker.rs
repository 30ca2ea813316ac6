//! A circuit breaker per provider and lane: after some faults in a row the provider is left alone for a while, then one
//! message probes it.
//!
//! ```text
//!            faults in a row                   pause over, one message probes
//! Closed ───────────────────────► Open ──────────────────────────────────────► HalfOpen
//!   ▲                             ▲  ▲                                          │    │
//!   │                             │  └───────────────── fault ──────────────────┘    │
//!   └──────── an answer ──────────┴──────────────────── an answer ───────────────────┘
//! ```
//!
//! Only the provider's own faults count. A refusal is an answer, and an answer means that it works. What failed on our
//! side is neither, and is not told to it. A probe that never ends is followed by another after a pause. A probe is a
//! message that did not fail before: one that can only fail would keep the breaker open for all others. Where nobody
//! brings a fresh one for a whole pause, an old one may probe. Lanes have breakers of their own, so that a mailing
//! never closes the way for codes.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rekey_primitives::clock::Timestamp;

#[derive(Debug)]
pub(crate) struct Breaker {
    policy: BreakerPolicy,
    state: Mutex<State>,
}

/// When a breaker opens and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BreakerPolicy {
    /// It opens after so many faults in a row. Zero: never.
    pub(crate) faults: u32,
    /// It stays open for so long,
    pub(crate) pause: Duration,
    /// or for as long as the provider asked to be left alone, as far as this.
    pub(crate) longest_pause: Duration,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed { faults_in_a_row: u32 },
    Open { since: Timestamp, pause: Duration },
    HalfOpen { since: Timestamp },
}

/// Whether a message may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    Admitted,
    /// Look again then, or soon after.
    LeftAlone {
        until: Timestamp,
    },
}

/// How a message would fare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outlook {
    Taken,
    Fault,
    LeftAlone { until: Timestamp },
}

impl Breaker {
    pub(crate) fn new(policy: BreakerPolicy) -> Self {
        Self { policy, state: Mutex::new(State::Closed { faults_in_a_row: 0 }) }
    }

    /// Whether a message may be tried; `is_fresh` says that it did not fail before. While open, one message per pause
    /// is let through to probe.
    pub(crate) fn admit(&self, is_fresh: bool, now: Timestamp) -> Admission {
        let mut state = self.lock();
        let (since, pause) = match *state {
            State::Closed { .. } => return Admission::Admitted,
            State::Open { since, pause } => (since, pause),
            State::HalfOpen { since } => (since, self.policy.pause),
        };
        let stale_pause = pause.saturating_add(self.policy.pause);
        if is_over(since, if is_fresh { pause } else { stale_pause }, now) {
            *state = State::HalfOpen { since: now };
            return Admission::Admitted;
        }
        let until = match *state {
            // The probe under way ends any moment.
            State::HalfOpen { .. } => now,
            _ if !is_over(since, pause, now) => since.plus(pause),
            _ => since.plus(stale_pause),
        };
        Admission::LeftAlone { until }
    }

    /// How a message would fare now, as far as it is known without sending one.
    pub(crate) fn outlook(&self, now: Timestamp) -> Outlook {
        match *self.lock() {
            State::Closed { faults_in_a_row: 0 } => Outlook::Taken,
            State::Open { since, pause } if !is_over(since, pause, now) => {
                Outlook::LeftAlone { until: since.plus(pause) }
            }
            State::HalfOpen { .. } => Outlook::LeftAlone { until: now },
            State::Closed { .. } | State::Open { .. } => Outlook::Fault,
        }
    }

    /// The provider answered. True when it had been left alone.
    pub(crate) fn worked(&self) -> bool {
        let mut state = self.lock();
        let was_closed = matches!(*state, State::Closed { .. });
        *state = State::Closed { faults_in_a_row: 0 };
        !was_closed
    }

    /// The provider was at fault, and may have asked to be left alone for so long. True when it is left alone from
    /// now on.
    pub(crate) fn failed(&self, now: Timestamp, retry_after: Option<Duration>) -> bool {
        let BreakerPolicy { faults, pause, longest_pause } = self.policy;
        let asked = retry_after.unwrap_or_default().min(longest_pause);
        let open = State::Open { since: now, pause: pause.max(asked) };
        let mut state = self.lock();
        match *state {
            State::Closed { faults_in_a_row } => {
                let faults_in_a_row = faults_in_a_row.saturating_add(1);
                let opens = faults > 0 && faults_in_a_row >= faults;
                *state = if opens { open } else { State::Closed { faults_in_a_row } };
                opens
            }
            State::HalfOpen { .. } => {
                *state = open;
                false
            }
            // It was under way when the breaker opened, and says nothing new.
            State::Open { .. } => false,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a pause has passed. A clock that was ahead and is set right does not make it longer.
fn is_over(since: Timestamp, pause: Duration, now: Timestamp) -> bool {
    !now.has_reached(since) || now.has_reached(since.plus(pause))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);
    const PAUSE: Duration = Duration::from_secs(15);
    const POLICY: BreakerPolicy =
        BreakerPolicy { faults: 3, pause: PAUSE, longest_pause: Duration::from_secs(300) };

    fn opened() -> Breaker {
        let breaker = Breaker::new(POLICY);
        let said = [NOW, NOW, NOW].map(|now| breaker.failed(now, None));
        assert_eq!(said, [false, false, true]);
        breaker
    }

    fn is_admitted(breaker: &Breaker, is_fresh: bool, now: Timestamp) -> bool {
        breaker.admit(is_fresh, now) == Admission::Admitted
    }

    #[test]
    fn faults_in_a_row_open_it() {
        let until = NOW.plus(PAUSE);

        assert_eq!(opened().admit(true, NOW), Admission::LeftAlone { until });
    }

    #[test]
    fn an_answer_between_faults_starts_the_count_anew() {
        let breaker = Breaker::new(BreakerPolicy { faults: 2, ..POLICY });

        breaker.failed(NOW, None);
        breaker.worked();
        breaker.failed(NOW, None);

        assert!(is_admitted(&breaker, true, NOW));
    }

    #[test]
    fn after_the_pause_one_message_tries_and_its_answer_closes_it() {
        let breaker = opened();
        let later = NOW.plus(PAUSE);

        let probes = [is_admitted(&breaker, true, later), is_admitted(&breaker, true, later)];

        assert_eq!(probes, [true, false]);
        assert_eq!(breaker.admit(true, later), Admission::LeftAlone { until: later });
        assert!(breaker.worked());
        assert!(is_admitted(&breaker, false, later));
    }

    #[test]
    fn a_failed_probe_keeps_it_open() {
        let breaker = opened();
        let later = NOW.plus(PAUSE);

        is_admitted(&breaker, true, later);
        breaker.failed(later, None);

        assert!(!is_admitted(&breaker, true, later.plus(PAUSE / 2)));
        assert!(is_admitted(&breaker, true, later.plus(PAUSE)));
    }

    #[test]
    fn a_message_that_failed_before_probes_only_where_no_fresh_one_came() {
        let breaker = opened();
        let later = NOW.plus(PAUSE);

        let at_once = breaker.admit(false, later);
        let fresh = is_admitted(&opened(), true, later);
        let after_another_pause = is_admitted(&breaker, false, later.plus(PAUSE));

        assert_eq!(at_once, Admission::LeftAlone { until: NOW.plus(2 * PAUSE) });
        assert!(fresh && after_another_pause);
    }

    #[test]
    fn a_provider_that_asks_to_be_left_alone_is_for_a_while() {
        let asking = |seconds| {
            let breaker = Breaker::new(BreakerPolicy { faults: 1, ..POLICY });
            breaker.failed(NOW, Some(Duration::from_secs(seconds)));
            breaker.admit(true, NOW)
        };

        let until = |seconds| Admission::LeftAlone { until: NOW.plus(Duration::from_secs(seconds)) };
        assert_eq!([asking(1), asking(60), asking(86_400)], [until(15), until(60), until(300)]);
    }

    #[test]
    fn what_was_under_way_when_it_opened_does_not_keep_it_open() {
        let breaker = opened();

        breaker.failed(NOW.plus(PAUSE / 2), None);

        assert!(is_admitted(&breaker, true, NOW.plus(PAUSE)));
    }

    #[test]
    fn the_outlook_is_what_was_heard_last() {
        let (fresh, open) = (Breaker::new(POLICY), opened());
        let (at_first, until) = (fresh.outlook(NOW), NOW.plus(PAUSE));
        fresh.failed(NOW, None);

        assert_eq!((at_first, fresh.outlook(NOW)), (Outlook::Taken, Outlook::Fault));
        assert_eq!(open.outlook(NOW), Outlook::LeftAlone { until });
        assert_eq!(open.outlook(until), Outlook::Fault);
        assert!(is_admitted(&open, true, until));
        assert_eq!(open.outlook(until), Outlook::LeftAlone { until });
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_lengthen_the_pause() {
        let day_before = NOW.minus(Duration::from_secs(86_400));

        assert!(is_admitted(&opened(), true, day_before));
    }
}
