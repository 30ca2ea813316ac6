//! A circuit breaker per provider and lane: after some faults in a row the provider is left alone for a while, then one
//! message tries whether it is back.
//!
//! ```text
//!            faults in a row                   pause over, one message tries
//! Closed ───────────────────────► Open ──────────────────────────────────────► HalfOpen
//!   ▲                             ▲  ▲                                          │    │
//!   │                             │  └────────── fault: a longer pause ─────────┘    │
//!   └──────── an answer ──────────┴──────────────────── an answer ───────────────────┘
//! ```
//!
//! Only the provider's own faults count. A refusal is an answer, and an answer means that it works. What failed on our
//! side is neither, and is not told to it. A trial that never ends is followed by another after a pause. A trial is a
//! message that did not fail before: one that can only fail would keep the breaker open for all others. Where nobody
//! brings a fresh one for a whole pause, an old one may try. Lanes have breakers of their own, so that a mailing
//! never closes the way for codes.
//!
//! A front that takes mails and drops the connection costs a message, of which nobody knows whether it arrived, at each
//! trial. So the pause doubles with every trial that fails, up to the longest, and an answer makes it the first one again.
//! From the second on it is drawn from the upper half, so that replicas do not try all at once.
//!
//! A provider that is gone fails cheap probes as well, and the first that it answers again ends the pause, so that what waits
//! leaves within a second of its return. The front above answers every probe, and so does a relay that refuses our login: of these
//! they tell nothing, and the pause stands. One that asked to be left alone for a time is, whatever probes say.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rekey_primitives::clock::Timestamp;

use crate::domain::provider::{BreakerState, BreakerView};

#[derive(Debug)]
pub(crate) struct Breaker {
    policy: BreakerPolicy,
    state: Mutex<State>,
}

/// When a breaker opens and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BreakerPolicy {
    /// It opens after so many faults in a row. Zero: never.
    pub(crate) faults: u32,
    /// It stays open for so long at first,
    pub(crate) pause: Duration,
    /// and as far as this when trials fail or the provider asks to be left alone.
    pub(crate) longest_pause: Duration,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed { since: Option<Timestamp>, faults_in_a_row: u32 },
    Open { since: Timestamp, pause: Duration, trials: Trials, probes: Probes },
    HalfOpen { since: Timestamp, trials: Trials },
}

/// What happened since the last answer.
#[derive(Debug, Clone, Copy)]
struct Trials {
    faults_in_a_row: u32,
    failed: u32,
}

/// What probes tell of a provider that is left alone.
#[derive(Debug, Clone, Copy)]
struct Probes {
    /// It asked to be left alone until then: before, nobody probes.
    tell_from: Timestamp,
    /// The last one went unanswered.
    has_missed: bool,
}

/// Whether a message may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    Admitted,
    /// This one tries whether the provider is back.
    Trial,
    /// Look again then, or soon after.
    LeftAlone {
        until: Timestamp,
    },
}

/// How a message would fare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outlook {
    Taken,
    Fault,
    LeftAlone { until: Timestamp },
}

impl Breaker {
    pub(crate) fn new(policy: BreakerPolicy) -> Self {
        Self { policy, state: Mutex::new(State::Closed { since: None, faults_in_a_row: 0 }) }
    }

    /// Whether a message may be tried; `is_fresh` says that it did not fail before. While open, one message per pause
    /// is let through to try.
    pub(crate) fn admit(&self, is_fresh: bool, now: Timestamp) -> Admission {
        let mut state = self.lock();
        let (since, pause, trials) = match *state {
            State::Closed { .. } => return Admission::Admitted,
            State::Open { since, pause, trials, .. } => (since, pause, trials),
            State::HalfOpen { since, trials } => (since, self.policy.pause, trials),
        };
        let stale_pause = pause.saturating_add(self.policy.pause);
        if is_over(since, if is_fresh { pause } else { stale_pause }, now) {
            *state = State::HalfOpen { since: now, trials };
            return Admission::Trial;
        }
        let until = match *state {
            // The trial under way ends any moment.
            State::HalfOpen { .. } => now,
            _ if !is_over(since, pause, now) => since.plus(pause),
            _ => since.plus(stale_pause),
        };
        Admission::LeftAlone { until }
    }

    /// How a message would fare now, as far as it is known without sending one.
    pub(crate) fn outlook(&self, now: Timestamp) -> Outlook {
        match *self.lock() {
            State::Closed { faults_in_a_row: 0, .. } => Outlook::Taken,
            State::Open { since, pause, .. } if !is_over(since, pause, now) => {
                Outlook::LeftAlone { until: since.plus(pause) }
            }
            State::HalfOpen { .. } => Outlook::LeftAlone { until: now },
            State::Closed { .. } | State::Open { .. } => Outlook::Fault,
        }
    }

    /// The provider answered. True when it had been left alone.
    pub(crate) fn worked(&self, now: Timestamp) -> bool {
        let mut state = self.lock();
        let closed_since = match *state {
            State::Closed { since, .. } => since,
            State::Open { .. } | State::HalfOpen { .. } => Some(now),
        };
        let was_closed = matches!(*state, State::Closed { .. });
        *state = State::Closed { since: closed_since, faults_in_a_row: 0 };
        !was_closed
    }

    /// Whether a probe may tell something: while it is left alone, and beyond that while the last probe went unanswered. What
    /// waits may be due much later, and leaves at once only if somebody notices the return. Nothing is asked of one that asked to be
    /// left alone.
    pub(crate) fn is_awaited(&self, now: Timestamp) -> bool {
        match *self.lock() {
            State::Open { since, pause, probes, .. } => {
                let is_left_alone = !is_over(since, pause.saturating_add(self.policy.pause), now);
                now.has_reached(probes.tell_from) && (probes.has_missed || is_left_alone)
            }
            State::Closed { .. } | State::HalfOpen { .. } => false,
        }
    }

    /// What a cheap probe, begun then, said of a provider that is left alone. True when it is back as far as a probe can tell:
    /// one went unanswered since it is left alone, and this one did not. Then any message may try it at once.
    pub(crate) fn probed(&self, is_answered: bool, asked_at: Timestamp, now: Timestamp) -> bool {
        let mut state = self.lock();
        let State::Open { since, pause, probes, .. } = &mut *state else { return false };
        // One that began before the trial that failed last knows less than that trial.
        if !asked_at.has_reached(*since) || !asked_at.has_reached(probes.tell_from) {
            return false;
        }
        let had_missed = std::mem::replace(&mut probes.has_missed, !is_answered);
        let is_back = is_answered && had_missed;
        if is_back {
            // Over, also for a message that failed before.
            (*since, *pause) = (now.minus(self.policy.pause), Duration::ZERO);
        }
        is_back
    }

    /// The provider was at fault, and may have asked to be left alone for so long. True when it is left alone from
    /// now on. `draw` gives an even number below its argument.
    pub(crate) fn failed(
        &self,
        now: Timestamp,
        retry_after: Option<Duration>,
        draw: impl FnOnce(u64) -> u64,
    ) -> bool {
        let asked = retry_after.unwrap_or_default().min(self.policy.longest_pause);
        let probes = Probes { tell_from: now.plus(asked), has_missed: false };
        let mut state = self.lock();
        match *state {
            State::Closed { since, faults_in_a_row } => {
                let faults_in_a_row = faults_in_a_row.saturating_add(1);
                let opens = self.policy.faults > 0 && faults_in_a_row >= self.policy.faults;
                *state = if opens {
                    let pause = self.policy.pause_after(0, asked, draw);
                    let trials = Trials { faults_in_a_row, failed: 0 };
                    State::Open { since: now, pause, trials, probes }
                } else {
                    State::Closed { since, faults_in_a_row }
                };
                opens
            }
            State::HalfOpen { trials, .. } => {
                let failed = trials.failed.saturating_add(1);
                let pause = self.policy.pause_after(failed, asked, draw);
                let faults_in_a_row = trials.faults_in_a_row.saturating_add(1);
                let trials = Trials { faults_in_a_row, failed };
                *state = State::Open { since: now, pause, trials, probes };
                false
            }
            // It was under way when the breaker opened, and says nothing new.
            State::Open { .. } => false,
        }
    }

    /// As it stands, for people.
    pub(crate) fn view(&self) -> BreakerView {
        match *self.lock() {
            State::Closed { since, faults_in_a_row } => {
                BreakerView { state: BreakerState::Closed, since, faults_in_a_row, trial_at: None }
            }
            State::Open { since, pause, trials, .. } => BreakerView {
                state: BreakerState::Open,
                since: Some(since),
                faults_in_a_row: trials.faults_in_a_row,
                trial_at: Some(since.plus(pause)),
            },
            State::HalfOpen { since, trials } => BreakerView {
                state: BreakerState::HalfOpen,
                since: Some(since),
                faults_in_a_row: trials.faults_in_a_row,
                trial_at: None,
            },
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BreakerPolicy {
    /// How long it stays open after so many trials that failed, where the provider asked for so long.
    fn pause_after(self, failed_trials: u32, asked: Duration, draw: impl FnOnce(u64) -> u64) -> Duration {
        let longest = self.longest_pause.max(self.pause);
        let grown = if failed_trials == 0 {
            self.pause
        } else {
            let ceiling = self.pause.saturating_mul(1 << failed_trials.min(30)).min(longest);
            let half = ceiling / 2;
            let spread = u64::try_from(half.as_micros()).unwrap_or(u64::MAX - 1).saturating_add(1);
            half.saturating_add(Duration::from_micros(draw(spread)))
        };
        grown.max(self.pause).max(asked)
    }
}

/// Whether a pause has passed. A clock that was ahead and is set right does not make it longer.
fn is_over(since: Timestamp, pause: Duration, now: Timestamp) -> bool {
    !now.has_reached(since) || now.has_reached(since.plus(pause))
}

#[cfg(test)]
mod public_faults;

#[cfg(test)]
mod tests;
