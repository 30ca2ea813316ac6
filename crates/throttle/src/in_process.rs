//! Budgets in this process's memory: for a suite in one process, and while Redis is away. A restart forgets them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;

use crate::bounded_map::{BoundedMap, Expiring, Slot};
use crate::counter::Counter;
use crate::reservation::{Name, Reservations};
use crate::{Budget, Failure, MAX_DISTINCT, Outcome, Reserving, SKEW, Throttle, micros};

/// A throttle in process. Its memory is bounded: keys beyond its capacity share counters, so they are refused earlier,
/// never later.
#[derive(Debug)]
pub struct InProcessThrottle(Mutex<State>);

#[derive(Debug)]
struct State {
    counters: BoundedMap<Counter>,
    members: BoundedMap<Members>,
    reservations: Reservations,
}

impl InProcessThrottle {
    /// A throttle with up to `capacity` keys for budgets and as many for distinct members. A key costs up to half a
    /// kilobyte.
    pub fn new(capacity: usize) -> Self {
        Self(Mutex::new(State {
            counters: BoundedMap::new(capacity),
            members: BoundedMap::new(capacity),
            reservations: Reservations::new(capacity),
        }))
    }

    /// See [`Throttle::consume`]; this one cannot fail.
    pub(crate) fn consume_now(&self, budgets: &[Budget], cost: u64, now: Timestamp) -> Outcome {
        let now = now.unix_micros();
        let counters = &mut self.lock().counters;
        let slots: Vec<Slot> =
            budgets.iter().map(|budget| counters.slot(&budget.key, micros(budget.window), now)).collect();
        for (index, (budget, slot)) in budgets.iter().zip(&slots).enumerate() {
            if let Some(retry_after) = retry_after(counters, slot, budget, cost, now) {
                return Outcome::Exhausted { index, retry_after };
            }
        }
        for (budget, slot) in budgets.iter().zip(slots) {
            counters.get_or_insert(slot, || Counter::new(micros(budget.window))).add(cost, now);
        }
        Outcome::Consumed
    }

    /// See [`Throttle::refund`]; tells whether anything was found to refund.
    pub(crate) fn refund_now(&self, budgets: &[Budget], cost: u64, consumed_at: Timestamp) -> bool {
        let consumed_at = consumed_at.unix_micros();
        let counters = &mut self.lock().counters;
        let mut found = false;
        for budget in budgets {
            let slot = counters.slot(&budget.key, micros(budget.window), consumed_at);
            found |= counters.get(&slot).is_some_and(|counter| counter.refund(cost, consumed_at));
        }
        found
    }

    pub(crate) fn count_distinct_now(
        &self,
        key: &str,
        member: &[u8],
        window: Duration,
        now: Timestamp,
    ) -> u64 {
        let (now, window) = (now.unix_micros(), micros(window));
        let members = &mut self.lock().members;
        let slot = members.slot(key, window, now);
        members.get_or_insert(slot, || Members { window, seen: HashMap::new() }).count(member, now)
    }

    pub(crate) fn distinct_now(&self, key: &str, window: Duration, now: Timestamp) -> u64 {
        let (now, window) = (now.unix_micros(), micros(window));
        let members = &mut self.lock().members;
        let slot = members.slot(key, window, now);
        members.get(&slot).map_or(0, |members| members.seen_lately(now))
    }

    fn reserve_now(&self, budgets: &[Budget], operation: &str, now: Timestamp) -> Outcome {
        let now = now.unix_micros();
        let State { counters, reservations, .. } = &mut *self.lock();
        let is_held = |budget: &Budget| reservations.is_held(&name(budget, operation), now);
        let slots: Vec<Option<Slot>> = budgets
            .iter()
            .map(|budget| (!is_held(budget)).then(|| counters.slot(&budget.key, micros(budget.window), now)))
            .collect();
        for (index, (budget, slot)) in budgets.iter().zip(&slots).enumerate() {
            let Some(slot) = slot else { continue };
            if let Some(retry_after) = retry_after(counters, slot, budget, 1, now) {
                return Outcome::Exhausted { index, retry_after };
            }
        }
        for (budget, slot) in budgets.iter().zip(slots) {
            if let Some(slot) = slot {
                counters.get_or_insert(slot, || Counter::new(micros(budget.window))).add(1, now);
            }
            reservations.hold(name(budget, operation), now);
        }
        Outcome::Consumed
    }

    fn settle_now(&self, budgets: &[Budget], operation: &str, happened: bool, now: Timestamp) {
        let now = now.unix_micros();
        let State { counters, reservations, .. } = &mut *self.lock();
        for budget in budgets {
            let Some(consumed_at) = reservations.release(&name(budget, operation), happened, now) else {
                continue;
            };
            let slot = counters.slot(&budget.key, micros(budget.window), now);
            if let Some(counter) = counters.get(&slot) {
                counter.refund(1, consumed_at);
            }
        }
    }

    /// A panic elsewhere leaves at worst a cost that is counted in part of the budgets, which counts too much.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name(budget: &Budget, operation: &str) -> Name {
    (budget.key.clone(), micros(budget.window), operation.to_owned())
}

fn retry_after(
    counters: &mut BoundedMap<Counter>,
    slot: &Slot,
    budget: &Budget,
    cost: u64,
    now: i64,
) -> Option<Duration> {
    match counters.get(slot) {
        Some(counter) => {
            counter.expire(now);
            counter.retry_after(budget.limit, cost, now)
        }
        None => Counter::new(micros(budget.window)).retry_after(budget.limit, cost, now),
    }
}

impl Expiring for Counter {
    fn expires_at(&self) -> i64 {
        Counter::expires_at(self)
    }
}

/// The distinct members under a key, with when each was seen last.
#[derive(Debug)]
struct Members {
    window: i64,
    seen: HashMap<Vec<u8>, i64>,
}

impl Members {
    fn seen_lately(&mut self, now: i64) -> u64 {
        self.seen.retain(|_, at| *at + self.window > now && *at <= now + SKEW);
        self.seen.len() as u64
    }

    fn count(&mut self, member: &[u8], now: i64) -> u64 {
        self.seen_lately(now);
        if let Some(at) = self.seen.get_mut(member) {
            *at = now.max(*at);
        } else if (self.seen.len() as u64) < MAX_DISTINCT {
            self.seen.insert(member.to_vec(), now);
        }
        self.seen.len() as u64
    }
}

impl Expiring for Members {
    fn expires_at(&self) -> i64 {
        self.seen.values().max().map_or(i64::MIN, |at| at + self.window)
    }
}

#[async_trait]
impl Throttle for InProcessThrottle {
    async fn consume(&self, budgets: &[Budget], cost: u64, now: Timestamp) -> Result<Outcome, Failure> {
        Ok(self.consume_now(budgets, cost, now))
    }

    async fn refund(&self, budgets: &[Budget], cost: u64, consumed_at: Timestamp) -> Result<(), Failure> {
        self.refund_now(budgets, cost, consumed_at);
        Ok(())
    }

    async fn count_distinct(
        &self,
        key: &str,
        member: &[u8],
        window: Duration,
        now: Timestamp,
    ) -> Result<u64, Failure> {
        Ok(self.count_distinct_now(key, member, window, now))
    }

    async fn distinct(&self, key: &str, window: Duration, now: Timestamp) -> Result<u64, Failure> {
        Ok(self.distinct_now(key, window, now))
    }
}

#[async_trait]
impl Reserving for InProcessThrottle {
    async fn reserve(&self, budgets: &[Budget], operation: &str, now: Timestamp) -> Result<Outcome, Failure> {
        Ok(self.reserve_now(budgets, operation, now))
    }

    async fn settle(
        &self,
        budgets: &[Budget],
        operation: &str,
        happened: bool,
        now: Timestamp,
    ) -> Result<(), Failure> {
        self.settle_now(budgets, operation, happened, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(key: &str) -> Budget {
        Budget { key: key.into(), limit: 2, window: Duration::from_secs(60) }
    }

    #[test]
    fn a_flood_of_new_keys_wipes_no_counter() {
        let throttle = InProcessThrottle::new(100);
        let now = Timestamp::from_unix_micros(1_000_000);
        let victim = [budget("victim")];
        assert_eq!(throttle.consume_now(&victim, 2, now), Outcome::Consumed);

        for number in 0..10_000 {
            let _ = throttle.consume_now(&[budget(&format!("flood {number}"))], 1, now);
        }

        assert!(matches!(throttle.consume_now(&victim, 1, now), Outcome::Exhausted { .. }));
    }

    #[test]
    fn when_full_new_keys_share_and_are_refused_earlier() {
        let throttle = InProcessThrottle::new(0);
        let now = Timestamp::from_unix_micros(1_000_000);

        let outcomes: Vec<_> =
            (0..1_000).map(|number| throttle.consume_now(&[budget(&number.to_string())], 1, now)).collect();

        // 64 shared counters of two each.
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Consumed).count(), 128);
        let later = now.plus(Duration::from_secs(60));
        assert_eq!(throttle.consume_now(&[budget("1")], 1, later), Outcome::Consumed);
    }
}
