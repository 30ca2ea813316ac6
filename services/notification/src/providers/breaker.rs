//! A circuit breaker per provider: after some faults in a row it is left alone for a while, then one message probes it.
//!
//! ```text
//!            faults in a row                   pause over, one message probes
//! Closed ───────────────────────► Open ──────────────────────────────────────► HalfOpen
//!   ▲                             ▲  ▲                                          │    │
//!   │                             │  └───────────────── fault ──────────────────┘    │
//!   └──────── an answer ──────────┴──────────────────── an answer ───────────────────┘
//! ```
//!
//! Only the provider's own faults count. A refused address is an answer, and an answer means that it works. What failed
//! on our side is neither, and is not told to it. A probe that never ends is followed by another after a pause.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rekey_primitives::clock::Timestamp;

#[derive(Debug)]
pub(crate) struct Breaker {
    threshold: u32,
    pause: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed { faults_in_a_row: u32 },
    Open { probe_at: Timestamp },
    HalfOpen { probe_at: Timestamp },
}

impl Breaker {
    /// Opens after `threshold` faults in a row, for `pause`. Zero: never.
    pub(crate) fn new(threshold: u32, pause: Duration) -> Self {
        Self { threshold, pause, state: Mutex::new(State::Closed { faults_in_a_row: 0 }) }
    }

    /// Whether a message may be tried. While open, one message per pause is let through to probe.
    pub(crate) fn may_try(&self, now: Timestamp) -> bool {
        let mut state = self.lock();
        match *state {
            State::Closed { .. } => true,
            State::Open { probe_at } | State::HalfOpen { probe_at } if now.has_reached(probe_at) => {
                *state = State::HalfOpen { probe_at: now.plus(self.pause) };
                true
            }
            State::Open { .. } | State::HalfOpen { .. } => false,
        }
    }

    /// The provider answered. True when it had been left alone.
    pub(crate) fn worked(&self) -> bool {
        let mut state = self.lock();
        let was_closed = matches!(*state, State::Closed { .. });
        *state = State::Closed { faults_in_a_row: 0 };
        !was_closed
    }

    /// The provider was at fault. True when it is left alone from now on.
    pub(crate) fn failed(&self, now: Timestamp) -> bool {
        let mut state = self.lock();
        let open = State::Open { probe_at: now.plus(self.pause) };
        let State::Closed { faults_in_a_row } = *state else {
            *state = open;
            return false;
        };
        let faults_in_a_row = faults_in_a_row.saturating_add(1);
        let opens = self.threshold > 0 && faults_in_a_row >= self.threshold;
        *state = if opens { open } else { State::Closed { faults_in_a_row } };
        opens
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);
    const PAUSE: Duration = Duration::from_secs(15);

    fn opened() -> Breaker {
        let breaker = Breaker::new(3, PAUSE);
        let said = [NOW, NOW, NOW].map(|now| breaker.failed(now));
        assert_eq!(said, [false, false, true]);
        breaker
    }

    #[test]
    fn faults_in_a_row_open_it() {
        assert!(!opened().may_try(NOW));
    }

    #[test]
    fn an_answer_between_faults_starts_the_count_anew() {
        let breaker = Breaker::new(2, PAUSE);

        breaker.failed(NOW);
        breaker.worked();
        breaker.failed(NOW);

        assert!(breaker.may_try(NOW));
    }

    #[test]
    fn after_the_pause_one_message_tries_and_its_answer_closes_it() {
        let breaker = opened();
        let later = NOW.plus(PAUSE);

        assert_eq!([breaker.may_try(later), breaker.may_try(later)], [true, false]);
        assert!(breaker.worked());
        assert!(breaker.may_try(later));
    }

    #[test]
    fn a_failed_probe_keeps_it_open() {
        let breaker = opened();
        let later = NOW.plus(PAUSE);

        breaker.may_try(later);
        breaker.failed(later);

        assert!(!breaker.may_try(later.plus(PAUSE / 2)));
        assert!(breaker.may_try(later.plus(PAUSE)));
    }
}
