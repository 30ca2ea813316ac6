//! A replica of a Postgres, for reads that may lag behind, and how far it lags.
//!
//! Lag is judged by positions of the log: the primary is asked now and then where it stands, and a replica that has replayed a
//! position has all that was committed before that was asked. So no clock of a server counts, a primary at rest makes nobody
//! late, and a replica that is cut off is late as soon as all it has replayed was asked for longer ago than the bound. Every
//! read asks its own session first, since one name may stand for several replicas.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rekey_metrics::process::REPLICA_READS;
use sqlx::{PgPool, Row as _};
use tokio::time::Instant;

use crate::connection::{Driver, Session};
use crate::password::UrlSource;
use crate::postgres::PostgresPool;
use crate::{Connection, Failure, Options};

/// How long a read waits for a session of the replica before it goes to the primary: a few round trips of a busy network.
const SESSION_WITHIN: Duration = Duration::from_millis(500);

/// How long a replica that failed is left alone: one read in so many waits for it in vain.
const REST: Duration = Duration::from_secs(5);

/// The primary is asked for its position so often within the bound: a replica in step is then late by a quarter of it at most.
const POSITIONS_WITHIN_BOUND: u32 = 4;

/// Up to where the log of the primary is on its disk: no commit is told before. Fails on a standby.
const WRITTEN: &str = "select (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint";

/// Up to where a replica has replayed it; null where there is none.
const REPLAYED: &str =
    "select case when pg_is_in_recovery() then (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint end";

/// Positions of a primary in its log, each with the moment before it was asked for, oldest first.
#[derive(Debug, Default)]
struct Positions(VecDeque<(Instant, i64)>);

impl Positions {
    /// Whether the primary is to be asked again.
    fn is_due(&self, now: Instant, bound: Duration) -> bool {
        self.0.back().is_none_or(|(asked, _)| now.duration_since(*asked) > bound / POSITIONS_WITHIN_BOUND)
    }

    /// Takes a position, and forgets those that prove nothing any more.
    fn take(&mut self, asked: Instant, position: i64, bound: Duration) {
        self.0.retain(|(earlier, _)| asked.duration_since(*earlier) <= bound);
        self.0.push_back((asked, position));
    }

    /// How much a server that has replayed so far may lack at most; `None` where nothing is known.
    fn lag(&self, now: Instant, replayed: i64) -> Option<Duration> {
        let known = self.0.iter().rev().find(|(_, position)| *position <= replayed);
        known.map(|(asked, _)| now.duration_since(*asked))
    }
}

/// Where reads go that may lag behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Serves,
    Behind,
    Away,
}

#[derive(Debug)]
struct State {
    positions: Positions,
    rests_until: Option<Instant>,
    standing: Option<Standing>,
}

/// A replica, and how far it may lag.
#[derive(Debug, Clone)]
pub(crate) struct Replica {
    pub(crate) pool: PostgresPool,
    bound: Duration,
    state: Arc<Mutex<State>>,
}

impl Replica {
    pub(crate) fn open(url: &str, bound: Duration, options: &Options) -> Result<Self, Failure> {
        let options = Options { acquire_timeout: SESSION_WITHIN, ..options.clone() };
        let state = State { positions: Positions::default(), rests_until: None, standing: None };
        Ok(Self { pool: PostgresPool::open(url, &options)?, bound, state: Arc::new(Mutex::new(state)) })
    }

    /// The same, with what makes its URL anew when a login is refused.
    pub(crate) fn with_source(self, source: UrlSource) -> Self {
        Self { pool: self.pool.with_source(source), ..self }
    }

    /// A session of the replica, if it is known to lag by no more than the bound.
    pub(crate) async fn session(&self, primary: &PostgresPool) -> Option<Connection> {
        let now = Instant::now();
        if self.state().rests_until.is_some_and(|until| now < until) {
            REPLICA_READS.add(1, ["away"]);
            return None;
        }
        let is_due = self.state().positions.is_due(now, self.bound);
        // A primary that does not say where it stands says so itself to the read that goes there.
        if is_due && let Ok(Some(position)) = position(&primary.sessions, WRITTEN).await {
            self.state().positions.take(now, position, self.bound);
        }
        match tokio::time::timeout(SESSION_WITHIN, self.caught_up()).await {
            Ok(Ok(Some(connection))) => {
                self.found(Standing::Serves, "");
                Some(connection)
            }
            Ok(Ok(None)) => {
                self.found(Standing::Behind, "");
                None
            }
            Ok(Err(failure)) => {
                self.failed(&failure);
                None
            }
            Err(_) => {
                self.failed(&Failure::TimedOut);
                None
            }
        }
    }

    async fn caught_up(&self) -> Result<Option<Connection>, Failure> {
        let mut session = self.pool.acquire().await?;
        let replayed: Option<i64> = sqlx::raw_sql(REPLAYED).fetch_one(&mut *session).await?.try_get(0)?;
        let lag = replayed.and_then(|replayed| self.state().positions.lag(Instant::now(), replayed));
        let serves = lag.is_some_and(|lag| lag <= self.bound);
        Ok(serves.then(|| Connection(Driver::Postgres(self.pool.loan(Session::Plain(session))))))
    }

    /// Leaves it alone for a while: it did not answer.
    pub(crate) fn failed(&self, failure: &Failure) {
        self.state().rests_until = Some(Instant::now() + REST);
        self.found(Standing::Away, &failure.cause());
    }

    /// Counts a read, and says once how the replica was found.
    fn found(&self, standing: Standing, cause: &str) {
        let is_news = self.state().standing.replace(standing) != Some(standing);
        let (word, replica) = (standing.word(), self.pool.target());
        REPLICA_READS.add(1, [word]);
        match standing {
            _ if !is_news => {}
            Standing::Serves => tracing::info!(replica, "reads that may lag behind go to the replica"),
            Standing::Behind => {
                tracing::warn!(replica, "the replica lags by more than its bound: reads go to the primary");
            }
            Standing::Away => {
                tracing::warn!(replica, cause, "the replica does not answer: reads go to the primary");
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Standing {
    const fn word(self) -> &'static str {
        match self {
            Self::Serves => "replica",
            Self::Behind => "behind",
            Self::Away => "away",
        }
    }
}

async fn position(sessions: &PgPool, sql: &'static str) -> Result<Option<i64>, Failure> {
    Ok(sqlx::raw_sql(sql).fetch_one(sessions).await?.try_get(0)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Duration = Duration::from_secs(8);

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn who_has_replayed_a_position_lacks_what_came_after_it_was_asked_for() {
        let start = Instant::now();
        let mut positions = Positions::default();
        positions.take(start, 100, BOUND);
        positions.take(after(start, 3), 200, BOUND);

        let now = after(start, 5);

        assert_eq!(positions.lag(now, 99), None);
        assert_eq!(positions.lag(now, 150), Some(Duration::from_secs(5)));
        assert_eq!(positions.lag(now, 200), Some(Duration::from_secs(2)));
    }

    #[test]
    fn a_primary_at_rest_makes_nobody_late_and_a_cut_line_does() {
        let start = Instant::now();
        let mut positions = Positions::default();
        positions.take(start, 100, BOUND);
        positions.take(after(start, 60), 100, BOUND);

        assert_eq!(positions.lag(after(start, 61), 100), Some(Duration::from_secs(1)));
        positions.take(after(start, 62), 101, BOUND);
        assert_eq!(positions.lag(after(start, 70), 100), Some(Duration::from_secs(10)));
    }

    #[test]
    fn the_primary_is_asked_four_times_within_the_bound() {
        let start = Instant::now();
        let mut positions = Positions::default();
        let at_first = positions.is_due(start, BOUND);
        positions.take(start, 100, BOUND);

        assert!(at_first);
        assert!(!positions.is_due(after(start, 2), BOUND));
        assert!(positions.is_due(after(start, 3), BOUND));
    }
}
