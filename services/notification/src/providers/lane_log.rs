//! What is remembered of how a lane fared with a provider, for people to see.

use std::sync::{Mutex, PoisonError};

use rekey_primitives::clock::Timestamp;

use crate::domain::provider::{BreakerView, ProviderLaneView, RecentCount};
use crate::domain::state::FailureClass;

/// Of one lane and one provider.
#[derive(Debug, Default)]
pub(super) struct LaneLog(Mutex<Seen>);

#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    last_failure: Option<(FailureClass, Timestamp)>,
    last_success_at: Option<Timestamp>,
    taken: RecentCount,
}

impl LaneLog {
    pub(super) fn taken(&self, now: Timestamp) {
        let mut seen = self.lock();
        seen.last_success_at = Some(now);
        seen.taken.add(now);
    }

    pub(super) fn failed(&self, class: FailureClass, now: Timestamp) {
        self.lock().last_failure = Some((class, now));
    }

    pub(super) fn view(&self, breaker: BreakerView, now: Timestamp) -> ProviderLaneView {
        let Seen { last_failure, last_success_at, taken } = *self.lock();
        ProviderLaneView { breaker, last_failure, last_success_at, recently_taken: taken.count(now) }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
