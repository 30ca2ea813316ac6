//! Throttling while Redis is away: every process falls back to its share of each budget.
//!
//! Refusing everybody would turn an outage of Redis into one of sign-in; letting everybody pass would reward an attacker
//! who causes that outage. Of `n` processes each gets an `n`-th of a limit, at least one. The first call that fails
//! switches over, so that the others do not wait for the same time-out; after a pause one call tries Redis again.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;

use crate::{Budget, Failure, InProcessThrottle, Outcome, Throttle};

/// A throttle that answers from memory while the primary cannot. It never fails.
#[derive(derive_more::Debug)]
pub struct FallbackThrottle {
    #[debug(skip)]
    primary: Arc<dyn Throttle>,
    #[debug(skip)]
    share: InProcessThrottle,
    processes: NonZeroU64,
    retry_interval: Duration,
    is_away: AtomicBool,
    /// When the primary may be tried again, in microseconds since the epoch.
    retry_at: AtomicI64,
}

impl FallbackThrottle {
    /// `processes` is how many processes may run at once and share the budgets; `retry_interval` is how long the
    /// primary is left alone after it failed.
    pub fn new(
        primary: Arc<dyn Throttle>,
        share: InProcessThrottle,
        processes: NonZeroU64,
        retry_interval: Duration,
    ) -> Self {
        Self {
            primary,
            share,
            processes,
            retry_interval,
            is_away: AtomicBool::new(false),
            retry_at: AtomicI64::new(i64::MIN),
        }
    }

    /// Whether the last try of the primary failed.
    fn uses_shares(&self) -> bool {
        self.is_away.load(Ordering::Relaxed)
    }

    /// Whether this call is to ask the primary: every call while it answers, one call per interval while it does not.
    fn may_ask_primary(&self, now: Timestamp) -> bool {
        if !self.uses_shares() {
            return true;
        }
        let due = self.retry_at.load(Ordering::Acquire);
        let next = now.plus(self.retry_interval).unix_micros();
        now.unix_micros() >= due
            && self.retry_at.compare_exchange(due, next, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Takes the primary's answer, or records that there is none.
    fn record<T>(&self, answer: Result<T, Failure>, now: Timestamp) -> Option<T> {
        match answer {
            Ok(answer) => {
                if self.is_away.swap(false, Ordering::AcqRel) {
                    tracing::info!("the shared throttle is back");
                }
                Some(answer)
            }
            Err(failure) => {
                self.retry_at.store(now.plus(self.retry_interval).unix_micros(), Ordering::Release);
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

#[async_trait]
impl Throttle for FallbackThrottle {
    async fn consume(&self, budgets: &[Budget], cost: u64, now: Timestamp) -> Result<Outcome, Failure> {
        if self.may_ask_primary(now)
            && let Some(outcome) = self.record(self.primary.consume(budgets, cost, now).await, now)
        {
            return Ok(outcome);
        }
        Ok(self.share.consume_now(&self.shares(budgets), cost, now))
    }

    /// Refunds where it was consumed: what is not found in the share was consumed at the primary.
    async fn refund(&self, budgets: &[Budget], cost: u64, consumed_at: Timestamp) -> Result<(), Failure> {
        if !self.share.refund_now(budgets, cost, consumed_at) && !self.uses_shares() {
            self.record(self.primary.refund(budgets, cost, consumed_at).await, consumed_at);
        }
        Ok(())
    }

    async fn count_distinct(
        &self,
        key: &str,
        member: &[u8],
        window: Duration,
        now: Timestamp,
    ) -> Result<u64, Failure> {
        if self.may_ask_primary(now)
            && let Some(count) = self.record(self.primary.count_distinct(key, member, window, now).await, now)
        {
            return Ok(count);
        }
        Ok(self.share.count_distinct_now(key, member, window, now))
    }

    async fn distinct(&self, key: &str, window: Duration, now: Timestamp) -> Result<u64, Failure> {
        if self.may_ask_primary(now)
            && let Some(count) = self.record(self.primary.distinct(key, window, now).await, now)
        {
            return Ok(count);
        }
        Ok(self.share.distinct_now(key, window, now))
    }
}

#[cfg(test)]
mod tests;
