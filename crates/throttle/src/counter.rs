//! A sliding-window log: what was consumed when, short enough to store for every key.
//!
//! Why a log: buckets per calendar hour allow twice the limit around a boundary, GCRA allows nearly twice the limit in its
//! first window, and two weighted buckets assume an even flow, which no attacker keeps to. The log is exact. It stays
//! short because costs within one sixteenth of the window share an entry, dated by the last of them, so an entry may
//! count a little longer than its window, and there are never more than seventeen.
//!
//! `lua/consume.lua` is the same in Redis; the contract tests hold the two together.

use std::time::Duration;

use crate::SKEW;

/// Entries per window.
const SLOTS: i64 = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    /// Microseconds since the epoch.
    at: i64,
    count: u64,
}

/// The log of one budget. Times are microseconds since the epoch and never run backwards in it: a caller whose clock is
/// behind consumes at the latest time known.
#[derive(Debug, Clone)]
pub(crate) struct Counter {
    window: i64,
    entries: Vec<Entry>,
}

impl Counter {
    pub(crate) fn new(window: i64) -> Self {
        Self { window, entries: Vec::new() }
    }

    /// Drops what has left the window, and what was written by a clock that was ahead.
    pub(crate) fn expire(&mut self, now: i64) {
        self.entries.retain(|entry| entry.at + self.window > now && entry.at <= now + SKEW);
    }

    /// How long until `cost` fits under `limit`; none if it does now. After [`Self::expire`].
    pub(crate) fn retry_after(&self, limit: u64, cost: u64, now: i64) -> Option<Duration> {
        let consumed = self.entries.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.count));
        let mut over = consumed.saturating_add(cost).checked_sub(limit).filter(|&over| over > 0)?;
        for entry in &self.entries {
            over = over.saturating_sub(entry.count);
            if over == 0 {
                return Some(duration(entry.at + self.window - now));
            }
        }
        Some(duration(self.window))
    }

    /// Adds a cost.
    pub(crate) fn add(&mut self, cost: u64, now: i64) {
        let slot = |at: i64| i128::from(at) * i128::from(SLOTS) / i128::from(self.window);
        match self.entries.last_mut() {
            _ if cost == 0 => {}
            Some(last) if last.at >= now || slot(last.at) == slot(now) => {
                last.at = last.at.max(now);
                last.count = last.count.saturating_add(cost);
            }
            _ => self.entries.push(Entry { at: now, count: cost }),
        }
    }

    /// Undoes a cost of that instant; tells whether there was one. Its entry is the first that is not older, since a
    /// shared entry only grows younger.
    pub(crate) fn refund(&mut self, cost: u64, consumed_at: i64) -> bool {
        let Some(index) = self.entries.iter().position(|entry| entry.at >= consumed_at) else {
            return false;
        };
        let entry = &mut self.entries[index];
        entry.count = entry.count.saturating_sub(cost);
        if entry.count == 0 {
            self.entries.remove(index);
        }
        true
    }

    /// The instant at which nothing in it counts any more.
    pub(crate) fn expires_at(&self) -> i64 {
        self.entries.last().map_or(i64::MIN, |last| last.at + self.window)
    }
}

fn duration(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: i64 = 1_600;

    /// Consumes one where it fits; the times at which it did.
    fn admitted(limit: u64, times: impl IntoIterator<Item = i64>) -> Vec<i64> {
        let mut counter = Counter::new(WINDOW);
        let mut passed = Vec::new();
        for now in times {
            counter.expire(now);
            if counter.retry_after(limit, 1, now).is_none() {
                counter.add(1, now);
                passed.push(now);
            }
            assert!(counter.entries.len() <= 17, "{} entries", counter.entries.len());
        }
        passed
    }

    #[test]
    fn no_stretch_as_long_as_the_window_holds_more_than_the_limit() {
        for step in [1, 7, 99, 100, 101, 333] {
            let passed = admitted(20, (0..WINDOW * 5).step_by(step));

            let too_close = passed.windows(21).find(|run| run[20] - run[0] < WINDOW);
            assert_eq!(too_close, None, "step {step}");
        }
    }

    #[test]
    fn a_steady_flow_loses_at_most_a_sixteenth() {
        let passed = admitted(100, 0..WINDOW * 10);

        assert!(passed.len() as i64 >= 100 * 10 * 16 / 17, "{}", passed.len());
    }

    #[test]
    fn costs_of_one_instant_come_back_exactly_a_window_later() {
        let mut counter = Counter::new(WINDOW);
        counter.add(3, 50);

        assert_eq!(counter.retry_after(3, 1, 51), Some(Duration::from_micros(1_599)));
        counter.expire(1_649);
        assert!(counter.retry_after(3, 1, 1_649).is_some());
        counter.expire(1_650);
        assert_eq!(counter.retry_after(3, 1, 1_650), None);
    }

    #[test]
    fn the_wait_ends_when_enough_of_the_oldest_has_left() {
        let mut counter = Counter::new(WINDOW);
        counter.add(1, 0);
        counter.add(1, 500);
        counter.add(1, 1_000);

        assert_eq!(counter.retry_after(3, 1, 1_000), Some(Duration::from_micros(600)));
        assert_eq!(counter.retry_after(3, 2, 1_000), Some(Duration::from_micros(1_100)));
        assert_eq!(counter.retry_after(3, 4, 1_000), Some(Duration::from_micros(1_600)));
        assert_eq!(counter.retry_after(4, 1, 1_000), None);
    }

    #[test]
    fn what_is_refunded_is_what_was_consumed_then() {
        let mut counter = Counter::new(WINDOW);
        counter.add(1, 0);
        counter.add(1, 500);
        counter.add(1, 1_000);

        assert!(counter.refund(1, 500));
        assert!(!counter.refund(1, 1_001));

        assert_eq!(counter.entries, [Entry { at: 0, count: 1 }, Entry { at: 1_000, count: 1 }]);
    }

    #[test]
    fn a_clock_that_is_behind_frees_nothing_early() {
        let mut counter = Counter::new(WINDOW);
        counter.add(1, 1_000);
        counter.add(1, 200);

        counter.expire(2_599);

        assert_eq!(counter.entries, [Entry { at: 1_000, count: 2 }]);
        assert_eq!(counter.expires_at(), 2_600);
    }
}
