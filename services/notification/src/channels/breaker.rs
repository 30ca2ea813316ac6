//! A circuit breaker per provider: after some faults in a row it is left alone for a while, then one message tries it.
//!
//! Only the provider's own faults count. A refused address is an answer, and an answer means that it works. What failed
//! on our side is neither, and is not told to it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rekey_primitives::clock::Timestamp;

/// The breaker.
#[derive(Debug)]
pub struct Breaker {
    faults: u32,
    pause: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    in_a_row: u32,
    closed_from: Option<Timestamp>,
}

impl Breaker {
    /// Opens after `faults` in a row, for `pause`. Zero faults: never.
    pub fn new(faults: u32, pause: Duration) -> Self {
        Self { faults, pause, state: Mutex::default() }
    }

    /// Whether a message may be tried. While open, one message per pause is let through to find out.
    pub fn may_try(&self, now: Timestamp) -> bool {
        let mut state = self.lock();
        match state.closed_from {
            None => true,
            Some(from) if now.has_reached(from) => {
                state.closed_from = Some(now.plus(self.pause));
                true
            }
            Some(_) => false,
        }
    }

    /// The provider answered. True when it had been left alone.
    pub fn worked(&self) -> bool {
        let mut state = self.lock();
        state.in_a_row = 0;
        state.closed_from.take().is_some()
    }

    /// The provider was at fault. True when it is left alone from now on.
    pub fn failed(&self, now: Timestamp) -> bool {
        let mut state = self.lock();
        state.in_a_row = state.in_a_row.saturating_add(1);
        if self.faults == 0 || state.in_a_row < self.faults {
            return false;
        }
        let was_closed = state.closed_from.is_none();
        state.closed_from = Some(now.plus(self.pause));
        was_closed
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
