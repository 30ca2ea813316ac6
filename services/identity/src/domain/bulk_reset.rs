//! Jobs that reset many passwords: what they are, how fast they go, and which chunk of a list comes next.
//!
//! ```text
//!                 last chunk, or the whole filter        every account has its result
//!   COLLECTING ──────────────────────────────► RUNNING ──────────────────────────────► FINISHED
//!       │                                         │
//!       ├── cancelled ────────────────────────────┴──────────────────────────────────► CANCELLED
//!       └── no last chunk in time ── or ── who started it may no longer ─────────────► STOPPED
//! ```

use std::net::IpAddr;
use std::time::Duration;

use rekey_primitives::clock::Timestamp;
pub(crate) use rekey_primitives::id::BulkResetId;
use rekey_primitives::id::{AccountId, TenantId};
use strum::{EnumString, IntoStaticStr};

use super::account_filter::{AccountFilter, SearchCursor};
use super::audit::Actor;

/// Accounts in a second where nothing else is asked for. A hundred thousand take less than an hour, and sign-ins go on beside them.
pub(crate) const USUAL_PER_SECOND: u32 = 50;

/// Most accounts in a second: more than one process does, two hundred on two cores that it shares with its stores.
pub(crate) const MOST_PER_SECOND: u32 = 500;

/// Most accounts of one turn: half a second of a process's time, so that a lease is renewed and other jobs get their turns.
const TURN_MOST: u32 = 100;

/// Most accounts of one chunk: they are looked up in one statement, within a call.
pub(crate) const CHUNK_MOST: usize = 500;

/// Most accounts that a filter gives in one turn of collecting.
pub(crate) const COLLECTED_AT_ONCE: u32 = 1_000;

/// A job that resets many passwords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BulkReset {
    /// Names it within the tenant.
    pub id: BulkResetId,
    pub tenant_id: TenantId,
    pub plan: BulkPlan,
    pub state: BulkState,
    /// Why it stopped, if it did.
    pub stop: Option<BulkStop>,
    /// How many accounts it has so far.
    pub accounts: i64,
    /// How many were reset, or would have been.
    pub reset: i64,
    /// How many were refused.
    pub refused: i64,
    /// The chunk that is to come next.
    pub next_sequence: i64,
    /// How far the filter was walked.
    pub walked_to: Option<SearchCursor>,
    /// Every account up to this number has its result.
    pub worked_to: i64,
    /// Rises whenever somebody takes it.
    pub fence: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// What was asked for, by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BulkPlan {
    pub mode: BulkMode,
    /// It only says what it would do.
    pub dry_run: bool,
    pub per_second: u32,
    /// Which accounts; `None` where they are listed.
    pub filter: Option<AccountFilter>,
    /// Who started it, and is judged at each account.
    pub actor: Actor,
    /// Through which backend.
    pub caller: String,
    /// From where.
    pub ip: Option<IpAddr>,
}

/// What becomes of each password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(crate) enum BulkMode {
    /// It stops serving, and a one-time link is mailed.
    Link,
    /// It stays and must be changed.
    RequireChange,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(crate) enum BulkState {
    /// Its list is being made.
    Collecting,
    /// Accounts are being reset.
    Running,
    /// Every account has its result.
    Finished,
    /// Somebody ended it.
    Cancelled,
    /// It ended by itself before its end.
    Stopped,
}

/// Why a job stopped by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(crate) enum BulkStop {
    /// Who started it may no longer reset passwords.
    AuthorityLost,
    /// Its list was not finished in time.
    Abandoned,
    /// The database came back from a backup, so nobody knows how far it was.
    Restored,
}

/// What became of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(crate) enum BulkOutcome {
    /// It is still to come.
    Waiting,
    /// It was reset.
    Reset,
    /// In a dry run: it would have been.
    WouldReset,
    /// It was not.
    Refused,
}

/// An account of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BulkResult {
    /// Its number in the job.
    pub number: i64,
    /// `None` where nobody has the name.
    pub account_id: Option<AccountId>,
    /// Its first login today, or the name that nobody has.
    pub login: Option<String>,
    pub outcome: BulkOutcome,
    /// Why not, by the name of the refusal.
    pub refused: Option<String>,
    pub finished_at: Option<Timestamp>,
}

/// What becomes of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChunkFate {
    /// It is the next one.
    Taken,
    /// It is there already.
    AlreadyThere,
    /// One before it is missing.
    Missing,
    /// The job takes none, or none any more.
    NotCollecting,
}

/// Reads and writes the words of an enum of jobs.
macro_rules! words {
    ($($kind:ident),+) => {$(
        impl $kind {
            /// The name in rows and events.
            pub(crate) const fn as_str(self) -> &'static str {
                self.into_str()
            }

            /// Reads the name.
            pub(crate) fn parse(name: &str) -> Option<Self> {
                name.parse().ok()
            }
        }
    )+};
}

words!(BulkMode, BulkState, BulkStop, BulkOutcome);

impl BulkState {
    /// Whether it may still do something.
    pub(crate) const fn is_alive(self) -> bool {
        matches!(self, Self::Collecting | Self::Running)
    }
}

impl BulkReset {
    /// What becomes of the chunk with this number.
    pub(crate) const fn chunk(&self, sequence: i64) -> ChunkFate {
        if self.plan.filter.is_some() {
            return ChunkFate::NotCollecting;
        }
        if sequence < self.next_sequence {
            return ChunkFate::AlreadyThere;
        }
        match self.state {
            BulkState::Collecting if sequence == self.next_sequence => ChunkFate::Taken,
            BulkState::Collecting => ChunkFate::Missing,
            _ => ChunkFate::NotCollecting,
        }
    }
}

/// How many accounts the next turn of a job takes: a second's worth, and no more than a turn may last.
pub(crate) fn turn_size(per_second: u32) -> u32 {
    per_second.clamp(1, TURN_MOST)
}

/// When the turn after one of so many accounts begins, so that there are no more of them in a second than were asked for.
pub(crate) fn next_turn(begun: Timestamp, worked: u32, per_second: u32) -> Timestamp {
    begun.plus(Duration::from_secs(1) * worked / per_second.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fixtures::now;

    fn job(state: BulkState, next_sequence: i64) -> BulkReset {
        let plan = BulkPlan {
            mode: BulkMode::Link,
            dry_run: false,
            per_second: 10,
            filter: None,
            actor: Actor::Service,
            caller: "portal".to_owned(),
            ip: None,
        };
        BulkReset {
            id: BulkResetId::from_uuid(uuid::Uuid::from_u128(1)),
            tenant_id: TenantId::from_uuid(uuid::Uuid::from_u128(2)),
            plan,
            state,
            stop: None,
            accounts: 0,
            reset: 0,
            refused: 0,
            next_sequence,
            walked_to: None,
            worked_to: 0,
            fence: 0,
            created_at: now(),
            updated_at: now(),
            ended_at: None,
        }
    }

    #[test]
    fn chunks_come_in_order_and_a_repeat_is_no_new_one() {
        let collecting = job(BulkState::Collecting, 3);
        let running = job(BulkState::Running, 4);
        let plan = BulkPlan { filter: Some(AccountFilter::default()), ..collecting.plan.clone() };
        let of_filter = BulkReset { plan, ..collecting.clone() };

        let fates = [1, 2, 3, 4].map(|sequence| collecting.chunk(sequence));

        use ChunkFate::{AlreadyThere, Missing, NotCollecting, Taken};
        assert_eq!(fates, [AlreadyThere, AlreadyThere, Taken, Missing]);
        assert_eq!([3, 4].map(|sequence| running.chunk(sequence)), [AlreadyThere, NotCollecting]);
        assert_eq!(of_filter.chunk(1), NotCollecting);
    }

    #[test]
    fn a_job_goes_no_faster_than_it_was_asked_to() {
        for per_second in [1, 7, 50, 100, 250, MOST_PER_SECOND] {
            let size = turn_size(per_second);
            let turns = std::iter::successors(Some(now()), |begun| Some(next_turn(*begun, size, per_second)));
            let in_ten_seconds =
                turns.take_while(|begun| begun.since(now()) < Duration::from_secs(10)).count();

            let worked = u32::try_from(in_ten_seconds).unwrap() * size;

            assert!(worked <= 10 * per_second + size, "{per_second}: {worked}");
            assert!(worked >= 10 * per_second, "{per_second}: {worked}");
        }
        assert_eq!(next_turn(now(), 0, 10), now());
    }
}
