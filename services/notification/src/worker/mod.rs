//! The loops: one per lane that sends, one that puts back what dead workers held, one that lets go what waited for a
//! provider, one that sweeps.
//!
//! A lane claims no more than it can send at once, so no message waits in a worker's hands. It is woken when this
//! process accepts something for it, and looks by itself every now and then: for retries that came due, for what
//! other replicas accepted, and for a test that moved the clock.

mod admission;
mod decoy;
mod dispatch;
mod lease;
mod measures;
mod places;
mod reclaimer;
mod recording;
mod releaser;
mod suppression;
mod sweeper;
mod texts;

use std::sync::Arc;
use std::time::Duration;

use rekey_metrics::process::{JobOutcome, job_ran};
use rekey_primitives::clock::SharedClock;
use rekey_runtime::shutdown::Shutdown;
use tokio::task::JoinSet;

pub(crate) use self::dispatch::Dispatcher;
pub(crate) use self::lease::LeasePolicy;
use self::places::LanePlaces;
pub(crate) use self::reclaimer::Reclaimer;
pub(crate) use self::releaser::Releaser;
pub(crate) use self::suppression::Correspondence;
pub(crate) use self::sweeper::Sweeper;
pub(crate) use self::texts::{CacheLimits, TenantTexts};
use crate::config::LaneSettings;
use crate::domain::lane::Lane;
use crate::domain::token_bucket::TokenBucket;
use crate::signals::WakeUp;
use crate::store::{Claim, Store, in_time};

/// What sends the messages of one lane.
pub(crate) struct LaneWorker {
    pub(crate) lane: Lane,
    pub(crate) settings: LaneSettings,
    /// How long a claim holds a message.
    pub(crate) lease: Duration,
    /// The pause after which it looks by itself.
    pub(crate) poll: Duration,
    pub(crate) store: Store,
    pub(crate) dispatcher: Arc<Dispatcher>,
    pub(crate) wake_up: WakeUp,
    pub(crate) clock: SharedClock,
}

impl LaneWorker {
    /// Sends until told to stop, then lets what is under way end. What it cannot finish is claimed again by another
    /// worker when the lease ends.
    ///
    /// # Errors
    /// Never; a store that is away is waited for.
    pub(crate) async fn run(self, stop: Shutdown) -> anyhow::Result<()> {
        let places = LanePlaces::new(self.settings.workers, self.settings.per_domain);
        let mut bucket = TokenBucket::starting(self.settings.per_second, self.clock.now());
        let mut under_way = JoinSet::new();
        while !stop.has_begun() {
            while let Some(ended) = under_way.try_join_next() {
                log_panic(ended);
            }
            // Before the claim: who waited for its domain may come back to a place meanwhile.
            let taken = places.take(self.settings.batch);
            let claims = self.claim(&mut bucket, taken.len()).await;
            let may_be_more = claims.len() == taken.len() && !claims.is_empty();
            for (claim, place) in claims.into_iter().zip(taken) {
                let dispatcher = Arc::clone(&self.dispatcher);
                let lane = self.lane;
                under_way.spawn(async move { dispatcher.dispatch(lane, claim, place).await });
            }
            if may_be_more && places.free() > 0 {
                continue;
            }
            tokio::select! {
                biased;
                () = stop.begun() => break,
                // A place came free while more may be waiting.
                Some(ended) = under_way.join_next(), if may_be_more || places.free() == 0 => {
                    log_panic(ended);
                }
                () = self.wake_up.woken(self.lane) => {}
                // One that waits for its domain left its place.
                () = places.left() => {}
                () = tokio::time::sleep(self.poll) => {}
            }
        }
        while let Some(ended) = under_way.join_next().await {
            log_panic(ended);
        }
        Ok(())
    }

    /// Takes as many due messages as there are places and the bucket allows.
    async fn claim(&self, bucket: &mut TokenBucket, places: usize) -> Vec<Claim> {
        let now = self.clock.now();
        let most = bucket.take(places, now);
        if most == 0 {
            return Vec::new();
        }
        match in_time(self.store.claim(self.lane, most, self.lease, now)).await {
            Ok(claims) => {
                job_ran(claiming(self.lane), JobOutcome::Done);
                bucket.give_back(most.saturating_sub(claims.len()));
                claims
            }
            Err(failure) => {
                job_ran(claiming(self.lane), JobOutcome::Failed);
                bucket.give_back(most);
                tracing::warn!(lane = self.lane.as_str(), error = %failure, "cannot claim");
                Vec::new()
            }
        }
    }
}

/// The name of a lane's claims among the runs.
const fn claiming(lane: Lane) -> &'static str {
    match lane {
        Lane::Critical => "notification critical",
        Lane::Transactional => "notification transactional",
        Lane::Bulk => "notification bulk",
    }
}

/// A message whose task panicked is claimed again when its lease ends.
fn log_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "sending a message panicked");
    }
}

#[cfg(test)]
mod tests;
