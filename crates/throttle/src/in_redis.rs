//! Budgets in Redis, shared by every replica.
//!
//! | Key | Kind | Holds |
//! |---|---|---|
//! | `<prefix>b:<key>:<window>` | string | what was consumed when, see `counter` |
//! | `<prefix>r:<key>:<window>:<operation>` | string | the reservation for an operation, see `reservation` |
//! | `<prefix>d:<key>:<window>` | sorted set | members of a distinct counter by when they were seen |
//!
//! The window, in microseconds, is part of the name: a setting that changes it starts a new
//! counter instead of misreading an old one.

use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use redis::Script;
use rekey_primitives::clock::Timestamp;

use crate::connection::Connection;
use crate::reservation::LIFETIME;
use crate::{Budget, Failure, MAX_DISTINCT, Outcome, Reserving, SKEW, Throttle, micros};

/// Numbers in Lua are doubles, exact up to here; a limit beyond it is no limit.
const MAX_EXACT: u64 = 1 << 53;

/// A throttle in Redis.
#[derive(derive_more::Debug)]
pub struct RedisThrottle {
    connection: Connection,
    prefix: String,
    #[debug(skip)]
    consume: Script,
    #[debug(skip)]
    refund: Script,
    #[debug(skip)]
    reserve: Script,
    #[debug(skip)]
    settle: Script,
    #[debug(skip)]
    distinct: Script,
}

/// A script that knows what a counter is.
macro_rules! script {
    ($name:literal) => {
        Script::new(concat!(include_str!("lua/counter.lua"), include_str!($name)))
    };
}

impl RedisThrottle {
    /// A throttle whose keys all begin with `prefix` (no braces: hash tags are the caller's). What it counts is a step of the
    /// connection; what it gives back is not, since a refund that is forgotten counts too much.
    pub fn new(connection: Connection, prefix: impl Into<String>) -> Self {
        Self {
            connection,
            prefix: prefix.into(),
            consume: script!("lua/consume.lua"),
            refund: script!("lua/refund.lua"),
            reserve: script!("lua/reserve.lua"),
            settle: script!("lua/settle.lua"),
            distinct: Script::new(include_str!("lua/distinct.lua")),
        }
    }

    /// The runs of budgets that one script may touch: all of them on one server, those of one hash tag in a cluster.
    fn groups(&self, budgets: &[Budget]) -> Vec<Range<usize>> {
        let on_one_server = self.connection.is_to_one_server();
        let same_tag =
            |a: &Budget, b: &Budget| hash_tag(&a.key).is_some() && hash_tag(&a.key) == hash_tag(&b.key);
        let mut start = 0;
        budgets
            .chunk_by(|a, b| on_one_server || same_tag(a, b))
            .map(|group| {
                let range = start..start + group.len();
                start = range.end;
                range
            })
            .collect()
    }

    async fn consume_group(&self, budgets: &[Budget], cost: u64, now: Timestamp) -> Result<Outcome, Failure> {
        let mut invocation = self.consume.prepare_invoke();
        invocation.arg(now.unix_micros()).arg(SKEW).arg(cost.min(MAX_EXACT));
        for budget in budgets {
            invocation.key(self.counter(budget));
            invocation.arg(budget.limit.min(MAX_EXACT)).arg(micros(budget.window));
        }
        Ok(outcome(self.connection.step(&invocation).await?))
    }

    async fn reserve_group(
        &self,
        budgets: &[Budget],
        operation: &str,
        now: Timestamp,
    ) -> Result<Outcome, Failure> {
        let mut invocation = self.reserve.prepare_invoke();
        invocation.arg(now.unix_micros()).arg(SKEW).arg(micros(LIFETIME));
        for budget in budgets {
            invocation.key(self.counter(budget)).key(self.reservation(budget, operation));
            invocation.arg(budget.limit.min(MAX_EXACT)).arg(micros(budget.window));
        }
        Ok(outcome(self.connection.step(&invocation).await?))
    }

    async fn settle_group(
        &self,
        budgets: &[Budget],
        operation: &str,
        happened: bool,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let mut invocation = self.settle.prepare_invoke();
        invocation.arg(now.unix_micros()).arg(SKEW).arg(micros(LIFETIME)).arg(u8::from(happened));
        for budget in budgets {
            invocation.key(self.counter(budget)).key(self.reservation(budget, operation));
        }
        let _done: i64 = invocation.invoke_async(&mut self.connection.clone()).await?;
        Ok(())
    }

    async fn refund_group(&self, budgets: &[Budget], cost: u64, at: Timestamp) -> Result<(), Failure> {
        let mut invocation = self.refund.prepare_invoke();
        invocation.arg(at.unix_micros()).arg(cost.min(MAX_EXACT));
        for budget in budgets {
            invocation.key(self.counter(budget));
        }
        let _done: i64 = invocation.invoke_async(&mut self.connection.clone()).await?;
        Ok(())
    }

    fn counter(&self, budget: &Budget) -> String {
        format!("{}b:{}:{}", self.prefix, budget.key, micros(budget.window))
    }

    /// Beside its counter, wherever a cluster keeps that.
    fn reservation(&self, budget: &Budget, operation: &str) -> String {
        match hash_tag(&budget.key) {
            Some(_) => format!("{}r:{}:{}:{operation}", self.prefix, budget.key, micros(budget.window)),
            None => format!("{}r:{{{}}}:{operation}", self.prefix, self.counter(budget)),
        }
    }
}

/// The reply of the scripts that consume: the position of an exhausted budget, counted from 1 (0 if there is none), and
/// the microseconds to wait.
type Reply = (usize, u64);

fn outcome(reply: Reply) -> Outcome {
    let (position, wait) = reply;
    match position.checked_sub(1) {
        None => Outcome::Consumed,
        Some(index) => Outcome::Exhausted { index, retry_after: Duration::from_micros(wait) },
    }
}

/// What a cluster hashes instead of the whole key: the text in the first braces, if there is any.
pub(crate) fn hash_tag(key: &str) -> Option<&str> {
    let (tag, _) = key.split_once('{')?.1.split_once('}')?;
    (!tag.is_empty()).then_some(tag)
}

#[async_trait]
impl Throttle for RedisThrottle {
    async fn consume(&self, budgets: &[Budget], cost: u64, now: Timestamp) -> Result<Outcome, Failure> {
        for group in self.groups(budgets) {
            let first = group.start;
            let outcome = self.consume_group(&budgets[group], cost, now).await;
            if !matches!(outcome, Ok(Outcome::Consumed)) && first > 0 {
                // If this breaks as well, what was consumed stays consumed: too much, never too little.
                let _ = self.refund(&budgets[..first], cost, now).await;
            }
            if let Outcome::Exhausted { index, retry_after } = outcome? {
                return Ok(Outcome::Exhausted { index: first + index, retry_after });
            }
        }
        Ok(Outcome::Consumed)
    }

    async fn refund(&self, budgets: &[Budget], cost: u64, consumed_at: Timestamp) -> Result<(), Failure> {
        let mut given = Ok(());
        for group in self.groups(budgets) {
            given = given.and(self.refund_group(&budgets[group], cost, consumed_at).await);
        }
        given
    }

    async fn count_distinct(
        &self,
        key: &str,
        member: &[u8],
        window: Duration,
        now: Timestamp,
    ) -> Result<u64, Failure> {
        let window = micros(window);
        let mut invocation = self.distinct.prepare_invoke();
        invocation.key(format!("{}d:{key}:{window}", self.prefix));
        invocation.arg(now.unix_micros()).arg(SKEW).arg(window).arg(member).arg(MAX_DISTINCT);
        Ok(self.connection.step(&invocation).await?)
    }

    async fn distinct(&self, key: &str, window: Duration, now: Timestamp) -> Result<u64, Failure> {
        let (window, now) = (micros(window), now.unix_micros());
        let mut count = redis::cmd("ZCOUNT");
        count.arg(format!("{}d:{key}:{window}", self.prefix));
        count.arg(format!("({}", now - window)).arg(now + SKEW);
        Ok(count.query_async(&mut self.connection.clone()).await?)
    }
}

#[async_trait]
impl Reserving for RedisThrottle {
    async fn reserve(&self, budgets: &[Budget], operation: &str, now: Timestamp) -> Result<Outcome, Failure> {
        for group in self.groups(budgets) {
            let first = group.start;
            let outcome = self.reserve_group(&budgets[group], operation, now).await;
            if !matches!(outcome, Ok(Outcome::Consumed)) && first > 0 {
                // If this breaks as well, what was consumed stays consumed: too much, never too little.
                let _ = self.settle(&budgets[..first], operation, false, now).await;
            }
            if let Outcome::Exhausted { index, retry_after } = outcome? {
                return Ok(Outcome::Exhausted { index: first + index, retry_after });
            }
        }
        Ok(Outcome::Consumed)
    }

    async fn settle(
        &self,
        budgets: &[Budget],
        operation: &str,
        happened: bool,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let mut settled = Ok(());
        for group in self.groups(budgets) {
            settled = settled.and(self.settle_group(&budgets[group], operation, happened, now).await);
        }
        settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_tag_is_what_a_cluster_takes_for_one() {
        assert_eq!(hash_tag("{tenant}/sends"), Some("tenant"));
        assert_eq!(hash_tag("a{b}{c}"), Some("b"));
        assert_eq!(hash_tag("a{{b}}"), Some("{b"));
        assert_eq!(hash_tag("{}/sends"), None);
        assert_eq!(hash_tag("{open"), None);
        assert_eq!(hash_tag("plain"), None);
    }
}
