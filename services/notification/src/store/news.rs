//! What this process knows of its queue without asking: a bell per lane that rings when something was accepted, and
//! how much waited when it was last counted. Other replicas find out by looking.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

use crate::domain::lane::{Lane, PerLane};

/// One bell per lane. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bell(Arc<PerLane<Notify>>);

impl Bell {
    /// Wakes the lane's worker, or makes it look again if it is at work.
    pub(crate) fn ring(&self, lane: Lane) {
        self.0.of(lane).notify_one();
    }

    /// Wakes all of them.
    pub(crate) fn ring_all(&self) {
        Lane::ALL.into_iter().for_each(|lane| self.ring(lane));
    }

    /// Waits for the lane's bell.
    pub(crate) async fn rung(&self, lane: Lane) {
        self.0.of(lane).notified().await;
    }
}

/// How many messages waited in each lane when it was last counted. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Depths(Arc<PerLane<AtomicU64>>);

impl Depths {
    /// The last count.
    pub(crate) fn of(&self, lane: Lane) -> u64 {
        self.0.of(lane).load(Ordering::Relaxed)
    }

    /// A new count.
    pub(crate) fn set(&self, lane: Lane, depth: u64) {
        self.0.of(lane).store(depth, Ordering::Relaxed);
    }
}
