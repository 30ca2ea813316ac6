//! Budgets in Redis, shared by every replica.
//!
//! | Key | Kind | Holds |
//! |---|---|---|
//! | `<prefix>b:<key>:<window>` | string | what was spent when, see `counter` |
//! | `<prefix>r:<key>:<window>:<thing>` | string | who reserved for a thing, see `reservation` |
//! | `<prefix>d:<key>:<window>` | sorted set | members of a distinct counter by when they were seen |
//!
//! The window, in microseconds, is part of the name: a setting that changes it starts a new
//! counter instead of misreading an old one.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use redis::Script;
use rekey_primitives::clock::Timestamp;

use crate::connection::Connection;
use crate::reservation::KEPT_FOR;
use crate::{Budget, Failure, MOST_DISTINCT, Outcome, Reserving, Throttle, micros};

/// Numbers in Lua are doubles and exact up to here; a limit beyond it is none.
const MOST: u64 = 1 << 53;

/// A throttle in Redis.
pub struct RedisThrottle {
    connection: Connection,
    prefix: String,
    spend: Script,
    give_back: Script,
    reserve: Script,
    settle: Script,
    distinct: Script,
}

/// A script that knows what a counter is.
macro_rules! script {
    ($name:literal) => {
        Script::new(concat!(include_str!("lua/counter.lua"), include_str!($name)))
    };
}

impl RedisThrottle {
    /// A throttle whose keys all begin with `prefix` (no braces: hash tags are the caller's).
    pub fn new(connection: Connection, prefix: impl Into<String>) -> Self {
        Self {
            connection,
            prefix: prefix.into(),
            spend: script!("lua/spend.lua"),
            give_back: script!("lua/give_back.lua"),
            reserve: script!("lua/reserve.lua"),
            settle: script!("lua/settle.lua"),
            distinct: Script::new(include_str!("lua/distinct.lua")),
        }
    }

    /// Runs of budgets that one script may touch: all of them on one server, those of one hash
    /// tag in a cluster.
    fn groups(&self, budgets: &[Budget]) -> Vec<Range<usize>> {
        let on_one_server = matches!(self.connection, Connection::Single(_));
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

    async fn spend_group(&self, budgets: &[Budget], cost: u64, now: Timestamp) -> Result<Outcome, Failure> {
        let mut invocation = self.spend.prepare_invoke();
        invocation.arg(now.unix_micros()).arg(cost.min(MOST));
        for budget in budgets {
            invocation.key(self.counter(budget));
            invocation.arg(budget.limit.min(MOST)).arg(micros(budget.window));
        }
        Ok(outcome(invocation.invoke_async(&mut self.connection.clone()).await?))
    }

    async fn reserve_group(
        &self,
        budgets: &[Budget],
        thing: &str,
        now: Timestamp,
    ) -> Result<Outcome, Failure> {
        let mut invocation = self.reserve.prepare_invoke();
        invocation.arg(now.unix_micros()).arg(micros(KEPT_FOR));
        for budget in budgets {
            invocation.key(self.counter(budget)).key(self.reservation(budget, thing));
            invocation.arg(budget.limit.min(MOST)).arg(micros(budget.window));
        }
        Ok(outcome(invocation.invoke_async(&mut self.connection.clone()).await?))
    }

    async fn settle_group(
        &self,
        budgets: &[Budget],
        thing: &str,
        happened: bool,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let mut invocation = self.settle.prepare_invoke();
        invocation.arg(now.unix_micros()).arg(u8::from(happened));
        for budget in budgets {
            invocation.key(self.counter(budget)).key(self.reservation(budget, thing));
        }
        let _done: i64 = invocation.invoke_async(&mut self.connection.clone()).await?;
        Ok(())
    }

    async fn give_back_group(&self, budgets: &[Budget], cost: u64, at: Timestamp) -> Result<(), Failure> {
        let mut invocation = self.give_back.prepare_invoke();
        invocation.arg(at.unix_micros()).arg(cost.min(MOST));
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
    fn reservation(&self, budget: &Budget, thing: &str) -> String {
        match hash_tag(&budget.key) {
            Some(_) => format!("{}r:{}:{}:{thing}", self.prefix, budget.key, micros(budget.window)),
            None => format!("{}r:{{{}}}:{thing}", self.prefix, self.counter(budget)),
        }
    }
}

/// What the scripts that spend answer: the place of an exhausted budget, counted from 1, and the wait.
fn outcome((place, wait): (usize, u64)) -> Outcome {
    match place.checked_sub(1) {
        None => Outcome::Spent,
        Some(index) => Outcome::Exhausted { index, retry_after: Duration::from_micros(wait) },
    }
}

/// What a cluster hashes instead of the whole key: the text in the first braces, if there is any.
fn hash_tag(key: &str) -> Option<&str> {
    let (tag, _) = key.split_once('{')?.1.split_once('}')?;
    (!tag.is_empty()).then_some(tag)
}

impl fmt::Debug for RedisThrottle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisThrottle").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

#[async_trait]
impl Throttle for RedisThrottle {
    async fn spend(&self, budgets: &[Budget], cost: u64, now: Timestamp) -> Result<Outcome, Failure> {
        for group in self.groups(budgets) {
            let first = group.start;
            let outcome = self.spend_group(&budgets[group], cost, now).await;
            if !matches!(outcome, Ok(Outcome::Spent)) && first > 0 {
                // If this breaks as well, what was reserved stays spent: too much, never too little.
                let _ = self.give_back(&budgets[..first], cost, now).await;
            }
            if let Outcome::Exhausted { index, retry_after } = outcome? {
                return Ok(Outcome::Exhausted { index: first + index, retry_after });
            }
        }
        Ok(Outcome::Spent)
    }

    async fn give_back(&self, budgets: &[Budget], cost: u64, spent_at: Timestamp) -> Result<(), Failure> {
        let mut given = Ok(());
        for group in self.groups(budgets) {
            given = given.and(self.give_back_group(&budgets[group], cost, spent_at).await);
        }
        given
    }

    async fn observe_distinct(
        &self,
        key: &str,
        member: &[u8],
        window: Duration,
        now: Timestamp,
    ) -> Result<u64, Failure> {
        let window = micros(window);
        let mut invocation = self.distinct.prepare_invoke();
        invocation.key(format!("{}d:{key}:{window}", self.prefix));
        invocation.arg(now.unix_micros()).arg(window).arg(member).arg(MOST_DISTINCT);
        Ok(invocation.invoke_async(&mut self.connection.clone()).await?)
    }
}

#[async_trait]
impl Reserving for RedisThrottle {
    async fn reserve(&self, budgets: &[Budget], thing: &str, now: Timestamp) -> Result<Outcome, Failure> {
        for group in self.groups(budgets) {
            let first = group.start;
            let outcome = self.reserve_group(&budgets[group], thing, now).await;
            if !matches!(outcome, Ok(Outcome::Spent)) && first > 0 {
                // If this breaks as well, what was reserved stays spent: too much, never too little.
                let _ = self.settle(&budgets[..first], thing, false, now).await;
            }
            if let Outcome::Exhausted { index, retry_after } = outcome? {
                return Ok(Outcome::Exhausted { index: first + index, retry_after });
            }
        }
        Ok(Outcome::Spent)
    }

    async fn settle(
        &self,
        budgets: &[Budget],
        thing: &str,
        happened: bool,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let mut settled = Ok(());
        for group in self.groups(budgets) {
            settled = settled.and(self.settle_group(&budgets[group], thing, happened, now).await);
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
