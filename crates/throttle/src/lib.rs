//! Rate limits that are checked and counted in one step, in Redis or in process.
//!
//! A [`Budget`] is a limit over a sliding window: not per calendar hour, so never twice as much around a boundary. Both
//! implementations keep the same short log of what was consumed when (see `counter`). It is exact while it is short; a
//! longer log counts some of what was consumed for up to a sixteenth of the window too long, never too short.
//!
//! Every method takes `now`; what a clock wrote that was more than a minute ahead counts no longer once it is set right. A TTL in Redis is only garbage collection. A failure between two steps counts too much,
//! never too little.

pub mod connection;

mod bounded_map;
mod counter;
mod fallback;
mod in_process;
mod in_redis;
mod reservation;

use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::{CLOCK_SKEW, Timestamp};

pub use fallback::FallbackThrottle;
pub use in_process::InProcessThrottle;
pub use in_redis::RedisThrottle;

/// How far [`Throttle::count_distinct`] counts under one key: far beyond any limit that is checked with it.
pub const MAX_DISTINCT: u64 = 1_024;

/// A limit over a sliding window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Whose budget for what. Whoever can list the keys sees them: hash what is personal.
    ///
    /// A Redis Cluster consumes from several budgets in one step only if they share a hash tag (the part in braces,
    /// `{tenant}/sends`); list budgets of one tag next to each other. The window is part of the counter's name, so one
    /// key may have a budget for an hour and another for a day.
    pub key: String,
    /// How much may be consumed within the window.
    pub limit: u64,
    /// The length of the sliding window, in microseconds at best.
    pub window: Duration,
}

/// The outcome of [`Throttle::consume`] and of [`Reserving::reserve`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// Every budget had enough, and the cost was taken from each.
    Consumed,
    /// A budget had too little, and nothing was taken from any.
    Exhausted {
        /// The position of the first such budget in the list.
        index: usize,
        /// How long until that budget has enough again, if nobody consumes from it meanwhile. Its whole window where
        /// the cost exceeds its limit, so that it never will.
        retry_after: Duration,
    },
}

/// The throttle itself failed; nothing is known about any budget.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Redis did not answer, or not as it should.
    #[error("the throttle's redis did not answer")]
    Redis(#[from] redis::RedisError),
}

/// Budgets and counters.
#[async_trait]
pub trait Throttle: Send + Sync + 'static {
    /// Takes `cost` from every budget or from none.
    ///
    /// Budgets with one hash tag (all of them, outside a Redis Cluster) are one atomic step. Groups with different tags
    /// are consumed one after another and refunded when a later one refuses, so a concurrent caller may be refused in
    /// between, but nobody ever gets too much.
    async fn consume(&self, budgets: &[Budget], cost: u64, now: Timestamp) -> Result<Outcome, Failure>;

    /// Gives back what was consumed at `consumed_at` for something that then did not happen. It counts no longer
    /// anyway once it has left the window.
    async fn refund(&self, budgets: &[Budget], cost: u64, consumed_at: Timestamp) -> Result<(), Failure>;

    /// Records that `member` was seen under `key` and counts the distinct members within the window, this one included;
    /// at most [`MAX_DISTINCT`]. Members are stored: hash what is personal, to 32 bytes or less.
    async fn count_distinct(
        &self,
        key: &str,
        member: &[u8],
        window: Duration,
        now: Timestamp,
    ) -> Result<u64, Failure>;

    /// How many distinct members were seen under `key` within the window; records nothing.
    async fn distinct(&self, key: &str, window: Duration, now: Timestamp) -> Result<u64, Failure>;
}

/// Budgets that are reserved before it is known whether they will be needed.
///
/// A reservation is for a named operation that happens at most once, whoever performs it. All who reserve for the same
/// operation before anybody settles share a cost of one, so however many try at once, they need no more than the one of
/// them that will perform it.
#[async_trait]
pub trait Reserving: Throttle {
    /// Reserves one from every budget or from none, or joins the reservation that exists for the operation. Groups of
    /// hash tags are as with [`Throttle::consume`].
    async fn reserve(&self, budgets: &[Budget], operation: &str, now: Timestamp) -> Result<Outcome, Failure>;

    /// Releases what [`Self::reserve`] gave; `happened` says whether the caller performed the operation. When everybody
    /// has released it and nobody performed it, the budgets are refunded. A caller that never settles leaves them
    /// consumed.
    async fn settle(
        &self,
        budgets: &[Budget],
        operation: &str,
        happened: bool,
        now: Timestamp,
    ) -> Result<(), Failure>;
}

/// The window in microseconds, at least one.
fn micros(window: Duration) -> i64 {
    i64::try_from(window.as_micros()).unwrap_or(i64::MAX).clamp(1, LONGEST_WINDOW)
}

/// How far ahead an instant may be that replicas with other clocks wrote, in microseconds. What is further ahead was written by a
/// clock that has been set right since, and counts no longer.
const SKEW: i64 = CLOCK_SKEW.as_micros() as i64;

/// A century. It keeps sums of times inside the 53 bits that Lua counts exactly.
const LONGEST_WINDOW: i64 = 100 * 366 * 86_400 * 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_kept_within_what_lua_can_count() {
        assert_eq!(micros(Duration::ZERO), 1);
        assert_eq!(micros(Duration::from_secs(60)), 60_000_000);
        assert_eq!(micros(Duration::MAX), LONGEST_WINDOW);
    }
}
