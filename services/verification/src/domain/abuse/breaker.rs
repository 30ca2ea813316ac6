//! The spray breaker: too many wrong codes among all that a tenant's people type.
//!
//! One guess at each of many codes (spraying) meets no limit of a verification or subject. But people mostly type what they
//! were sent, and guesses are nearly always wrong, so what shows is the share of wrong codes.
//!
//! ```text
//!                 failures are many, and a large share
//!     CLOSED ───────────────────────────────────────────► CHALLENGE ◄──┐ the next failure of the kind:
//!       ▲ ▲                                                 │   │ └────┘ as long again from then
//!       │ └───────── `challenge` is over ───────────────────┘   │
//!       │                                                       │ `limit_after` failures more
//!       └─────────── `limited` is over ◄── LIMITED ◄────────────┘
//! ```
//!
//! While it is limited nothing is compared, so nothing is counted but codes of those who are spared. The failures before stay in
//! the window, so one more soon after leads to the next challenge.

use std::time::Duration;

use rekey_primitives::clock::Timestamp;

use super::Mode;
use super::tally::{Counts, Tally, TallyShape};

/// When the breaker trips, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BreakerRule {
    pub(crate) mode: Mode,
    /// Codes compared are the total of its tally, wrong ones the hits.
    pub(crate) shape: TallyShape,
    /// Fewer failures within the window say nothing.
    pub(crate) least_failures: u64,
    /// The share of wrong codes, in percent, from which it trips.
    pub(crate) failure_percent: u64,
    /// How long starts demand a challenge after the last failure that tripped it.
    pub(crate) challenge: Duration,
    /// Failures under challenge after which nothing is started or compared.
    pub(crate) limit_after: u64,
    /// How long that lasts.
    pub(crate) limited: Duration,
}

/// What wrong codes have led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub(crate) enum BreakerStage {
    #[default]
    Closed,
    /// Starts demand a challenge.
    Challenge,
    /// Nothing is started or compared.
    Limited,
}

/// The breaker of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Breaker {
    pub(crate) tally: Tally,
    /// As it was set; [`Self::stage`] says what holds.
    pub(crate) stage: BreakerStage,
    /// The end of the stage, where it has one.
    pub(crate) until: Option<Timestamp>,
    /// Failures under challenge.
    pub(crate) failures: u64,
}

impl BreakerRule {
    /// How long a stage lasts at most.
    const fn length_of(&self, stage: BreakerStage) -> Duration {
        match stage {
            BreakerStage::Closed => Duration::ZERO,
            BreakerStage::Challenge => self.challenge,
            BreakerStage::Limited => self.limited,
        }
    }

    const fn is_met(&self, counts: Counts) -> bool {
        counts.hits >= self.least_failures && !counts.hits_are_below(self.failure_percent)
    }

    /// How long after its last change a breaker may matter.
    pub(crate) fn life(&self) -> Duration {
        self.shape.window().max(self.challenge).max(self.limited)
    }
}

impl Breaker {
    /// The stage that holds, and until when. One that ends later than one of its length would was set by a clock that was
    /// ahead, and is over.
    pub(crate) fn stage(&self, rule: &BreakerRule, now: Timestamp) -> Option<(BreakerStage, Timestamp)> {
        let until = self.until?;
        until.is_ahead(rule.length_of(self.stage), now).then_some((self.stage, until))
    }

    /// Counts a code that was compared. The stage that a wrong one tripped the breaker into, if it did.
    pub(crate) fn count(&mut self, rule: &BreakerRule, passed: bool, now: Timestamp) -> Option<BreakerStage> {
        let before = self.stage(rule, now).map_or(BreakerStage::Closed, |(stage, _)| stage);
        self.tally.add(rule.shape, Counts { total: 1, hits: u64::from(!passed) }, now);
        if passed || before == BreakerStage::Limited {
            return None;
        }
        let failures = if before == BreakerStage::Challenge { self.failures.saturating_add(1) } else { 0 };
        let is_met = rule.is_met(self.tally.counts(rule.shape, now));
        let stage = match (before, is_met) {
            (BreakerStage::Challenge, true) if failures >= rule.limit_after => BreakerStage::Limited,
            (_, true) => BreakerStage::Challenge,
            (_, false) => {
                self.failures = failures;
                return None;
            }
        };
        *self = Self {
            tally: std::mem::take(&mut self.tally),
            stage,
            until: Some(now.plus(rule.length_of(stage))),
            failures,
        };
        (stage != before).then_some(stage)
    }
}

#[cfg(test)]
mod tests;
