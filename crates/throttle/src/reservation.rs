//! Reservations that concurrent callers share, when only one of them will perform the operation.
//!
//! Repeats of one request race for one message. If each reserved for itself, the first few would empty a small budget
//! and the others would be refused for something that costs nothing more. So a reservation is named after its operation,
//! and callers that come while it is held join it. It costs one; when the last holder releases it and nobody performed
//! the operation, that is refunded. Nobody performs it without holding the reservation, so nobody needed what is
//! refunded.
//!
//! A holder that vanishes leaves the cost consumed, and the reservation joinable for [`LIFETIME`]. `lua/reserve.lua` and
//! `lua/settle.lua` are the same in Redis; the contract tests hold the two together.

use std::collections::HashMap;
use std::time::Duration;

use crate::SKEW;

/// How long a reservation waits for its holders: far above what any call may take.
pub(crate) const LIFETIME: Duration = Duration::from_secs(60);

const LIFETIME_MICROS: i64 = LIFETIME.as_micros() as i64;

/// Budget, window and name of the operation.
pub(crate) type Name = (String, i64, String);

/// A reservation in one budget. Times are microseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reservation {
    holders: u64,
    happened: bool,
    consumed_at: i64,
    until: i64,
}

impl Reservation {
    fn is_held(&self, now: i64) -> bool {
        self.until > now && self.until <= now + LIFETIME_MICROS + SKEW
    }
}

/// The reservations of a process, a bounded number of them.
#[derive(Debug)]
pub(crate) struct Reservations {
    held: HashMap<Name, Reservation>,
    capacity: usize,
}

impl Reservations {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { held: HashMap::new(), capacity }
    }

    /// Whether somebody holds it.
    pub(crate) fn is_held(&self, name: &Name, now: i64) -> bool {
        self.held.get(name).is_some_and(|held| held.is_held(now))
    }

    /// Joins the reservation, or makes it. Beyond the capacity nothing is recorded: what was consumed stays consumed,
    /// which counts too much.
    pub(crate) fn hold(&mut self, name: Name, now: i64) {
        let until = now.saturating_add(LIFETIME_MICROS);
        if let Some(held) = self.held.get_mut(&name).filter(|held| held.is_held(now)) {
            held.holders = held.holders.saturating_add(1);
            held.until = until;
            return;
        }
        if self.held.len() >= self.capacity {
            self.held.retain(|_, held| held.is_held(now));
        }
        if self.held.len() < self.capacity {
            self.held.insert(name, Reservation { holders: 1, happened: false, consumed_at: now, until });
        }
    }

    /// Releases it. Returns when the cost was consumed, if it is now to be refunded.
    pub(crate) fn release(&mut self, name: &Name, happened: bool, now: i64) -> Option<i64> {
        let held = self.held.get_mut(name).filter(|held| held.is_held(now))?;
        held.happened |= happened;
        held.holders = held.holders.saturating_sub(1);
        if held.holders > 0 {
            return None;
        }
        let gone = self.held.remove(name)?;
        (!gone.happened).then_some(gone.consumed_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(operation: &str) -> Name {
        ("budget".to_owned(), 1, operation.to_owned())
    }

    #[test]
    fn only_the_last_holder_of_what_never_happened_gives_back() {
        let mut reservations = Reservations::new(10);
        for _ in 0..3 {
            reservations.hold(name("a"), 5);
            reservations.hold(name("b"), 6);
        }

        let a = [false, true, false].map(|happened| reservations.release(&name("a"), happened, 7));
        let b = [false, false, false].map(|happened| reservations.release(&name("b"), happened, 7));

        assert_eq!((a, b), ([None, None, None], [None, None, Some(6)]));
        assert!(!reservations.is_held(&name("b"), 7));
    }

    #[test]
    fn a_holder_that_vanished_is_forgotten_and_gives_nothing_back() {
        let mut reservations = Reservations::new(1);
        reservations.hold(name("a"), 0);
        let end = LIFETIME_MICROS;

        let while_full = (reservations.hold(name("b"), 1), reservations.is_held(&name("b"), 1)).1;
        let late = reservations.release(&name("a"), false, end);
        reservations.hold(name("b"), end);

        assert_eq!((while_full, late), (false, None));
        assert!(reservations.is_held(&name("b"), end) && !reservations.is_held(&name("a"), end));
    }
}
