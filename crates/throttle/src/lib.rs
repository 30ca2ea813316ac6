//! Budgets and counters that are checked and spent in one step, in Redis or in process.
//!
//! A [`Budget`] allows so much in any stretch of time of its window: not per calendar hour, and
//! never twice as much around a boundary. Both implementations keep the same short log of what was
//! spent when (see `counter`): exact while it is short, and where it is thinned out it remembers
//! spendings up to a sixteenth of the window too long, never too short.
//!
//! Every method takes `now`; a TTL in Redis is only rubbish collection. Where something breaks
//! between two steps, too much is counted and never too little.

pub mod connection;

mod counter;
mod fallback;
mod in_process;
mod in_redis;
mod reservation;
mod table;

use std::time::Duration;

use async_trait::async_trait;
use rekey_primitives::clock::Timestamp;

pub use fallback::Fallback;
pub use in_process::InProcess;
pub use in_redis::RedisThrottle;

/// The most members [`Throttle::observe_distinct`] tells apart under one key. Whoever asks wants
/// to know whether there are too many, and too many is far less.
pub const MOST_DISTINCT: u64 = 1_024;

/// So much in any stretch of time as long as the window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Whose budget for what. Keys are visible to whoever can list them: hash what is personal.
    ///
    /// A Redis Cluster spends budgets in one step only if they share a hash tag (the part in
    /// braces, `{tenant}/sends`); put budgets of one tag beside each other. The window is part of
    /// the counter's name, so one key may have a budget an hour and another a day.
    pub key: String,
    /// How much may be spent.
    pub limit: u64,
    /// In any stretch of this length.
    pub window: Duration,
}

/// What came of a [`Throttle::spend`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// Every budget had enough and was spent from.
    Spent,
    /// A budget had too little, and none was spent from.
    Exhausted {
        /// The first such budget, by its place in the list.
        index: usize,
        /// When that one has enough again, if nobody spends meanwhile. Its whole window where the
        /// cost is above its limit and it never will.
        retry_after: Duration,
    },
}

/// The throttle itself is broken; nothing is known about any budget.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Redis did not answer, or not as it should.
    #[error("the throttle's redis did not answer")]
    Redis(#[from] redis::RedisError),
}

/// Budgets and counters.
#[async_trait]
pub trait Throttle: Send + Sync + 'static {
    /// Spends `cost` from every budget or from none.
    ///
    /// Budgets in one hash tag (all of them, outside a Redis Cluster) are one atomic step. Groups
    /// of different tags are spent one after another and given back when a later one refuses, so
    /// a racing caller may meanwhile be refused for a moment, but nobody ever gets too much.
    async fn spend(&self, budgets: &[Budget], cost: u64, now: Timestamp) -> Result<Outcome, Failure>;

    /// Gives back what was spent at `spent_at` for something that then did not happen. What has
    /// left its window by now stays gone.
    async fn give_back(&self, budgets: &[Budget], cost: u64, spent_at: Timestamp) -> Result<(), Failure>;

    /// Notes that `member` was seen under `key` and tells how many different ones were within the
    /// window, this one included; at most [`MOST_DISTINCT`]. Members are kept: hash what is
    /// personal, to 32 bytes or less.
    async fn observe_distinct(
        &self,
        key: &str,
        member: &[u8],
        window: Duration,
        now: Timestamp,
    ) -> Result<u64, Failure>;
}

/// Budgets that are reserved before it is known whether they will be needed.
///
/// A reservation is for a named thing that happens at most once, whoever does it. Those who reserve for the same thing
/// while nobody has settled yet share one spending of one, so however many try at once, they need no more room than
/// the one of them that will do it.
#[async_trait]
pub trait Reserving: Throttle {
    /// Reserves one from every budget or from none, joining what is reserved for the same thing already. Groups of
    /// hash tags are as with [`Throttle::spend`].
    async fn reserve(&self, budgets: &[Budget], thing: &str, now: Timestamp) -> Result<Outcome, Failure>;

    /// Lets go of what [`Self::reserve`] gave, saying whether the caller did the thing. When everybody has let go and
    /// nobody did it, the spending is given back. Who never settles leaves it spent.
    async fn settle(
        &self,
        budgets: &[Budget],
        thing: &str,
        happened: bool,
        now: Timestamp,
    ) -> Result<(), Failure>;
}

/// The window in microseconds, at least one.
fn micros(window: Duration) -> i64 {
    i64::try_from(window.as_micros()).unwrap_or(i64::MAX).clamp(1, LONGEST_WINDOW)
}

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
