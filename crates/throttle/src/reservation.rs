//! What several callers are about to do at once, and only one of them will.
//!
//! Repeats of one request race for one message. If each reserved for itself, the first few would empty a small budget
//! and the others would be refused for something that costs nothing more. So a reservation has a name, and who comes
//! while it is held joins it. It is spent once; when the last holder lets go and nobody did the thing, it is given
//! back. Nobody does it without holding, so what is given back was not needed by anybody.
//!
//! A holder that vanishes leaves its reservation spent, and joinable for [`KEPT_FOR`]. `lua/reserve.lua` and
//! `lua/settle.lua` are the same in Redis; the contract tests hold the two together.

use std::collections::HashMap;
use std::time::Duration;

/// How long a reservation waits for its holders: far above what any call may take.
pub(crate) const KEPT_FOR: Duration = Duration::from_secs(60);

const KEPT_FOR_MICROS: i64 = 60_000_000;

/// Budget, window and name of the thing.
pub(crate) type Name = (String, i64, String);

/// A reservation in one budget. Times are microseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    holders: u64,
    happened: bool,
    spent_at: i64,
    until: i64,
}

/// The reservations of a process, a bounded number of them.
#[derive(Debug)]
pub(crate) struct Reservations {
    held: HashMap<Name, Held>,
    capacity: usize,
}

impl Reservations {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { held: HashMap::new(), capacity }
    }

    /// Whether somebody holds it.
    pub(crate) fn is_held(&self, name: &Name, now: i64) -> bool {
        self.held.get(name).is_some_and(|held| held.until > now)
    }

    /// Joins it, or holds it first. Beyond its capacity nothing is noted: what was spent then stays spent, which
    /// counts too much.
    pub(crate) fn hold(&mut self, name: Name, now: i64) {
        let until = now.saturating_add(KEPT_FOR_MICROS);
        if let Some(held) = self.held.get_mut(&name).filter(|held| held.until > now) {
            held.holders = held.holders.saturating_add(1);
            held.until = until;
            return;
        }
        if self.held.len() >= self.capacity {
            self.held.retain(|_, held| held.until > now);
        }
        if self.held.len() < self.capacity {
            self.held.insert(name, Held { holders: 1, happened: false, spent_at: now, until });
        }
    }

    /// Lets go of it. When it was spent, if that is now to be given back.
    pub(crate) fn let_go(&mut self, name: &Name, happened: bool, now: i64) -> Option<i64> {
        let held = self.held.get_mut(name).filter(|held| held.until > now)?;
        held.happened |= happened;
        held.holders = held.holders.saturating_sub(1);
        if held.holders > 0 {
            return None;
        }
        let gone = self.held.remove(name)?;
        (!gone.happened).then_some(gone.spent_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(thing: &str) -> Name {
        ("budget".to_owned(), 1, thing.to_owned())
    }

    #[test]
    fn only_the_last_holder_of_what_never_happened_gives_back() {
        let mut reservations = Reservations::new(10);
        for _ in 0..3 {
            reservations.hold(name("a"), 5);
            reservations.hold(name("b"), 6);
        }

        let a = [false, true, false].map(|happened| reservations.let_go(&name("a"), happened, 7));
        let b = [false, false, false].map(|happened| reservations.let_go(&name("b"), happened, 7));

        assert_eq!((a, b), ([None, None, None], [None, None, Some(6)]));
        assert!(!reservations.is_held(&name("b"), 7));
    }

    #[test]
    fn a_holder_that_vanished_is_forgotten_and_gives_nothing_back() {
        let mut reservations = Reservations::new(1);
        reservations.hold(name("a"), 0);
        let end = KEPT_FOR_MICROS;

        let while_full = (reservations.hold(name("b"), 1), reservations.is_held(&name("b"), 1)).1;
        let late = reservations.let_go(&name("a"), false, end);
        reservations.hold(name("b"), end);

        assert_eq!((while_full, late), (false, None));
        assert!(reservations.is_held(&name("b"), end) && !reservations.is_held(&name("a"), end));
    }
}
