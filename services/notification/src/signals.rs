//! What this process knows of its queue without asking: which lanes got something, and how much waited when it was last
//! counted. Other replicas find out by looking.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

use crate::domain::destination::Channel;
use crate::domain::lane::{Lane, PerLane};
use crate::metrics;

/// What intake and workers tell each other. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signals {
    pub(crate) wake_up: WakeUp,
    pub(crate) queue_depth: QueueDepth,
    pub(crate) returns: Returns,
}

/// Wakes the worker of a lane. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct WakeUp(Arc<PerLane<Notify>>);

impl WakeUp {
    /// Wakes the lane's worker, or makes it look again if it is at work.
    pub(crate) fn wake(&self, lane: Lane) {
        self.0.of(lane).notify_one();
    }

    pub(crate) fn wake_all(&self) {
        Lane::ALL.iter().for_each(|lane| self.wake(*lane));
    }

    /// Waits until the lane is woken.
    pub(crate) async fn woken(&self, lane: Lane) {
        self.0.of(lane).notified().await;
    }
}

/// Tells of each channel that a provider of it works again. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Returns(Arc<ReturnedChannels>);

#[derive(Debug, Default)]
struct ReturnedChannels {
    email: Notify,
    sms: Notify,
    webhook: Notify,
}

impl Returns {
    /// Notes that a provider of these channels works again.
    pub(crate) fn note(&self, channels: &[Channel]) {
        channels.iter().for_each(|channel| self.0.of(*channel).notify_one());
    }

    /// Waits until it was noted of the channel, once however often it was.
    pub(crate) async fn noted(&self, channel: Channel) {
        self.0.of(channel).notified().await;
    }
}

impl ReturnedChannels {
    const fn of(&self, channel: Channel) -> &Notify {
        match channel {
            Channel::Email => &self.email,
            Channel::Sms => &self.sms,
            Channel::Webhook => &self.webhook,
        }
    }
}

/// How many messages waited in each lane when it was last counted. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct QueueDepth(Arc<PerLane<AtomicU64>>);

impl QueueDepth {
    pub(crate) fn of(&self, lane: Lane) -> u64 {
        self.0.of(lane).load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, lane: Lane, depth: u64) {
        metrics::QUEUE_DEPTH.set(u32::try_from(depth).map_or(f64::MAX, f64::from), [lane.as_str()]);
        self.0.of(lane).store(depth, Ordering::Relaxed);
    }
}
