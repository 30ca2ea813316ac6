//! Throttling while Redis is away: every process falls back to its share of each budget.
//!
//! Refusing everybody would turn an outage of a cache into one of sign-in; letting everybody pass
//! would invite to cause that outage. With `n` processes each gets an `n`-th, at least one. The
//! first call that fails switches over, so that the others do not wait for the same time-out, and
//! after a rest one call tries Redis again.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;

use crate::{Budget, Failure, InProcess, Outcome, Throttle};

/// A throttle that answers from memory while the primary cannot. It never fails.
pub struct Fallback {
    primary: Arc<dyn Throttle>,
    share: InProcess,
    processes: NonZeroU64,
    rest: Duration,
    is_away: AtomicBool,
    /// When the primary may be tried again, in microseconds since the epoch.
    try_again: AtomicI64,
}

impl Fallback {
    /// `processes` is how many share the budgets, as many as may run at once; `rest` how long the
    /// primary is left alone after it failed.
    pub fn new(primary: Arc<dyn Throttle>, share: InProcess, processes: NonZeroU64, rest: Duration) -> Self {
        Self {
            primary,
            share,
            processes,
            rest,
            is_away: AtomicBool::new(false),
            try_again: AtomicI64::new(i64::MIN),
        }
    }

    /// Whether the last try of the primary failed.
    fn is_on_shares(&self) -> bool {
        self.is_away.load(Ordering::Relaxed)
    }

    /// Whether this call is to ask the primary: always while it answers, one call per rest while
    /// it does not.
    fn may_try(&self, now: Timestamp) -> bool {
        if !self.is_on_shares() {
            return true;
        }
        let due = self.try_again.load(Ordering::Acquire);
        let next = now.plus(self.rest).unix_micros();
        now.unix_micros() >= due
            && self.try_again.compare_exchange(due, next, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Keeps the primary's answer, or notes that there is none.
    fn noted<T>(&self, answer: Result<T, Failure>, now: Timestamp) -> Option<T> {
        match answer {
            Ok(answer) => {
                if self.is_away.swap(false, Ordering::AcqRel) {
                    tracing::info!("the shared throttle is back");
                }
                Some(answer)
            }
            Err(failure) => {
                self.try_again.store(now.plus(self.rest).unix_micros(), Ordering::Release);
                if !self.is_away.swap(true, Ordering::AcqRel) {
                    let error: &dyn std::error::Error = &failure;
                    tracing::warn!(error, "the shared throttle is away, this process uses its share");
                }
                None
            }
        }
    }

    fn shares(&self, budgets: &[Budget]) -> Vec<Budget> {
        let share = |budget: &Budget| Budget {
            limit: (budget.limit / self.processes).max(budget.limit.min(1)),
            ..budget.clone()
        };
        budgets.iter().map(share).collect()
    }
}

impl std::fmt::Debug for Fallback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fallback").field("is_on_shares", &self.is_on_shares()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Throttle for Fallback {
    async fn spend(&self, budgets: &[Budget], cost: u64, now: Timestamp) -> Result<Outcome, Failure> {
        if self.may_try(now)
            && let Some(outcome) = self.noted(self.primary.spend(budgets, cost, now).await, now)
        {
            return Ok(outcome);
        }
        Ok(self.share.spend_now(&self.shares(budgets), cost, now))
    }

    /// Goes to where it was spent: what is not found in the share was spent at the primary.
    async fn give_back(&self, budgets: &[Budget], cost: u64, spent_at: Timestamp) -> Result<(), Failure> {
        if !self.share.take_back(budgets, cost, spent_at) && !self.is_on_shares() {
            self.noted(self.primary.give_back(budgets, cost, spent_at).await, spent_at);
        }
        Ok(())
    }

    async fn observe_distinct(
        &self,
        key: &str,
        member: &[u8],
        window: Duration,
        now: Timestamp,
    ) -> Result<u64, Failure> {
        if self.may_try(now)
            && let Some(count) =
                self.noted(self.primary.observe_distinct(key, member, window, now).await, now)
        {
            return Ok(count);
        }
        Ok(self.share.observe_now(key, member, window, now))
    }
}

#[cfg(test)]
mod tests;
