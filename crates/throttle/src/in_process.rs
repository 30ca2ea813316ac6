//! Budgets in this process's memory: for a suite in one process, and for the time when Redis is
//! away. A restart forgets them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;

use crate::counter::Counter;
use crate::reservation::{Name, Reservations};
use crate::table::{Mortal, Place, Table};
use crate::{Budget, Failure, MOST_DISTINCT, Outcome, Reserving, Throttle, micros};

/// A throttle in process. Its memory is bounded: keys beyond its capacity share counters, so they
/// are refused earlier and never later.
#[derive(Debug)]
pub struct InProcess(Mutex<State>);

#[derive(Debug)]
struct State {
    counters: Table<Counter>,
    members: Table<Members>,
    reservations: Reservations,
}

impl InProcess {
    /// A throttle that tells up to `capacity` living keys apart, of budgets and of distinct
    /// counters each. A key costs up to half a kilobyte.
    pub fn new(capacity: usize) -> Self {
        Self(Mutex::new(State {
            counters: Table::new(capacity),
            members: Table::new(capacity),
            reservations: Reservations::new(capacity),
        }))
    }

    /// See [`Throttle::spend`]; this one cannot fail.
    pub(crate) fn spend_now(&self, budgets: &[Budget], cost: u64, now: Timestamp) -> Outcome {
        let now = now.unix_micros();
        let counters = &mut self.lock().counters;
        let places: Vec<Place> =
            budgets.iter().map(|budget| counters.place(&budget.key, micros(budget.window), now)).collect();
        for (index, (budget, place)) in budgets.iter().zip(&places).enumerate() {
            if let Some(retry_after) = wait(counters, place, budget, cost, now) {
                return Outcome::Exhausted { index, retry_after };
            }
        }
        for (budget, place) in budgets.iter().zip(places) {
            counters.get_or_insert(place, || Counter::new(micros(budget.window))).add(cost, now);
        }
        Outcome::Spent
    }

    /// See [`Throttle::give_back`]; tells whether anything was found to give back.
    pub(crate) fn take_back(&self, budgets: &[Budget], cost: u64, spent_at: Timestamp) -> bool {
        let spent_at = spent_at.unix_micros();
        let counters = &mut self.lock().counters;
        let mut found = false;
        for budget in budgets {
            let place = counters.place(&budget.key, micros(budget.window), spent_at);
            found |= counters.get(&place).is_some_and(|counter| counter.take_back(cost, spent_at));
        }
        found
    }

    pub(crate) fn observe_now(&self, key: &str, member: &[u8], window: Duration, now: Timestamp) -> u64 {
        let (now, window) = (now.unix_micros(), micros(window));
        let members = &mut self.lock().members;
        let place = members.place(key, window, now);
        members.get_or_insert(place, || Members { window, seen: HashMap::new() }).observe(member, now)
    }

    fn reserve_now(&self, budgets: &[Budget], thing: &str, now: Timestamp) -> Outcome {
        let now = now.unix_micros();
        let State { counters, reservations, .. } = &mut *self.lock();
        let is_held = |budget: &Budget| reservations.is_held(&name(budget, thing), now);
        let places: Vec<Option<Place>> = budgets
            .iter()
            .map(|budget| (!is_held(budget)).then(|| counters.place(&budget.key, micros(budget.window), now)))
            .collect();
        for (index, (budget, place)) in budgets.iter().zip(&places).enumerate() {
            let Some(place) = place else { continue };
            if let Some(retry_after) = wait(counters, place, budget, 1, now) {
                return Outcome::Exhausted { index, retry_after };
            }
        }
        for (budget, place) in budgets.iter().zip(places) {
            if let Some(place) = place {
                counters.get_or_insert(place, || Counter::new(micros(budget.window))).add(1, now);
            }
            reservations.hold(name(budget, thing), now);
        }
        Outcome::Spent
    }

    fn settle_now(&self, budgets: &[Budget], thing: &str, happened: bool, now: Timestamp) {
        let now = now.unix_micros();
        let State { counters, reservations, .. } = &mut *self.lock();
        for budget in budgets {
            let Some(spent_at) = reservations.let_go(&name(budget, thing), happened, now) else { continue };
            let place = counters.place(&budget.key, micros(budget.window), now);
            if let Some(counter) = counters.get(&place) {
                counter.take_back(1, spent_at);
            }
        }
    }

    /// A panic elsewhere leaves at worst a spending half noted, which counts too much.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name(budget: &Budget, thing: &str) -> Name {
    (budget.key.clone(), micros(budget.window), thing.to_owned())
}

fn wait(
    counters: &mut Table<Counter>,
    place: &Place,
    budget: &Budget,
    cost: u64,
    now: i64,
) -> Option<Duration> {
    match counters.get(place) {
        Some(counter) => {
            counter.forget(now);
            counter.wait(budget.limit, cost, now)
        }
        None => Counter::new(micros(budget.window)).wait(budget.limit, cost, now),
    }
}

impl Mortal for Counter {
    fn dies_at(&self) -> i64 {
        Counter::dies_at(self)
    }
}

/// Who was seen, and when last.
#[derive(Debug)]
struct Members {
    window: i64,
    seen: HashMap<Vec<u8>, i64>,
}

impl Members {
    fn observe(&mut self, member: &[u8], now: i64) -> u64 {
        self.seen.retain(|_, at| *at + self.window > now);
        if let Some(at) = self.seen.get_mut(member) {
            *at = now.max(*at);
        } else if (self.seen.len() as u64) < MOST_DISTINCT {
            self.seen.insert(member.to_vec(), now);
        }
        self.seen.len() as u64
    }
}

impl Mortal for Members {
    fn dies_at(&self) -> i64 {
        self.seen.values().max().map_or(i64::MIN, |at| at + self.window)
    }
}

#[async_trait]
impl Throttle for InProcess {
    async fn spend(&self, budgets: &[Budget], cost: u64, now: Timestamp) -> Result<Outcome, Failure> {
        Ok(self.spend_now(budgets, cost, now))
    }

    async fn give_back(&self, budgets: &[Budget], cost: u64, spent_at: Timestamp) -> Result<(), Failure> {
        self.take_back(budgets, cost, spent_at);
        Ok(())
    }

    async fn observe_distinct(
        &self,
        key: &str,
        member: &[u8],
        window: Duration,
        now: Timestamp,
    ) -> Result<u64, Failure> {
        Ok(self.observe_now(key, member, window, now))
    }
}

#[async_trait]
impl Reserving for InProcess {
    async fn reserve(&self, budgets: &[Budget], thing: &str, now: Timestamp) -> Result<Outcome, Failure> {
        Ok(self.reserve_now(budgets, thing, now))
    }

    async fn settle(
        &self,
        budgets: &[Budget],
        thing: &str,
        happened: bool,
        now: Timestamp,
    ) -> Result<(), Failure> {
        self.settle_now(budgets, thing, happened, now);
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
        let throttle = InProcess::new(100);
        let now = Timestamp::from_unix_micros(1_000_000);
        let victim = [budget("victim")];
        assert_eq!(throttle.spend_now(&victim, 2, now), Outcome::Spent);

        for number in 0..10_000 {
            let _ = throttle.spend_now(&[budget(&format!("flood {number}"))], 1, now);
        }

        assert!(matches!(throttle.spend_now(&victim, 1, now), Outcome::Exhausted { .. }));
    }

    #[test]
    fn when_full_new_keys_share_and_are_refused_earlier() {
        let throttle = InProcess::new(0);
        let now = Timestamp::from_unix_micros(1_000_000);

        let outcomes: Vec<_> =
            (0..1_000).map(|number| throttle.spend_now(&[budget(&number.to_string())], 1, now)).collect();

        // 64 shared counters of two each.
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Spent).count(), 128);
        let later = now.plus(Duration::from_secs(60));
        assert_eq!(throttle.spend_now(&[budget("1")], 1, later), Outcome::Spent);
    }
}
