//! One cell: a fault, and whom it strikes.

use std::time::Duration;

use rekey::Part;

/// Whom a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Identity,
    Verification,
    Notification,
    Postgres,
    Redis,
    Smtp,
    Sms,
}

/// What happens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// `kill -9`; a supervisor starts it again a little later.
    Kill,
    /// `SIGSTOP`: connections stay open and nothing answers, until `SIGCONT`.
    Stop,
    /// Every piece of data to and from it is late.
    Slow,
    /// Open connections are forgotten on the way for good; new ones pass nothing until the fault ends.
    HalfOpen,
    /// There is no room left where it writes.
    FullDisk,
    /// Its clock is set ahead, and then behind.
    ClockJump,
    /// `kill -9` for good, and another one takes over.
    Failover,
}

/// A fault that strikes somebody.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    pub(super) target: Target,
    pub(super) fault: Fault,
}

/// Longer than any call waits by itself, so that everybody meets it.
const LASTS: Duration = Duration::from_secs(4);

impl Target {
    pub(super) const ALL: [Self; 7] = [
        Self::Identity,
        Self::Verification,
        Self::Notification,
        Self::Postgres,
        Self::Redis,
        Self::Smtp,
        Self::Sms,
    ];

    /// The part that it is, if it is one.
    pub(super) const fn part(self) -> Option<Part> {
        match self {
            Self::Identity => Some(Part::Identity),
            Self::Verification => Some(Part::Verification),
            Self::Notification => Some(Part::Notification),
            Self::Postgres | Self::Redis | Self::Smtp | Self::Sms => None,
        }
    }

    /// Whether messages leave through it.
    pub(super) const fn carries_messages(self) -> bool {
        matches!(self, Self::Smtp | Self::Sms)
    }
}

impl Cell {
    pub(super) fn is(self, target: Target, fault: Fault) -> bool {
        (self.target, self.fault) == (target, fault)
    }

    /// How long the fault is left to do harm. Who sends messages takes to the next provider without being told.
    pub(super) fn lasts(self) -> Duration {
        if self.fault == Fault::Failover && self.target.carries_messages() { Duration::ZERO } else { LASTS }
    }

    /// Whether a reset under way may come to nothing, so that the person begins another one. By design codes die with the run of
    /// the Redis that holds them, and what a wrong clock gave out may be void by the right one.
    pub(super) fn may_void_resets(self) -> bool {
        self.fault == Fault::ClockJump
            || (self.target == Target::Redis && matches!(self.fault, Fault::Kill | Fault::Failover))
    }

    /// Whether the fault is such that calls must fail, so that a cell in which none does has shown nothing.
    pub(super) fn refuses_calls(self) -> bool {
        let is_store = matches!(self.target, Target::Postgres | Target::Redis);
        match self.fault {
            Fault::Kill | Fault::Stop | Fault::HalfOpen => !self.target.carries_messages(),
            Fault::FullDisk => is_store,
            Fault::Slow | Fault::ClockJump | Fault::Failover => false,
        }
    }
}
